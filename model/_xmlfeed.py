"""RSS, RDF and Atom, by feedparser's own handlers.

feedparser.parse() is not called: given a string it opens files and fetches URLs, and it spends most of its time in
sanitizing HTML that is never shown here. Its two readers are driven directly instead, in this order: the strict one;
the strict one again after mending what can be mended (entities, ampersands, control characters, an end cut off); the
loose one. Links come out as they are written, or resolved against xml:base where there is one: an id must not depend
on where the feed was read from.
"""

import html
import html.entities
import io
import re
import xml.sax
import xml.sax.expatreader
import xml.sax.handler
import xml.sax.xmlreader
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from xml.parsers import expat

from feedparser.api import LooseFeedParser, StrictFeedParser

from model._item import Item, Parsed
from model.errors import FeedError
from model.pace import Pace
from model.posts import ILLEGAL_CHARACTERS, parse_timestamp
from model.text import plain_text

# What an honest feed never comes near, and what makes feedparser slow or large beyond it.
MAX_ELEMENTS_PER_ITEM = 2_000  # content inside an item is not counted
MAX_DEPTH = 200
MAX_ATTRIBUTES = 200  # looked up by name, one by one
MAX_NAMESPACES = 100  # looked through for every element
MAX_AUTHOR = 200  # characters; searched for an address by a pattern that is quadratic
MAX_BASE = 2_000  # characters of an xml:base, which every link below it is joined to
# Entities that a feed declares for itself may add this much text, in characters. More is an attack.
MAX_EXPANSION = 100_000

# The elements that a post is made of, by feedparser's names for their namespaces. All others are passed over: their
# handlers (maps, media, chapters, licences, ...) are where feedparser fails, and nothing here needs them.
_ELEMENTS = frozenset(
    "rss channel feed item entry source image textinput title dc:title link guid id "
    "description dc:description abstract summary content content:encoded body xhtml:body fullitem "
    "author managingeditor dc:creator dc:author name email category dc:subject keywords "
    "media:group media:description media:keywords media:category itunes:summary itunes:author itunes:keywords tags "
    "pubdate published issued dcterms:issued updated modified dc:date dcterms:modified created dcterms:created".split()
)

# Text of a body from this length on, in characters, is not shown to feedparser.
LONG = 500
_BODIES = frozenset({"content", "description", "summary"})
# C1 controls -> the characters in their places in Windows-1252, which is what feedparser takes them for.
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("windows-1252") for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}

# Spelled so, feedparser leaves text alone that would also make sense as UTF-8 read as Latin-1: "Â¡" may be meant.
_ENCODING = "utf8"

