"""Which sentences of a post may be quoted, and which of them cannot stand alone.

All rules go by shape and wording, none by meaning. Those of wording know English only, and are silent elsewhere.
"""

import re
from typing import NamedTuple

from model.function_words import FUNCTION_WORDS
from model.text import Block, Sentence, Text

MIN_WORDS, MOST_WORDS = 6, 50
MIN_CONTENT = 3  # distinct words that are no function words: "It is on purpose, of course." says nothing


class Candidate(NamedTuple):
    """A sentence that may be quoted."""

    text: str  # verbatim, without a label such as "TL;DR:"
    words: list[str]  # lower case
    size: int  # in words, as readers count them
    abstract: bool  # from what the author calls the short of it
    opening: bool  # the first sentence of its block
    needs: int | None  # index of the candidate right before it, without which it would make no sense


def candidates(text: Text) -> list[Candidate]:
    """The sentences of prose that may be quoted, in reading order; one that is there twice counts once.

    Items of lists are prose only where there are no paragraphs, or where the author says that they sum the post up.
    """
    return _of_blocks(text, {"paragraph"}) or _of_blocks(text, {"item", "quote"})


def _of_blocks(text: Text, kinds: set[str]) -> list[Candidate]:
    found: list[Candidate] = []
    seen: set[str] = set()
    title = _content(text.title_words)
    english = _is_english(text)
    section = ""
    headings = 0
    previous: int | None = None  # the candidate that ends right where we are
    for block, sentences in zip(text.blocks, text.sentences, strict=True):
        if block.kind == "heading":
            section = _section(block.text, first=not headings)
            headings += 1
            previous = None
            continue
        label = _ABSTRACT_LABEL.match(block.text) if block.kind in _PROSE else None
        abstract = label is not None or section == "abstract"
        if section == "aside" or not (block.kind in kinds or (abstract and block.kind in _PROSE)) or _is_apart(block):
            previous = None
            continue
        for position, sentence in enumerate(sentences):
            quoted = sentence.text
            if label is not None and position == 0:
                quoted = quoted[label.end() :]
            size = count_words(quoted)
            if quoted in seen or not _is_quotable(quoted, size, sentence, title, english=english, labelled=label is not None):
                previous = None
                continue
            needs = None
            if _LEANS.match(quoted):
                if previous is None:
                    continue
                needs = previous
            seen.add(quoted)
            previous = len(found)
            found.append(Candidate(quoted, sentence.words, size, abstract, position == 0, needs))
    return found


