"""The scan over compact codes: for each page, each query token's least distance, summed.

Two ways to the same integers: numba, compiled for this processor's bit counting, on all cores
(`pip install pagehop[late]`), and numpy, which needs nothing and takes many times as long.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
Counts = NDArray[np.int64]
Kernel = Callable[[Codes, Counts, Counts, Codes, Counts], None]

_PARTS = 4  # for each core, so that all end at about the same time
_LEAST = 64  # pages that are worth waking a thread for

Block = tuple[Codes, Counts, Counts]  # codes, starts, counts


def distances(blocks: Sequence[Block], query: Codes, bits: int, *, compiled: bool) -> Counts:
    """How far each page is from a query: the least weighted Hamming distances, summed.

    Args:
        blocks: of each file its codes, flat, where a page of `n` tokens has a block of
            (bits, words, n) from `start * bits * words` on; (pages,) rows before each page; and
            (pages,) tokens of each, at least one.
        query: (query tokens, query bits, words).
        bits: planes of the pages' codes.
        compiled: whether to use numba, which must be there.

    Returns:
        (pages of all files,) sums; the same from both ways.
    """
    ends = np.cumsum([0, *(len(starts) for _, starts, _ in blocks)])
    out = np.zeros(ends[-1], dtype=np.int64)
    if not len(out) or not len(query):
        return out
    kernel = _kernel(query.shape[2], bits, query.shape[1]) if compiled else partial(_plain, bits)
    size = max(_LEAST, -(-len(out) // (_PARTS * _cores()))) if compiled else len(out)
    parts = [
        (codes, starts[at : at + size], counts[at : at + size], out[first + at : end][:size])
        for (codes, starts, counts), first, end in zip(blocks, ends, ends[1:], strict=False)
        for at in range(0, len(starts), size)
    ]

    def work(part: tuple[Codes, Counts, Counts, Counts]) -> None:
        codes, starts, counts, to = part
        kernel(codes, starts, counts, query, to)

    if compiled and len(out) > _LEAST:
        list(_pool().map(work, parts))
    else:
        for part in parts:
            work(part)
    return out


def can_compile() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def _plain(
    bits: int, codes: Codes, starts: Counts, counts: Counts, query: Codes, out: Counts
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
    return ThreadPoolExecutor(_cores(), thread_name_prefix="late-scan")


def _cores() -> int:
    return len(os.sched_getaffinity(0))


@lru_cache(maxsize=16)
def _kernel(words: int, bits: int, query_bits: int) -> Kernel:
    from pagehop.tools.retrieval.late.compiled import kernel

    made: Kernel = kernel(words, bits, query_bits)
    return made
