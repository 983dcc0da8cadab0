# ruff: noqa: ANN401 - numba compiles for the types it sees
"""The scan of `scan.py`, compiled by numba; imported only where numba is installed.

Codes are brought to one byte a dimension, 32 vectors at a time, and multiplied with five of the
query's tokens at a time, whose sums stay in registers. What comes next is fetched to the cache
meanwhile: from memory a page of 730 vectors costs about 11 microseconds for 20 query tokens, and
one of 32 vectors 0.6; from the cache, two thirds of that.
"""

from typing import Any

import numba
import numpy as np

from pagehop.tools.retrieval.late.codes import TOGETHER
from pagehop.tools.retrieval.late.registers import (
    GROUPS,
    TOKENS,
    Way,
    fetch,
    multiplier,
    unpacker,
    wide,
)

_AHEAD = 1_024  # words that are fetched before they are needed


def kernel(width: int, bits: int, way: Way) -> Any:
    """The scan for codes of `bits` a dimension, of vectors of `width` dimensions."""
    words, held = width * bits // 32, width // 4
    spread_out, multiply = _spreader(width, bits), multiplier(width, way)

    @numba.njit(nogil=True)
    def scan(codes: Any, starts: Any, counts: Any, query: Any, out: Any) -> None:
        wide()
        spread = _aligned(GROUPS * held * TOGETHER)
        best = _aligned(len(query) * TOGETHER)
        short = np.empty(words * TOGETHER, np.uint32)
        for page in range(len(starts)):
            first, end = starts[page] * words, (starts[page] + counts[page]) * words
            if page + 1 < len(starts):
                _fetched(codes, starts[page + 1] * words, min(counts[page + 1] * words, _AHEAD))
            best[:] = -(2**31)
            while first < end:
                if first + _AHEAD < end:
                    _fetched(codes, first + _AHEAD, GROUPS * TOGETHER * words)
                spread_out(codes, first, end, short, spread)
                for asked in range(0, len(query), TOKENS):
                    multiply(spread, query, best, asked)
                first += GROUPS * TOGETHER * words
            out[page] = _summed(best, len(query))

    return scan


def _spreader(width: int, bits: int) -> Any:
    """Brings the next codes to bytes; if these are too few, some of them again."""
    unpack, words = unpacker(width, bits), width * bits // 32

    @numba.njit(nogil=True)
    def spread_out(codes: Any, first: Any, end: Any, short: Any, spread: Any) -> None:
        wide()
        for group in range(GROUPS):
            left = (end - first) // words
            if left >= TOGETHER:
                unpack(codes, first, spread, group)
                first += TOGETHER * words
            elif left > 0:
                for i in range(words * TOGETHER):
                    lane = min(i % TOGETHER, left - 1)
                    short[i] = codes[first + i // TOGETHER * left + lane]
                unpack(short, 0, spread, group)
                first = end
            else:
                size = len(spread) // GROUPS
                spread[group * size : (group + 1) * size] = spread[:size]

    return spread_out


@numba.njit(nogil=True)
def _fetched(codes: Any, first: Any, words: Any) -> None:
    for at in range(first, first + words, 16):  # a line of the cache
        fetch(codes, at)


@numba.njit(nogil=True)
def _summed(best: Any, tokens: Any) -> Any:
    """The highest product of each query token, over all lanes, summed."""
    wide()
    total = np.int64(0)
    for token in range(tokens):
        highest = best[token * TOGETHER]
        for lane in range(1, TOGETHER):
            highest = max(highest, best[token * TOGETHER + lane])
        total += highest
    return total


@numba.njit(nogil=True)
def _aligned(count: Any) -> Any:
    """Memory for so many 32-bit numbers that begins with a line of the cache."""
    held = np.empty(count + 16, np.int32)
    skipped = (-held.ctypes.data % 64) // 4
    return held[skipped : skipped + count]
