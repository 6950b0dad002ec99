"""Text -> the row of each of its words, all at once: a hash table in arrays, looked into by numpy.

A dict of strings takes twice as long, most of it for making each word a string of its own, which is needed for nothing else.

The first eight bytes of a word and the next eight are read as two numbers and hashed into one of 64 bits, with what is left of
a longer word. Two words share one about as often as numbers of 64 bits drawn by lot are equal, and then the one counts for the
other; two of up to eight bytes never do.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.text import NINE, SPACE

UNKNOWN = -1

_EIGHT = np.dtype("<u8")
# By how many bytes a word has: what keeps those of the first eight that are its own, and of the next eight.
_FIRST = np.array([(1 << 8 * min(size, 8)) - 1 for size in range(17)], dtype=np.uint64)
_SECOND = np.array([(1 << 8 * max(size - 8, 0)) - 1 for size in range(17)], dtype=np.uint64)
_PADDING = bytes(16)  # so that sixteen bytes can be read from wherever a word begins
# An odd number without a pattern: 2^64 over the golden ratio (Knuth, "The Art of Computer Programming" 3, 6.4).
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


class Vocabulary:
    """The rows of words. Holds no state between calls; safe to share between threads."""

    def __init__(self, words: Sequence[str], rows: Sequence[int]) -> None:
        encoded = [word.encode("utf-8", "surrogatepass") for word in words]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        ends = lengths.cumsum()
        hashes = _hashes(b"".join(encoded), ends - lengths, ends)
        order = hashes.argsort()
        # Ascending; the last, which is none, is there so that what is sought always has a place before it.
        self._keys = np.append(hashes.take(order), np.uint64(0xFFFF_FFFF_FFFF_FFFF))
        self._rows = np.append(np.asarray(rows, dtype=np.int64).take(order), UNKNOWN)
        # Where to begin to seek a hash, by its first bits; with four places for each word, most are found right there.
        bits = max(1, math.ceil(math.log2(len(words) + 1)) + 2)
        self._shift = np.uint64(64 - bits)
        shared = np.bincount((self._keys[:-1] >> self._shift).astype(np.int64), minlength=1 << bits)
        self._begin = shared.cumsum() - shared

    def rows(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of each word of `model.text.spaced`: its row, `UNKNOWN` if it has none; and the place of its first byte."""
        letters = np.frombuffer(b"".join((b" ", data, b" ")), dtype=np.uint8)
        inside = letters != SPACE
        edges = (inside[1:] != inside[:-1]).nonzero()[0]
        starts, ends = edges[::2], edges[1::2]
        words = (ends - starts > 1) & (letters.take(starts + 1) > NINE)
        starts = starts.compress(words)
        return self._found(_hashes(data, starts, ends.compress(words))), starts

    def _found(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        at = self._begin.take(hashes >> self._shift)
        behind = (self._keys.take(at) < hashes).nonzero()[0]
        at[behind] = self._keys.searchsorted(hashes.take(behind))
        rows = self._rows.take(at)
        rows[self._keys.take(at) != hashes] = UNKNOWN
        return rows


def _hashes(data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The hash of each word."""
    # The eight bytes from each place on. Not by `take`, which would first copy all of them.
    eights: NDArray[Any] = np.ndarray(len(data) + 9, dtype=_EIGHT, buffer=data + _PADDING, strides=(1,))
    lengths = ends - starts
    sizes = np.minimum(lengths, 16)
    hashes: NDArray[np.uint64] = eights[starts] & _FIRST.take(sizes)
    hashes ^= hashes >> _HALF
    hashes *= _FACTOR
    hashes += eights[starts + 8] & _SECOND.take(sizes)
    for long in (lengths > 16).nonzero()[0].tolist():
        hashes[long] ^= int.from_bytes(blake2b(data[starts[long] + 16 : ends[long]], digest_size=8).digest(), "little")
    hashes ^= hashes >> _HALF
    hashes *= _FACTOR
    return hashes