def count_words(text: str) -> int:
    """Words as readers count them. Scripts that set no spaces have about two characters to a word."""
    return len(text.split()) + (0 if text.isascii() else len(_UNSPACED.findall(text)) // 2)


_PROSE = frozenset({"paragraph", "item", "quote"})
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def _content(words: list[str]) -> set[str]:
    return {word for word in words if word not in FUNCTION_WORDS}


# --- Blocks and sections that are no part of what a post says -----------------------------------------------------------

# What stands under these headings is for other readers, or no prose: people, links, steps before the first step.
_ASIDE_HEADING = re.compile(
    r"[\W\d_]*(?:acknowledge?ments?|thank|credits|references\b|bibliography|footnotes|about (?:the authors?|me|us)\b|"
    r"(?:further|more|additional|related|recommended) (?:reading|resources|posts|articles|content|information|links|topics)|"
    r"resources$|links$|related$|see also|next steps|what(?:'|’)?s next|where to go|learn(?:ing)? more|"
    r"get(?:ting)? (?:involved|in touch|help|support)|stay (?:tuned|in touch|connected)|join |contact|feedback|subscribe|"
    r"follow |share this|comments\b|(?:the )?contributors|sponsors?\b|(?:table of )?contents$|"
    r"in this (?:issue|article|post|guide|edition|newsletter)|on this page|prerequisites|before you (?:begin|start)|"
    r"requirements$|licen[cs]e$|disclaimer|(?:upcoming )?events$|cross-?post)",
    re.IGNORECASE,
)
_ABSTRACT_HEADING = re.compile(r"[\W\d_]*(?:tl;? ?dr|abstract|executive summary|in (?:brief|short|a nutshell)|at a glance)\b", re.I)
_FIRST_ABSTRACT_HEADING = re.compile(r"[\W\d_]*(?:summary|key takeaways?|highlights)\W*\Z", re.I)
_ABSTRACT_LABEL = re.compile(
    r"(?:(?:tl;? ?dr|abstract|executive summary|summary|in (?:brief|short)|bottom line)\s*(?:[:.–—]|-(?=\s))+|tl;? ?dr)\s+", re.I
)


def _section(heading: str, *, first: bool) -> str:
    if _ABSTRACT_HEADING.match(heading) or (first and _FIRST_ABSTRACT_HEADING.match(heading)):
        return "abstract"
    return "aside" if _ASIDE_HEADING.match(heading) else ""


# A block that begins like this is about the post, not of it: who wrote it, when, where it stood first, what it is part of.
_APART = re.compile(
    r"[\W_]*(?:(?:written|posted|published|authored|edited|translated|reviewed|updated|photos?|images?|illustrations?|guest post|"
    r"contributed|presented) (?:by|on|in|at)\b|(?-i:By (?:[A-Z][\w.'’-]+,? ?(?:and |& )?){2,9}(?:\Z|[|·(]|on\b))|(?:last )?(?:updated|modified|edited|reviewed)\b|"
    r"authors?\b|(?:editor|author|translator)(?:'|’)?s?(?:'|’)? note|(?:full )?disclaimer|disclosure|note\s*[:!–—-]|nb\b|p\.?s\.|"
    r"tips?\s*[:!–—-]|warning\s*[:!–—-]|caution|important\s*[:!–—-]|update\W|edit\s*[:(]|cross-?post|"
    r"(?:this|the) (?:\w+ ){0,3}(?:was |has been |is )?(?:also |originally |first |previously |cross-?)+"
    r"(?:appeared|posted|published|written|ran)|originally |reposted|"
    r"(?:this|the) (?:\w+ ){0,3}(?:is|was) a guest\b|"
    r"(?:fig(?:ure|\.)?|table|listing|image|photo|video|source|credits?|screenshot|caption)\s*(?:\d+\s*)?[:.–—-]|"
    r"(?:photo|image|video|slides|recording)s? (?:by|from|of|credit)|(?:step|part|chapter|section|phase|lesson)\s+\d+|"
    r"[\w .-]{2,30}(?:,|\s)\s*[A-Z][a-z]+ \d{1,2},? \d{4}\s*(?:[–—:-]|\())",
    re.IGNORECASE,
)  # fmt: skip


def _is_apart(block: Block) -> bool:
    return block.linked or _APART.match(block.text) is not None


# --- Sentences ----------------------------------------------------------------------------------------------------------

_TERMINAL = re.compile(r"""(?<![.\s]\.)(?<!\s)[.!?…。！？｡][)\]"'”’»」』]*+\Z""")
_QUESTION = re.compile(r"""[?？][)\]"'”’»」』]*+\Z""")
_OPENINGS = "\"'“‘«„「『¿¡"
_MAX_SLOGAN_WORDS = 10  # no exclamation as short as this tells anything

# Calls to act, thanks, pointers to what is elsewhere: said of any post, so they say nothing of this one.
_BOILERPLATE = re.compile(
    r"\b(?:(?:learn|read|find out|see|discover|explore) more\b|join (?:us|our|the (?:conversation|discussion|community))|"
    r"click (?:here|on|the)|subscrib\w+ (?:to|for|now|here|today)|unsubscribe|follow (?:us|me|along|@)|sign(?:ing)? up|"
    r"stay tuned|stay up to date|thank(?:s| you)\b|contact (?:us|me)|reach out|get in touch|let (?:us|me) know|"
    r"leave (?:a|your) (?:comment|feedback)|feel free|don(?:'|’)t (?:miss|forget|hesitate)|do not hesitate|"
    r"we(?:'|’)?(?:d| would| hope| look forward| welcome| invite| encourage| want)* ?(?:love|like) to hear|look(?:ing)? forward to|"
    r"hope (?:you|this|that you)|happy (?:coding|reading|hacking|building|shipping)|see you|"
    r"(?:register|download|order|buy|apply|enroll|try it|get started|start) (?:now|today|here|for free)|"
    r"(?:available|found|read|seen|see|summary|more|details|recording|slides) (?:\w+ )?here\b|(?:check|checking) (?:\w+ )?out\b|"
    r"for (?:more|further|additional|full|detailed|the full) (?:\w+ )?(?:information|info|details|context|background|documentation|guidance)|"
    r"(?:see|refer to|consult|visit|read) (?:\w+ ){0,5}(?:docs|documentation|reference|readme|release notes|changelog|faq|website|"
    r"site|homepage|repository|repo|overview|guide|tutorial|article|page|section)\b(?=[^,]*\Z)|"
    r"if you(?:'|’)?(?: ha)?(?:ve| have)? (?:any )?(?:questions|feedback|comments|thoughts|issues)|(?:cross-?posted|originally published)|"
    r"(?:opinions|views) (?:\w+ ){0,4}(?:my|their|our|his|her|the authors?(?:'|’)?s?) own|all rights reserved|terms (?:of|and)|"
    r"(?:spread the word|give it a (?:try|star|spin|go)|star (?:us|the repo)|sponsored by|buy (?:me|us) a)|"
    r"(?:next|following|upcoming|future|subsequent|remaining) (?:blog |\w+ )?(?:posts?|articles?|parts?|instal?lments?|sections?|chapters?)|"
    r"the rest of (?:this|the) (?:post|article|blog)|this (?:sub)?section|(?:without further ado|buckle up|read on|keep reading))",
    re.IGNORECASE,
)  # fmt: skip
# It points at something that stands beside it and is not quoted.
_POINTING = re.compile(
    r"\b(?:the|these|some|the same) (?:steps|instructions|commands)\b|\bhere(?:'s| is| are|’s)\b|(?:\A|[,;(–—] ?)(?:please )?see\b|: [-–•*] |(?: [-–•*] .*){3}|"
    r"\b(?:the|these|this|as|are|is|like|one of the|all) following\b(?!.*: \w)|\bfollowing (?:\w+ ){0,3}(?:command|code|steps|example|table|"
    r"figure|diagram|list|snippet|screenshot|image)|\bas follows\b|"
    r"\b(?:shown|seen|listed|described|defined|depicted|illustrated|mentioned|see|outlined|explained|discussed|given|linked|noted) "
    r"(?:\w+ )?(?:below|above|here|earlier|previously)\b|\b(?:below|above)[.!:]?\Z|"
    r"\b(?:figures?|fig\.|tables?|listings?|diagrams?|screenshots?|images?|examples?|snippets?|chart|graph|code|commands?|picture|video) "
    r"(?:\d+|below|above|shows?|illustrates?|depicts?)\b|\b(?:above|below) (?:figure|table|diagram|screenshot|image|example|snippet|code|"
    r"command|chart|graph|picture)",
    re.IGNORECASE,
)  # fmt: skip
# An instruction out of a row of steps.
_GREETING = re.compile(r"(?:dear|hello|hi|hey|greetings|welcome|happy (?:new|holidays)|good (?:morning|day))\b", re.IGNORECASE)
_STEP = re.compile(
    r"(?:now |then |next,? |first,? )?(?:click|select|press|right-click|navigate|scroll|type|paste|copy|tick|check that|go to|enter|"
    r"open (?:a|the|your)|run (?:the|this)|note (?:that|the|how)|notice|remember|make sure|be sure|see\b|refer)\b",
    re.IGNORECASE,
)
# "Stability: The interface ..." and "Stability – The ...": a label of a few words, then a sentence of its own.
_LABEL = re.compile(r"(?:[^\s:,.!?]+ ){0,4}[^\s:,.!?]+(?::| [–—-]+)\s")
_CODE = re.compile(r"[{}<>|\\`]|\[\[|\]\[|\]\(|@\[|=[\"']|::|=>|->|==|&&|://|\w\(\)?\w*[,)]?;|^\s*[#/@$]|\s[.]/|~/|[a-z]{2}\.(?:The|This|These|It|We|You|An?|In|For|If|When|To|Its|And|But)\b")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]+)[.)]\s", re.I)


