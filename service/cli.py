"""The command line. Each command imports what it needs when it runs, so that `--help` and small jobs stay quick."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from model.errors import ExampleError, InputError, TopicwireError

if TYPE_CHECKING:
    from datetime import datetime

    from model.version import Version
    from model.versions import Versions
    from service.settings import Settings
    from training.curve import Point
    from training.evaluation import Evaluation
    from training.examples import Example

# 2, wrong usage, is argparse's own.
DONE, FAILED, INTERRUPTED = 0, 1, 130
FORMATS = ("jsonl", "csv", "rss", "atom", "jsonfeed", "parquet", "table")
EXPORT_FORMATS = FORMATS[:-1]


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code: 0 done, 1 some inputs failed, 2 wrong usage, 3 not promoted."""
    # The arrays here are small: threads of the linear algebra library would only cost their start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    options = _parser().parse_args(arguments)
    from service import settings as settings_

    try:
        settings = settings_.read()
        for name in settings_.unknown(os.environ):
            _warn(f"{name}: there is no such setting, it is ignored")
        return int(options.run(options, settings))
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except TopicwireError as error:
        _say(error)
        return FAILED
    except OSError as error:  # a full disk, a folder that is a file: whatever was being read or written
        _say(InputError(f"{error.strerror or error}", subject=str(error.filename or "output")))
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="topicwire", description="Tags the posts of feeds with their topics, says why, and summarizes them."
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_text, description=help_text[:1].upper() + help_text[1:] + ".")
        added.set_defaults(run=run)
        return added

    tag = command("tag", _of("tagging", "run"), "tag the posts of feeds or of JSONL")
    tag.add_argument(
        "input", nargs="+", metavar="INPUT", help="a feed or JSONL of posts: a file (.gz too), - for standard input, or a URL"
    )
    tag.add_argument(
        "-o", "--output", metavar="OUT", help="write to a file, which appears whole or not at all; DIR/: a file for each input"
    )
    tag.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, whose workers tag the files: tcp://scheduler:8786")
    tag.add_argument("--to", choices=FORMATS, default="jsonl", help="what to write (default: %(default)s)")
    tag.add_argument(
        "--jobs",
        type=_natural,
        default=0,
        metavar="N",
        help="processes to tag with at most; 0 = one a core (default)",
    )
    tag.add_argument("--model", metavar="VERSION", help="the model version (default: the current one)")
    tag.add_argument("--sentences", type=_sentences, metavar="N", help="sentences of a summary at most, 1 to 10 (default: 3)")
    tag.add_argument("--max-words", type=_words, metavar="N", help="words of a summary at most (default: 70)")

    train = command("train", _train, "make a model version of the starter corpus and any labelled examples given")
    train.add_argument("examples", nargs="*", metavar="EXAMPLES", help="JSONL or CSV of labelled posts")
    train.add_argument("--no-starter", action="store_true", help="learn from the given examples only, and their topics")
    train.add_argument("--topics", metavar="FILE", help="a topics file: a JSON list of {name, title, description}")
    train.add_argument("--seed", type=_natural, default=0, help="of the folds (default: %(default)s)")
    train.add_argument("--no-promote", action="store_true", help="keep the current version serving")
    train.add_argument("--if-missing", action="store_true", help="do nothing if there is a current version")

    evaluate = command("evaluate", _evaluate, "judge a model version by labelled posts")
    evaluate.add_argument("examples", nargs="+", metavar="EXAMPLES", help="JSONL or CSV of labelled posts")
    evaluate.add_argument("--model", metavar="VERSION", help="the model version (default: the current one)")
    evaluate.add_argument("--json", action="store_true", help="print everything as one JSON object")
    evaluate.add_argument(
        "--report", type=_file, metavar="FILE", help="write a page of HTML, too: plots, strongest terms, the worst mistakes"
    )
    evaluate.add_argument(
        "--curve",
        action="store_true",
        help="learn from some origins of the posts, judge on the others: what labelling would bring",
    )
    evaluate.add_argument(
        "--by", metavar="FIELD", help="the field that says whose a post is (default: its source, or the host of its link)"
    )
    evaluate.add_argument("--worst", type=int, default=5, metavar="N", help="mistakes to show (default: %(default)s)")

    retrain = command("retrain", _retrain, "learn from new examples, and let the gate judge what comes of it")
    retrain.add_argument(
        "examples", nargs="*", metavar="EXAMPLES", help="JSONL or CSV of labelled posts, beside those in the store"
    )
    retrain.add_argument("--force", type=_reason, metavar="WHY", help="promote whatever the gate says; the reason is kept")
    retrain.add_argument("--dry-run", action="store_true", help="only say what the gate would; write nothing")
    retrain.add_argument("--no-starter", action="store_true", help="learn from the examples only")
    retrain.add_argument(
        "--map",
        type=_mapping,
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="of the starter corpus, learn only the topics mapped, by your own names: containers=platform",
    )
    retrain.add_argument("--topics", metavar="FILE", help="a topics file: a JSON list of {name, title, description}")
    retrain.add_argument("--new-topic", action="append", default=[], metavar="T", help="a topic that is new, and no slip")
    retrain.add_argument("--seed", type=_natural, default=0, help="of the folds (default: %(default)s)")
    retrain.add_argument("--skip-faults", action="store_true", help="learn even if some rows cannot be used")
    retrain.add_argument("--json", action="store_true", help="print the verdict as one JSON object")

    retag = command("retag", _of("retag", "run"), "tag stored posts again that another version has tagged, the newest first")
    retag.add_argument("--source", metavar="SOURCE", help="posts of one source only: its number or URL")
    retag.add_argument("--since", type=_since, metavar="TIME", help="posts since a date, or since 7d, 12h ago (default: all)")
    retag.add_argument(
        "--jobs", type=_natural, default=1, metavar="N", help="processes to tag with; 0 = one a core (default: %(default)s)"
    )

    examples = command("examples", _of("labelled", "show_all"), "keep labelled examples, beside the corrections of readers")
    ways = examples.add_subparsers(title="actions", metavar="ACTION")
    all_ = ways.add_parser("list", help="all examples and corrections of the store, the latest last")
    all_.set_defaults(run=_of("labelled", "show_all"))
    bring = ways.add_parser("import", help="keep the examples of files for every retraining to come")
    bring.add_argument("examples", nargs="+", metavar="EXAMPLES", help="JSONL or CSV of labelled posts")
    bring.add_argument("--who", metavar="NAME", help="who labelled them, where they do not say")
    bring.add_argument("--skip-faults", action="store_true", help="take the others even if some rows cannot be used")
    bring.set_defaults(run=_of("labelled", "import_"))
    out = ways.add_parser("export", help="all examples and corrections as JSONL, to be imported elsewhere")
    out.add_argument("-o", "--output", metavar="OUT", help="write to a file, which appears whole or not at all")
    out.set_defaults(run=_of("labelled", "export"))
    feeds = ways.add_parser("from-feed", help="keep posts as weak examples by the categories that their feeds gave them")
    feeds.add_argument("input", nargs="*", metavar="INPUT", help="as of `tag`")
    feeds.add_argument(
        "--source", action="append", default=[], metavar="SOURCE", help="stored posts of a source: its number or URL"
    )
    feeds.add_argument(
        "--map",
        type=_mapping,
        action="append",
        required=True,
        metavar="CATEGORY=TOPIC",
        help="k8s=containers; as often as need be",
    )
    feeds.set_defaults(run=_of("labelled", "from_feed"))
    split = ways.add_parser("conflicts", help="posts that are labelled in more than one way, and which label holds")
    split.set_defaults(run=_of("labelled", "show_conflicts"))
    drop = ways.add_parser("remove", help="forget the examples of somebody, of a feed's categories, or of one post")
    drop.add_argument("who", nargs="?", metavar="NAME", help="as `list` shows it; with --post, only what NAME said of it")
    drop.add_argument("--post", metavar="ID", help="what was said of one post, by its id as `list` shows it")
    drop.set_defaults(run=_of("labelled", "remove"))

    label_next = command("label-next", _of("teaching", "label_next"), "say which posts' labels would teach most")
    label_next.add_argument("input", nargs="*", metavar="INPUT", help="as of `tag` (default: stored posts not yet corrected)")
    label_next.add_argument("-n", type=_count, default=10, metavar="N", help="posts at most (default: %(default)s)")
    label_next.add_argument("--model", metavar="VERSION", help="the model version (default: the current one)")
    label_next.add_argument("--json", action="store_true", help="print JSONL, with bodies: an example once it has `topics`")

    suspects = command("suspects", _suspects, "list examples that a model which had not seen them contradicts")
    suspects.add_argument("examples", nargs="*", metavar="EXAMPLES", help="JSONL or CSV (default: stored corrections)")
    suspects.add_argument("--no-starter", action="store_true", help="judge by the given examples only")
    suspects.add_argument("-n", type=_count, default=20, metavar="N", help="examples at most (default: %(default)s)")
    suspects.add_argument("--json", action="store_true", help="print JSONL")

    drift = command("drift", _of("teaching", "drift"), "compare recent posts with what a version was trained on")
    drift.add_argument("input", nargs="*", metavar="INPUT", help="as of `tag` (default: stored posts)")
    drift.add_argument(
        "--since", type=_since, metavar="TIME", help="a date, or 7d, 12h ago (default: 7d of stored posts, all of INPUT)"
    )
    drift.add_argument("--model", metavar="VERSION", help="the model version (default: the current one)")
    drift.add_argument("--json", action="store_true", help="print everything as one JSON object")

    serve = command("serve", _serve, "serve the REST interface")
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", help="port to listen on")
    serve.add_argument("--workers", help="worker processes")

    sources = command("sources", _of("subscriptions", "show"), "subscribe to feeds, list them, exchange them with feed readers")
    kinds = sources.add_subparsers(title="actions", metavar="ACTION")
    add = kinds.add_parser("add", help="subscribe to feeds")
    add.add_argument(
        "address", nargs="+", metavar="ADDRESS", help="a feed's URL, that of a site, or a file: OPML, or one URL a line"
    )
    add.add_argument("--title", help="what to call it, instead of what the feed says")
    add.add_argument("--folder", default="", help="a/b is b in a")
    add.add_argument("--all", action="store_true", help="where a site has several feeds, all of them")
    add.set_defaults(run=_of("subscriptions", "add"))
    kinds.add_parser("list", help="all sources, and how they are").set_defaults(run=_of("subscriptions", "show"))
    remove = kinds.add_parser("remove", help="unsubscribe; posts that were corrected stay as labelled examples")
    remove.add_argument("source", nargs="+", metavar="SOURCE", help="its number or URL")
    remove.set_defaults(run=_of("subscriptions", "remove"))
    import_ = kinds.add_parser("import", help="subscribe to all feeds of an OPML list")
    import_.add_argument("file", metavar="FILE", help="a file, gzip too, an http(s) URL, or - for standard input")
    import_.set_defaults(run=_of("subscriptions", "import_"))
    export = kinds.add_parser("export", help="all sources as OPML")
    export.add_argument("-o", "--output", metavar="OUT", help="a file, which appears whole or not at all")
    export.set_defaults(run=_of("subscriptions", "export"))

    poll = command("poll", _of("subscriptions", "poll"), "ask sources for news, and tag and keep their posts")
    poll.add_argument("--every", type=_seconds, metavar="TIME", help="go on for ever: 90s, 15m, 2h, 1d")
    poll.add_argument("--now", action="store_true", help="ask those, too, that want to be left alone for a while")

    jobs = command("jobs", _of("chores", "show_all"), "list work in the background, show it, stop it, do it")
    deeds = jobs.add_subparsers(title="actions", metavar="ACTION")
    deeds.add_parser("list", help="work in the background, the newest first").set_defaults(run=_of("chores", "show_all"))
    job = deeds.add_parser("show", help="how a job goes, or what came of it")
    job.add_argument("job", type=_count, metavar="JOB", help="its number")
    job.set_defaults(run=_of("chores", "show"))
    stop = deeds.add_parser("stop", help="stop a job")
    stop.add_argument("job", type=_count, metavar="JOB", help="its number")
    stop.set_defaults(run=_of("chores", "stop"))
    work = deeds.add_parser("work", help="work on jobs until stopped, as `serve` does beside its workers")
    work.add_argument("--parent", type=_natural, help=argparse.SUPPRESS)  # the process not to outlive
    work.set_defaults(run=_of("chores", "work"))

    stored = command("export", _export, "write stored posts, corrections included, to a file")
    stored.add_argument("--topic", default="all", metavar="T", help="posts with this topic; none: without any (default: all)")
    stored.add_argument("--to", choices=EXPORT_FORMATS, default="jsonl", help="what to write (default: %(default)s)")
    stored.add_argument("-o", "--output", metavar="OUT", help="write to a file, which appears whole or not at all")
    stored.add_argument("--source", metavar="SOURCE", help="posts of one source only: its number or URL")
    stored.add_argument("--min-score", type=_score, metavar="X", help="posts with a topic of at least this score, 0 to 1")
    stored.add_argument("--limit", type=_count, metavar="N", help="the newest N posts (default: all)")

    models = command("models", _of("models", "show_all"), "list model versions, show one, choose the one that serves")
    models.set_defaults(json=False)
    actions = models.add_subparsers(title="actions", metavar="ACTION")
    list_ = actions.add_parser("list", help="all versions, the newest first, and how they were judged")
    list_.add_argument("--json", action="store_true", help="print everything as one JSON object")
    list_.set_defaults(run=_of("models", "show_all"))
    show = actions.add_parser("show", help="the card of a version")
    show.add_argument("version", nargs="?", metavar="VERSION", help="default: the current one")
    show.add_argument("--json", action="store_true", help="print all that is known of it as one JSON object")
    show.set_defaults(run=_of("models", "show"))
    promote = actions.add_parser("promote", help="make a version the one that serves")
    promote.add_argument("version", metavar="VERSION")
    promote.set_defaults(run=_of("models", "promote"))
    actions.add_parser("rollback", help="go back to the version that served before").set_defaults(run=_of("models", "rollback"))
    diff = actions.add_parser("diff", help="list the posts that get other topics from one version than from another, and why")
    diff.add_argument("before", metavar="A", help="a version, or `current`")
    diff.add_argument("after", metavar="B", help="the other")
    diff.add_argument("input", nargs="*", metavar="INPUT", help="as of `tag` (default: stored posts)")
    diff.add_argument("--since", type=_since, metavar="TIME", help="posts since a date, or since 7d, 12h ago (default: all)")
    diff.add_argument("-n", type=_count, default=20, metavar="N", help="posts to show at most, the newest (default: %(default)s)")
    diff.add_argument("--json", action="store_true", help="print everything as one JSON object")
    diff.set_defaults(run=_of("models", "diff"))
    return parser


