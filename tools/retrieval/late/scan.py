"""The scan over compact codes: for each page, each query token's least distance, summed.

Two ways to the same integers: numba, compiled for this processor's bit counting, on all cores
(`pip install pagehop[late]`), and numpy, which needs nothing and takes many times as long.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
Counts = NDArray[np.int64]
Kernel = Callable[[Codes, Counts, Counts, Codes, Counts], None]

_PART = 512  # pages a core takes at a time


def distances(
    codes: Codes, starts: Counts, counts: Counts, query: Codes, bits: int, *, compiled: bool
) -> Counts:
    """How far each page is from a query: the least weighted Hamming distances, summed.

    Args:
        codes: flat; a page of `n` tokens has a block of (bits, words, n) from
            `start * bits * words` on.
        starts: (pages,) rows before each page.
        counts: (pages,) tokens of each page, at least one.
        query: (query tokens, query bits, words).
        bits: planes of the pages' codes.
        compiled: whether to use numba, which must be there.

    Returns:
        (pages,) sums; the same from both ways.
    """
    out = np.zeros(len(starts), dtype=np.int64)
    if not len(starts) or not len(query):
        return out
    if not compiled:
        _plain(codes, starts, counts, query, bits, out)
        return out
    kernel = _kernel(query.shape[2], bits, query.shape[1])
    parts = [slice(at, at + _PART) for at in range(0, len(starts), _PART)]

    def work(part: slice) -> None:
        kernel(codes, starts[part], counts[part], query, out[part])

    if len(parts) == 1:
        work(parts[0])
    else:
        list(_pool().map(work, parts))
    return out


def can_compile() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def _plain(
    codes: Codes, starts: Counts, counts: Counts, query: Codes, bits: int, out: Counts
) -> None:
    words = query.shape[2]
    for at, (start, count) in enumerate(zip(starts, counts, strict=True)):
        first = start * bits * words
        block = codes[first : first + count * bits * words].reshape(bits, words, count)
        total = np.zeros((len(query), count), dtype=np.uint32)
        for a in range(query.shape[1]):
            for b in range(bits):
                different = np.bitwise_count(block[b, 0] ^ query[:, a, 0, None]).astype(np.uint16)
                for word in range(1, words):
                    different += np.bitwise_count(block[b, word] ^ query[:, a, word, None])
                total += np.left_shift(different, a + b, dtype=np.uint32)
        out[at] = total.min(axis=1).sum(dtype=np.int64)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """Threads of our own: numba's are not safe when several threads of a program search."""
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="late-scan")


@lru_cache(maxsize=16)
def _kernel(words: int, bits: int, query_bits: int) -> Kernel:
    from pagehop.tools.retrieval.late.compiled import kernel

    made: Kernel = kernel(words, bits, query_bits)
    return made
