"""The command `retrain`, and what it does for whoever else asks for it."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model import strict_json
from model.errors import ExampleError, TopicwireError
from model.versions import Versions
from service import labelled
from service.settings import Settings, variable
from training import retraining
from training.examples import Example, read
from training.recipe import Choice
from training.retraining import REFUSED, SAME, Outcome, Progress

Say = Callable[[TopicwireError], None]
DONE, NOT_PROMOTED = 0, 3
_HEADS = ("topic", "posts", "candidate", "current", "difference")


def retrain(
    settings: Settings,
    given: Sequence[Example],
    choice: Choice,
    *,
    force: str = "",
    keep: bool = True,
    progress: Progress = lambda done, steps, what: None,
) -> Outcome:
    """Learn from the examples given and those of the store, and promote what the gate lets pass; see `retraining.retrain`."""
    versions = Versions(settings.models, keep=settings.keep_versions)
    versions.clean()
    frozen: list[Example] = []
    if settings.evaluation is not None:
        with settings.evaluation.open("rb") as stream:
            found = read(stream, str(settings.evaluation))
        if found.faults:
            raise found.faults[0].about(variable("evaluation"))
        frozen = found.good
    examples = [*labelled.collect(settings), *given]
    if not examples and not choice.with_starter:
        raise ExampleError("there is no example to learn from, neither given nor in the store")
    return retraining.retrain(examples, versions, choice, frozen=frozen, force=force, keep=keep, progress=progress)


def run(options: Namespace, settings: Settings, say: Say) -> int:
    given = labelled.given(options.examples, settings, say, skip_faults=options.skip_faults)
    choice = Choice(
        with_starter=not options.no_starter,
        mapping=dict(options.map),
        topics_file=Path(options.topics) if options.topics else None,
        new_topics=options.new_topic,
        seed=options.seed,
    )
    with _bar() as progress:
        outcome = retrain(settings, given, choice, force=options.force or "", keep=not options.dry_run, progress=progress)
    if options.json:
        sys.stdout.buffer.write(strict_json.dumps({"version": outcome.name, **outcome.verdict}) + b"\n")
    else:
        print("\n".join(_table(outcome, kept=not options.dry_run)))
    return NOT_PROMOTED if outcome.decision == REFUSED else DONE


@contextmanager
def _bar() -> Iterator[Progress]:
    """Progress on a terminal, none in a pipe."""
    from tqdm import tqdm

    with tqdm(leave=False, unit=" steps", disable=not sys.stderr.isatty()) as bar:

        def tell(done: int, steps: int, what: str) -> None:
            bar.total = steps
            bar.set_description(what)
            bar.update(done - bar.n)

        yield tell


def _table(outcome: Outcome, *, kept: bool) -> list[str]:
    verdict = outcome.verdict
    if outcome.decision == SAME:
        return [f"{outcome.name} serves already: {verdict['why']}"]
    against = f" against {verdict['current']}" if verdict["current"] else ""
    lines = [f"candidate {outcome.name}{against}: {verdict['examples']} examples; 95 % intervals"]
    for title, figures in (
        ("labelled posts held out from both", verdict),
        ("posts that current learnt from, held out from both", verdict["learnt_before"]),
    ):
        if figures and figures["held_out"]:
            lines += ["", f"{figures['held_out']} {title}", *_rows(figures)]
    lines += ["", *(f"note: {note}" for note in verdict["notes"])]
    told = f"{verdict['decision']}: {verdict['why']}"
    if "gate" in verdict:
        told += f" (the gate says: {verdict['gate']})"
    if not kept:
        told += "; nothing was kept, as --dry-run says"
    elif outcome.decision == REFUSED:
        told += f"; {verdict['current'] or 'nothing'} serves as before, and {outcome.name} is kept for a look"
    else:
        told += f"; {outcome.name} is the current version now"
    return [*lines, told]


def _rows(figures: dict[str, Any]) -> list[str]:
    rows = {**figures["topics"], "macro F1": {"posts": figures["held_out"], "difference": figures["difference"]}}
    rows["macro F1"] |= figures["macro_f1"]
    return [
        "{:20}{:>7}{:>23}{:>23}{:>25}".format(*_HEADS),
        *(
            f"{name[:19]:20}{row['posts']:7}{_figure(row['candidate']):>23}{_figure(row['current']):>23}"
            f"{_figure(row['difference'], '+'):>25}"
            for name, row in rows.items()
        ),
    ]


def _figure(figure: dict[str, float] | None, sign: str = "") -> str:
    if figure is None:
        return "-"
    return f"{figure['value']:{sign}.3f} [{figure['low']:{sign}.2f}, {figure['high']:{sign}.2f}]"
