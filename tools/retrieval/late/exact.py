# ruff: noqa: ANN401 - numba compiles for the types it sees
"""Exact MaxSim over 16-bit vectors as they lie in memory, compiled by numba.

Each product is a sum of 16 sums in 32-bit floats, of every sixteenth dimension each, in an order
that nothing changes: so a page's score depends neither on what is scored beside it nor on threads.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core.cgutils import for_range
from numba.extending import intrinsic
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.codes import TOGETHER
from pagehop.tools.retrieval.late.cores import on_all
from pagehop.tools.retrieval.late.maxsim import DECIMALS, Similarity
from pagehop.tools.retrieval.late.registers import LONG, declared, has, wide

_FLOAT = ir.FloatType()
_FLOATS = ir.VectorType(_FLOAT, TOGETHER)
_HALVES = ir.VectorType(ir.HalfType(), TOGETHER)


def can_use(dim: int) -> bool:
    """Whether this processor widens 16-bit floats, and vectors of this length fill registers."""
    return has("f16c") and has("fma") and dim % TOGETHER == 0


def maxsim(query: NDArray[np.float32], pages: Sequence[NDArray[np.float16]]) -> list[Similarity]:
    """MaxSim of a query with each page, on all cores; where products are equal, the first counts.

    Args:
        query: (query tokens, dim), rows of unit length; at least one.
        pages: (tokens, dim) each, rows of unit length; at least one; as they are mapped.
    """
    score = _scorer(query.shape[1])

    def scored(page: NDArray[np.float16]) -> Similarity:
        best = np.full(len(query), -np.inf, dtype=np.float32)
        where = np.zeros(len(query), dtype=np.int64)
        score(query, page.view(np.uint16), best, where)
        return Similarity(round(float(best.sum()), DECIMALS), where)

    return on_all(scored, pages)


@lru_cache(maxsize=4)
def _scorer(dim: int) -> Any:
    compare = _comparer(dim)

    @numba.njit(nogil=True)
    def score(query: Any, page: Any, best: Any, where: Any) -> None:
        wide()
        for row in range(0, len(page), 2):
            compare(query, page, row, best, where)

    return score


def _comparer(dim: int) -> Any:
    """Multiplies two rows, or the last one twice, with a query, and keeps what is higher.

    The rows stay in registers for all of the query's tokens.
    """
    registers = dim // TOGETHER

    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        query, page, best, where = (
            target.make_array(signature.args[at])(target, builder, arguments[at])
            for at in (0, 1, 3, 4)
        )
        tokens, end = (builder.udiv(one.nitems, LONG(dim)) for one in (query, page))
        following = builder.add(arguments[2], LONG(1))
        ended = builder.icmp_signed("==", following, end)
        rows = [arguments[2], builder.select(ended, arguments[2], following)]
        held = [
            _widened(builder, page.data, builder.mul(row, LONG(dim)), registers) for row in rows
        ]
        with for_range(builder, tokens) as loop:
            asked = builder.gep(query.data, [builder.mul(loop.index, LONG(dim))])
            asked = builder.bitcast(asked, _FLOATS.as_pointer())
            highest, at = (builder.gep(one.data, [loop.index]) for one in (best, where))
            for row, product in zip(rows, _products(builder, asked, held), strict=True):
                higher = builder.fcmp_ordered(">", product, builder.load(highest))
                builder.store(builder.select(higher, product, builder.load(highest)), highest)
                builder.store(builder.select(higher, row, builder.load(at)), at)
        return target.get_dummy_value()

    def typed(_context: Any, query: Any, page: Any, _row: Any, best: Any, where: Any) -> Any:
        return numba.types.void(query, page, numba.int64, best, where), emit

    return intrinsic(typed)


def _widened(builder: Any, page: Any, first: Any, registers: int) -> list[Any]:
    """One row, in registers of 32-bit floats."""
    row = builder.bitcast(builder.gep(page, [first]), _HALVES.as_pointer())
    return [
        builder.fpext(builder.load(builder.gep(row, [LONG(at)]), align=2), _FLOATS)
        for at in range(registers)
    ]


def _products(builder: Any, asked: Any, rows: list[list[Any]]) -> list[Any]:
    """The products of one token with some rows."""
    fuse = declared(builder, "llvm.fma.v16f32", ir.FunctionType(_FLOATS, [_FLOATS] * 3))
    total = declared(
        builder, "llvm.vector.reduce.fadd.v16f32", ir.FunctionType(_FLOAT, [_FLOAT, _FLOATS])
    )
    sums = [ir.Constant(_FLOATS, [0.0] * TOGETHER)] * len(rows)
    for at in range(len(rows[0])):
        one = builder.load(builder.gep(asked, [LONG(at)]), align=4)
        sums = [
            builder.call(fuse, [one, row[at], so_far])
            for row, so_far in zip(rows, sums, strict=True)
        ]
    return [builder.call(total, [_FLOAT(-0.0), one], fastmath=("reassoc",)) for one in sums]
