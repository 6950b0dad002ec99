"""The card of a version: what it learnt from, how well it did, where it is weak, for people."""

from collections.abc import Mapping
from typing import Any

WEAKEST = 2  # topics named as such
FEW = 50  # examples of a topic below which it is said to have few


def write(manifest: Mapping[str, Any]) -> str:
    """A version's manifest (model.json) as Markdown."""
    provenance, metrics = manifest["provenance"], manifest["metrics"]
    rows = [
        f"| {topic['title']} (`{topic['name']}`) | {topic['examples']} | {topic['threshold']:.2f} | {scores['precision']:.2f} | "
        f"{scores['recall']:.2f} | {scores['f1']:.2f} | {scores['average_precision']:.2f} |"
        for topic in manifest["topics"]
        for scores in [topic["out_of_fold"]]
    ]
    libraries = ", ".join(f"{name} {version}" for name, version in provenance["libraries"].items())
    return "\n".join(
        [
            "# Model card",
            "",
            "A topicwire model: TF-IDF over words and pairs of words, and one calibrated linear classifier for each of "
            f"{len(rows)} topics.",
            "",
            "## What it learnt from",
            "",
            f"{provenance['examples']} labelled examples, {provenance['examples_without_topic']} of them without any topic "
            f"(SHA-256 {provenance['examples_sha256']}). Seed {provenance['seed']}; {libraries}.",
            "",
            "## How it was judged",
            "",
            "By its own examples, each scored by a classifier that had not learnt from it (vocabulary, thresholds and "
            "calibration had, which flatters a little). Where these are short posts of one making, as the starter corpus "
            "is, the figures are too good for posts of other kinds: measure on your own with "
            "`topicwire evaluate YOURS --report report.html`.",
            "",
            f"Macro F1 {metrics['out_of_fold_macro_f1']:.3f}, "
            f"mean average precision {metrics['out_of_fold_mean_average_precision']:.3f}.",
            "",
            "| topic | examples | threshold | precision | recall | F1 | average precision |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            "## Where it is weak",
            "",
            *(f"- {weakness}" for weakness in _weaknesses(manifest["topics"])),
            "",
            "It knows words, not meaning: a post that mentions a topic's words without being about it may be tagged, and "
            "a post about a product it never met may not be. It learnt English only; a text of which it knows too few words "
            "gets no topic.",
            "",
        ]
    )


def _weaknesses(topics: list[Mapping[str, Any]]) -> list[str]:
    """The topics to be wary of, by name, the weakest first."""
    by_f1 = sorted(topics, key=lambda topic: (topic["out_of_fold"]["f1"], topic["name"]))
    found = []
    for topic in by_f1[:WEAKEST]:
        scores = topic["out_of_fold"]
        missed, wrong = (round(100 * (1 - scores[what])) for what in ("recall", "precision"))
        found.append(
            f"{topic['title']} (`{topic['name']}`), F1 {scores['f1']:.2f}: of 100 posts that have it {missed} are missed, and of "
            f"100 given it {wrong} don't have it."
        )
    few = [f"{topic['title']} ({topic['examples']})" for topic in topics if topic["examples"] < FEW]
    if few:
        found.append(f"Few examples to learn from, and so figures that may be off: {', '.join(few)}.")
    return found
