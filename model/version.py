"""A model version: what it is made of, and how it is read back from its directory, whole or not at all.

    model.json       topics, thresholds, calibration, text settings, provenance
    vocabulary.npy   the words in UTF-8, one a line, sorted          uint8 [bytes]
    pairs.npy        rows of the words of each pair, sorted          int32 [pairs, 2]
    idf.npy          inverse document frequency of each term         float64 [terms]
    coefficients.npy what each term adds to each topic's logit       float64 [terms, topics]
    card.md          the same for people
    learnt.txt       a digest of each example that it learnt from, one a line, sorted; older versions have none
    SHA256SUMS       checksums of the above, in the format of sha256sum
    made             when it was made; beside the content, so that the same training gives the same name

The terms are the words, then the pairs. Nothing is ever unpickled: opening a foreign version cannot run code.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import strict_json
from model.errors import VersionError
from model.posts import parse_timestamp
from model.text import TOKENIZER

FORMAT = 2
NAME_LENGTH = 12
MANIFEST, CARD, LEARNT, CHECKSUMS, MADE = "model.json", "card.md", "learnt.txt", "SHA256SUMS", "made"
_ARRAYS = ("vocabulary", "pairs", "idf", "coefficients")
_REMEDY = "train again, or `topicwire models rollback`"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as a version knows it."""

    name: str
    title: str
    description: str
    threshold: float  # the calibrated score from which the topic is given
    intercept: float  # of the calibrated logit


@dataclass(frozen=True)
class Version:
    """A trained model. The coefficients are of calibrated logits: the sigmoid of their sum is the score."""

    name: str
    topics: tuple[Topic, ...]
    vocabulary: Mapping[str, int]  # word -> row of the arrays
    pairs: NDArray[np.int32]  # [pairs, 2]: rows of the two words of each pair, ascending; their own rows follow the words'
    idf: Floats  # [terms]
    coefficients: Floats  # [terms, topics]
    title_weight: int  # how often each word of the title counts
    passage_words: int  # known words in a passage of a long post
    whole_share: float  # of the whole post in the mean of its vectors
    lead_share: float  # of the first passage, beside its part of the rest, which is that of all passages alike
    known_share: float  # of its words that a text must know to be judged
    manifest: Mapping[str, Any]  # model.json as it stands
    made: datetime | None

    @property
    def terms(self) -> list[str]:
        """Words, then pairs with a space between, in the order of the arrays' rows."""
        words = list(self.vocabulary)
        return words + [f"{words[first]} {words[second]}" for first, second in self.pairs.tolist()]


@dataclass(frozen=True)
class Content:
    """What a version is made of, before it has a name."""

    manifest: Mapping[str, Any]
    vocabulary: Sequence[str]  # the words, sorted, then the pairs, sorted by their words
    idf: Floats
    coefficients: Floats
    card: str
    learnt: Sequence[str] = ()  # a digest of each example

    def files(self) -> dict[str, bytes]:
        """File name -> bytes; the same content gives the same bytes."""
        words, arrays = self._arrays()
        arrays = {"vocabulary": np.frombuffer("\n".join(words).encode(), dtype=np.uint8)} | arrays
        files = {f"{name}.npy": _npy(array) for name, array in arrays.items()}
        files[MANIFEST] = strict_json.dumps_pretty({"format": FORMAT, **self.manifest})
        files[CARD] = self.card.encode()
        if self.learnt:
            files[LEARNT] = "".join(f"{digest}\n" for digest in sorted(self.learnt)).encode()
        sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
        return files | {CHECKSUMS: sums.encode()}

    @cached_property
    def name(self) -> str:
        """What it is called once it is written."""
        return name_of(self.files()[CHECKSUMS])

    def version(self) -> Version:
        """The version that it would be, to be judged before it is written."""
        words, arrays = self._arrays()
        return _version(self.name, self.manifest, words, arrays, None)

    def _arrays(self) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """The words, and all arrays but that of the words."""
        words = [term for term in self.vocabulary if " " not in term]
        rows = {word: row for row, word in enumerate(words)}
        pairs = [[rows[word] for word in term.split(" ")] for term in self.vocabulary[len(words) :]]
        return words, {
            "pairs": np.array(pairs, dtype=np.int32).reshape(-1, 2),
            "idf": self.idf,
            "coefficients": self.coefficients,
        }


def name_of(checksums: bytes) -> str:
    """What a version is called, by its list of checksums."""
    return hashlib.sha256(checksums).hexdigest()[:NAME_LENGTH]


