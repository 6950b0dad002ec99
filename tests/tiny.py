"""Versions by hand, in no time: each word given speaks for the one topic it is given to, and nothing else does."""

from collections.abc import Mapping

import numpy as np

from model.text import TOKENIZER
from model.version import FORMAT, Content

TITLES = {"containers": "Containers", "networking": "Networking"}


def content(words: Mapping[str, str], *, note: str = "", topics: Mapping[str, str] = TITLES, filler: int = 0) -> Content:
    """`note` makes another version that says the same; `filler` is a number of words more, to make it large."""
    names = list(topics)
    vocabulary = sorted({*words, *(f"filler{number:07}" for number in range(filler))})
    coefficients = np.zeros((len(vocabulary), len(names)))
    for word, topic in words.items():
        coefficients[vocabulary.index(word), names.index(topic)] = 20.0
    manifest = {
        "format": FORMAT,
        "topics": [
            {"name": name, "title": title, "description": "", "threshold": 0.5, "intercept": -4.0}
            for name, title in topics.items()
        ],
        "text": {
            "tokenizer": TOKENIZER,
            "title_weight": 1,
            "passage_words": 60,
            "whole_share": 0.3,
            "lead_share": 0.2,
            "known_share": 0.0,
        },
        "metrics": {"out_of_fold_macro_f1": 0.5, "out_of_fold_mean_average_precision": 0.5},
        "provenance": {"examples": 10, "note": note},
    }
    return Content(manifest, vocabulary, np.ones(len(vocabulary)), coefficients, f"# Model card\n\n{note}\n")
