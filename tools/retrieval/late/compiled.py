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
    least = _least(words, bits, query_bits)

    @numba.njit(nogil=True)
    def scan(codes: Any, starts: Any, counts: Any, query: Any, out: Any) -> None:
        for page in range(len(starts)):
            n = counts[page]
            first = starts[page] * (bits * words)
            block = codes[first : first + n * (bits * words)]
            total = np.int64(0)
            for token in range(len(query)):
                total += least(block, n, query[token])
            out[page] = total

    return scan


def _least(words: int, bits: int, query_bits: int) -> Any:
    """The least distance of one query token to the tokens of a page."""

    @numba.njit(nogil=True)
    def least(block: Any, n: Any, planes: Any) -> Any:
        best = np.uint64(1 << 40)
        for t in range(n):
            distance = np.uint64(0)
            for b in range(bits):
                for a in range(query_bits):
                    for w in range(words):
                        different = block[(b * words + w) * n + t] ^ planes[a, w]
                        distance += ones(different) << np.uint64(a + b)
            best = min(best, distance)
        return np.int64(best)

    return least