def _train(options: argparse.Namespace, settings: "Settings") -> int:
    versions = _versions(settings)
    versions.clean()
    if options.if_missing and versions.current():
        versions.load()
        return DONE
    from training import starter
    from training.fit import fit

    examples, faults = _examples(options.examples, settings)
    if options.no_starter and not options.examples:
        raise InputError("--no-starter needs examples to learn from")
    if options.examples and not examples:
        raise ExampleError("no example could be read, so nothing was trained")
    if not options.no_starter:
        examples = starter.examples() + examples
    topics = (
        list(starter.read_topics(Path(options.topics)))
        if options.topics
        else []
        if options.no_starter
        else list(starter.topics())
    )
    found = {name for example in examples for name in example.topics}
    if options.topics and (strange := sorted(found - {topic.name for topic in topics})):
        raise ExampleError(f"the examples have the topic {strange[0]!r}, which it does not list", subject=options.topics)
    known = {topic.name for topic in topics}
    topics += [starter.TopicInfo(name, name, "") for name in sorted(found - known)]
    content, _ = fit(examples, topics, seed=options.seed)
    with versions.writing():  # so that nobody deletes it before it is promoted
        name = versions.add(content)
        if not options.no_promote:
            versions.promote(name)
    repeated = len(examples) - content.manifest["provenance"]["examples"]
    if repeated:
        _warn(f"{repeated} examples have the text of another; of each the last one holds")
    metrics = content.manifest["metrics"]
    print(
        f"{name}: learnt {len(topics)} topics from {content.manifest['provenance']['examples']} examples; "
        f"out of fold macro F1 {metrics['out_of_fold_macro_f1']:.3f}"
        + ("" if options.no_promote else "; it is the current version now")
    )
    return FAILED if faults else DONE


