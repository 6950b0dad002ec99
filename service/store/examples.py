"""Labelled examples: those that were brought in, and the corrections that readers made here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, literal, or_, select, text, tuple_, update

from model.errors import ExampleError, InputError
from model.posts import plain, post_from_dict
from service.store import listing
from service.store.corrections import Corrections, correction
from service.store.records import Added, ExamplesPage
from service.store.schema import AnyRow, Moment, Number, Words, chunks, corrections, examples, microseconds, moment
from training.examples import MAX_WHO, STARTER, Example

MAX_LIMIT = 1_000  # examples of one page
_BATCH = 200  # that are in memory at a time
_TABLES = (examples, corrections)  # in this order where two things were said at the same moment

_Key = tuple[str, str, bool]  # content, who, weak
_After = tuple[datetime, int, int]  # when it was said, the number of its table, its number in that


class Examples(Corrections):
    """The operations on examples. Each is one transaction; an iterator takes one for each batch."""

    def add_examples(
        self, given: Sequence[Example], who: str, *, now: datetime | None = None, checkpoint: Callable[[], None] = lambda: None
    ) -> Added:
        """Keep examples, all or none of them; where one does not say who gave its topics, and when, it was `who` and is now.
        `checkpoint` is called now and then; what it raises ends the work. Raises ExampleError for the name of the starter corpus.

        Of a post everybody has one say, the last, and the categories of a feed have one beside the people: what others said
        is kept with it. Saying the same again changes nothing, so that a file can be brought in twice."""
        now = now or datetime.now(UTC)
        new = changed = 0
        with self._writing() as connection:
            if self.dialect == "postgresql":  # one brings in at a time, as on SQLite; who reads need not wait
                connection.execute(text("LOCK TABLE examples IN SHARE ROW EXCLUSIVE MODE"))
            for batch in chunks(given):
                checkpoint()
                contents = [example.content for example in batch]
                held = _held(connection, set(contents))
                added: dict[_Key, dict[str, Any]] = {}
                altered: dict[_Key, dict[str, Any]] = {}
                for example, content in zip(batch, contents, strict=True):
                    name = _name(example.who) or _name(who)
                    if name == STARTER:
                        raise ExampleError(f"nobody can be called {STARTER!r}: that is the starter corpus")
                    key = (content, name, example.weak)
                    said = _said(example, now)
                    before = held.get(key)
                    if before is None:
                        added[key] = said
                        new += 1
                    elif before["topics"] != said["topics"] and before["at"] <= said["at"]:
                        (added if key in added else altered)[key] = said
                        changed += 1
                    else:
                        continue
                    held[key] = {"number": before and before.get("number"), **said}
                if added:
                    names = ("content", "who", "weak")
                    connection.execute(
                        insert(examples), [dict(zip(names, key, strict=True)) | said for key, said in added.items()]
                    )
                if altered:
                    connection.execute(_CHANGE, [held[key] for key in altered])
        return Added(new, changed, len(given) - new - changed)

    def remove_examples(self, who: str | None = None, *, post: str | None = None) -> int:
        """Forget what somebody said, or a feed's categories, or what was said of one post, by its id or its content's; with
        both, what somebody said of it. Says how many examples that were. Corrections are withdrawn at their posts."""
        chosen: list[ColumnElement[bool]] = []
        if who is not None:
            chosen.append(examples.c.who == _name(who))
        if post is not None:
            chosen.append(or_(examples.c.guid == post, examples.c.content == literal(post, Words)))
        if not chosen:
            raise ValueError("whose examples, or of which post?")
        with self._writing() as connection:
            return connection.execute(delete(examples).where(*chosen)).rowcount

    def examples_page(self, *, limit: int = 50, cursor: str | None = None) -> ExamplesPage:
        """A page of all that can be learnt from: examples and the corrections that hold, what was said later later. The
        cursor of a page leads to the next one. Raises InputError for a limit or cursor that is none."""
        if not 1 <= limit <= MAX_LIMIT:
            raise InputError(f"it must be within 1 and {MAX_LIMIT:,}", subject="limit")
        after = None if cursor is None else _place(cursor)
        with self._reading() as connection:
            found = [
                ((row.at, number, row.id), _example(row) if table is examples else correction(row).example)
                for number, table in enumerate(_TABLES)
                for row in connection.execute(_chosen(table, number, after).limit(limit + 1))
            ]
        found.sort(key=lambda one: one[0])
        more = len(found) > limit
        return ExamplesPage([example for _, example in found[:limit]], _cursor(found[limit - 1][0]) if more else None)

    def all_examples(self, cursor: str | None = None) -> Iterator[Example]:
        """The same, one after the other, a page in memory at a time."""
        while True:
            page = self.examples_page(limit=_BATCH, cursor=cursor)
            yield from page.examples
            cursor = page.next
            if cursor is None:
                return

    def examples(self) -> list[Example]:
        """The same, all at once."""
        return list(self.all_examples())


_CHANGE = (
    update(examples)
    .where(examples.c.id == bindparam("number"))
    .values({name: bindparam(name) for name in ("post", "topics", "at", "guid")})
)


def _name(who: str) -> str:
    return plain(who)[:MAX_WHO]


def _said(example: Example, now: datetime) -> dict[str, Any]:
    return {
        "post": example.about(),
        "topics": list(example.topics),
        "at": example.at or now,
        "guid": str(example.post.id),
    }


def _held(connection: Connection, contents: Iterable[str]) -> dict[_Key, Mapping[str, Any]]:
    columns = examples.c.id.label("number"), *(examples.c[name] for name in ("content", "who", "weak", "topics", "at"))
    rows = connection.execute(select(*columns).where(examples.c.content.in_(list(contents))))
    return {(row.content, row.who, row.weak): dict(row._mapping) for row in rows}


def _chosen(table: Table, number: int, after: _After | None) -> Any:
    chosen = select(table).order_by(table.c.at, table.c.id)
    if table is corrections:
        chosen = chosen.where(corrections.c.until.is_(None))
    if after is None:
        return chosen
    at, of_table, last = after
    if number == of_table:
        return chosen.where(tuple_(table.c.at, table.c.id) > tuple_(literal(at, Moment), literal(last, Number)))
    return chosen.where(table.c.at >= at if number > of_table else table.c.at > at)


def _cursor(place: _After) -> str:
    at, table, number = place
    return listing.encoded([microseconds(at), table, number])


def _place(cursor: str) -> _After:
    try:
        match listing.decoded(cursor):
            case [int(time), int(table), int(number)] if 0 <= table < len(_TABLES) and abs(number) <= listing.LARGEST:
                return moment(time), table, number
    except OverflowError:
        pass
    raise InputError("it is no cursor that a page of examples gave; begin without one", subject="cursor")


def _example(row: AnyRow) -> Example:
    return Example(post_from_dict(row.post), tuple(row.topics), row.who, row.at, row.weak)
