"""The commands `models`: the versions there are, the one that serves, and what another would say otherwise."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model import strict_json
from model.errors import InputError, TopicwireError, VersionError
from model.posts import Post, timestamp
from model.version import CARD, Version
from model.versions import Versions
from service import inputs
from service.settings import Settings

if TYPE_CHECKING:
    from training.difference import Change, Difference

Say = Callable[[TopicwireError], None]
CURRENT = "current"  # as a version's name
_SHOWN_TERMS = 4


def summary(versions: Versions, name: str, current: str | None) -> dict[str, Any]:
    """A version in few words: `problem` says what is wrong with one that cannot be loaded, of which little else is known."""
    try:
        return _row(versions, name, current, versions.load(name), None)
    except VersionError as error:
        return _row(versions, name, current, None, error.problem)


def description(versions: Versions, version: Version, current: str | None) -> dict[str, Any]:
    """All that is known of a version."""
    return _row(versions, version.name, current, version, None) | {
        "metrics": version.manifest["metrics"],
        "provenance": version.manifest["provenance"],
        "verdict": versions.verdict(version.name),
    }


def _row(versions: Versions, name: str, current: str | None, version: Version | None, problem: str | None) -> dict[str, Any]:
    verdict = versions.verdict(name) or {}
    return {
        "version": name,
        "current": name == current,
        "made": version and timestamp(version.made),
        "examples": version and int(version.manifest["provenance"]["examples"]),
        "topics": [topic.name for topic in version.topics] if version else [],
        "out_of_fold_macro_f1": version and float(version.manifest["metrics"]["out_of_fold_macro_f1"]),
        "held_out": _held_out(verdict),
        "decision": _text(verdict.get("decision")),
        "why": _text(verdict.get("why")),
        "problem": problem,
    }


def show_all(options: Namespace, settings: Settings, say: Say) -> bool:
    versions = Versions(settings.models)
    current, failed = None, False
    try:
        current = versions.current()
    except VersionError as error:  # the versions are there all the same, and one of them is to be promoted
        say(error)
        failed = True
    rows = [summary(versions, name, current) for name in versions.names()]
    if options.json:
        _print_json({"current": current, "versions": rows})
    elif rows:
        print(f"  {'version':14}{'made':18}{'examples':>8}{'topics':>8}{'out of fold':>13}   {'held out':21} gate")
        for row in rows:
            print(f"{'*' if row['current'] else ' '} {row['version']:14}{_line(row)}")
    if current is None and not failed:
        raise InputError("no model version here yet; run `topicwire train`", subject=str(versions.directory))
    return not failed


def show(options: Namespace, settings: Settings, say: Say) -> bool:
    versions = Versions(settings.models)
    version = versions.load(options.version)
    name, current = version.name, versions.current()
    row = description(versions, version, current)
    if options.json:
        _print_json(row)
        return True
    print(f"version {name}" + (" (current)" if name == current else "") + "\n")
    print((versions.directory / name / CARD).read_text(encoding="utf-8"), end="")
    if row["decision"]:
        print(f"\n## What the gate said\n\n{row['decision']}: {row['why']}.")
    if held := row["held_out"]:
        print(f"Macro F1 {_figure(held)} on {held['posts']} labelled posts that it had not learnt from.")
    return True


def promote(options: Namespace, settings: Settings, say: Say) -> bool:
    Versions(settings.models, keep=settings.keep_versions).promote(options.version)
    print(f"{options.version} serves now")
    return True


def rollback(options: Namespace, settings: Settings, say: Say) -> bool:
    name, passed = Versions(settings.models).rollback()
    for error in passed:
        print(f"passed over {error}")
    print(f"{name} serves again")
    return True


def diff(options: Namespace, settings: Settings, say: Say) -> bool:
    from training import difference

    versions = Versions(settings.models)
    before, after = (versions.load(None if name == CURRENT else name) for name in (options.before, options.after))
    reading = inputs.Reading(settings, say)
    posts: Iterator[tuple[Post, datetime | None]] = ((post, post.published) for post in reading.posts(options.input))
    if not options.input:
        posts = _stored(settings, options.since)
    elif options.since:
        posts = ((post, at) for post, at in posts if at is None or at >= options.since)
    found = difference.compare(before, after, _with_progress(posts), options.n)
    if options.json:
        _print_json(found.to_dict())
    else:
        _print_difference(found)
    return not reading.failed


def _stored(settings: Settings, since: datetime | None) -> Iterator[tuple[Post, datetime | None]]:
    for stored in inputs.stored(settings, since=since):
        yield stored.tagged.post, stored.tagged.post.published or stored.first_seen


def _with_progress(posts: Iterator[tuple[Post, datetime | None]]) -> Iterator[tuple[Post, datetime | None]]:
    from tqdm import tqdm

    yield from tqdm(posts, unit=" posts", leave=False, disable=not sys.stderr.isatty())


def _print_difference(found: "Difference") -> None:
    print(f"{found.changed} of {found.posts} posts have other topics by {found.after} than by {found.before}\n")
    print(f"{'topic':24}{'before':>8}{'after':>8}{'gained':>8}{'lost':>8}")
    for name, count in found.topics.items():
        print(f"{name[:23]:24}{count.before:8}{count.after:8}{count.gained:8}{count.lost:8}")
    for change in found.changes:
        _print_change(change)
    if left := found.changed - len(found.changes):
        print(f"\n{left} more; -n shows as many as it says")


def _print_change(change: "Change") -> None:
    post = change.post
    day = f"{post.published:%Y-%m-%d}  " if post.published else ""
    print(f"\n{day}{(post.title or str(post.id))[:90]}  {post.link or post.id}")
    for sign, topics in (("+", change.gained), ("-", change.lost)):
        for topic in topics:
            print(f"  {sign} {topic}")
            for name, answer in (("before", change.before), ("after", change.after)):
                if topic not in answer.scores:
                    print(f"      {name + ':':8} not known")
                    continue
                terms = ", ".join(f"{term} {weight:+.2f}" for term, weight in answer.evidence[topic][:_SHOWN_TERMS])
                print(f"      {name + ':':8} {answer.scores[topic]:.2f}  {terms}".rstrip())


def _line(row: dict[str, Any]) -> str:
    if row["problem"]:
        return str(row["problem"])
    made = f"{row['made'][:10]} {row['made'][11:16]}" if row["made"] else "-"
    held = _figure(row["held_out"]) if row["held_out"] else "-"
    learnt = f"{row['examples']:8}{len(row['topics']):8}{row['out_of_fold_macro_f1']:13.3f}"
    return f"{made:18}{learnt}   {held:21} {row['decision'] or '-'}"


def _figure(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def _held_out(verdict: dict[str, Any]) -> dict[str, float] | None:
    """Macro F1 on the posts that it was judged by, as the gate wrote it down; a verdict is no more than a file."""
    match verdict:
        case {
            "held_out": int(posts),
            "macro_f1": {"candidate": {"value": float(value), "low": float(low), "high": float(high)}},
        }:
            return {"value": value, "low": low, "high": high, "posts": posts}
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.buffer.write(strict_json.dumps(value) + b"\n")