def _evaluate(options: argparse.Namespace, settings: "Settings") -> int:
    from model.tagger import Tagger
    from training import evaluation

    version = _versions(settings).load(options.model)
    examples, faults = _examples(options.examples, settings)
    judged = evaluation.evaluate(Tagger(version), examples)
    curve = _curve(examples, version, options.by) if options.curve else []
    if options.json:
        from model import strict_json

        drawn = {"learning_curve": [point.to_dict() for point in curve]} if curve else {}
        sys.stdout.buffer.write(strict_json.dumps(judged.to_dict() | drawn) + b"\n")
    else:
        _print_evaluation(judged, options.worst)
        if curve:
            print(f"\n{'labelled posts':16}{'with starter':>20}{'alone':>20}")
        for point in curve:
            print(f"{point.posts:<16}" + "".join(f"{_interval(figure) if figure else '-':>20}" for figure in point[1:]))
    if options.report:
        from service import output
        from training import report

        page = report.write(judged, version, [_base_name(name) for name in options.examples], curve)
        with output.whole(options.report) as stream:
            stream.write(page.encode("utf-8", "backslashreplace"))
    return FAILED if faults else DONE


def _curve(examples: "list[Example]", version: "Version", field: str | None) -> "list[Point]":
    from training.curve import learning_curve
    from training.starter import TopicInfo

    if field and not any(field in example.post.extra for example in examples):
        raise ExampleError(f"no example has the field {field!r}")
    if field:
        examples = [example.by(field) for example in examples]
    topics = [TopicInfo(topic.name, topic.title, topic.description) for topic in version.topics]
    return learning_curve(examples, topics)


