"""What both readers, of XML and of JSON, take from a feed before it becomes posts."""

from dataclasses import dataclass, field
from datetime import datetime

from model.pace import Pace
from model.posts import Post, is_unsafe_id, plain, safe_link, with_identity


@dataclass(slots=True)
class Item:
    """One item as the feed has it: nothing resolved, nothing cleaned."""

    guid: str = ""
    title: str = ""  # plain text
    link: str = ""
    html: str | None = None
    text: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    bad_date: bool = False
    authors: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.guid or self.title or self.link or self.html or self.text)

    def to_post(self, *, base: str, source: str | None) -> Post:
        # A guid is an identity, not a link; but readers follow it, so one that would run a script is none.
        guid = plain(self.guid)
        if is_unsafe_id(guid):
            guid = ""
        return with_identity(
            Post(
                id=guid,
                title=plain(self.title),
                html=self.html if self.text is None else None,
                text=self.text,
                link=safe_link(self.link, base),
                published=self.published or self.updated,
                updated=self.updated,
                source=source,
                authors=tuple(dict.fromkeys(filter(None, map(plain, self.authors)))),
                categories=tuple(dict.fromkeys(filter(None, map(plain, self.categories)))),
            )
        )


@dataclass(slots=True)
class Parsed:
    """One feed document as its reader hands it on."""

    title: str = ""
    link: str = ""
    pace: Pace = Pace()
    items: list[Item] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)  # (kind, detail)
