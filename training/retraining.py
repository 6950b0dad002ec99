"""Labelled examples -> a candidate -> the gate -> the version that serves, or a refusal with the numbers.

What a candidate is judged by must not have taught it, nor current. So both are judged by their recipes: fold by fold, the
candidate is fitted without the fold, and so is current, from those examples of today that it learnt from (`learnt.txt`);
then both tag the fold. Two sets come out of it:

    held out        people's examples: where the candidate must not be worse
    learnt before   the starter corpus and the examples that current learnt from: what keeps labels out that are wrong,
                    since a candidate that learnt wrong labels does well on more of the same

A frozen file of examples, where there is one, takes the place of the first: neither learns from its posts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from model.classifier import Classifier
from model.errors import ExampleError, VersionError
from model.posts import timestamp
from model.version import Content, Floats, Version
from model.versions import Versions
from training import features, gate
from training.examples import Example, distinct
from training.folds import FOLDS, folds
from training.labels import Bools, labels_of
from training.recipe import Choice, Recipe, make

FIRST, PROMOTED, FORCED, REFUSED, SAME = "first", "promoted", "forced", "refused", "same"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Outcome:
    name: str  # of the candidate
    verdict: dict[str, Any]  # as `Versions.verdict` gives it back; of SAME nothing is kept

    @property
    def decision(self) -> str:
        return str(self.verdict["decision"])

    @property
    def serves(self) -> bool:
        return self.decision != REFUSED


def retrain(
    given: Sequence[Example],
    versions: Versions,
    choice: Choice,
    *,
    frozen: Sequence[Example] = (),
    force: str = "",
    keep: bool = True,
    progress: Progress = lambda done, steps, what: None,
) -> Outcome:
    """Make a candidate of all examples given (and the starter corpus), judge it, and promote it if it may pass.

    `force` is why it is promoted whatever the gate says. Without `keep` nothing is written. `progress` is called before each
    step; what it raises ends the work, and nothing was written. Raises ExampleError where there is nothing to learn from,
    VersionError where the version that serves cannot be read, or is another one at the end.
    """
    before = versions.current()
    current = versions.load(before) if before else None
    frozen = distinct(frozen)
    whole = make(given, choice, current)
    recipe = whole.without({example.content for example in frozen})
    learnt: set[str] = versions.learnt(before) if before else set()
    trial = _Trial(recipe, current, learnt, progress)
    trial.check(frozen)
    content = trial.candidate()
    if content.name == before:
        return Outcome(content.name, {"decision": SAME, "why": "there is nothing in the examples that it has not learnt"})
    judged = trial.judge(frozen)
    verdict = {
        "decision": "",
        "at": timestamp(datetime.now(UTC)),
        "why": "",
        "current": before,
        **_decide(judged, current, recipe),
        "examples": len(recipe.examples),
        "notes": _notes(trial, whole, len(frozen)),
    }
    if verdict["decision"] == REFUSED and force:
        verdict |= {"decision": FORCED, "why": force, "gate": verdict["why"]}
    if keep:
        with versions.writing():  # so that nobody promotes another in between
            if versions.current() != before:
                raise VersionError(
                    "another version was promoted meanwhile; run it again", subject=str(versions.directory / "current")
                )
            versions.add(content)
            versions.keep_verdict(content.name, verdict)
            if verdict["decision"] == REFUSED:
                versions.prune(content.name)
            else:
                versions.promote(content.name)
    return Outcome(content.name, verdict)


@dataclass(frozen=True)
class Judged:
    """What the gate has to go by."""

    held_out: gate.Comparison | None  # None: nothing is held out, or it takes all there is to learn
    before: gate.Comparison | None  # on what current learnt from; None if that cannot be told
    says_something: bool  # the labels that are new
    new: int
    trouble: str = ""  # why nothing could be held out


class _Trial:
    """A candidate and current, as often as it takes, each time without what it is judged by."""

    def __init__(self, recipe: Recipe, current: Version | None, learnt: set[str], progress: Progress) -> None:
        self.recipe, self.current, self.learnt = recipe, current, learnt
        self.known = {example.content for example in recipe.examples if example.said in learnt}
        # As far as it is still there: current, without what it is judged by.
        self.past: Recipe | None = None
        if current is not None and self.known:
            known = {topic.name for topic in current.topics}
            infos = [topic for topic in recipe.topics if topic.name in known]
            self.past = recipe.without({example.content for example in recipe.examples} - self.known)
            self.past = Recipe(self.past.examples, infos, recipe.seed)
        self.parse = features.once()
        self.names = [topic.name for topic in recipe.topics]
        self._progress, self._done, self._steps = progress, 0, 1 + 2 * FOLDS

    def check(self, frozen: Sequence[Example]) -> None:
        strange = sorted({name for example in frozen for name in example.topics} - set(self.names))
        if strange:
            raise ExampleError(
                f"no example has the topic {strange[0]!r}, so nothing can be judged by it", subject="the evaluation file"
            )

    def candidate(self) -> Content:
        self._step("fitting the candidate")
        return self.recipe.fit(self.parse)

    def judge(self, frozen: Sequence[Example]) -> Judged:
        examples = list(self.recipe.examples)
        truth = labels_of(examples, self.names)
        numbers = folds(examples, truth, self.recipe.seed)
        new, old = np.zeros(truth.shape), np.zeros(truth.shape, dtype=bool)
        given = np.zeros(truth.shape, dtype=bool)
        try:
            for number in range(FOLDS):
                rows = np.flatnonzero(numbers == number)
                held = [examples[row] for row in rows]
                new[rows], given[rows] = self._tag(self._fit(self.recipe, held, f"judging it, part {number + 1}"), held)
        except ExampleError as error:
            return Judged(None, None, True, 0, str(error))
        past = self.past
        try:
            for number in range(FOLDS if past else 0):
                rows = np.flatnonzero(numbers == number)
                held = [examples[row] for row in rows]
                assert past is not None
                _, old[rows] = self._tag(self._fit(past, held, f"judging current, part {number + 1}"), held)
        except ExampleError:
            past = None  # it learnt from too few to be made again without some; what it never saw can be asked of itself
        if past is None and self.current is not None:
            _, old = self._tag(self.current, examples)
        by_people = np.array([example.by_person for example in examples], dtype=bool)
        known = np.array([example.content in self.known for example in examples], dtype=bool)
        fresh = by_people & ~known
        seen = known & np.array([not example.weak for example in examples], dtype=bool)
        served = by_people if past or self.current is None else fresh
        return Judged(
            self._on_frozen(frozen) if frozen else self._compare(truth[served], given[served], old[served], 0.0),
            self._compare(truth[seen], given[seen], old[seen], gate.SLACK) if past else None,
            gate.says_something(truth[fresh], new[fresh], seed=self.recipe.seed),
            int(fresh.sum()),
        )

    def _on_frozen(self, frozen: Sequence[Example]) -> gate.Comparison | None:
        truth = labels_of(frozen, self.names)
        _, given = self._tag(self._fit(self.recipe, frozen, "judging it by the evaluation file"), frozen)
        old = self.current
        if self.past is not None and any(example.said in self.learnt for example in frozen):
            old = self._fit(self.past, frozen, "judging current by the evaluation file")
        return self._compare(truth, given, self._tag(old, frozen)[1] if old else given, 0.0)

    def _fit(self, recipe: Recipe, held: Sequence[Example], what: str) -> Version:
        self._step(what)
        return recipe.without({example.content for example in held}).fit(self.parse).version()

    def _tag(self, version: Version, examples: Sequence[Example]) -> tuple[Floats, Bools]:
        """Scores and topics given, [examples, topics of the candidate]; no topic that the version does not know."""
        classifier = Classifier(version)
        scores, given = np.zeros((len(examples), len(self.names))), np.zeros((len(examples), len(self.names)), dtype=bool)
        for row, example in enumerate(examples):
            judged = classifier.classify(self.parse(example.post))
            found, topics = classifier.scores(judged), classifier.topics(judged)
            scores[row] = [found.get(name, 0.0) for name in self.names]
            given[row] = [name in topics for name in self.names]
        return scores, given

    def _compare(self, truth: Bools, given: Bools, old: Bools, slack: float) -> gate.Comparison | None:
        if not len(truth):
            return None
        known = [topic.name for topic in self.current.topics] if self.current else []
        before = old if self.current else None
        return gate.compare(self.names, truth, given, before, known, slack=slack, seed=self.recipe.seed)

    def _step(self, what: str) -> None:
        self._progress(min(self._done, self._steps - 1), self._steps, what)
        self._done += 1


def _decide(judged: Judged, current: Version | None, recipe: Recipe) -> dict[str, Any]:
    """The decision, why, and the numbers behind it."""
    nothing: dict[str, Any] = {"held_out": 0, "macro_f1": None, "difference": None, "topics": {}}
    figures = judged.held_out.to_dict() if judged.held_out else nothing
    figures["learnt_before"] = judged.before.to_dict() if judged.before else None
    figures["needed"] = needed = gate.missing(judged.held_out) if judged.held_out else gate.FEWEST
    against = []
    if not judged.says_something:
        against.append(
            f"the labels of the {judged.new} new examples follow from their words no better than shuffled ones would: "
            "they are of other posts, or of none"
        )
    if current is None:
        why = "; ".join(against) or "there was no current version"
        return figures | {"decision": REFUSED if against else FIRST, "why": why}
    lost = sorted({topic.name for topic in current.topics} - {topic.name for topic in recipe.topics})
    if lost:
        against.append(f"it no longer knows the topics {', '.join(lost)}")
    against += gate.objections(judged.held_out, judged.before)
    if not against and judged.held_out and judged.held_out.all.difference is None:
        against.append("no labelled post that is held out has a topic that both know, so they cannot be compared")
    if needed and not against:
        held = judged.held_out.all.posts if judged.held_out else 0
        trouble = f" ({judged.trouble})" if judged.trouble else ""
        against.append(f"{held} labelled posts are too few to judge by: it takes about {needed} more{trouble}")
    if against:
        return figures | {"decision": REFUSED, "why": "; ".join(against)}
    return figures | {"decision": PROMOTED, "why": "nothing falls beyond noise"}


def _notes(trial: _Trial, whole: Recipe, frozen: int) -> list[str]:
    """What is worth knowing beside the figures."""
    notes = []
    gone = len(trial.learnt - {example.said for example in whole.examples})
    if gone:
        notes.append(f"{gone} examples that the current version learnt from were not given again, or have other topics now")
    if frozen:
        out = len(whole.examples) - len(trial.recipe.examples)
        notes.append(f"judged by the {frozen} posts of the evaluation file; {out} examples are in it, and were not learnt from")
    if trial.current is not None and trial.past is None:
        notes.append("the current version cannot be made again without what it is judged by, so it is judged as it stands")
    return notes