def _is_quotable(text: str, size: int, sentence: Sentence, title: set[str], *, english: bool, labelled: bool) -> bool:
    if not MIN_WORDS <= size <= MOST_WORDS or not _TERMINAL.search(text) or _QUESTION.search(text):
        return False
    first = text[0]
    if not (first.isalnum() or first in _OPENINGS) or (size <= _MAX_SLOGAN_WORDS and text.endswith(("!", "！"))):
        return False
    # A small letter begins the rest of something, or a name.
    if first.islower() and not labelled and not (sentence.words and sentence.words[0] in title) and not _NAME.match(text):
        return False
    if not _is_balanced(text) or _NUMBERED.match(text) or _CODE.search(text):
        return False
    if english and not any(word in _VERBS or (word.endswith("ed") and len(word) > 4) for word in sentence.words):
        return False
    label = _LABEL.match(text)
    if label is not None and not text[label.end() : label.end() + 1].islower():
        return False
    if _BOILERPLATE.search(text) or _POINTING.search(text) or _STEP.match(text) or _GREETING.match(text):
        return False
    said = _content(sentence.words)
    return not (english and len(said) < MIN_CONTENT) and not (title and len(said - title) <= 1)


_NAME = re.compile(r"[a-z]+[A-Z0-9]")


def _is_balanced(text: str) -> bool:
    """Whether what is opened is closed: a sentence that was cut inside brackets or quotation marks is half a sentence."""
    return (
        text.count("(") == text.count(")")
        and text.count("[") == text.count("]")
        and text.count("“") == text.count("”")
        and text.count('"') % 2 == 0
    )