def load(directory: Path) -> Version:
    """Read a version's directory, check all of it, and map its arrays into memory. Raises VersionError."""
    manifest = _manifest(directory)
    sums = _read(directory, CHECKSUMS)
    name = name_of(sums)
    if name != directory.name:
        raise VersionError(f"it is damaged: it is that of {name}; {_REMEDY}", subject=str(directory / CHECKSUMS))
    listed = {
        file: digest
        for digest, file in (line.split("  ", 1) for line in sums.decode("utf-8", "replace").splitlines() if "  " in line)
    }
    for file in (MANIFEST, CARD, *(f"{array}.npy" for array in _ARRAYS)):
        if file not in listed:
            raise VersionError(f"it does not list {file}; {_REMEDY}", subject=str(directory / CHECKSUMS))
    for file, expected in sorted(listed.items()):
        if "/" in file or hashlib.sha256(_read(directory, file)).hexdigest() != expected:
            raise VersionError(f"it is damaged: its checksum does not match; {_REMEDY}", subject=str(directory / file))
    try:
        arrays = {array: np.load(directory / f"{array}.npy", mmap_mode="r", allow_pickle=False) for array in _ARRAYS}
        words = bytes(arrays["vocabulary"]).decode().split("\n") if arrays["vocabulary"].size else []
        version = _version(name, manifest, words, arrays, made(directory))
        _check(version)
    except (ValueError, TypeError, KeyError, AttributeError, OSError, EOFError) as error:
        reason = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise VersionError(
            f"it is no version that this topicwire can read: {reason}; {_REMEDY}", subject=str(directory)
        ) from None
    return version


def _version(
    name: str, manifest: Mapping[str, Any], words: Sequence[str], arrays: Mapping[str, NDArray[Any]], made: datetime | None
) -> Version:
    return Version(
        name=name,
        topics=tuple(
            Topic(str(row["name"]), str(row["title"]), str(row["description"]), float(row["threshold"]), float(row["intercept"]))
            for row in manifest["topics"]
        ),
        vocabulary={word: row for row, word in enumerate(words)},
        pairs=arrays["pairs"],
        idf=arrays["idf"],
        coefficients=arrays["coefficients"],
        title_weight=int(manifest["text"]["title_weight"]),
        passage_words=int(manifest["text"]["passage_words"]),
        whole_share=float(manifest["text"]["whole_share"]),
        lead_share=float(manifest["text"]["lead_share"]),
        known_share=float(manifest["text"]["known_share"]),
        manifest=manifest,
        made=made,
    )


def _check(version: Version) -> None:
    """What checksums cannot tell: a version somebody else made may be whole and still make no sense."""
    words, pairs, topics = len(version.vocabulary), version.pairs, len(version.topics)
    if pairs.dtype != np.int32 or pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError("pairs must be int32 in two columns")
    keys = pairs[:, 0].astype(np.int64) * words + pairs[:, 1]
    if pairs.size and not (pairs.min() >= 0 and pairs.max() < words and (np.diff(keys) > 0).all()):
        raise ValueError("its pairs are not of its words, or not in order")
    terms = words + len(pairs)
    if version.idf.dtype != np.float64 or version.coefficients.dtype != np.float64:
        raise ValueError("idf and coefficients must be float64")
    if version.idf.shape != (terms,) or version.coefficients.shape != (terms, topics):
        raise ValueError(
            f"{terms} terms and {topics} topics do not fit arrays of {version.idf.shape} and {version.coefficients.shape}"
        )
    if not (np.isfinite(version.idf).all() and np.isfinite(version.coefficients).all()):
        raise ValueError("it has coefficients that are no finite numbers")
    if not topics or len({topic.name for topic in version.topics}) != topics:
        raise ValueError("its topics are none, or not distinct")
    if not all(0 <= topic.threshold <= 1 and np.isfinite(topic.intercept) for topic in version.topics):
        raise ValueError("a threshold is not within 0 and 1")
    shares = (version.whole_share, version.lead_share, 1 - version.whole_share - version.lead_share, version.known_share)
    if version.title_weight < 0 or version.passage_words < 1 or not all(0 <= share <= 1 for share in shares):
        raise ValueError("its text settings are out of range")
    float(version.manifest["metrics"]["out_of_fold_macro_f1"]), int(version.manifest["provenance"]["examples"])
    if version.manifest["text"]["tokenizer"] != TOKENIZER:
        raise ValueError(f"its words were split by {version.manifest['text']['tokenizer']!r}, here it is {TOKENIZER!r}")


def _manifest(directory: Path) -> dict[str, Any]:
    path = str(directory / MANIFEST)
    try:
        manifest = strict_json.loads(_read(directory, MANIFEST))
    except ValueError as error:
        raise VersionError(f"it is damaged: {error}; {_REMEDY}", subject=path) from None
    number = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(number, int):
        raise VersionError(f"it does not say its format, so it is no model version; {_REMEDY}", subject=path)
    if number != FORMAT:
        remedy = "upgrade topicwire" if number > FORMAT else "train again"
        raise VersionError(f"it has format {number}, this topicwire reads format {FORMAT}; {remedy}", subject=path)
    return dict(manifest)


def _read(directory: Path, file: str) -> bytes:
    try:
        return (directory / file).read_bytes()
    except OSError as error:
        reason = "it is missing" if isinstance(error, FileNotFoundError) else f"it cannot be read ({error.strerror})"
        raise VersionError(f"{reason}; {_REMEDY}", subject=str(directory / file)) from None


def made(directory: Path) -> datetime | None:
    try:
        return parse_timestamp((directory / MADE).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def is_name(name: str) -> bool:
    return len(name) == NAME_LENGTH and all(character in "0123456789abcdef" for character in name)


def _npy(array: NDArray[Any]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
