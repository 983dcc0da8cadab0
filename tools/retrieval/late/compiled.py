# ruff: noqa: ANN401 - numba compiles for the types it sees
"""The scan of `scan.py`, compiled by numba; imported only where numba is installed.

Codes are brought to one byte a dimension, 32 vectors at a time, and multiplied with some of the
query's tokens at a time: by tiles, or by registers. What comes next is fetched to the cache
meanwhile. From the cache a page of 730 vectors costs 3 microseconds by tiles for 20 query tokens
and 7 by registers, one of 32 vectors .14 and .3; from memory as much again for the wait.
"""

from typing import Any

import numba
import numpy as np

from pagehop.tools.retrieval.late import tiles
from pagehop.tools.retrieval.late.codes import TOGETHER
from pagehop.tools.retrieval.late.registers import (
    GROUPS,
    TOKENS,
    Way,
    fetch,
    has,
    keep,
    multiplier,
    top,
    unpacker,
    wide,
)

_AHEAD = 1_024  # words that are fetched before they are needed


def best_way() -> Way:
    """How this processor multiplies fastest."""
    if tiles.can_use():
        return "tiles"
    return "bytes" if has("avx512vnni") else "pairs"


def step(tokens: int, way: Way) -> int:
    """How many of a query's tokens are multiplied at a time; it must have a multiple of them."""
    return tiles.step(tokens) if way == "tiles" else TOKENS


def kernel(width: int, bits: int, way: Way) -> Any:
    """The scan for codes of `bits` a dimension, of vectors of `width` dimensions."""
    words, held = width * bits // 32, width // 4
    together = GROUPS * TOGETHER * words
    unpack, unpack_last = unpacker(width, bits), _last_unpacker(width, bits)
    fetched = _fetcher(together)
    begin, multiply, end = _by_tiles(width) if way == "tiles" else _by_registers(width, way)

    @numba.njit(nogil=True)
    def scan(codes: Any, starts: Any, counts: Any, query: Any, step: Any, out: Any) -> None:
        wide()
        spread = _aligned(GROUPS * held * TOGETHER)
        best = _aligned(len(query) * TOGETHER)
        short = np.empty(words * TOGETHER, np.uint32)
        products = begin(step)
        for page in range(len(starts)):
            first, last = starts[page] * words, (starts[page] + counts[page]) * words
            following = starts[min(page + 1, len(starts) - 1)] * words
            ahead = min(last - first, _AHEAD)
            best[:] = -(2**31)
            while first < last:
                after = first + ahead
                fetched(codes, after if after < last else following + after - last)
                if first + together <= last:
                    for group in range(GROUPS):
                        unpack(codes, first + group * TOGETHER * words, spread, group)
                else:
                    unpack_last(codes, first, last, short, spread)
                multiply(spread, query, step, products, best)
                first += together
            out[page] = _summed(best, len(query))
        end()

    return scan


def _by_tiles(width: int) -> tuple[Any, Any, Any]:
    """What is done before, for the vectors at hand, and after."""
    multiplied = tiles.multiplier(width)

    @numba.njit(nogil=True)
    def begin(step: Any) -> Any:
        tiles.configure(tiles.configured(step // tiles.BLOCKS))
        return _aligned(step * GROUPS * TOGETHER)

    @numba.njit(nogil=True)
    def multiply(spread: Any, query: Any, step: Any, products: Any, best: Any) -> None:
        wide()
        for asked in range(0, len(query), step):
            multiplied(spread, query, products, asked, step // tiles.BLOCKS)
            for token in range(step):
                keep(products, best, token, asked + token)

    @numba.njit(nogil=True)
    def end() -> None:
        tiles.release()

    return begin, multiply, end


def _by_registers(width: int, way: Way) -> tuple[Any, Any, Any]:
    multiplied = multiplier(width, way)

    @numba.njit(nogil=True)
    def begin(_step: Any) -> Any:
        return np.empty(0, np.int32)  # no product leaves its register

    @numba.njit(nogil=True)
    def multiply(spread: Any, query: Any, step: Any, _products: Any, best: Any) -> None:
        wide()
        for asked in range(0, len(query), step):
            multiplied(spread, query, best, asked)

    @numba.njit(nogil=True)
    def end() -> None:
        pass

    return begin, multiply, end


def _last_unpacker(width: int, bits: int) -> Any:
    """Brings the last codes of a page to bytes, which are too few: some of them again."""
    unpack, words = unpacker(width, bits), width * bits // 32

    @numba.njit(nogil=True)
    def unpack_last(codes: Any, first: Any, end: Any, short: Any, spread: Any) -> None:
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

    return unpack_last


def _fetcher(words: int) -> Any:
    @numba.njit(nogil=True)
    def fetched(codes: Any, first: Any) -> None:
        for at in range(0, words, 16):  # a line of the cache
            fetch(codes, first + at)

    return fetched


@numba.njit(nogil=True)
def _summed(best: Any, tokens: Any) -> Any:
    """The highest product of each query token, over all lanes, summed."""
    wide()
    total = np.int64(0)
    for token in range(tokens):
        total += top(best, token)
    return total


@numba.njit(nogil=True)
def _aligned(count: Any) -> Any:
    """Memory for so many 32-bit numbers that begins with a line of the cache."""
    held = np.empty(count + 16, np.int32)
    skipped = (-held.ctypes.data % 64) // 4
    return held[skipped : skipped + count]
