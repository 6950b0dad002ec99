"""RSS, RDF and Atom, by feedparser's own handlers.

feedparser.parse() is not called: given a string it opens files and fetches URLs, and it spends most of its time in
sanitizing HTML that is never shown here. Its two readers are driven directly instead, in this order: the strict one;
the strict one again after mending what can be mended (entities, ampersands, control characters, an end cut off); the
loose one. Links come out as they are written, or resolved against xml:base where there is one: an id must not depend
on where the feed was read from.
"""

import calendar
import html
import html.entities
import io
import re
import xml.sax
import xml.sax.expatreader
import xml.sax.handler
import xml.sax.xmlreader
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from time import struct_time
from typing import Any
from xml.parsers import expat

from feedparser.api import LooseFeedParser, StrictFeedParser

from model._item import Item, Parsed
from model.errors import FeedError
from model.posts import ILLEGAL_CHARACTERS
from model.text import plain_text

# One item with 16,000 categories (0.4 MB) keeps feedparser busy for 15 s: it looks each up among the ones before.
# No honest item comes near this; content inside an item is not counted.
MAX_ELEMENTS_PER_ITEM = 2_000
MAX_DEPTH = 200
# Entities that a feed declares for itself may add this much text, in characters. More is an attack.
MAX_EXPANSION = 100_000

# Spelled so, feedparser leaves text alone that would also make sense as UTF-8 read as Latin-1: "Â¡" may be meant.
_ENCODING = "utf8"

_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
_DOCTYPE = re.compile(
    r"""<!DOCTYPE[^\[>"']*(?:"[^"]*"[^\[>"']*|'[^']*'[^\[>"']*)*+(?:\[((?:"[^"]*"|'[^']*'|[^\]"'])*+)\]\s*)?>""", re.IGNORECASE
)
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


def parse(text: str) -> Parsed:
    """A feed document as text -> its items. Raises FeedError."""
    body, entities = _without_doctype(_DECLARATION.sub("", text, count=1))
    complaint = None
    try:
        if entities:
            body = _mended(body, entities)
        reader = _strict(body)
    except xml.sax.SAXException as error:
        complaint = _describe(error)
        body = _completed(_mended(body, entities))
        try:
            reader = _strict(body)
        except xml.sax.SAXException:
            reader = _loose(body)
    if not reader.version and not reader.entries:
        raise FeedError("it has the beginning of a feed, but no feed follows")
    # FeedParserDict answers for missing keys with other ones and a warning; a plain dict says what is there.
    about: dict[str, Any] = dict(reader.feeddata)
    parsed = Parsed(title=_title(about), link=str(about.get("link") or ""))
    # feedparser takes an Atom id for a link where there is none; an Atom id is a name (RFC 4287, 4.2.6).
    atom = reader.version.startswith("atom")
    parsed.items = [_item(dict(entry), atom) for entry in reader.entries]
    if complaint:
        parsed.warnings.append(("ill-formed", f"it is not well-formed XML: {complaint}"))
    return parsed


class _Guard:
    """Counts elements before feedparser works on them."""

    elements_in_item = 0

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> Any:
        if tag in ("item", "entry"):
            self.elements_in_item = 0
        if not self.incontent:  # type: ignore[attr-defined]
            self.elements_in_item += 1
            if self.elements_in_item > MAX_ELEMENTS_PER_ITEM:
                raise FeedError(f"an item has more than {MAX_ELEMENTS_PER_ITEM} elements, the last is <{tag[:40]}>")
            if self.depth > MAX_DEPTH:  # type: ignore[attr-defined]
                raise FeedError(f"its elements are nested more than {MAX_DEPTH} deep")
        return super().unknown_starttag(tag, attrs)  # type: ignore[misc]


class _Strict(_Guard, StrictFeedParser):  # type: ignore[misc]
    resolve_relative_uris = False
    sanitize_html = False


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


def _describe(error: xml.sax.SAXException) -> str:
    if isinstance(error, xml.sax.SAXParseException):
        return f"{error.getMessage()} (line {error.getLineNumber()}, column {(error.getColumnNumber() or 0) + 1})"
    return str(error)


def _without_doctype(text: str) -> tuple[str, dict[str, str]]:
    """The document without its DOCTYPE, and the entities it declared, all of them plain text."""
    start = text.find("<!DOCTYPE", 0, 20_000)
    start = text.find("<!doctype", 0, 20_000) if start < 0 else start
    if start < 0:
        return text, {}
    doctype = _DOCTYPE.match(text, start)
    if doctype is None:
        raise FeedError("its DOCTYPE does not end")
    entities = {}
    subset = doctype.group(1) or ""
    for parameter, name, double, single, external in _ENTITY.findall(subset):
        value = double or single
        if external or parameter:
            raise FeedError(f"it declares the external or parameter entity {name[:40]!r}, which is refused")
        if _REFERENCE.search(value) or "<" in value:
            raise FeedError(f"its entity {name[:40]!r} is made of other entities or markup, which is refused")
        entities[name] = html.unescape(value)
    if subset.upper().count("<!ENTITY") != len(entities):
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
            grown += len(value)
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


def _title(owner: dict[str, Any]) -> str:
    title = str(owner.get("title") or "")
    detail = owner.get("title_detail") or {}
    return title if detail.get("type") == "text/plain" else plain_text(title)


def _item(entry: dict[str, Any], atom: bool) -> Item:
    published, bad_published = _date(entry, ("published", "created"))
    updated, bad_updated = _date(entry, ("updated",))
    item = Item(
        guid=str(entry.get("id") or ""),
        title=_title(entry),
        link=str((not atom and entry.get("link")) or next(_hrefs(entry.get("links", ())), "")),
        published=published,
        updated=updated,
        bad_date=bad_published or bad_updated,
        authors=[str(author.get("name") or author.get("email") or "") for author in entry.get("authors", ())],
        categories=[str(tag.get("term") or tag.get("label") or "") for tag in entry.get("tags", ())],
    )
    # The fullest of what the item carries: some feeds put a teaser into one element and the post into the other.
    bodies = [(content.get("value") or "", content.get("type")) for content in entry.get("content", ())]
    bodies.append((entry.get("summary") or "", (entry.get("summary_detail") or {}).get("type")))
    body, kind = max(bodies, key=lambda candidate: len(candidate[0]))
    if kind == "text/plain":
        item.text = body
    else:
        item.html = body
    return item


def _hrefs(links: Iterable[Any]) -> Iterator[str]:
    return (str(link["href"]) for link in links if link.get("rel", "alternate") == "alternate" and link.get("href"))


def _date(entry: dict[str, Any], names: tuple[str, ...]) -> tuple[datetime | None, bool]:
    """The first of these dates that can be read, and whether one was there but could not be."""
    bad = False
    for name in names:
        parsed = entry.get(f"{name}_parsed")
        if isinstance(parsed, struct_time):
            try:
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC), False
            except (ValueError, OverflowError, OSError):
                bad = True
        bad = bad or bool(entry.get(name))
    return None, bad
