# ruff: noqa: ANN401 - numba compiles for the types it sees
"""The scan of `scan.py`, compiled by numba; imported only where numba is installed.

The sizes are constants of the compiled function, so that all loops but the one over tokens unroll
and that one runs over whole vector registers. `ctpop` is the processor's own bit count: a page of
730 tokens costs about 2 microseconds a bit plane for 20 query tokens.
"""

from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic


def _ones(_context: Any, _word: Any) -> Any:
    def emit(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return numba.types.uint64(numba.types.uint64), emit


def _wide(_context: Any) -> Any:
    def emit(target: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        # LLVM halves its vectors on processors whose clock once fell with wide ones. llvmlite
        # knows no such attribute and would refuse it, hence the set's own method.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return target.get_dummy_value()

    return numba.types.none(), emit


ones: Any = intrinsic(_ones)  # how many bits of a 64-bit word are set
wide: Any = intrinsic(_wide)  # lets a function use the widest vectors that there are


def kernel(words: int, bits: int, query_bits: int) -> Any:
    """The scan for codes of `bits` planes of `words` words, and queries of `query_bits` planes."""
    least = _least(words, bits, query_bits)

    @numba.njit(nogil=True)
    def scan(codes: Any, starts: Any, counts: Any, query: Any, out: Any) -> None:
        wide()
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
        wide()
        best = np.uint64(1 << 40)
        for t in range(n):
            distance = np.uint64(0)
            for weight in range(bits + query_bits - 1):
                part = np.uint64(0)  # of one power of two: shifted once
                for b in range(bits):
                    if 0 <= weight - b < query_bits:
                        for w in range(words):
                            part += ones(block[(b * words + w) * n + t] ^ planes[weight - b, w])
                distance += part << np.uint64(weight)
            best = min(best, distance)
        return np.int64(best)

    return least
