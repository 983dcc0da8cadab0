# ruff: noqa: ANN401 - numba compiles for the types it sees
"""Products of 8-bit numbers by tiles (AMX): sixteen by sixteen sums of 64 products each at once.

A tile is up to 16 rows of 64 bytes. Of a query a row holds 64 dimensions of one token; of vectors,
four dimensions of each of 16, as `registers.py` holds them. A processor that can do this may still
not do it for a program that did not ask the system first: `can_use` asks.
"""

import ctypes
import platform
from functools import lru_cache
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from pagehop.tools.retrieval.late.registers import LONG, declared, has, pointer

ROWS = 16  # of a tile, at most
BLOCKS = 2  # of rows of a query that are multiplied at a time, and registers of vectors

_BYTE, _NOTHING = ir.IntType(8), ir.VoidType()
_POINTER = _BYTE.as_pointer()
_LINE = 64  # bytes of a row
_SUMS, _ASKED, _VECTORS = (
    0,
    4,
    6,
)  # the first tiles of each kind; each has BLOCKS, sums their square
_ARCH_PRCTL, _REQUEST, _TILES = 158, 0x1023, 18  # numbers of Linux on x86-64


@lru_cache(maxsize=1)
def can_use() -> bool:
    """Whether this processor has tiles, and the system lets this program use them."""
    if not has("amx-int8") or platform.system() != "Linux":
        return False
    return bool(ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST, _TILES) == 0)


def step(tokens: int) -> int:
    """How many of a query's tokens are multiplied at a time: as few rows as fill whole tiles."""
    times = -(-tokens // (BLOCKS * ROWS))
    return BLOCKS * -(-tokens // (BLOCKS * times))


@numba.njit(nogil=True)
def configured(rows: Any) -> Any:
    """The shapes of all tiles, for so many rows of a query; to be kept while they are used."""
    shapes = np.zeros(_LINE, np.uint8)
    shapes[0] = 1
    for tile in range(_VECTORS + BLOCKS):
        shapes[16 + 2 * tile] = _LINE
        shapes[48 + tile] = ROWS if tile >= _VECTORS else rows
    return shapes


def _configure(_context: Any, shapes: Any) -> Any:
    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_NOTHING, [_POINTER])
        at = builder.bitcast(pointer(target, builder, signature, arguments, 0), _POINTER)
        builder.call(declared(builder, "llvm.x86.ldtilecfg", kind), [at])
        return target.get_dummy_value()

    return numba.types.void(shapes), emit


def _release(_context: Any) -> Any:
    def emit(target: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        kind = ir.FunctionType(_NOTHING, [])
        builder.call(declared(builder, "llvm.x86.tilerelease", kind), [])
        return target.get_dummy_value()

    return numba.types.void(), emit


configure: Any = intrinsic(_configure)  # gives this thread's tiles their shapes
release: Any = intrinsic(_release)  # lets the system no longer keep them for this thread


def multiplier(width: int) -> Any:
    """The products of two blocks of a query's tokens with two registers of vectors.

    They lie by token, each with a number for each of the vectors.
    """

    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        spread, query, products = (
            builder.bitcast(pointer(target, builder, signature, arguments, at), _POINTER)
            for at in range(3)
        )
        first, rows = arguments[3:]
        tiles = _Tiles(builder)
        for at in range(BLOCKS * BLOCKS):
            tiles.zero(_SUMS + at)
        asked = builder.gep(query, [builder.mul(first, LONG(width))])
        for part in range(width // _LINE):
            for block in range(BLOCKS):
                row = builder.mul(builder.mul(rows, LONG(block)), LONG(width))
                row = builder.add(row, LONG(part * _LINE))
                tiles.load(_ASKED + block, builder.gep(asked, [row]), width)
                register = LONG((block * width // 4 + part * ROWS) * _LINE)
                tiles.load(_VECTORS + block, builder.gep(spread, [register]), _LINE)
            for sums in range(BLOCKS * BLOCKS):
                block, group = divmod(sums, BLOCKS)
                tiles.multiply(_SUMS + sums, _ASKED + block, _VECTORS + group)
        for sums in range(BLOCKS * BLOCKS):
            block, group = divmod(sums, BLOCKS)
            row = builder.mul(builder.mul(rows, LONG(block)), LONG(BLOCKS * _LINE))
            to = builder.gep(products, [builder.add(row, LONG(group * _LINE))])
            tiles.store(_SUMS + sums, to, BLOCKS * _LINE)
        return target.get_dummy_value()

    def typed(
        _context: Any, spread: Any, query: Any, products: Any, _first: Any, _rows: Any
    ) -> Any:
        return numba.types.void(spread, query, products, numba.int64, numba.int64), emit

    return intrinsic(typed)


class _Tiles:
    """The instructions for tiles, which are named by their numbers."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder

    def zero(self, tile: int) -> None:
        self._call("tilezero", [_BYTE], [_BYTE(tile)])

    def load(self, tile: int, at: Any, row: int) -> None:
        """From memory, where a row begins so many bytes after the one before."""
        self._call("tileloadd64", [_BYTE, _POINTER, LONG], [_BYTE(tile), at, LONG(row)])

    def store(self, tile: int, at: Any, row: int) -> None:
        self._call("tilestored64", [_BYTE, _POINTER, LONG], [_BYTE(tile), at, LONG(row)])

    def multiply(self, sums: int, signed: int, unsigned: int) -> None:
        """Add the products to sums."""
        self._call("tdpbsud", [_BYTE] * 3, [_BYTE(one) for one in (sums, signed, unsigned)])

    def _call(self, name: str, kinds: list[Any], values: list[Any]) -> None:
        kind = ir.FunctionType(_NOTHING, kinds)
        self._builder.call(declared(self._builder, f"llvm.x86.{name}", kind), values)
