"""The commands `label-next`, `suspects` and `drift`: what to label, what to look at again, and when."""

from argparse import Namespace
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from model import strict_json
from model.errors import InputError, TopicwireError
from model.posts import Post, plain
from model.versions import Versions
from service import inputs
from service.settings import Settings
from training.examples import Example

if TYPE_CHECKING:
    from service.store import StoredPost

Say = Callable[[TopicwireError], None]
Terms = Iterable[tuple[str, float]]
WEEK = timedelta(days=7)
_STORED = 2_000  # of the store's posts, those that seemed most uncertain when they were tagged, to be judged anew
_SHOWN_TERMS = 4  # of either side


def label_next(options: Namespace, settings: Settings, say: Say) -> bool:
    from training import uncertainty

    version = Versions(settings.models).load(options.model)
    reading = inputs.Reading(settings, say)
    if options.input:
        posts = reading.posts(options.input)
    else:
        posts = islice(map(_post, inputs.stored(settings, order="uncertain")), _STORED + options.n)
    found = uncertainty.label_next(version, posts, options.n)
    if not found and not reading.failed:
        say(InputError("there is no post to label; name a file, or `topicwire poll`"))
    for one in found:
        if options.json:
            print(strict_json.dumps(one.to_dict()).decode())
            continue
        print(f"{one.uncertainty:.2f} bits  {_named(one.post)}")
        print(f"    {one.topic} {one.score:.2f}, given from {one.threshold:.2f} on")
        _print_sides(one.evidence_for, one.evidence_against)
    return not reading.failed


def suspects(examples: list[Example], options: Namespace, settings: Settings) -> None:
    """Print the suspects among examples, or among the store's corrections where no file of examples was named."""
    from training import starter
    from training import suspects as suspects_

    if not options.examples:
        examples = _corrections(settings)
    found = suspects_.suspects(examples, [] if options.no_starter else starter.examples())
    named = [one for one in found if one.doubts]
    for one in named[: options.n]:
        if options.json:
            print(strict_json.dumps(one.to_dict()).decode())
            continue
        print(f"{one.doubt:.2f}  {_named(one.example.post)}")
        for doubt in one.doubts:
            said = "labelled so" if doubt.labelled else "not labelled so"
            print(f"    {doubt.topic}: {said}, and scored {doubt.score:.2f} where such examples have {doubt.usual:.2f}")
            _print_sides(doubt.evidence_for, doubt.evidence_against)
    if not options.json:
        print(f"{len(named)} of {len(found)} examples are worth a second look")


def drift(options: Namespace, settings: Settings, say: Say) -> bool:
    from training import drift as drift_

    version = Versions(settings.models).load(options.model)
    reading = inputs.Reading(settings, say)
    if options.input:
        posts: Iterable[Post] = reading.posts(options.input)
        if options.since is not None:
            # A post without a date is as new as its being found, here as in the store.
            posts = (post for post in posts if post.published is None or post.published >= options.since)
    else:
        posts = map(_post, inputs.stored(settings, since=options.since or datetime.now(UTC) - WEEK))
    found = drift_.compare(version, posts)
    if options.json:
        print(strict_json.dumps(found.to_dict()).decode())
        return not reading.failed
    print(f"{'':24}{'trained on':>12}{'these posts':>13}   difference, 95 % interval of all together")
    for one in found.comparisons:
        mark = "  drifted" if one.drifted else ""
        print(f"{one.name:24}{one.then:12.3f}{one.now:13.3f}   {one.now - one.then:+.3f} [{one.low:+.2f}, {one.high:+.2f}]{mark}")
    print(f"\n{found.sentence}")
    return not reading.failed


def _post(stored: "StoredPost") -> Post:
    return stored.tagged.post


def _corrections(settings: Settings) -> list[Example]:
    inputs.must_have_store(settings)
    from service.labelled import collect

    found = collect(settings)
    if not found:
        raise InputError("the store has neither examples nor corrections yet; name a file of EXAMPLES")
    return found


def _named(post: Post) -> str:
    identity = plain(str(post.id))
    return f"{(post.title or identity)[:90]}  {post.link or identity[:200]}"


def _print_sides(for_: Terms, against: Terms) -> None:
    for name, side in (("for", for_), ("against", against)):
        terms = ", ".join(f"{term} {weight:+.2f}" for term, weight in islice(side, _SHOWN_TERMS))
        if terms:
            print(f"    {name + ':':9}{terms}")
