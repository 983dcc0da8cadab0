"""The scan over compact codes: for each page, each query token's highest product, summed.

Two ways to the same integers: numba, compiled for this processor, on all cores
(`pip install pagehop[late]`), and numpy, which needs nothing and takes many times as long.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.codes import Signed, Words, unpacked
from pagehop.tools.retrieval.late.cores import cores, on_all

if TYPE_CHECKING:
    from pagehop.tools.retrieval.late.registers import Way

Counts = NDArray[np.int64]
Kernel = Callable[[Words, Counts, Counts, NDArray[Any], Counts], None]

_PARTS = 4  # for each core, so that all end at about the same time
_LEAST = 64  # pages that are worth waking a thread for

Block = tuple[Words, Counts, Counts]  # codes, starts, counts


def products(blocks: Sequence[Block], query: Signed, bits: int, *, compiled: bool) -> Counts:
    """How near each page is to a query: the highest products of its tokens, summed.

    Args:
        blocks: of each file its codes, flat, where a page of `n` vectors has a block of
            (words, n) from `start * words` on; (pages,) vectors before each page; and (pages,)
            vectors of each, at least one.
        query: (query tokens, width), as `query_bytes` makes it.
        bits: a dimension of the codes.
        compiled: whether to use numba, which must be there.

    Returns:
        (pages of all files,) sums of products with levels; the same from both ways.
    """
    ends = np.cumsum([0, *(len(starts) for _, starts, _ in blocks)])
    out = np.zeros(ends[-1], dtype=np.int64)
    if not len(out) or not len(query):
        return out
    kernel = _compiled(query.shape[1], bits) if compiled else partial(_plain, bits)
    size = max(_LEAST, -(-len(out) // (_PARTS * cores()))) if compiled else len(out)
    parts = [
        (codes, starts[at : at + size], counts[at : at + size], out[first + at : end][:size])
        for (codes, starts, counts), first, end in zip(blocks, ends, ends[1:], strict=False)
        for at in range(0, len(starts), size)
    ]

    def work(part: tuple[Words, Counts, Counts, Counts]) -> None:
        codes, starts, counts, to = part
        kernel(codes, starts, counts, query, to)

    if compiled and len(out) > _LEAST:
        on_all(work, parts)
    else:
        for part in parts:
            work(part)
    return out


def can_compile() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def _plain(
    bits: int, codes: Words, starts: Counts, counts: Counts, query: Signed, out: Counts
) -> None:
    size = query.shape[1] * bits // 32
    asked = query.astype(np.float32)  # which holds all sums of these products exactly
    for at, (start, count) in enumerate(zip(starts, counts, strict=True)):
        level = unpacked(codes[start * size : (start + count) * size], int(count), bits)
        out[at] = (level.astype(np.float32) @ asked.T).max(axis=0).sum(dtype=np.int64)


def _compiled(width: int, bits: int) -> Kernel:
    from pagehop.tools.retrieval.late.compiled import best_way, step

    way = best_way()
    kernel = _kernel(width, bits, way)

    def scan(codes: Words, starts: Counts, counts: Counts, query: Signed, out: Counts) -> None:
        some = step(len(query), way)
        whole = np.zeros((-(-len(query) // some) * some, width), dtype=np.int8)
        whole[: len(query)] = query  # zeros add nothing
        kernel(codes, starts, counts, whole.view(np.int32), some, out)

    return scan


@lru_cache(maxsize=16)
def _kernel(width: int, bits: int, way: "Way") -> Callable[..., None]:
    from pagehop.tools.retrieval.late.compiled import kernel

    made: Callable[..., None] = kernel(width, bits, way)
    return made
