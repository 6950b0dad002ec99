"""Lists of subscriptions, as feed readers exchange them: OPML 2.0 (http://opml.org/spec2.opml).

Own code on lxml: of the libraries, listparser raises UnicodeDecodeError on a list in Latin-1 and takes half a list for a
whole one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from model.errors import InputError
from model.posts import ILLEGAL_CHARACTERS, plain, safe_link

SEPARATOR = "/"  # between a folder and the folder in it
# Folders in folders beyond this are taken for the innermost one that is allowed.
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Subscription:
    """One line of a list."""

    url: str  # of the feed, http(s)
    title: str = ""
    folder: str = ""  # "Cloud/Networks" is a folder in a folder; "" = none
    site: str | None = None  # the page that the feed belongs to


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What could be read, and what could not."""

    good: list[Subscription]  # every URL once, as it was said first
    faults: list[InputError]  # one for each outline that names a feed and cannot be subscribed to


def read(data: bytes, name: str) -> Subscriptions:
    """Read a list. Raises InputError, naming it, if it is no OPML; a bad entry costs itself only."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(f"it cannot be read as OPML: {plain(str(error))[:200]}", subject=name) from None
    body = root.find("body") if root.tag == "opml" else None
    if body is None:
        raise InputError(f"it is no OPML, but has `{str(root.tag)[:80]}` as its root; export one from your reader", subject=name)
    found: dict[str, Subscription] = {}
    faults = []
    for outline, folder in _outlines(body):
        address = _attribute(outline, "xmlurl")
        url = safe_link(address)
        if url:
            title = _attribute(outline, "title") or _attribute(outline, "text")
            found.setdefault(url, Subscription(url, title, folder, safe_link(_attribute(outline, "htmlurl"))))
        else:
            line = f"{name}:{outline.sourceline}"
            faults.append(InputError(f"{address[:200]!r} is no http(s) URL of a feed", subject=line))
    return Subscriptions(list(found.values()), faults)


def write(subscriptions: Iterable[Subscription], title: str) -> bytes:
    """A list as OPML 2.0: folders first as they come, each once."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _legal(title)
    folders = {"": etree.SubElement(root, "body")}
    for subscription in subscriptions:
        shown = _legal(subscription.title) or subscription.url
        line = etree.SubElement(_folder(folders, subscription.folder), "outline", type="rss", text=shown, title=shown)
        line.set("xmlUrl", subscription.url)
        if subscription.site:
            line.set("htmlUrl", subscription.site)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def _outlines(body: Any) -> Iterator[tuple[Any, str]]:
    """Every outline that names a feed, in the order of the list, and its folder. No recursion: lists can be deep."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(outline, ()) for outline in reversed(body.findall("outline"))]
    while waiting:
        outline, folders = waiting.pop()
        if _attribute(outline, "xmlurl"):
            yield outline, SEPARATOR.join(folders)
            inside = folders
        else:
            name = _attribute(outline, "text") or _attribute(outline, "title")
            parts = tuple(part for raw in name.split(SEPARATOR) if (part := raw.strip()))
            inside = (folders + parts)[:_MAX_DEPTH]
        waiting += [(child, inside) for child in reversed(outline.findall("outline"))]


def _attribute(outline: Any, name: str) -> str:
    """By its name in any case: readers write xmlUrl, xmlURL and xmlurl."""
    return next((plain(value) for key, value in outline.attrib.items() if key.lower() == name), "")


def _folder(folders: dict[str, Any], path: str) -> Any:
    """The outline of a folder, made with those around it if it is not there yet."""
    if path not in folders:
        outer, _, name = path.rpartition(SEPARATOR)
        folders[path] = etree.SubElement(_folder(folders, outer), "outline", text=_legal(name), title=_legal(name))
    return folders[path]


def _legal(text: str) -> str:
    return ILLEGAL_CHARACTERS.sub("\ufffd", text)