def _retrain(options: argparse.Namespace, settings: "Settings") -> int:
    from service import retrain

    return retrain.run(options, settings, _say)


def _print_evaluation(judged: "Evaluation", worst: int) -> None:
    columns = {
        "precision": "precision",
        "recall": "recall",
        "f1": "F1",
        "average_precision": "avg prec",
        "brier": "Brier",
        "ece": "ECE",
    }
    print(f"model {judged.model} on {judged.posts} posts; 95 % intervals\n")
    print(f"{'topic':16}{'posts':>6}" + "".join(f"{title:>20}" for title in columns.values()))
    for name, row in judged.topics.items():
        cells = "".join(f"{_interval(row[column]):>20}" for column in columns)
        print(f"{name:16}{judged.counts[name]:6}{cells}")
    print()
    for name, figure in judged.overall.items():
        print(f"{name.replace('_', ' '):24}{_interval(figure)}")
    names = list(judged.confusion)
    print(f"\n{'expected / given':16}" + "".join(f"{name[:13]:>14}" for name in names))
    for expected in names:
        print(f"{expected:16}" + "".join(f"{judged.confusion[expected][given]:14}" for given in names))
    if judged.mistakes and worst:
        print(f"\n{len(judged.mistakes)} posts with other topics than expected; the worst:")
    for mistake in judged.mistakes[:worst]:
        print(f"  {mistake.title[:90] or mistake.id}")
        print(f"    expected {', '.join(mistake.expected) or 'none'}; given {', '.join(mistake.given) or 'none'}")
        for topic in (topic for topic in mistake.given if topic not in mistake.expected):
            print(f"    {topic}: " + ", ".join(f"{term} {contribution:+.2f}" for term, contribution in mistake.evidence[topic]))