def _is_english(text: Text) -> bool:
    """Whether a good part of the words hold English sentences together: half in prose, a twentieth in other languages."""
    counted = function = 0
    for word in text.words():
        counted += 1
        function += word in FUNCTION_WORDS
    return function > 0.25 * counted


_AUXILIARIES = frozenset(
    """am is are was were be been being do does did has have had can could may might must shall should will would cannot ll re ve
    isn aren wasn weren don doesn didn hasn haven hadn won wouldn couldn shouldn let lets""".split()
)
_IRREGULAR = """became began begun bought broke brought built came caught chose cost cut drew drove fell felt fought found gave
    goes went got grew held hit hurt kept knew known laid led left heard lost made meant met paid put ran read rose said sat saw seen
    sent set shot shut slept sold spent split spoke spread stood struck taught thought threw told took understood woke won wrote
    written"""
# Verbs that prose on software is made of. Most are nouns too: the list lets a fragment through rather than lose a sentence.
_REGULAR = """accept achieve act add address adopt agree aim allow analyze announce answer appear apply ask attach automate avoid
    become begin believe belong benefit break bring build call cause change check choose collect combine come compare complete compute
    comprise configure connect consider consist contain continue contribute control convert cover create cut deal decide define
    deliver demonstrate depend deploy describe design detect determine develop differ discuss display drive drop earn enable encourage
    end ensure evolve execute exist expand expect explain explore export expose extend fail fall feature feel fetch find fit fix
    focus follow form force gain generate get give go grow handle happen hear help hide hold hope host identify implement import improve
    include increase inherit install integrate introduce invite join keep know launch lead learn leave let leverage lie limit
    listen live load look lose maintain make manage map mark matter mean measure meet migrate mix monitor move need note notice
    observe occur offer open operate optimize outline own pass pay perform place plan play point power prefer prepare present
    prevent process produce promise protect prove provide publish pull push put raise reach read receive recommend reduce refer
    reflect refuse release rely remain remember remove rename render replace report represent request require resolve respond
    restart return reuse run save say scale schedule search secure see seem select send separate serve set ship show simplify
    sit solve speak specify spend split stand start stay stop store stream struggle suggest support surround switch take talk
    target teach tell tend test think throw track treat trigger try turn understand update upgrade use validate vary verify view
    visit wait walk want watch weigh work worry write""".split()


def _third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


_VERBS = _AUXILIARIES | set(_IRREGULAR.split()) | set(_REGULAR) | {_third_person(verb) for verb in _REGULAR}

# --- Standing alone -----------------------------------------------------------------------------------------------------

