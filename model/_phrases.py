"""The English wording that keeps a sentence out of a summary, or ties it to the one before. Each table is one pattern.

In the tables, each line is an alternative of a regular expression, and ' outside of [] stands for both apostrophes.
Patterns are for text in lower case, where `re` passes over an alternative by its first letter, but for the two that say
otherwise. All are meant for text of bounded length.
"""

import re


def _pattern(before: str, alternatives: str, after: str = r"\b", flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    lines = "|".join(line.strip() for line in alternatives.splitlines() if line.strip())
    lines = re.sub(r"(?<=[\w?()|])'", "['’]", lines)
    # Groups that capture would take twice the time.
    lines = re.sub(r"(\[[^\]]*\]|\\.)|\((?!\?)", lambda match: match[1] or "(?:", lines)
    return re.compile(f"{before}(?:{lines}){after}", flags)


# --- Headings -----------------------------------------------------------------------------------------------------------

# What stands under these is for other readers, or no prose: people, links, what to have before the first step.
ASIDE_HEADING = _pattern(
    r"[\W\d_]*",
    r"""
    acknowledge?ments?|thank(s| you)|credits|references|bibliography|footnotes|about (the authors?|me|us)
    (further|more|additional|related|recommended) (reading|resources|posts|articles|content|information|links|topics)
    (resources|links|related|requirements|licen[cs]e|(upcoming )?events|(table of )?contents)\Z
    see also|next steps|what's next|where to go|learn(ing)? more|on this page|prerequisites|before you (begin|start)
    get(ting)? (involved|in touch|help|support)|stay (tuned|in touch|connected)|join|contact|feedback|subscribe|follow
    share this|comments|(the )?contributors|sponsors?|disclaimer|cross-?post(ed)?
    in this (issue|article|post|guide|edition|newsletter)
    """,
)
ABSTRACT_HEADING = _pattern(r"[\W\d_]*", "tl;? ?dr|abstract|executive summary|in (brief|short|a nutshell)|at a glance")
# These may also stand at the end, over a farewell; as the first heading they mean what they say.
FIRST_ABSTRACT_HEADING = _pattern(r"[\W\d_]*", "summary|key takeaways?|highlights", r"\W*\Z")

# --- Blocks -------------------------------------------------------------------------------------------------------------

# Letters match in either case.
ABSTRACT_LABEL = _pattern(
    "",
    r"(tl;? ?dr|abstract|executive summary|summary|in (brief|short)|bottom line)\s*([:.–—]|-(?=\s))+|tl;? ?dr",
    r"\s+",
    re.IGNORECASE,
)
# A block that begins like this is about the post, not of it: who wrote it, when, where it stood first, what to mind.
# Letters match in either case, but for those of names.
APART = _pattern(
    r"[\W_]*",
    r"""
    (written|posted|published|authored|edited|translated|reviewed|updated|guest post|contributed) (by|on|in|at)\b
    (photo|image|video|slides|recording|illustration)s? (by|from|of|credit)\b
    (?-i:By ([A-Z][\w.'’-]+,? ?(and |& )?){2,9}(\Z|[|·(]|on\b))|authors?\s*:
    (last )?(updated|modified|edited|reviewed)\b|originally (posted|published|appeared|written)|reposted\b|cross-?post
    (this|the) (\w+ ){0,3}(was |has been |is )?(also |originally |first |previously |cross-?)+(appear|post|publish|written|ran)
    (this|the) (\w+ ){0,3}(is|was) a (guest|collaboration|joint)\b|(this|the) (blog )?(post|article) (initially|originally)\b
    (update|edit)d?[\s\d./-]+[:–—-]
    (editor|author|translator)'?s?'? note|(full )?disclaimer|disclosure\s*:|nb\b|p\.?s\.
    (note|tips?|hint|warning|caution|important|update|edit|example|prerequisites?|source|credits?|caption)\s*[:!(–—-]
    (fig(ure|\.)?|table|listing|image|photo|video|screenshot)\s*(\d+\s*)?[:.–—-]
    step\s+\d+\b|(part|chapter|section|phase|lesson)\s+\d+\s*[:.–—-]
    ([\w .-]{2,30},\s*)?[a-z]{3,9}\.? \d{1,2}(st|nd|rd|th)?,? \d{4}\s*(\Z|[–—:|·(-])
    """,
    "",
    re.IGNORECASE,
)

# --- Sentences ----------------------------------------------------------------------------------------------------------

GREETING = _pattern("", "my name is|dear|hello|hi|hey|greetings|welcome|happy (new|holidays)|good (morning|day)")
# Headlines: no subject does anything in them.
HEADLINE = _pattern("", "introducing|announcing|presenting|meet|say hello|time (for|to)|ready to|want to|looking to|need to")
# Calls to act, thanks, farewells: they could be said of any post, so they say nothing of this one.
BOILERPLATE = _pattern(
    r"\b",
    r"""
    (learn|read|find out|find|see|discover|explore) more|you can find (all|the|our)
    join (us|our|the (conversation|discussion|community))
    click (here|on|the)|subscrib(e|ing) (to (our|my)|now|here|today)|unsubscribe|follow (us|me|along)|sign(ing)? up
    stay tuned|stay up to date|thank(s| you)(?! to (?!all\b|every|you|our))|contact (us|me)|reach out|get in touch
    let (us|me) know|(leave a|your) (comments?|feedback)|feel free|(don't|do not) (miss|forget|hesitate)
    (love|like|want) to hear|look(ing)? forward to|hope (you|this|that you)|see you
    happy (coding|reading|hacking|building|shipping)
    (register|download|order|buy|apply|enroll|try it|get started|start) (now|today|here|for free)
    (available|found|read|seen|see|summary|more|details|recording|slides) (\w+ )?here|check(ing)? (\w+ )?out
    for (more|further|additional|full|detailed|the full) (\w+ )?(information|info|details|context|background|guidance)
    (see|refer to|consult|visit|read) (\w+ ){0,5}(docs|documentation|reference|readme|release notes|changelog|faq)(?=[^,]*\Z)
    (see|refer to|consult|visit|read) (\w+ ){0,5}(website|site|homepage|repository|repo|overview|guide|tutorial)(?=[^,]*\Z)
    (see|refer to|consult|visit|read) (\w+ ){0,5}(article|page|section)(?=[^,]*\Z)
    if you( ha)?('ve|ve| have)? (any )?(questions|feedback|comments|thoughts|issues)|cross-?posted|originally published
    if you('re| are) (interested|curious)|look at (this|the|our)
    (opinions|views) (\w+ ){0,4}(my|their|our|his|her|the authors?'?s?) own
    all rights reserved|terms (of (use|service)|and conditions)
    spread the word|give it a (try|star|spin|go)|star (us|the repo)|sponsored by|buy (me|us) a
    (next|following|upcoming|future|subsequent|remaining) (blog |\w+ )?(posts?|articles?|parts?|sections?|chapters?)
    the rest of (this|the) (post|article|blog)|this (sub)?section|without further ado|buckle up|read on|keep reading
    """,
)
# Each of them has one of these words; most sentences have none, which is quickly seen.
BOILERPLATE_WORDS = frozenset(
    """more join click subscribe subscribing unsubscribe follow sign signing tuned date thank thanks contact reach touch let
    leave feel forget hesitate miss hear forward hope happy see you register download order buy apply enroll try
    started start here out information info details context background guidance docs documentation reference readme
    notes changelog faq website site homepage repository repo overview guide tutorial article page section subsection
    find questions feedback comments thoughts issues interested curious look cross crossposted originally own rights
    terms word give star sponsored next following upcoming future subsequent remaining rest ado buckle read reading""".split()
)
# It points at something that stands beside it and is not quoted.
POINTING = _pattern(
    r"\b",
    r"""
    (\A|(?<=[,;(–—])|(?<=[,;(–—] ))(please )?see\b|here('s| is| are)\b
    (the|these|some|the same) (steps|instructions|commands)\b|the (first|second|third|next|last) (command|step|line)\b
    (the|these|this|as|are|is|like) following\b(?!.*: \w)|as follows\b|(below|above|here)[.!]?\Z|(?<!.)below
    following (\w+ ){0,3}(commands?|code|steps?|examples?|table|figure|diagram|list|snippet|screenshot|image)\b
    (shown|seen|listed|described|defined|depicted|illustrated|mentioned|see) (\w+ )?(below|above|here|earlier|previously)\b
    (outlined|explained|discussed|given|linked|noted) (\w+ )?(below|above|here|earlier|previously)\b
    (figures?|fig\.|tables?|listings?|diagrams?|screenshots?|images?|charts?|graphs?) (\d|below|above|shows?)\b
    (examples?|snippets?) (\d|below|above|shows?)\b
    (code|commands?|picture|video) (below|above|shows?)\b|(illustrates?|depicts?) (how|the)\b.*\b(diagram|figure)\b
    \A(as )?(you|we)('ll| can| may| might| will| should) (now |also |clearly )?(see|notice|observe)\b
    (above|below) (figure|table|diagram|screenshot|image|example|snippet|code|commands?|chart|graph|picture)\b
    """,
    "",
)
POINTING_WORDS = frozenset(
    """see steps instructions commands command step line here following follows below above earlier previously figure figures fig
    table tables listing listings diagram diagrams screenshot screenshots image images chart charts graph graphs example
    examples snippet snippets code picture video illustrate illustrates depict depicts""".split()
)
# An instruction out of a row of steps.
STEP = _pattern(
    r"(?:now |then |next,? |first,? |finally,? |\w+ly |(?:to|if|when|once|after|before|for) [^,]{3,150}, (?:please |you can )?)?",
    r"""
    let's|let me|allow me|just|simply|consider|imagine|suppose|think of|pick
    watch|read|visit|try|grab|browse|click|select|press|right-click|navigate|scroll|type|paste|copy|tick
    check that|go to|enter|open (a|the|your)|set an?|(sign|log) in
    run (the|this)|note (that|the|how)|notice|remember|keep in mind|make sure|be sure|see|refer
    (add|apply|build|change|choose|configure|create|define|delete|deploy|download) (or \w+ )?(an?|the|your|this|these|any|each)
    (edit|enable|export|find|follow|import|install|provide|remove|replace|scale) (or \w+ )?(an?|the|your|this|these|any|each)
    (set|specify|start|update|upgrade|use|verify) (or \w+ )?(an?|the|your|this|these|any|each)
    """,
)

# --- Standing alone -----------------------------------------------------------------------------------------------------

# What "this" may name without a word before it: the post itself, what it is part of, and the time.
_ITSELF = (
    r"(?: (?:(is )?((the |a )?part\b.* of|(the )?(first|second|third|fourth|last|final) \w+)|([\w-]+ |is the ){0,2}"
    r"(blog|post|blogpost|article|entry|piece|guide|tutorial|document|documentation|page|topic|quickstart|how-to|walkthrough|"
    r"series|newsletter|report|paper|episode|edition|book|interview|roundup|recap|case study|release|week|month|year|quarter|"
    r"season|summer|autumn|winter|spring|weekend|time around))\b)"
)
_THINGS = (
    "need|problem|issue|challenge|question|goal|gap|approach|idea|trend|feature|point|reason|work|effort|journey|vision|promise|"
    "pattern|change|freedom|flexibility|step|moment|experience|process"
)
LEANS = _pattern(
    r"[\"'“‘(]?",
    rf"""
    (this|these)\b(?!{_ITSELF})|that|those(?! who| of us)|it|its|they|their|them|he|she|his|her|such
    (the|a|an) (former|latter|same|other|others|second|third|fourth|rest|remaining|above|previous|aforementioned)
    the answer|(a|an) (similar|alternative)|(the|a|an|its) (corresponding|underlying|respective)|the \w+ itself
    (now|first|then) (?!in\b|available|class\b)|.{{,80}}\ba different (approach|way|path|route|direction)
    the (resulting|result|reason|idea|goal|catch|trick|downside|upside|difference) (is|was|being)
    another|others|neither|either|which|who|whose|where|same|here|there(fore|by|after)|likewise|both(?! .{{1,60}}\band\b)
    \w+ of (these|those|them|this|that|which)\b(?!{_ITSELF})
    (to|with|for|by|from|in|on|at|after|before|like|unlike|of|without|despite) (it|them|that|those|him|her|its|their)
    (if|when|while|once|although|though|since|unless|as|until|because|after|before|where|how) (it|they|that|he|she|so|not)
    (to|by|in) do(ing)? (so|this|that|it)|.{{,120}} both(?=[,.])|.{{,400}} (as well|too)(?=[.!]\Z)
    ([^\s,;:]+ ){{1,30}}((these|those|this)\b(?!{_ITSELF}| who| of us| that)|both (?!.{{1,80}}\band\b))
    ([^\s,;:]+ ){{1,8}}(that ({_THINGS})|the (right|wrong|other|old|former|latter|first|second) ones?|him|he|she)
    ([^\s,;:]+ ){{1,3}}(then|also)|there (is|are) even|now that
    and|but|so|or|nor|yet|also|thus|hence|then|moreover|furthermore|additionally|consequently|accordingly|conversely|oh|plus|too
    nevertheless|nonetheless|similar(ly)?|otherwise|alternatively|meanwhile|instead(?! of)|rather(?! than)|anyways?|namely
    second|secondly|third|thirdly|fourth|thankfully|luckily|fortunately|unfortunately|sadly|eventually|afterwards?|ironically
    interestingly|surprisingly|importantly|notably|crucially|specifically|ultimately|admittedly|clearly|obviously|naturally
    even (so|better|worse|then|more)|overall|speaking of
    (however|still|again|first|firstly|finally|lastly|next|last|now|besides|later|well|yes|no|ok|okay|sure|right|indeed)(?=,)
    (great|nice|cool|awesome|actually|basically|essentially|instead|true|granted|first of all|maybe|perhaps)(?=,)
    to (start|begin)( with)?(?=,)
    for (example|instance|one thing|these|this|that|comparison|reference|the same)|(e\.g|i\.e)(?=\.)
    in (addition|contrast|other words|fact|particular|turn|short|summary|conclusion|comparison|return|theory|practice|response)
    in ((that|both|either|all|such|these) cases?|the (end|meantime|same|former|latter|process))
    as (a result|such|a consequence|mentioned|noted|discussed|described|explained|expected|always|before|above|usual|well)
    as (part of (this|that|the)|(we|you|i) (can |have |\w+ )?(see|saw|seen|mentioned|said|noted|discussed|described|know))
    on (the other hand|the contrary|top of|the flip side|the one hand)|at (the same time|this|that|the time)
    (more|most|what's|equally|just|perhaps) (importantly|more|important|as)|after (all|that)|of course
    by (contrast|comparison|now)|before we
    (until|since|from|back|by) (then|there|here|now on)|(to (that|this) end)|not (only|all|every|just|so|to mention)
    what this|why|(with|given|having) (that|all|these|those|this)
    """,
)

# --- What a reader knows -----------------------------------------------------------------------------------------------

# Words that only say that something is said here, and where. Many function words do, too.
ANNOUNCING = frozenset(
    """announce announcing announced announcement available availability generally general release releases released happy
    excited pleased proud thrilled delighted glad introduce introducing introduction launch launching finally offer offering
    support supports week year month public preview new post article blog topic tutorial guide page learn show shows describe
    describes explain explains answer answers provides instructions""".split()
)
# What "the" may name without a word before it: there is one everywhere.
FAMILIAR = frozenset(
    """world web internet cloud community team company industry project goal idea need reason fact way case time past future
    beginning end process number rest right left main current open day days week weeks month months year years moment result
    results people user users developer developers code ability power use best new following whole app apps application
    applications system systems blog post article page guide tutorial series release""".split()
)

# --- Verbs --------------------------------------------------------------------------------------------------------------

_AUXILIARIES = """
    am is are was were be been being do does did has have had having can could may might must shall should will would cannot
    ll re ve isn aren wasn weren don doesn didn hasn haven hadn won wouldn couldn shouldn let lets
    """
_IRREGULAR = """
    became began begun bought broke brought built came caught chose cost cut drew drove fell felt fought found gave goes went
    got grew heard held hit hurt kept knew known laid led left lost made meant met paid put ran read rose said sat saw seen
    sent set shot shut slept sold spent split spoke spread stood struck taught thought threw told took understood woke won
    wrote written
    """
# Verbs that prose on software is made of. Many are nouns too: the list lets a fragment through rather than lose a sentence.
_REGULAR = """
    accept achieve act add address adopt agree aim allow analyze announce answer appear apply ask assign assume attach
    attend automate avoid become begin believe belong benefit bind boost break bring build calculate call capture care
    catch cause change check choose claim clean clear close collect combine come compare compile complete comprise
    compute conclude configure confirm connect consider consist contain continue contribute control convert convince
    cost count cover crash create cut deal decide define delay delegate delete deliver demonstrate deny depend deploy
    describe design detect determine develop differ disable discuss display distribute download drain drive drop
    duplicate earn eat eliminate embed emerge emit enable encourage encrypt end enforce enhance enrich ensure enter
    escape estimate evaluate evolve examine exceed exchange exclude execute exist exit expand expect expire explain
    explore export expose extend facilitate fail fall favor fear feature feel fetch find finish fire fit fix focus
    follow force forget form forward free gain gather generate get give go grow guarantee guard guide handle happen
    hear help hide hold hope host identify implement imply import improve include increase influence inform inherit
    inject inspect install instruct integrate interact introduce invite invoke isolate iterate join jump justify keep
    kill know lack last launch lead learn leave let leverage lie limit listen live load look lose love maintain make
    manage map mark matter mean measure meet mention merge migrate minimize mirror mix modify monitor mount move
    multiply navigate need negotiate note notice notify observe obtain occur offer open operate optimize orchestrate
    organize orient outline override own package parse pass pause pay perform persist pick place plan play point poll
    pose post power predict prefer prepare present preserve prevent print process produce promise propagate propose
    protect prove provide provision publish pull push put raise rank reach react read rebuild receive recommend
    recover redirect reduce refer reflect refuse register reject relate relax release reload rely remain remember
    remove rename render repeat replace report represent request require reset reshape resist resolve respect respond
    restart restore restrict result retain retrieve retry return reuse reveal review revoke rewrite rise roll rotate
    run satisfy save say scale schedule search secure see seem select send separate serve set share shift ship shorten
    show shrink sign simplify sit sleep slow solve sound spawn speak specify speed spend split stall stand start stay
    steal stick stop store stream strip struggle subscribe suffer suggest suit supply support surround survive suspend
    switch sync take talk target teach tell tend terminate test think throw touch track trade transfer transform
    translate travel treat trigger truncate trust try turn understand unify unlock update upgrade upload use validate
    vanish vary verify view visit wait wake walk want warn waste watch weigh win wonder work worry wrap write yield
    """


def _third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


_VERBS = frozenset(
    [*_AUXILIARIES.split(), *_IRREGULAR.split(), *_REGULAR.split(), *(_third_person(verb) for verb in _REGULAR.split())]
)


def has_verb(words: list[str]) -> bool:
    """Whether one of the words, in lower case, looks like a verb."""
    return any(word in _VERBS or (len(word) > 4 and word.endswith("ed")) for word in words)