def _interval(figure: Any) -> str:
    return f"{figure.value:.3f} [{figure.low:.2f}, {figure.high:.2f}]"


def _suspects(options: argparse.Namespace, settings: "Settings") -> int:
    from service import teaching

    examples, faults = _examples(options.examples, settings)
    if options.examples and not examples:
        raise ExampleError("no example could be read, so there is nothing to judge")
    teaching.suspects(examples, options, settings)
    return FAILED if faults else DONE


def _serve(options: argparse.Namespace, settings: "Settings") -> int:
    from dataclasses import replace

    from service import settings as settings_
    from service.server import serve

    given = {
        name: settings_.parse(name, getattr(options, name))
        for name in ("host", "port", "workers")
        if getattr(options, name) is not None
    }
    serve(replace(settings, **given))
    return DONE


def _export(options: argparse.Namespace, settings: "Settings") -> int:
    from service import export, output

    # So that what is half written is cleaned up when somebody ends us politely.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = export.Chosen(options.topic, options.source, options.min_score, options.limit)
    with output.whole(options.output) as stream:
        for piece in export.export(options.to, chosen, settings):
            stream.write(piece)
    return DONE


def _versions(settings: "Settings") -> "Versions":
    from model.versions import Versions

    return Versions(settings.models, keep=settings.keep_versions)


