"""The English wording that keeps a sentence out of a summary, or ties it to the one before.

In the tables, each line is an alternative of a regular expression, and ' outside of [] stands for both apostrophes.
Patterns are for text in lower case, but for those that say otherwise. All are meant for text of bounded length.
"""

import re
from collections.abc import Set


def _pattern(before: str, alternatives: str, after: str = r"\b", flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    lines = "|".join(line.strip() for line in alternatives.splitlines() if line.strip())
    lines = re.sub(r"(?<=[\w?()|])'", "['’]", lines)
    # Groups that capture would take twice the time.
    lines = re.sub(r"(\[[^\]]*\]|\\.)|\((?!\?)", lambda match: match[1] or "(?:", lines)
    return re.compile(f"{before}(?:{lines}){after}", flags)


class _Wording:
    """A table of patterns, each under the words of which a text has one where it matches: most need not be tried, nor ever be
    compiled. A line is those words, a colon, and the pattern, in which % stands for any of them; without a colon that is all.
    """

    def __init__(self, before: str, table: str, after: str = r"\b") -> None:
        self._before, self._after = before, after
        self.lines: dict[str, list[str]] = {}
        self._compiled: dict[str, re.Pattern[str]] = {}
        for line in filter(None, map(str.strip, table.splitlines())):
            words, _, pattern = line.partition(": ")
            pattern = (pattern or "%").replace("%", f"({words.replace(' ', '|')})")
            for word in words.split():
                self.lines.setdefault(word, []).append(pattern)
        self._words = frozenset(self.lines)

    def begins(self, text: str, first: str) -> bool:
        """Whether a text begins like this; `first` is its first word."""
        return first in self._words and self._of(first).match(text) is not None

    def begins_with(self, text: str, words: Set[str]) -> bool:
        """Whether a text with these words begins like this, where the table's words need not be the first."""
        found = self._words & words
        return bool(found) and any(self._of(word).match(text) for word in found)

    def is_in(self, text: str, words: Set[str]) -> bool:
        """Whether a text with these words has this anywhere."""
        found = self._words & words
        return bool(found) and any(self._of(word).search(text) for word in found)

    def _of(self, word: str) -> re.Pattern[str]:
        """What is tried where a text has a word."""
        return self._compiled.get(word) or self._compile(word)

    def _compile(self, word: str) -> re.Pattern[str]:
        self._compiled[word] = _pattern(self._before, "\n".join(self.lines[word]), self._after)
        return self._compiled[word]


_FIRST_WORD = re.compile(r"[\W\d_]*([a-z]+)")


def first_word(text: str) -> str:
    """The first word of a text in lower case, without what stands after an apostrophe; "" if there is none."""
    found = _FIRST_WORD.match(text)
    return found[1] if found else ""


# --- Headings -----------------------------------------------------------------------------------------------------------

# What stands under these is for other readers, or no prose: people, links, what to have before the first step.
_ASIDE_HEADING = _Wording(
    r"[\W\d_]*",
    r"""
    acknowledgement acknowledgements acknowledgment acknowledgments credits references bibliography footnotes disclaimer
    join contact feedback subscribe follow comments contributors sponsor sponsors prerequisites
    thank thanks: thank(s| you)
    about: about (the authors?|me|us)
    further more additional related recommended: % (reading|resources|posts|articles|content|information|links|topics)
    resources links related requirements license licence events contents: %\Z
    upcoming table: (upcoming events|table of contents)\Z
    see: see also
    next: next steps
    what: what's next
    where: where to go
    learn learning: % more
    on: on this page
    before: before you (begin|start)
    get getting: % (involved|in touch|help|support)
    stay: stay (tuned|in touch|connected)
    share: share this
    the: the contributors
    full: full disclaimer
    cross crosspost crossposted: cross-?post(ed)?
    in: in this (issue|article|post|guide|edition|newsletter)
    """,
)
_ABSTRACT_HEADING = _Wording(
    r"[\W\d_]*",
    """
    tl: tl;? ?dr
    executive: executive summary
    in: in (brief|short|a nutshell)
    at: at a glance
    tldr abstract
    """,
)
# These may also stand at the end, over a farewell; as the first heading they mean what they say.
_FIRST_ABSTRACT_HEADING = _Wording(r"[\W\d_]*", "key: key takeaways?\nsummary highlights", r"\W*\Z")
# What was asked of somebody, who is not named in the answer: "I" is not the author there.
_INTERVIEW_HEADING = re.compile(r"\byour?\b.*\?\W*\Z")
FIRST_PERSON = re.compile(r"\b(?:I|[Mm][ey]|[Ww]e|[Oo]ur|us)\b")


def section(heading: str, *, is_first: bool) -> str:
    """What stands under a heading, in lower case: the author's "abstract", an "aside", an "interview", or, "", what everything
    else is."""
    first = first_word(heading)
    if "?" in heading and _INTERVIEW_HEADING.search(heading):
        return "interview"
    if _ABSTRACT_HEADING.begins(heading, first) or (is_first and _FIRST_ABSTRACT_HEADING.begins(heading, first)):
        return "abstract"
    return "aside" if _ASIDE_HEADING.begins(heading, first) else ""


# --- Blocks -------------------------------------------------------------------------------------------------------------

# Letters match in either case.
ABSTRACT_LABEL = _pattern(
    "",
    r"(tl;? ?dr|abstract|executive summary|summary|in (brief|short)|bottom line)\s*([:.–—]|-(?=\s))+|tl;? ?dr",
    r"\s+",
    re.IGNORECASE,
)
# A block that begins like this is about the post, not of it: who wrote it, when, where it stood first, what to mind.
_APART = _Wording(
    r"[\W_]*",
    r"""
    written posted published authored edited translated reviewed updated contributed: % (by|on|in|at)\b
    guest: guest post (by|on|in|at)\b
    photo photos image images video videos slides recording recordings illustration illustrations: % (by|from|of|credit)\b
    author authors: %\s*:
    last updated modified edited reviewed: (last )?(updated|modified|edited|reviewed)\b
    originally: originally (posted|published|appeared|written)
    cross crosspost crossposted: cross-?post
    reposted: reposted\b
    this the: % (\w+ ){0,3}(was |has been |is )?(also |originally |first |previously |cross-?)+(appear|post|publish|written|ran)
    this the: % (\w+ ){0,3}(is|was) a (guest|collaboration|joint)\b
    this the: % (blog )?(post|article) (initially|originally)\b
    this the: % (\w+ ){0,5}(loosely|partly|largely) based on
    this the: % (\w+ ){0,3}(based on|adapted from|contains|transcript of) (\w+ ){0,4}(talks?|keynotes?|excerpts)\b
    update updated edit edited: %[\s\d./-]+[:–—-]
    editor editors author authors translator translators: %'?s?'? note
    full disclaimer: (full )?disclaimer
    disclosure: disclosure\s*:
    nb: nb\b
    p ps: p\.?s\.
    note tip tips hint warning caution important update edit example prerequisite prerequisites: %\s*[:!(–—-]
    source credit credits caption: %\s*[:!(–—-]
    fig figure table listing image photo video screenshot: %\.?\s*(\d+\s*)?[:.–—-]
    step: step\s+\d+\b
    part chapter section phase lesson: %\s+\d+\s*[:.–—-]
    """,
    "",
)
# "By Jane Doe and John Roe", "Lyon, June 3, 2024", "June 3, 2024 by Jane Doe".
_BYLINE = re.compile(r"[\W_]*[Bb][Yy] (?:[A-Z][\w.'’-]+,? ?(?:and |& )?){2,9}(?:\Z|[|·(]|on\b)")
_DATE = re.compile(
    r"[\W_]*(?:[\w .-]{2,30},\s*)?[a-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}\s*(?:\Z|[–—:|·(-]|by\b)", re.IGNORECASE
)
_YEAR = re.compile(r"[12]\d{3}")
_MOST_BEFORE_YEAR = 60  # characters


def is_apart(text: str) -> bool:
    """Whether a block that begins with this is about the post."""
    lower = text.lower()
    first = first_word(lower)
    return (
        _APART.begins(lower, first)
        or (first == "by" and _BYLINE.match(text) is not None)
        or (_YEAR.search(text, 0, _MOST_BEFORE_YEAR) is not None and _DATE.match(text) is not None)
    )


# Nor is a block of the post that tells who wrote it or took part in it: "Jane Doe is a software engineer at ...".
# For text as it is written.
BIOGRAPHY = _pattern(
    r"[A-Z][\w.'’-]+ (?:van |von |de |der |da |di )*(?:[A-Z][\w.'’-]+ ){1,3}(?:is|was) (?:an?|the) (?:[\w/-]+,? ){0,8}?(?i:",
    r"""
    engineer|developer|programmer|architect|designer|scientist|researcher|professor|student|writer|author|editor|journalist
    reporter|columnist|blogger|producer|consultant|advocate|evangelist|manager|director|founder|co-?founder|ceo|cto|freelancer
    """,
    r")(?=[.,;]| (?:at|of|for|from|with|on|in|who|and|based|behind)\b)",
)

# --- Sentences ----------------------------------------------------------------------------------------------------------

# Greetings, headlines and requests begin like this: no subject does anything in them.
HEADLINE = _Wording(
    "",
    r"""
    dear hello hi hey greetings welcome please introducing announcing presenting meet
    my: my name is
    happy: happy (new|holidays)
    good: good (morning|day)
    say: say hello
    time: time (for|to)
    get: get ready (to|for)
    ready: ready (to|for)
    want looking need: % to
    start begin: % (by|with|off)
    how: how to
    """,
)
# Calls to act, thanks, farewells: they could be said of any post, so they say nothing of this one.
BOILERPLATE = _Wording(
    r"\b",
    r"""
    more: (learn|read|find out|find|see|discover|explore) more
    find: you can find (all|the|our)
    join: join (us|our|the (conversation|discussion|community))
    click: click (here|on|the)
    subscribe subscribing: subscrib(e|ing) (to (our|my)|now|here|today)
    unsubscribe
    follow: follow (us|me|along)
    sign signing: sign(ing)? up
    stay: stay (tuned|up to date)
    thank thanks: (?<!as a )thank(s| you)(?! to (?!all\b|every|you|our))
    thank: (special|big|huge|warm|sincere|heartfelt) thank you
    thanks: (special|big|huge|many|warm|sincere|heartfelt) thanks|thanks to (@|[^\s,]+ for )
    shout shoutout shoutouts: shout-?outs? to
    contact: contact (us|me)
    reach: reach out
    skip jump: (skip|jump) ((ahead|straight|right|back) )?to
    check checking: check(ing)? (\w+ )?out
    checkout: checkout (the|our|this|my)
    touch: get in touch
    let: let (us|me) know
    comment comments feedback: (leave a|your) (comments?|feedback)
    feel: feel free
    miss forget hesitate: (don't|do not) %
    hear: (love|like|want) to hear
    forward: look(ing)? forward to
    hope: hope (you|this|that you)
    see: see you
    happy: happy (coding|reading|hacking|building|shipping)
    register download order buy apply enroll: % (now|today|here|for free)
    try start started: (try it|start|get started) (now|today|here|for free)
    here: (available|found|read|seen|see|summary|more|details|recording|slides) (\w+ )?here
    help: need your help|ways to (help|contribute)
    rss: rss reader
    possible: made possible by
    thank: (like|want|need) to thank|thank (the following|everyone|everybody|all)
    pr pull: (open|submit|send) (a|an|your) (\w+ )?(pr|pull request)
    invite: (love|like|want) to invite|invite you
    donate donation donations: (please |to |make a |your )%
    enjoyed liked: if you('ve)? %
    notified: get notified
    information info details context background guidance: for (further|additional|the full|full|detailed|more) (\w+ )?%
    look: for an? (more )?(detailed|closer|deeper|in-depth) look
    website site page: you can (get|find|download|grab) ([^\s,]+ ){1,10}%
    docs documentation reference readme changelog faq: (see|check|refer to|consult|visit|read) ([^\s,]+ ){0,5}%(?=[^,]*\Z)
    found: (list|details?|documentation|information|source|code|notes|descriptions?|changes) ([^\s,]+ ){0,4}(can|may) be found
    notes: in (the|our) (full |official )?release notes
    notes: (see|refer to|consult|visit|read) (\w+ ){0,5}release notes(?=[^,]*\Z)
    website site homepage repository repo overview guide: (see|refer to|consult|visit|read) (\w+ ){0,5}%(?=[^,]*\Z)
    tutorial article page section: (see|refer to|consult|visit|read) (\w+ ){0,5}%(?=[^,]*\Z)
    questions feedback comments thoughts issues: if you( ha)?('ve|ve| have)? (any )?%
    interested curious: if you('re| are) (interested|curious)
    place: a (good|great) place to (start|begin)
    crossposted
    cross: cross-?posted
    originally: originally published
    look: look at (this|the|our)
    wrong: don't get (me|us) wrong
    own: (opinions|views) (\w+ ){0,4}(my|their|our|his|her|the authors?'?s?) own
    rights: all rights reserved
    terms: terms (of (use|service)|and conditions)
    spread: spread the word
    give: give it a (try|star|spin|go)
    star: star (us|the repo)
    sponsored: (post|article|episode|video|talk|issue) (is |was )?sponsored by
    buy: buy (me|us) a
    next following upcoming future subsequent remaining: % (blog |\w+ )?(posts?|articles?|parts?|sections?|chapters?)
    rest: the rest of (this|the) (post|article|blog)
    section subsection: this (sub)?section
    ado: without further ado
    deeper: \A(we|i)('ll| will) (dive|go|dig) deeper
    buckle: buckle up
    read: read on
    recommend: recommend (reading|checking|watching|(that )?you read)
    reading: (start|begin) (by|with) reading
    reading: keep reading
    """,
)
# It points at something that stands beside it and is not quoted.
POINTING = _Wording(
    r"\b",
    r"""
    see: (\A|(?<=[,;(–—])|(?<=[,;(–—] ))(please )?see\b
    here: here('s| is| are)\b
    steps instructions commands: (the|these|some|the same) %\b(?! (to|for|of|needed|required)\b)
    command step line: the (first|second|third|next|last) %\b
    following: (the|these|this|as|are|is|like) following\b(?!.*: \w)
    following: following (\w+ ){0,3}(commands?|code|steps?|examples?|table|figure|diagram|list|snippet|screenshot|image)\b
    follows: as follows\b
    follow: (that|which) follow\b
    like: like this[.!]?\Z
    example examples: (an?|some|another) (\w+ )?%[.!]\Z
    reasons ways things steps options benefits: (two|three|four|five|several|some|a few|a couple of) (\w+ )?%[.!]\Z
    methods approaches: (two|three|four|five|several) (\w+ )?%[.!]\Z
    below above here: %[.!]?\Z|(?<!.)below
    shown seen see listed described defined depicted: % (\w+ )?(below|above|here|earlier|previously)\b
    illustrated mentioned outlined explained: % (\w+ )?(below|above|here|earlier|previously)\b
    discussed given linked noted: % (\w+ )?(below|above|here|earlier|previously)\b
    figure figures fig table tables: (figures?|fig\.|tables?) (\d|below|above|shows?)\b
    listing listings diagram diagrams screenshot screenshots image images: % (\d|below|above|shows?)\b
    chart charts graph graphs example examples snippet snippets: (?<!\Athis )% (\d|below|above|shows?)\b
    code command commands picture video: % (below|above|shows?)\b
    illustrate illustrates depict depicts: % (how|the)\b.*\b(diagram|figure)\b
    end: at the end of (this|the) (post|article|page|tutorial|guide)\b
    noticed: (you|reader|readers) (may|might|will|probably) (already )?(have )?noticed\b
    see notice observe: \A(as )?(you|we)('ll| can| may| might| will| should) (now |also |clearly )?%\b
    above below: \bthe (\w+ ){1,3}%(?=[.,;)]| (is|are|was|were|and|can|will|has|have|shows?|uses?)\b)
    above below: % (figure|table|diagram|screenshot|image|example|snippet|code|commands?|chart|graph|picture)\b
    """,
    "",
)
# An instruction out of a row of steps begins like this.
_STEP = _Wording(
    "",
    r"""
    just simply consider imagine suppose assume pick watch read visit try grab browse click select press navigate scroll type
    paste copy tick enter notice recall remember see refer
    let: let('s| me| us)
    allow: allow me
    think: think of
    right: right-click
    check: check that
    go: go to
    sign log: % in
    set put: % (an?|the|your|this|these|any|each)
    run: run(?!-)
    note: note (that|the|how)
    get getting: get(ting)? started
    keep: keep in mind
    make be: % sure
    """,
)
# "Apply a label", "measure or count the nodes", "determines whether", "removed the option", if the first word is a verb.
_ORDER = re.compile(r"[a-z]+ (?:or [a-z]+ )?(?:an?|the|your|this|these|any|each|whether)\b")
# What may stand before an instruction: a purpose, a condition.
_BEFORE_STEP = re.compile(
    r"(?:now |then |(?:next|first|finally),? |\w+ly |"
    r"(?:to|if|when|once|after|before|for|in|on|from|under|with|given|using) [^,]{3,150}, (?:please |you can )?)"
)


def is_step(text: str, first: str) -> bool:
    """Whether a text in lower case with this first word begins like an instruction, or tells what somebody unnamed does."""
    if _is_order(text, first):
        return True
    before = _BEFORE_STEP.match(text)
    return before is not None and _is_order(rest := text[before.end() :], first_word(rest))


def _is_order(text: str, first: str) -> bool:
    return _STEP.begins(text, first) or ((is_verb(first) or _has_past_tense({first})) and _ORDER.match(text) is not None)


# --- Standing alone -----------------------------------------------------------------------------------------------------

# What "this" may name without a word before it: the post itself, what it is part of, and the time.
_ITSELF = (
    r"(?: (?:(is )?((the |a )?|(first|second|third|fourth|last|final) )part\b.* of|"
    r"is (the )?(first|second|third|fourth|last|final) \w+|([\w-]+ |is the ){0,2}"
    r"(blog|post|blogpost|article|entry|piece|guide|tutorial|document|documentation|page|topic|quickstart|how-to|walkthrough|"
    r"series|newsletter|report|paper|episode|edition|book|interview|roundup|recap|case study|release|week|month|year|quarter|"
    r"season|summer|autumn|winter|spring|weekend|time around))\b)"
)
_THINGS = (
    "need|problem|issue|challenge|question|goal|gap|approach|idea|trend|feature|point|reason|work|effort|journey|vision|promise|"
    "pattern|change|freedom|flexibility|step|moment|experience|process"
)
# What "it" need not be known for: "it is easy to", "it has been two years since".
_EXPLETIVE = (
    r"(?!( has| can| may| might| would| will)?('s| is| was| be| been|n't been) "
    r"((no|not|a|an|the|just|only|now|still|often|also|more|most|very|quite|so|too|long|been|becoming|two|three|four|five|"
    r"\w+ly|\d+) ){0,3}"
    r"(possible|impossible|important|essential|critical|crucial|vital|easy|easier|hard|harder|difficult|tempting|worth|common|"
    r"rare|clear|true|likely|unlikely|necessary|best|better|time|tricky|challenging|secret|surprise|wonder|case|years?|months?|"
    r"weeks?|days?|while)( that| for| when| how| if| since|(?<!easy)(?<!ier)(?<!better) to| to(?! use\b))\b"
    r"(?! \w+[,.;:]| \w+ (it|them|this|that|him|her)\b))"
)
# It begins like this, by its first word.
LEANS = _Wording(
    r"[\"'“‘(]?",
    rf"""
    that its they their them he she his her such another other others neither either which who whose where same here
    therefore thereby thereafter likewise and but so or nor yet also thus hence then moreover furthermore additionally
    consequently accordingly conversely oh nah whoops oops plus too nevertheless nonetheless similar similarly otherwise
    alternatively meanwhile anyway anyways namely second secondly third thirdly fourth
    thankfully luckily fortunately unfortunately sadly
    afterward afterwards ironically interestingly surprisingly importantly notably crucially specifically ultimately admittedly
    clearly obviously naturally overall eventually particularly why
    it: it\b{_EXPLETIVE}
    this these: %\b(?!{_ITSELF})
    those: those(?! who| of us)
    the a an: [a-z]+ (former|latter|same|other|others|second|third|fourth|rest|remaining|above|previous|aforementioned)
    the: the (answer|\w+ itself)
    the: the (first|second)( and \w+( \w+)?)? (is|was|are|were)
    the: the first (approach|method|option|way|reason|problem|issue|challenge|change|thing|solution)
    the: the (two|three|four|five|six) \w+s\b(?! of\b| that\b| which\b| who\b)
    the: the (resulting|result (?!of\b)|(\w+ )?(reason|idea|goal|catch|trick|downside|upside|difference) (is|was|being))
    a an: [a-z]+ (similar|alternative|additional|further)
    among: among (them|these|those|others)
    however: however(?! (much|many|long|hard|often|far|good|big|small|well)\b)
    the a an: [a-z]+ (corresponding|underlying|respective)
    now first: [a-z]+ (?!in\b|available|class\b)
    both: both(?! .{{1,60}}\band\b)
    all: all (the )?(other|others|remaining)
    case scenario option example method: % (\d+|[a-d]|one|two|three)\b
    to with for by from in on at after before like unlike of without despite: [a-z]+ (it|them|that|those|him|her|its|their)
    if when while once although though since unless: [a-z]+ (it\b{_EXPLETIVE}|they|that|he|she|so|not)
    as until because after before how: [a-z]+ (it\b{_EXPLETIVE}|they|that|he|she|so|not)
    to by in: [a-z]+ do(ing)? (so|this|that|it)
    when while before after by if for: [a-z]+ \w+ing (it|them|these|those|this|that)
    there: there (is|are) even
    now: now that
    instead: instead(?! of)
    rather: rather(?! than)
    as: as (if|though|an example(?=,))
    although: although(?=,)
    after before during until on at by: [a-z]+ [^\s,]+, (it|they|he|she)\b
    once when: [a-z]+ \w+(?=,)
    one: one (such|of (these|those))
    even: even (so|better|worse|then|more)
    speaking: speaking of
    however still again first firstly finally lastly next last now besides later well yes no ok okay sure right: [a-z]+(?=,)
    indeed great nice cool awesome actually basically essentially true granted maybe perhaps: [a-z]+(?=,)
    first: first of all(?=,)
    to: to (start|begin)( with)?(?=,)
    for: for (example|instance|one thing|these|this|that|comparison|reference|the same)
    e: e\.g(?=\.)
    i: i\.e(?=\.)
    in: in (addition|contrast|other words|fact|particular|turn|short|summary|conclusion|comparison|return|theory|practice)
    in: in (response|(that|both|either|all|such|these) cases?|the (end|meantime|same|former|latter|process))
    as: as (a result|such|a consequence|mentioned|noted|discussed|described|explained|expected|always|before|above|usual|well)
    as: as (part of (this|that|the)|(we|you|i) (can |have |\w+ )?(see|saw|seen|mentioned|said|noted|discussed|described|know))
    on: on (the other hand|the contrary|top of|the flip side|the one hand)
    at: at (the same time|this|that|the time)
    more most equally just perhaps: [a-z]+ (importantly|more|important|as)
    perhaps maybe: [a-z]+ (it|this|that|they|you|the same)
    what: what('s (importantly|more|important|as)| this)
    after: after (all|that)
    of: of course
    by: by (contrast|comparison|now)
    before: before we
    until since from back by: [a-z]+ (then|there|here|now)
    like: like(?=,)
    previously originally initially currently typically usually normally: [a-z]+,? (it\b{_EXPLETIVE}|they|this|that)
    to: to (that|this) end
    to: to (?!make\b|keep\b|take\b|put\b)\w+ (it|them)(?=,)
    not: not (only|all|every|just|so|to mention|mentioning)
    with given having: [a-z]+ (that|all|these|those|this)
    """,
)
# It begins with what the title may have named.
REFERS = _pattern(r"[\"'“‘(]?", r"(this|these|its?|their)\b(?! means| (is|was) (why|because|how|where|when))")
# What stands before "this" and a comma hardly ever says what "this" is.
_FIRST = (
    "(with|while|whilst|for|in|on|at|by|to|after|before|once|when|as|from|although|though|despite|given|since|if|where|"
    "depending|because) "
)
# Unless what follows says which.
_UNTOLD = f"(?!{_ITSELF}| who| of us| that)"
# After one of these, "it" may be something that was named just before; before one of those, nothing at all.
_JOINING = (
    r"(?:and|or|but|so|that|when|where|while|if|because|as|once|until|unless|before|after|since|though|an?|the|my|our|your)\b"
)
_EASY = "easy|easier|hard|harder|simple|simpler|possible|impossible|difficult|clear|clearer|worth|useful|necessary|important|best"
# It says so further on.
LEANS_WITHIN = _Wording(
    r"[\"'“‘(]?",
    rf"""
    different: .{{,80}}\ba different (approach|way|path|route|direction)
    these those them this that which: \w+ of %\b(?!{_ITSELF})
    both: .{{,120}} both(?=[,.])
    either: .{{,120}}\beither (?!.{{1,100}}\bor\b)
    again: ([^\s,;:]+ ){{1,4}}again\b
    however though: ([^\s,;:]+ ){{0,4}}[^\s,;:]+, %(?=,)
    it: (i|you|we)('[a-z]+)? ((?!{_JOINING})[^\s,;:]+ ){{1,3}}it\b(?! ({_EASY}))
    that: (\w+, )?(i|you|we) (\w+ )?(call|change|did|do|fix|follow|like|mean|solve|try|use) that\b(?! \w+ (is|are|was|were)\b)
    well too: .{{,400}} (as well|too)(?=[.!]\Z)
    these those this: (([^\s,;:]+ ){{1,30}}|{_FIRST}[^,;:]{{2,100}}, ([^\s,;:]+ ){{0,14}})(?<!one of )%\b{_UNTOLD}
    both: ([^\s,;:]+ ){{1,30}}both (?!.{{1,80}}\band\b)
    that: ([^\s,;:]+ ){{1,8}}that ({_THINGS}|post|article|blog|talk|episode)
    that: ([^\s,;:]+ ){{1,8}}(for|with|of|to|by|about|like|than) that(?=[,.;])
    better worse faster slower easier harder larger smaller: ([^\s,;:]+ ){{1,8}}(is|are) (\w+ )?%(?=[.!]\Z)
    bigger simpler cheaper messier heavier busier: ([^\s,;:]+ ){{1,8}}(is|are) (\w+ )?%(?=[.!]\Z)
    example exception: ([^\s,;:]+ ){{1,6}}(is|are|was|were) (the|an?|one|another) (\w+ )?%(?! of| to)
    one ones: ([^\s,;:]+ ){{1,8}}the (right|wrong|other|old|former|latter|first|second) ones?
    him he she: ([^\s,;:]+ ){{1,8}}%
    then: ([^\s,;:]+ ){{1,4}}%
    also: ([^\s,;:]+ ){{1,9}}%
    exactly: .{{,200}}\bexactly that\b
    why how what: .{{,120}}\b% that (is|was|means|meant|happens|happened|works|worked|matters)\b
    case cases situation situations example: .{{,300}}\bin (this|that|these|those|such) (\w+ )?%
    such: .{{,200}}\bsuch (?!as\b|that\b|an? [\w-]+ (as|that)\b|[\w-]+ as\b)
    above: .{{,200}}\bthe above\b
    further: ([^\s,;:]+ ){{1,6}}go(es)? (even )?further\b(?! than)
    there: .{{,300}} there(?=[.,;!]|\Z| (and|but|too|as)\b)
    """,
)

# "These labels", which the sentence itself may have named before.
_THESE = re.compile(rf"\bth[eo]se\b(?!{_ITSELF}| who| of us| that| days) (?P<known>[a-z]{{4}})")


def names_as_known(text: str, words: Set[str]) -> bool:
    """Whether a text in lower case with these words speaks of "these labels" where it has not spoken of labels."""
    if "these" not in words and "those" not in words:
        return False
    return any(found["known"] not in text[: found.start()] for found in _THESE.finditer(text))


# --- What says nothing --------------------------------------------------------------------------------------------------

# Words that only say that something is said here, and where. Many function words do, too.
ANNOUNCING = frozenset(
    """announce announcing announced announcement available availability generally general release releases released happy
    excited pleased proud thrilled delighted glad introduce introducing introduction launch launching finally offer offering
    support supports week year month public preview new post article blog topic tutorial guide page learn show shows describe
    describes explain explains answer answers provides instructions use uses using used need needs know take takes look walk
    walks let lets together get gets see want help helps way ways today here discuss discusses cover covers explore explores
    demonstrate demonstrates configure configures configuring set team group working version""".split()
)

# It speaks of the post: "This guide ...", "In the article ...".
OF_ITSELF = re.compile(r"(?:in )?(?:this|the) (?:\w+ )?(?:guide|article|post|blog|tutorial|document|page|how-to)\b")

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
    accept achieve act add address adopt affect agree aim allow analyze announce answer appear apply ask assign
    assume attach attend authorize automate avoid become begin behave believe belong benefit bind boost break bring
    build bundle calculate call capture care carry catch cause center change check choose claim clean clear close
    collect combine come compare compile complete comprise compute conclude configure confirm connect consider
    consist consolidate consume contain continue contrast contribute control convert convince cost count cover
    crash create customize cut deal debug decide decouple define delay delegate delete deliver demand demonstrate
    deny depend deploy describe design detect determine develop differ disable discuss display distribute download
    drain drive drop duplicate earn eat eliminate embed embrace emerge emit emulate enable encompass encourage
    encrypt end enforce enhance enjoy enrich ensure enter escape estimate evaluate evolve examine exceed exchange
    exclude execute exist exit expand expect expire explain explore export expose extend extract facilitate fail
    fall favor fear feature feel fetch find finish fire fit fix focus follow force forget form forward free gain
    gather generate get give go govern grow guarantee guard guide handle happen hear help hide hold hope host
    identify implement imply import improve include increase influence inform inherit inject insert inspect install
    instruct integrate interact introduce invite invoke involve isolate issue iterate join jump justify keep kill
    know lack land last launch lead learn leave let leverage lie limit listen live load look lose love maintain
    make manage map mark matter mean measure meet mention merge migrate minimize mirror mix modify monitor mount
    move multiply navigate need negotiate note notice notify observe obtain occur offer open operate optimize
    orchestrate organize orient outline outperform override own package parse pass pause pay perform persist pick
    place plan play point poll pose post power predict prefer prepare present preserve prevent print process
    produce promise propagate propose protect prove provide provision publish pull push put query raise rank reach
    read rebuild receive recommend recover redirect reduce refactor refer reference reflect refuse register reject
    relate relax release reload rely remain remember remove rename render repeat replace replicate report represent
    request require reset reshape reside resist resolve respect respond restart restore restrict result retain
    retrieve retry return reuse reveal review revoke revolve rewrite rise roll rotate route run satisfy save say
    scale schedule scrape search secure see seem select send separate serve set share shield shift ship shorten
    show shrink sign simplify simulate sit sleep slow solve sound spawn speak specify speed spend split stall stand
    standardize start stay steal stick stop store stream streamline strip struggle subscribe substitute suffer
    suggest suit supply support surround survive suspend switch sync tackle take talk target teach tell tend
    terminate test think thrive throw touch track trade transfer transform transition translate travel treat
    trigger truncate trust try tune turn underpin understand unify unlock unveil update upgrade upload use validate
    value vanish vary verify view visit visualize wait wake walk want warn waste watch weigh welcome win wonder
    work worry wrap write yield
    """


def _third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


_FINITE = frozenset([*_AUXILIARIES.split(), *_IRREGULAR.split()])
_THIRD_PERSON = frozenset(map(_third_person, _REGULAR.split()))
_VERBS = _FINITE.union(_REGULAR.split(), _THIRD_PERSON)


def has_verb(words: Set[str]) -> bool:
    """Whether one of the words, in lower case, looks like a verb."""
    return not _VERBS.isdisjoint(words) or _has_past_tense(words)


def has_predicate(words: Set[str]) -> bool:
    """Whether one of the words looks like a verb that says what somebody does, rather than one that tells somebody to."""
    return not _FINITE.isdisjoint(words) or not _THIRD_PERSON.isdisjoint(words) or _has_past_tense(words)


def has_finite_verb(words: Set[str]) -> bool:
    """Whether one of the words is a verb and nothing else."""
    return not _FINITE.isdisjoint(words)


def _has_past_tense(words: Set[str]) -> bool:
    return any(len(word) > 4 and word.endswith("ed") for word in words)


# Of one, a verb says so: "a tool breaks", but "a lot of tools break".
SINGULAR = re.compile(r"an? (?!(?:lot|few|series|number|couple|handful|variety|range|group|set|host|bunch|majority)\b)")

# Who does something, whoever it is.
SOMEBODY = frozenset({"i", "you", "we", "it", "they", "there", "one", "everyone"})


def is_verb(word: str) -> bool:
    """Whether a word that begins a sentence looks like a verb that tells somebody to act: "get", "lead"."""
    return word in _VERBS and word not in _FINITE
