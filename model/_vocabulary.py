"""Text -> the row of each of its words, all at once: a hash table in arrays, looked into by numpy.

A dict of strings takes twice as long, most of it for making each word a string of its own, which is needed for nothing else.

The first and the last eight bytes of a word are read as two numbers and hashed into one of 64 bits, of a longer word with the
rest of it. Two words share one about as often as numbers of 64 bits drawn by lot are equal, and then the one counts for the
other.
"""

import math
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from model.text import NINE, SPACE

UNKNOWN = -1

_EIGHT = np.dtype("<u8")
# By how many bytes of eight belong to the word: what keeps the first ones, and how far to shift for the last ones.
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], dtype=np.uint64)
_SHIFTS = np.array([64 - 8 * size if size else 0 for size in range(9)], dtype=np.uint64)
_PADDING = bytes(8)  # so that eight bytes can be read from wherever a word begins
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
        self._begin = np.searchsorted(self._keys[:-1], np.arange(1 << bits, dtype=np.uint64) << self._shift)

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
    eights: NDArray[Any] = np.ndarray(len(data) + 9, dtype=_EIGHT, buffer=b"".join((_PADDING, data, _PADDING)), strides=(1,))
    lengths = ends - starts
    known = np.minimum(lengths, 8)
    heads: NDArray[np.uint64] = eights.take(starts + 8) & _MASKS.take(known)
    tails = eights.take(ends) >> _SHIFTS.take(known)
    heads ^= heads >> _HALF
    heads *= _FACTOR
    heads += tails
    for long in (lengths > 16).nonzero()[0].tolist():
        heads[long] ^= crc32(data[starts[long] : ends[long]])
    heads ^= heads >> _HALF
    heads *= _FACTOR
    return heads