# What "this" may name without a word before it: the post itself, and the time.
_ITSELF = (
    r"(?:(?:is )?(?:(?:the |a )?part\b.* of|(?:the )?(?:first|second|third|fourth|last|final) \w+)|(?:[\w-]+ |is the ){0,2}(?:blog|post|blogpost|article|entry|piece|guide|tutorial|document|documentation|page|topic|quickstart|how-to|"
    r"walkthrough|series|newsletter|report|paper|episode|edition|book|interview|roundup|recap|case study|release|week|month|year|quarter|"
    r"season|summer|autumn|winter|spring|weekend|time around))\b"
)
_LEANS = re.compile(
    r"""["'“‘(]?(?:"""
    # Pronouns, and nouns that only a pronoun names.
    rf"(?:this|these)\b(?! {_ITSELF})|that\b|those\b(?! who| of us)|(?:it|its|they|their|them|he|she|his|her|theirs|such)\b|"
    r"(?:the|a|an) (?:former|latter|same|other|others|second|third|fourth|rest|remaining|above|previous|aforementioned|similar|"
    r"resulting|result|answer|alternative)\b|"
    r"(?:another|others|neither|either|which|who|whose|where|same|here|there(?:fore|by|after)|likewise|both(?! .{1,60}\band\b))\b|"
    r"(?:one|two|three|some|all|none|most|many|each|any|both|part|much|several|few|neither|either) of (?:these|those|them|this|that|which)\b|"
    rf"(?:\w+ ){{0,2}}(?:to|with|for|by|from|in|on|at|under|over|after|before|through|using|given|despite|like|unlike|of|"
    rf"without|because|if|when|while|once|although|though|since|unless|as|even|until|during|via|within|besides|behind|doing|about) "
    rf"(?:\w+ )?(?:this|these)\b(?! {_ITSELF})|"
    r"(?:to|with|for|by|from|in|on|at|after|before|like|unlike|of|without|despite) (?:it|them|that|those|him|her|its|their)\b|"
    r"(?:if|when|while|once|although|though|since|unless|as|until|because|after|before|where|how) (?:it|they|that|he|she|so|not)\b|"
    r"(?:to|by|in) do(?:ing)? (?:so|this|that|it)\b|"
    rf"(?:[^\s,;:]+ ){{1,7}}(?:these|those|this)\b(?! {_ITSELF}| who| of us| that)|(?:[^\s,;:]+ ){{1,4}}both[,.]|"
    r"(?:[^\s,;:]+ ){1,4}that (?:need|problem|issue|challenge|question|goal|gap|approach|idea|trend|feature|point|case|reason)\b|"
    r"(?:[^\s,;:]+ ){1,3}also\b|"
    # Words that join what they begin to what was before.
    r"(?:and|but|so|or|nor|yet|also|thus|hence|then|moreover|furthermore|additionally|consequently|accordingly|conversely|"
    r"nevertheless|nonetheless|similar(?:ly)?|oh|otherwise|alternatively|meanwhile|instead(?! of)|rather(?! than)|anyways?|namely|"
    r"second|secondly|third|thirdly|fourth|thankfully|luckily|fortunately|unfortunately|sadly|eventually|afterwards?|ironically|"
    r"interestingly|surprisingly|importantly|notably|crucially|specifically|ultimately|overall|admittedly|clearly|obviously|"
    r"naturally|plus|too|even (?:so|better|worse|then|more|though this))\b|"
    r"(?:however|still|again|first|firstly|finally|lastly|next|last|now|besides|later|well|yes|no|ok|okay|sure|right|indeed|"
    r"actually|basically|essentially|instead|true|granted|likewise|first of all|too|maybe|perhaps),|"
    r"for (?:example|instance|one thing|these|this|that|comparison|reference|the same)\b|e\.g\.|i\.e\.|"
    r"in (?:addition|contrast|other words|fact|particular|turn|short|summary|conclusion|comparison|return|theory|practice|response|"
    r"(?:that|both|either|all|such|these) cases?|the (?:end|meantime|same|former|latter|process))\b(?! \w+ing)|"
    r"as (?:a result|such|a consequence|mentioned|noted|discussed|described|explained|expected|always|before|above|usual|well|part of (?:this|that|the)|"
    r"(?:we|you|i) (?:can |have |\w+ )?(?:see|saw|seen|mentioned|said|noted|discussed|described|know))\b|"
    r"on (?:the other hand|the contrary|top of|the flip side|the one hand)\b|at (?:the same time|this|that|the time)\b|"
    r"(?:more|most|what(?:'|’)?s|equally|just|perhaps) (?:importantly|more|important|as)\b|after (?:all|that)\b|of course\b|"
    r"by (?:contrast|comparison|now|then)\b|(?:until|since|from|back|by) (?:then|there|here|now on)\b|to (?:that|this) end\b|"
    r"to (?:start|begin)(?: with)?,|not (?:only|all|every|just|so|to mention)\b|what this\b|why\b|"
    r"(?:with|given|having) (?:that|all|these|those|this)\b|(?:the )?(?:reason|idea|goal|catch|trick|downside|upside|difference) (?:is|was|being)\b"
    r")",
    re.IGNORECASE,
)  # fmt: skip
