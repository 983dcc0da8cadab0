# ruff: noqa: ANN401 - numba compiles for the types it sees
"""What `compiled.py` says register by register, in the words of LLVM: numba has none for it.

A register holds four bytes of each of 16 vectors. Processors with AVX-512 VNNI multiply and add
its 64 bytes by one instruction; others do the same by 16-bit products, which no sum overflows.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numba
from llvmlite import ir
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from pagehop.tools.retrieval.late.codes import TOGETHER

Way: TypeAlias = Literal["tiles", "bytes", "pairs"]  # of multiplying: `tiles.py`; 8, or 16 bits

TOKENS = 5  # of a query, multiplied at a time: it must have a multiple of them
GROUPS = 2  # registers of vectors at a time
_FLUSH = 16  # registers whose products a 16-bit sum holds: 16 * 2 * 7 * 127 < 2**15

_INT, LONG = ir.IntType(32), ir.IntType(64)
_REGISTER, _PAIRS = ir.VectorType(_INT, TOGETHER), ir.VectorType(ir.IntType(16), 2 * TOGETHER)


def _wide(_context: Any) -> Any:
    def emit(target: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        # LLVM halves its vectors on processors whose clock once fell with wide ones. llvmlite
        # knows no such attribute and would refuse it, hence the set's own method.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return target.get_dummy_value()

    return numba.types.none(), emit


def _fetch(_context: Any, codes: Any, _at: Any) -> Any:
    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _INT, _INT, _INT])
        at = builder.gep(pointer(target, builder, signature, arguments, 0), [arguments[1]])
        # To be read; to be kept in the second cache, which can wait for more lines; data.
        call = declared(builder, "llvm.prefetch.p0i8", kind)
        builder.call(call, [builder.bitcast(at, byte), _INT(0), _INT(2), _INT(1)])
        return target.get_dummy_value()

    return numba.types.void(codes, numba.int64), emit


def _keep(_context: Any, products: Any, best: Any, _at: Any, _token: Any) -> Any:
    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made, best = (
            builder.bitcast(
                pointer(target, builder, signature, arguments, at), _REGISTER.as_pointer()
            )
            for at in range(2)
        )
        first = builder.mul(arguments[2], LONG(GROUPS))
        places = [builder.gep(made, [builder.add(first, LONG(group))]) for group in range(GROUPS)]
        held = [builder.load(place, align=64) for place in places]
        _kept(builder, held, builder.gep(best, [arguments[3]]))
        return target.get_dummy_value()

    return numba.types.void(products, best, numba.int64, numba.int64), emit


def _top(_context: Any, best: Any, _token: Any) -> Any:
    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = builder.bitcast(
            pointer(target, builder, signature, arguments, 0), _REGISTER.as_pointer()
        )
        register = builder.load(builder.gep(held, [arguments[1]]), align=64)
        kind = ir.FunctionType(_INT, [_REGISTER])
        call = declared(builder, f"llvm.vector.reduce.smax.v{TOGETHER}i32", kind)
        return builder.sext(builder.call(call, [register]), LONG)

    return numba.int64(best, numba.int64), emit


wide: Any = intrinsic(_wide)  # lets a function use the widest vectors that there are
fetch: Any = intrinsic(_fetch)  # has a line of memory brought to the second cache, wherever it is
keep: Any = intrinsic(_keep)  # of products that lie in memory, by token, the highest
top: Any = intrinsic(_top)  # the highest of a register


def has(feature: str) -> bool:
    """Whether this processor has it, by LLVM's name."""
    return f"+{feature}" in cpu_target.target_context.codegen().magic_tuple()[2].split(",")