_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
# A document type declaration; its internal subset may hold comments, instructions and quoted text with any marks.
DOCTYPE = (
    r"""<!DOCTYPE[^\[>"']*(?:"[^"]*"[^\[>"']*|'[^']*'[^\[>"']*)*+"""
    r"""(?:\[(?:<!--.*?-->|<\?.*?\?>|"[^"]*"|'[^']*'|[^\]"'])*+\]\s*)?>"""
)
_DOCTYPE = re.compile(DOCTYPE, re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ENTITY = re.compile(r"""<!ENTITY\s+(%\s*)?([^\s"'>%]+)\s+(?:"([^"]*)"|'([^']*)'|(\w+))""", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)")
_MEND = re.compile(
    r"""<!\[CDATA\[.*?(?:\]\]>|\Z)            # left as it is
      | &(?:amp|lt|gt|quot|apos);             # left as it is
      | &\#(?:(\d{1,9})|x([0-9a-fA-F]{1,8}));?
      | &([A-Za-z_][A-Za-z0-9_.\-]{0,40});
      | &""",
    re.DOTALL | re.VERBOSE,
)


_FIRST_ITEM = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_TTL = re.compile(r"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_SKIPPED = re.compile(r"<skip(hours|days)>(.{0,2000}?)</skip\1>", re.IGNORECASE | re.DOTALL)
_SKIPPED_ONE = re.compile(r"<(?:hour|day)>\s*(\w{1,9})\s*</", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse(text: str) -> Parsed:
    """A feed document as text -> its items. Raises FeedError."""
    declaration = _DECLARATION.match(text)
    body, entities = _without_doctype(text[declaration.end() :] if declaration else text)
    complaint = None
    try:
        if entities:
            body = _mended(body, entities)
        reader = _strict(body)
    except FeedError:
        raise
    except Exception as error:  # not well-formed; or namespaces that Python's own SAX reader trips over
        complaint = _describe(error)
        body = _completed(_mended(body, entities))
        try:
            reader = _strict(body)
        except FeedError:
            raise
        except Exception:
            reader = _loose(body)
    if not reader.version and not reader.entries:
        raise FeedError("it has the beginning of a feed, but no feed follows")
    # FeedParserDict answers for missing keys with other ones and a warning; a plain dict says what is there.
    about: dict[str, Any] = dict(reader.feeddata)
    parsed = Parsed(title=_title(about), link=str(about.get("link") or ""), pace=_pace(body))
    # feedparser takes an Atom id for a link where there is none; an Atom id is a name (RFC 4287, 4.2.6).
    atom = reader.version.startswith("atom")
    parsed.items = [_item(dict(entry), atom, reader.whole) for entry in reader.entries]
    if complaint:
        parsed.warnings.append(("ill-formed", f"it is not well-formed XML: {complaint}"))
    return parsed


class _Guard:
    """Stands before feedparser's handlers: passes over what is not needed, counts what is, and outlives their mistakes."""

    # An id is a name, not a link: feedparser would resolve it against xml:base.
    can_be_relative_uri = StrictFeedParser.can_be_relative_uri - {"id"}

    elements_in_item = 0

    def whole(self, body: str) -> str:
        """A body as it stands in the feed."""
        return body

    def unknown_starttag(self: Any, tag: str, attrs: list[tuple[str, str]]) -> None:
        attrs = _short_base(attrs, len(self.baseuri))
        if self.incontent > 0:
            self._outlive(super().unknown_starttag, tag, attrs)  # type: ignore[misc]
            return
        if len(attrs) > MAX_ATTRIBUTES:
            raise FeedError(f"<{tag[:40]}> has more than {MAX_ATTRIBUTES} attributes")
        if tag in ("item", "entry"):
            self.elements_in_item = 0
        self.elements_in_item += 1
        if self.inentry and self.elements_in_item > MAX_ELEMENTS_PER_ITEM:
            raise FeedError(f"an item has more than {MAX_ELEMENTS_PER_ITEM} elements, the last is <{tag[:40]}>")
        if self.depth > MAX_DEPTH:
            raise FeedError(f"its elements are nested more than {MAX_DEPTH} deep")
        if self._name(tag) not in _ELEMENTS:
            # Only what is common to all elements: language, base and namespaces, and text of its own.
            tag = "passed-over"
        self._outlive(super().unknown_starttag, tag, attrs)  # type: ignore[misc]

    @staticmethod
    def _outlive(handler: Any, *arguments: Any) -> bool:
        """Call a handler of feedparser's; False if it tripped over its element, for which the others are not to blame."""
        try:
            handler(*arguments)
        except FeedError:
            raise
        except Exception:
            return False
        return True

    def unknown_endtag(self: Any, tag: str) -> None:
        if not self.incontent and self._name(tag) not in _ELEMENTS:
            tag = "passed-over"
        depth = self.depth
        if not self._outlive(super().unknown_endtag, tag):  # type: ignore[misc]
            # The element is lost; what feedparser would have done after it is done here.
            for stack in (self.basestack, self.langstack):
                if stack:
                    stack.pop()
            if self.basestack and self.basestack[-1]:
                self.baseuri = self.basestack[-1]
            self.depth = depth - 1
        self.incontent = max(self.incontent, 0)

    def _name(self: Any, tag: str) -> str:
        prefix, _, local = tag.rpartition(":")
        prefix = self.namespacemap.get(prefix, prefix)
        return f"{prefix}:{local}" if prefix else local

    def track_namespace(self: Any, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) > MAX_NAMESPACES:
            raise FeedError(f"it declares more than {MAX_NAMESPACES} namespaces")
        super().track_namespace(prefix, uri)  # type: ignore[misc]

    def _add_tag(self: Any, term: str | None, scheme: str | None, label: str | None) -> None:
        # feedparser looks each category up among the ones before: 16,000 in one item (0.4 MB) keep it busy for 15 s.
        self._get_context().setdefault("tags", []).append({"term": term, "label": label})

    def _sync_author_detail(self: Any, key: str = "author") -> None:
        context = self._get_context()
        author = context.get(key)
        if isinstance(author, str) and len(author) > MAX_AUTHOR:
            context[key] = author[:MAX_AUTHOR]
        super()._sync_author_detail(key)  # type: ignore[misc]


def _short_base(attrs: list[tuple[str, str]], base: int) -> list[tuple[str, str]]:
    """The attributes without an xml:base that, alone or joined to those around it, is too long."""
    return [(name, value) for name, value in attrs if name not in ("xml:base", "base") or base + len(value) <= MAX_BASE]


class _Strict(_Guard, StrictFeedParser):  # type: ignore[misc]
    resolve_relative_uris = False
    sanitize_html = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.aside: list[str] = []

    def characters(self: Any, text: str) -> None:
        """Text that is part of a body, and long, is put aside, with its number in its place: feedparser looks at each
        character of what it is given in more than one way, and changes none of a body's but those of `_WINDOWS_1252`."""
        if len(text) > LONG and self.elementstack and self.elementstack[-1][0] in _BODIES and not text.isspace():
            kind = self.contentparams.get("type", "")
            # What says it is plain text feedparser looks through for markup; what says it is markup it escapes.
            is_read = kind.endswith("xml") or (kind == "text/plain" and not self.version.startswith("atom"))
            if not is_read and not self.contentparams.get("base64"):
                self.aside.append(text)
                text = f"\0{len(self.aside) - 1}\0"
        super().characters(text)

    def whole(self, body: str) -> str:
        """A body with what was put aside."""
        if "\0" not in body:
            return body
        pieces = body.split("\0")
        pieces[1::2] = [self.aside[int(number)] for number in pieces[1::2]]
        body = "".join(pieces).strip()
        return body.translate(_WINDOWS_1252) if any(map(body.__contains__, map(chr, _WINDOWS_1252))) else body

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - SAX's name
        if len(attrs) > MAX_ATTRIBUTES:
            raise FeedError(f"<{str(name[1])[:40]}> has more than {MAX_ATTRIBUTES} attributes")
        super().startElementNS(name, qname, attrs)


class _Loose(_Guard, LooseFeedParser):  # type: ignore[misc]
    resolve_relative_uris = False
    sanitize_html = False


class _BufferedExpat(xml.sax.expatreader.ExpatParser):
    """Expat that hands over the text between two tags in one piece: escaped HTML otherwise comes in one per entity."""

    def reset(self) -> None:
        super().reset()
        parser: Any = self._parser  # type: ignore[attr-defined]
        parser.buffer_text = True
        parser.buffer_size = 1 << 16
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.ProcessingInstructionHandler = None  # would cut text into pieces


def _refuse_doctype(*_: Any) -> None:
    """The DOCTYPE was taken off before; one that is still there stands where none may, or was hidden."""
    raise FeedError("it has a DOCTYPE where none can be read, which is refused")


def _strict(body: str) -> Any:
    handler = _Strict("", None, _ENCODING)
    parser = _BufferedExpat(namespaceHandling=1, bufsize=1 << 16)
    parser.setFeature(xml.sax.handler.feature_external_ges, False)
    parser.setContentHandler(handler)
    parser.setErrorHandler(handler)
    source = xml.sax.xmlreader.InputSource()
    source.setByteStream(io.BytesIO(body.encode("utf-8", "replace")))
    source.setEncoding("utf-8")
    parser.parse(source)
    return handler


def _loose(body: str) -> Any:
    handler = _Loose("", None, _ENCODING, {})
    try:
        handler.feed(body)
    except FeedError:
        raise
    except Exception as error:  # feedparser has no family of errors; whatever it is, this feed caused it
        raise FeedError(f"it is too damaged to read ({type(error).__name__}: {error})") from error
    return handler


def _describe(error: Exception) -> str:
    if isinstance(error, xml.sax.SAXParseException):
        return f"{error.getMessage()} (line {error.getLineNumber()}, column {(error.getColumnNumber() or 0) + 1})"
    return str(error)


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """The document without its DOCTYPE, and the entities it declared, all of them plain text."""
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    if text[start : start + 9].upper() != "<!DOCTYPE":
        return text, {}
    doctype = _DOCTYPE.match(text, start)
    if doctype is None:
        raise FeedError("its DOCTYPE does not end")
    entities: dict[str, str] = {}
    subset = _COMMENT.sub("", doctype.group())
    declared = _ENTITY.findall(subset)
    for parameter, name, double, single, external in declared:
        value = double or single
        if external or parameter:
            raise FeedError(f"it declares the external or parameter entity {name[:40]!r}, which is refused")
        if _REFERENCE.search(value) or "<" in value:
            raise FeedError(f"its entity {name[:40]!r} is made of other entities or markup, which is refused")
        entities.setdefault(name, html.unescape(value))  # of several declarations the first holds
    if subset.upper().count("<!ENTITY") != len(declared):
        raise FeedError("it declares entities that cannot be read, which is refused")
    return text[:start] + text[doctype.end() :], entities


def _mended(text: str, entities: dict[str, str]) -> str:
    """The document with its entities as text, bare ampersands escaped, and illegal characters left out."""
    grown = 0

    def mend(match: re.Match[str]) -> str:
        nonlocal grown
        decimal, hexadecimal, name = match.groups()
        if decimal or hexadecimal:
            number = int(decimal) if decimal else int(hexadecimal, 16)
            legal = number < 0x110000 and not ILLEGAL_CHARACTERS.match(chr(number))
            return f"&#{number};" if legal else "\ufffd"
        if name:
            value = entities.get(name) or html.entities.html5.get(name + ";")
            if value is None:
                return f"&amp;{name};"
            grown += max(len(value) - len(match.group()), 0)
            if grown > MAX_EXPANSION and name in entities:
                raise FeedError(f"its entity {name[:40]!r} would grow it beyond {MAX_EXPANSION} characters, which is refused")
            return html.escape(value)
        return "&amp;" if match.group() == "&" else match.group()

    return ILLEGAL_CHARACTERS.sub("", _MEND.sub(mend, text))


_CUT_OFF = (
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
)


def _completed(text: str) -> str:
    """A document that was cut off, with the ends of the elements that were open then; any other as it is."""
    still_open: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: still_open.append(name)
    parser.EndElementHandler = lambda _: still_open.pop()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
        return text
    except expat.ExpatError as error:
        if error.code not in _CUT_OFF:
            return text
    if text.rfind("<![CDATA[") > text.rfind("]]>"):
        text += "]]>"
    elif text.rfind("<") > text.rfind(">"):
        text = text[: text.rfind("<")]  # cut inside a tag
    return text + "".join(f"</{name}>" for name in reversed(still_open))


def _pace(body: str) -> Pace:
    """What stands before the first item; feedparser keeps one hour of several."""
    first = _FIRST_ITEM.search(body)
    about = body[: first.start()] if first else body
    ttl = _TTL.search(about)
    skipped: dict[str, list[str]] = {"hours": [], "days": []}
    for kind, listed in _SKIPPED.findall(about):
        skipped[kind.lower()] += _SKIPPED_ONE.findall(listed)
    return Pace(
        ttl=timedelta(minutes=int(ttl.group(1))) if ttl else None,
        skip_hours=frozenset(int(hour) % 24 for hour in skipped["hours"] if hour.isdecimal() and int(hour) <= 24),
        skip_days=frozenset(_DAYS.index(day[:3].lower()) for day in skipped["days"] if day[:3].lower() in _DAYS),
    )


def _title(owner: dict[str, Any]) -> str:
    title = str(owner.get("title") or "")
    return title if _mapping(owner.get("title_detail")).get("type") == "text/plain" else plain_text(title)


def _item(entry: dict[str, Any], atom: bool, whole: Callable[[str], str]) -> Item:
    published, bad_published = _date(entry, ("published", "created"))
    updated, bad_updated = _date(entry, ("updated",))
    item = Item(
        guid=str(entry.get("id") or ""),
        title=_title(entry),
        link=str((not atom and entry.get("link")) or next(_hrefs(_mappings(entry.get("links"))), "")),
        published=published,
        updated=updated,
        bad_date=bad_published or bad_updated,
        authors=[str(author.get("name") or author.get("email") or "") for author in _mappings(entry.get("authors"))],
        categories=[str(tag.get("term") or tag.get("label") or "") for tag in _mappings(entry.get("tags"))],
    )
    # The fullest of what the item carries: some feeds put a teaser into one element and the post into the other.
    bodies = [(whole(str(content.get("value") or "")), content.get("type")) for content in _mappings(entry.get("content"))]
    bodies.append((whole(str(entry.get("summary") or "")), _mapping(entry.get("summary_detail")).get("type")))
    body, kind = max(bodies, key=lambda candidate: len(candidate[0]))
    if kind == "text/plain":
        item.text = body
    else:
        item.html = body
    return item


def _mapping(value: object) -> dict[str, Any]:
    """What feedparser keeps as a dictionary, unless an element of the feed put a string in its place."""
    return dict(value) if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, Any]]:
    return [_mapping(member) for member in value] if isinstance(value, list) else []


def _hrefs(links: Iterable[Any]) -> Iterator[str]:
    return (str(link["href"]) for link in links if link.get("rel", "alternate") == "alternate" and link.get("href"))


def _date(entry: dict[str, Any], names: tuple[str, ...]) -> tuple[datetime | None, bool]:
    """The first of these dates that can be read, and whether one was there but could not be."""
    written = [str(entry[name]) for name in names if entry.get(name)]
    return next(filter(None, map(_parse_date, written)), None), any(_parse_date(text) is None for text in written)


def _parse_date(text: str) -> datetime | None:
    """RFC 3339, its short forms (a year, a month), or RFC 822, as UTC. feedparser guesses at more, and guesses wrong."""
    text = text.strip()[:100]
    if _SHORT_DATE.match(text):
        text = f"{text}-01-01"[:10] if len(text) == 4 else f"{text}-01"
    parsed = parse_timestamp(text)
    if parsed is None and any(character.isalpha() for character in text):
        try:
            moment = parsedate_to_datetime(text)
            parsed = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError):
            return None
    return parsed


_SHORT_DATE = re.compile(r"\d{4}(?:-\d{2})?\Z")
