"""Labelled examples: read from inputs and from the store; and the commands `examples`."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack

from model import strict_json
from model.errors import ExampleError, InputError, TopicwireError
from model.posts import Post, plain, timestamp
from service import inputs, output
from service.counted import counted
from service.settings import Settings
from training.examples import Example, conflicts, is_topic_name, read

Say = Callable[[TopicwireError], None]
_WHO = "import"  # who gave the topics of a file, where nobody says


def given(names: Iterable[str], settings: Settings, say: Say, *, skip_faults: bool) -> list[Example]:
    """The examples of files. Each row that cannot be used is said, with its line; unless they are to be skipped, ExampleError is
    raised then."""
    good: list[Example] = []
    faults: list[TopicwireError] = []
    for name in names:
        with ExitStack() as stack:
            found = read(inputs.open_bytes(name, settings, stack), inputs.shown(name))
        good += found.good
        faults += found.faults
    for fault in faults:
        say(fault)
    if faults and not skip_faults:
        raise ExampleError(
            f"rows that cannot be used: {len(faults)}, so nothing was done; mend them, or pass --skip-faults to do without them"
        )
    return good


def collect(settings: Settings) -> list[Example]:
    """The examples and corrections of the store, the latest last; none where there is no store."""
    if not settings.has_store:
        return []
    from service.store import Store

    with Store.open(settings) as store:
        return store.examples()


def show_all(options: Namespace, settings: Settings, say: Say) -> bool:
    inputs.must_have_store(settings)
    for example in collect(settings):
        print(_line(example))
    return True


def import_(options: Namespace, settings: Settings, say: Say) -> bool:
    examples = given(options.examples, settings, say, skip_faults=options.skip_faults)
    _add(examples, options.who or _WHO, settings)
    return True


def from_feed(options: Namespace, settings: Settings, say: Say) -> bool:
    """Of files and URLs, and of what is stored of sources. Categories are a publisher's own, and a post without one of those
    mapped may have the topic all the same: it is no example of anything."""
    topics: dict[str, set[str]] = {}
    for category, topic in options.map:
        if not is_topic_name(topic):
            raise ExampleError(f"{topic[:60]!r} is no name of a topic: 1 to 64 of a-z, 0-9, `-` and `_`", subject="--map")
        topics.setdefault(category.casefold(), set()).add(topic)
    if not options.input and not options.source:
        raise InputError("name an INPUT, or a --source of the store")
    reading = inputs.Reading(settings, say)
    for name in options.input:
        _add_weak(reading.posts([name]), topics, name, settings, say)
    for name in options.source:
        _add_weak((one.tagged.post for one in inputs.stored(settings, source=name)), topics, name, settings, say)
    return not reading.failed


def _add_weak(posts: Iterable[Post], topics: Mapping[str, set[str]], name: str, settings: Settings, say: Say) -> None:
    examples = []
    for post in posts:
        found = set().union(*(topics.get(category.strip().casefold(), ()) for category in post.categories))
        if found and (post.title or (post.html or post.text or "").strip()):
            examples.append(Example(post, tuple(sorted(found)), weak=True))
    if not examples:
        say(InputError(f"no post there has the category {' or '.join(map(repr, topics))}", subject=inputs.shown(name)))
    _add(examples, f"categories of {_source(examples) or inputs.shown(name)}", settings)


def _source(examples: list[Example]) -> str | None:
    """What the posts' feed is called."""
    return examples[0].post.source if examples else None


def export(options: Namespace, settings: Settings, say: Say) -> bool:
    inputs.must_have_store(settings)
    from service.store import Store

    with output.whole(options.output) as stream, Store.open(settings) as store:
        for example in store.all_examples():
            stream.write(strict_json.dumps(example.to_dict()) + b"\n")
    return True


def show_conflicts(options: Namespace, settings: Settings, say: Say) -> bool:
    inputs.must_have_store(settings)
    found = conflicts(collect(settings))
    for said in found:
        print(_named(said[-1].post))
        for example in said:
            holds = "  holds" if example is said[-1] else ""
            print(f"    {timestamp(example.at)}  {example.who}: {_topics(example)}{holds}")
    print(f"{len(found)} posts are labelled in more than one way; the last person to say so has it, and people before categories")
    return True


def remove(options: Namespace, settings: Settings, say: Say) -> bool:
    inputs.must_have_store(settings)
    from service.store import Store

    if options.who is None and options.post is None:
        raise InputError("name whose examples, or the --post")
    what = " ".join(filter(None, [options.who and f"by {options.who}", options.post and f"of {options.post}"]))
    with Store.open(settings) as store:
        gone = store.remove_examples(options.who, post=options.post)
    if not gone:
        raise InputError(
            "there is no such example; `topicwire examples list` says which there are, and a correction is withdrawn at its post",
            subject=what,
        )
    print(f"{counted(gone, 'example')} {what} removed")
    return True


def _add(examples: list[Example], who: str, settings: Settings) -> None:
    from service.store import Store

    with Store.open(settings) as store:
        done = store.add_examples(examples, who)
    print(f"{counted(done.new, 'example')} added, {done.changed} changed, {done.same} known already")


def _line(example: Example) -> str:
    weak = " (weak)" if example.weak else ""
    return f"{timestamp(example.at)}  {example.who}{weak}: {_topics(example)}  {_named(example.post)}"


def _named(post: Post) -> str:
    return "  ".join(filter(None, [post.title[:90], plain(str(post.id))[:200]]))


def _topics(example: Example) -> str:
    return ", ".join(example.topics) or "none"