def unpacker(width: int, bits: int) -> Any:
    """Brings 16 codes to bytes: `width / 4` registers, as `codes.py` says."""

    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        codes, spread = (pointer(target, builder, signature, arguments, at) for at in (0, 2))
        _, first, _, group = arguments
        base = builder.mul(group, LONG(width // 4))
        whole = builder.bitcast(builder.gep(codes, [first]), _REGISTER.as_pointer())
        # All are read first: a read waits for writes before it whose address ends alike.
        read = [
            builder.load(builder.gep(whole, [LONG(at)]), align=4)
            for at in range(width * bits // 32)
        ]
        to = builder.gep(builder.bitcast(spread, _REGISTER.as_pointer()), [base])
        for at in range(width // 4):
            u, j = divmod(at, 4)
            level = builder.and_(_shifted(builder, read[u], 2 * j), _splat(0x03030303))
            if bits > 2:
                bit = _shifted(builder, read[width // 16 + u // 2], 4 * (u % 2) + j - 2)
                level = builder.or_(level, builder.and_(bit, _splat(0x04040404)))
            builder.store(level, builder.gep(to, [LONG(at)]), align=64)
        return target.get_dummy_value()

    def typed(_context: Any, codes: Any, _first: Any, spread: Any, _group: Any) -> Any:
        return numba.types.void(codes, numba.int64, spread, numba.int64), emit

    return intrinsic(typed)


def multiplier(width: int, way: Way) -> Any:
    """The products of some of a query's tokens with all vectors at hand; keeps the highest."""
    sums = _sums_of_bytes if way == "bytes" else _sums_of_pairs

    def emit(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        spread, query, best = (
            pointer(target, builder, signature, arguments, at) for at in range(3)
        )
        spread, best = (builder.bitcast(one, _REGISTER.as_pointer()) for one in (spread, best))
        tokens = [builder.add(arguments[3], LONG(token)) for token in range(TOKENS)]

        def vectors(at: int) -> list[Any]:
            return [
                builder.load(builder.gep(spread, [LONG(group * width // 4 + at)]), align=64)
                for group in range(GROUPS)
            ]

        def asked(token: int, at: int) -> Any:  # the same four bytes for all vectors
            where = builder.add(builder.mul(tokens[token], LONG(width // 4)), LONG(at))
            none = ir.Constant(_REGISTER, ir.Undefined)
            one = builder.insert_element(none, builder.load(builder.gep(query, [where])), _INT(0))
            return builder.shuffle_vector(one, none, ir.Constant(_REGISTER, [0] * TOGETHER))

        made = sums(builder, width // 4, vectors, asked)
        for token, products in zip(tokens, made, strict=True):
            _kept(builder, products, builder.gep(best, [token]))
        return target.get_dummy_value()

    def typed(_context: Any, spread: Any, query: Any, best: Any, _first: Any) -> Any:
        return numba.types.void(spread, query, best, numba.int64), emit

    return intrinsic(typed)


def _sums_of_bytes(builder: Any, count: int, vectors: Any, asked: Any) -> list[list[Any]]:
    kind = ir.FunctionType(_REGISTER, [_REGISTER] * 3)
    add = declared(builder, "llvm.x86.avx512.vpdpbusd.512", kind)
    sums = [[ir.Constant(_REGISTER, None)] * GROUPS for _ in range(TOKENS)]
    for at in range(count):
        held = vectors(at)
        for token in range(TOKENS):
            four = asked(token, at)
            sums[token] = [
                builder.call(add, [so_far, one, four])
                for so_far, one in zip(sums[token], held, strict=True)
            ]
    return sums


def _sums_of_pairs(builder: Any, count: int, vectors: Any, asked: Any) -> list[list[Any]]:
    eight, byte = (ir.Constant(_PAIRS, [value] * 2 * TOGETHER) for value in (8, 0xFF))
    sums = [[ir.Constant(_REGISTER, None)] * GROUPS for _ in range(TOKENS)]
    part = [[ir.Constant(_PAIRS, None)] * GROUPS for _ in range(TOKENS)]
    for at in range(count):
        held = [builder.bitcast(one, _PAIRS) for one in vectors(at)]
        split = [(builder.and_(one, byte), builder.lshr(one, eight)) for one in held]
        for token in range(TOKENS):
            four = builder.bitcast(asked(token, at), _PAIRS)
            even, odd = builder.ashr(builder.shl(four, eight), eight), builder.ashr(four, eight)
            for group, (low, high) in enumerate(split):
                both = builder.add(builder.mul(low, even), builder.mul(high, odd))
                part[token][group] = builder.add(part[token][group], both)
        if at % _FLUSH == _FLUSH - 1:
            sums = [
                [builder.add(one, _joined(builder, more)) for one, more in zip(*row, strict=True)]
                for row in zip(sums, part, strict=True)
            ]
            part = [[ir.Constant(_PAIRS, None)] * GROUPS for _ in range(TOKENS)]
    return sums


def _joined(builder: Any, pairs: Any) -> Any:
    """The two 16-bit sums of each vector added to one."""
    whole = builder.bitcast(pairs, _REGISTER)
    low = builder.ashr(builder.shl(whole, _splat(16)), _splat(16))
    return builder.add(low, builder.ashr(whole, _splat(16)))


def _kept(builder: Any, products: Sequence[Any], to: Any) -> None:
    """Keep the highest of what is there and these."""
    highest = builder.load(to, align=64)
    for product in products:
        higher = builder.icmp_signed(">", product, highest)
        highest = builder.select(higher, product, highest)
    builder.store(highest, to, align=64)


def _shifted(builder: Any, value: Any, count: int) -> Any:
    """To the right, or to the left."""
    if count < 0:
        return builder.shl(value, _splat(-count))
    return builder.lshr(value, _splat(count)) if count else value


def _splat(value: int) -> Any:
    return ir.Constant(_REGISTER, [value] * TOGETHER)


def declared(builder: Any, name: str, kind: Any) -> Any:
    """A function of LLVM's own, in this module."""
    return builder.module.globals.get(name) or ir.Function(builder.module, kind, name)


def pointer(target: Any, builder: Any, signature: Any, arguments: Any, at: int) -> Any:
    """Where an array begins."""
    return target.make_array(signature.args[at])(target, builder, arguments[at]).data
