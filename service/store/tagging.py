"""The index of topics: which hold for a post, the model's or, where a reader corrected it, the reader's."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from model.posts import TaggedPost, uncertainty
from service.store.schema import chunks, corrections, tags


def answer(tagged: TaggedPost) -> dict[str, Any]:
    """What the model said, to be kept as it is."""
    return {"topics": tagged.topics, "scores": tagged.scores, "evidence": tagged.evidence, "summary": tagged.summary}


def answered(tagged: TaggedPost) -> dict[str, Any]:
    """The columns of a post that hold its answer."""
    return {"model": tagged.model, "answer": answer(tagged), "uncertainty": uncertainty(tagged.scores.values())}


def rows(post: int, placed: datetime, said: Mapping[str, Any], corrected: Collection[str] | None) -> list[dict[str, Any]]:
    """The index's rows for a post: one for each topic that the model or the reader knows."""
    found = []
    for topic in dict.fromkeys([*said["scores"], *(corrected or ())]):
        if corrected is None:
            score, given = said["scores"][topic], topic in said["topics"]
        else:
            given = topic in corrected
            score = float(given)
        found.append({"post_id": post, "topic": topic, "score": score, "given": given, "placed": placed})
    return found


def replace(connection: Connection, fresh: Mapping[int, list[dict[str, Any]]]) -> None:
    """Put rows in the place of those that posts have."""
    if fresh:
        connection.execute(delete(tags).where(tags.c.post_id.in_(list(fresh))))
        add(connection, [row for found in fresh.values() for row in found])


def add(connection: Connection, fresh: list[dict[str, Any]]) -> None:
    if fresh:
        connection.execute(insert(tags), fresh)


def corrected(connection: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Post's number -> what a reader said, where one did."""
    held: dict[int, list[str]] = {}
    for chunk in chunks(numbers):
        chosen = select(corrections.c.post_id, corrections.c.topics).where(
            corrections.c.post_id.in_(chunk), corrections.c.until.is_(None)
        )
        held |= dict(connection.execute(chosen).all())
    return held
