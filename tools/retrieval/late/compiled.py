# ruff: noqa: ANN401 - numba compiles for the types it sees
"""The scan of `scan.py`, compiled by numba; imported only where numba is installed.

The sizes are constants of the compiled function, so that all loops but the one over tokens unroll
and that one runs over whole vector registers. `ctpop` is the processor's own bit count: a page of
730 tokens costs about 3 microseconds a bit plane for 23 query tokens.
"""

from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic


def _ones(_context: Any, _word: Any) -> Any:
    def emit(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return numba.types.uint64(numba.types.uint64), emit


ones: Any = intrinsic(_ones)  # how many bits of a 64-bit word are set


def kernel(words: int, bits: int, query_bits: int) -> Any:
    """The scan for codes of `bits` planes of `words` words, and queries of `query_bits` planes."""
    distance, least4 = _kernels(words, bits, query_bits)

    @numba.njit(nogil=True)
    def scan(codes: Any, starts: Any, counts: Any, query: Any, out: Any) -> None:
        fours = len(query) // 4 * 4
        for page in range(len(starts)):
            n = counts[page]
            first = starts[page] * (bits * words)
            block = codes[first : first + n * (bits * words)]
            total = np.int64(0)
            for token in range(0, fours, 4):
                total += least4(block, n, query[token : token + 4])
            for token in range(fours, len(query)):
                best = np.uint64(1 << 40)
                for t in range(n):
                    best = min(best, distance(block, n, t, query[token]))
                total += np.int64(best)
            out[page] = total

    return scan


def _kernels(words: int, bits: int, query_bits: int) -> tuple[Any, Any]:
    """The distance of two tokens, and the least ones of four query tokens, summed."""

    @numba.njit(nogil=True)
    def distance(block: Any, n: Any, t: Any, planes: Any) -> Any:
        total = np.uint64(0)
        for b in range(bits):
            for w in range(words):
                word = block[(b * words + w) * n + t]
                for a in range(query_bits):
                    total += ones(word ^ planes[a, w]) << np.uint64(a + b)
        return total

    @numba.njit(nogil=True)
    def least4(block: Any, n: Any, planes: Any) -> Any:
        # Four at once: their loads are shared, and each page's overhead is a quarter.
        best0 = best1 = best2 = best3 = np.uint64(1 << 40)
        for t in range(n):
            best0 = min(best0, distance(block, n, t, planes[0]))
            best1 = min(best1, distance(block, n, t, planes[1]))
            best2 = min(best2, distance(block, n, t, planes[2]))
            best3 = min(best3, distance(block, n, t, planes[3]))
        return np.int64(best0 + best1 + best2 + best3)

    return distance, least4
