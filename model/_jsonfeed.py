"""JSON Feed 1.0 and 1.1, read defensively: a field of the wrong type is left out and named, never trusted.

Source: https://www.jsonfeed.org/version/1.1/
"""

from typing import Any, TypeVar

from model._item import Item, Parsed
from model.errors import FeedError
from model.posts import parse_timestamp

T = TypeVar("T")


def parse(document: object) -> Parsed:
    """A decoded JSON document -> its items. Raises FeedError if it is no JSON Feed."""
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise FeedError('it is JSON but no JSON Feed: that is an object with a list of "items"')
    wrong: dict[str, int] = {}
    parsed = Parsed(title=_string(document, "title", wrong), link=_string(document, "home_page_url", wrong))
    for item in document["items"]:
        if isinstance(item, dict):
            parsed.items.append(_item(item, wrong))
        else:
            wrong["items"] = wrong.get("items", 0) + 1
    version = document.get("version")
    if not isinstance(version, str) or "jsonfeed.org/version" not in version:
        parsed.warnings.append(("field", "it does not name the version of JSON Feed that it is"))
    parsed.warnings += [("field", f"{count} × `{name}` of the wrong type, left out") for name, count in wrong.items()]
    return parsed


def _item(item: dict[str, Any], wrong: dict[str, int]) -> Item:
    guid = item.get("id")
    if isinstance(guid, int | float) and not isinstance(guid, bool):
        guid = str(guid)  # the specification asks readers to take a number
    elif not isinstance(guid, str | None):
        wrong["id"] = wrong.get("id", 0) + 1
        guid = ""
    # The fullest of what the item carries.
    html = _string(item, "content_html", wrong)
    text = max((_string(item, name, wrong) for name in ("content_text", "summary")), key=len)
    dates = {name: _string(item, name, wrong) for name in ("date_published", "date_modified")}
    published, updated = (parse_timestamp(date) for date in dates.values())
    authors = item.get("authors", [item["author"]] if "author" in item else [])
    return Item(
        guid=guid or "",
        title=_string(item, "title", wrong),
        link=_string(item, "url", wrong) or _string(item, "external_url", wrong),
        html=html,
        text=text if len(text) > len(html) else None,
        published=published,
        updated=updated,
        bad_date=bool((dates["date_published"] and not published) or (dates["date_modified"] and not updated)),
        authors=[_string(author, "name", wrong) for author in _list(authors, "authors", dict, wrong)],
        categories=_list(item.get("tags"), "tags", str, wrong),
    )


def _string(owner: dict[str, Any], name: str, wrong: dict[str, int]) -> str:
    value = owner.get(name)
    if isinstance(value, str):
        return value
    if value is not None:
        wrong[name] = wrong.get(name, 0) + 1
    return ""


def _list(value: object, name: str, kind: type[T], wrong: dict[str, int]) -> list[T]:
    if value is None:
        return []
    good = [member for member in value if isinstance(member, kind)] if isinstance(value, list) else []
    if not isinstance(value, list) or len(good) < len(value):
        wrong[name] = wrong.get(name, 0) + 1
    return good