def _examples(names: list[str], settings: "Settings") -> "tuple[list[Example], int]":
    """The good examples of all files, and how many faults there were; each is named on standard error."""
    from service.inputs import whole
    from training import examples

    good: list[Example] = []
    faults = 0
    for name in names:
        try:
            got = examples.read(BytesIO(whole(name, settings)), name)
        except TopicwireError as error:
            got = examples.Examples([], [error.about(name)])
        good += got.good
        faults += len(got.faults)
        for fault in got.faults:
            _say(fault)
    return good, faults


def _base_name(name: str) -> str:
    """What an input is called where its folder, or a secret in its URL, concerns nobody."""
    from service.fetch import is_url
    from service.inputs import STDIN

    return "standard input" if name == STDIN else Path(urlsplit(name).path if is_url(name) else name).name


def _file(name: str) -> str:
    if name == "-":
        raise argparse.ArgumentTypeError("it goes to a file; standard output has the figures")
    return name


def _of(module: str, name: str) -> "Callable[[argparse.Namespace, Settings], int]":
    """A command of a module of `service`, imported when it runs."""

    def run(options: argparse.Namespace, settings: "Settings") -> int:
        from importlib import import_module

        return DONE if getattr(import_module(f"service.{module}"), name)(options, settings, _say) else FAILED

    return run


def _seconds(text: str, most_days: int = 30) -> float:
    """Seconds: a number and its unit."""
    number, unit = text[:-1], {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(text[-1:])
    if unit is None or not number.isdecimal() or not 0 < int(number) * unit <= 86400 * most_days:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no time such as 90s, 15m, 2h or 1d, of {most_days} days at most")
    return float(int(number) * unit)


def _since(text: str) -> "datetime":
    from datetime import UTC, datetime, timedelta

    from model.posts import parse_timestamp

    moment = parse_timestamp(text)
    if moment is None:
        try:
            moment = datetime.now(UTC) - timedelta(seconds=_seconds(text, most_days=36_500))
        except argparse.ArgumentTypeError:
            raise argparse.ArgumentTypeError(
                f"{text[:40]!r} is no date such as 2026-06-09, and no time such as 12h or 7d"
            ) from None
    return moment


def _natural(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) < 1 << 32:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number from 0 on")
    return int(text)


def _sentences(text: str) -> int:
    if text not in map(str, range(1, 11)):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number from 1 to 10")
    return int(text)


def _words(text: str) -> int:
    if (number := _natural(text)) == 0:
        raise argparse.ArgumentTypeError("a summary of no words is none")
    return number


def _count(text: str) -> int:
    if (number := _natural(text)) == 0:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return number


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("say why, for whoever asks later")
    return text.strip()


def _mapping(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not like containers=platform")
    return old, new


def _score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = -1
    if not 0 <= score <= 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number from 0 to 1")
    return score


class _ShowVersion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from importlib.metadata import version

        print(f"topicwire {version('topicwire')}")
        parser.exit()


def _say(error: TopicwireError) -> None:
    print(f"topicwire: {error}", file=sys.stderr)


def _warn(message: str) -> None:
    print(f"topicwire: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
