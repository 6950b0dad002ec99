"""Labelled examples: those that were brought in, and the corrections that readers made here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, update

from model.posts import post_from_dict
from service.store.corrections import MAX_WHO, Corrections
from service.store.records import Added
from service.store.schema import AnyRow, chunks, examples
from training.examples import Example

_BATCH = 500


class Examples(Corrections):
    """The operations on examples. Each is one transaction; an iterator takes one for each batch."""

    def add_examples(self, given: Sequence[Example], who: str, *, now: datetime | None = None) -> Added:
        """Keep examples, all or none of them; where one does not say who gave its topics, and when, it was `who` and is now.

        Of a post everybody has one say, the last, and the categories of a feed have one beside the people: what others said
        is kept with it. Saying the same again changes nothing, so that a file can be brought in twice."""
        now = now or datetime.now(UTC)
        added = changed = 0
        with self._writing() as connection:
            for batch in chunks(given):
                held = _held(connection, {example.content for example in batch})
                for example in batch:
                    by, at = (example.who or who)[:MAX_WHO], example.at or now
                    key = (example.content, by, example.weak)
                    before = held.get(key)
                    said = {"post": example.about(), "topics": list(example.topics), "at": at}
                    if before is None:
                        values = {"content": key[0], "who": by, "weak": example.weak, **said}
                        row = connection.execute(insert(examples).values(values).returning(examples)).one()
                        added += 1
                    elif tuple(before.topics) != example.topics and before.at <= at:
                        chosen = examples.c.id == before.id
                        row = connection.execute(update(examples).where(chosen).values(**said).returning(examples)).one()
                        changed += 1
                    else:
                        continue
                    held[key] = row
        return Added(added, changed, len(given) - added - changed)

    def added_examples(self) -> Iterator[Example]:
        """Those that were brought in, in the order in which they first were."""
        last = 0
        while True:
            chosen = select(examples).where(examples.c.id > last).order_by(examples.c.id).limit(_BATCH)
            with self._reading() as connection:
                batch = connection.execute(chosen).all()
            yield from map(_example, batch)
            if len(batch) < _BATCH:
                return
            last = batch[-1].id

    def remove_examples(self, who: str) -> int:
        """Forget what somebody said, or a feed's categories; says how many examples that were. Corrections are withdrawn at
        their posts."""
        with self._writing() as connection:
            return connection.execute(delete(examples).where(examples.c.who == who[:MAX_WHO])).rowcount

    def examples(self) -> list[Example]:
        """All that can be learnt from: examples and the corrections that hold; what was said later comes later."""
        return sorted(
            [*self.added_examples(), *(held.example for held in self.corrections())],
            key=lambda example: example.at or datetime.min.replace(tzinfo=UTC),
        )


def _held(connection: Connection, contents: Iterable[str]) -> dict[tuple[str, str, bool], AnyRow]:
    rows = connection.execute(select(examples).where(examples.c.content.in_(list(contents))))
    return {(row.content, row.who, row.weak): row for row in rows}


def _example(row: AnyRow) -> Example:
    return Example(post_from_dict(row.post), tuple(row.topics), row.who, row.at, row.weak)
