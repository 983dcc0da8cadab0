"""Compact codes of vectors: a fixed rotation, and two or three bits a dimension.

A unit vector is rotated by a fixed orthonormal matrix, so that no dimension carries more than
another, and each coordinate is rounded to one of `2**bits` evenly spaced, symmetrical levels
(RaBitQ, Gao and Long, SIGMOD 2024, with more bits a dimension). A query's coordinates are rounded
to 8 bits, by one scale for all of its tokens, so that nearly all of what is lost is lost by the
codes. The product of a query with a code is a sum of integers: the same on every machine.

The rotation comes from a fixed seed: nothing is trained, so a vector's code never depends on the
other vectors, and a page added later is coded as it would have been at first.

A code is a row of 32-bit words. Word `u` holds the two low bits of 16 dimensions: byte `i` those of
`16 u + 4 j + i` at bit `2 j`, for `j` from 0 to 3. Three bits have as many words
again by half: word `v` of these holds the high bits of 32 dimensions, byte `i` that of
`32 v + 16 h + 4 j + i` at bit `4 h + j`, for `h` 0 and 1. A shift and a mask then bring four
dimensions to four bytes, as processors multiply them. A page's codes lie by sixteen, each sixteen
as (words, 16), and what is left behind them as (words, left): read forwards, a register at a time.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Signed = NDArray[np.int8]

CODE_BITS = 3  # a dimension of a page's token
SKETCH_BITS = 2  # and of a vector that stands for several
TOGETHER = 16  # codes that lie together

_SEED = 20_240_517
_WIDTH = 64  # dimensions after the rotation are a multiple of it
_QUERY_LEVELS = 127
# Half the distance between levels, in standard deviations of a coordinate: the least mean squared
# error for normally distributed ones (Max, 1960).
_HALF_STEP = {2: 0.4978, 3: 0.2930}


def width(dim: int) -> int:
    """How many dimensions a code of a vector of `dim` dimensions has."""
    return -(-dim // _WIDTH) * _WIDTH


def words(dim: int, bits: int) -> int:
    """How many 32-bit words a code takes."""
    return width(dim) * bits // 32


def levels(vectors: Floats, bits: int) -> NDArray[np.uint8]:
    """The level of each coordinate of unit vectors, (n, width(dim)), from 0 to `2**bits - 1`."""
    rotated = vectors @ rotation(vectors.shape[1])
    step = 2 * _HALF_STEP[bits] / rotated.shape[1] ** 0.5
    level = np.floor(rotated / step) + 2 ** (bits - 1)
    made: NDArray[np.uint8] = np.clip(level, 0, 2**bits - 1).astype(np.uint8)
    return made


def page_block(vectors: Floats, bits: int) -> Words:
    """A page's codes as they lie on disk, flat: `n` times words(dim, bits).

    Args:
        vectors: (n, dim), rows of unit length.
        bits: 2 or 3 a dimension.
    """
    level = levels(vectors, bits)
    count, wide = level.shape
    low = np.zeros((count, wide // 16, 4), dtype=np.uint8)
    for j, part in enumerate(np.moveaxis(level.reshape(count, wide // 16, 4, 4), 2, 0)):
        low |= (part & 3) << (2 * j)
    rows = [low.reshape(count, -1)]
    if bits > 2:
        high = np.zeros((count, wide // 32, 4), dtype=np.uint8)
        for bit, part in enumerate(np.moveaxis(level.reshape(count, wide // 32, 8, 4), 2, 0)):
            high |= (part >> 2) << bit
        rows.append(high.reshape(count, -1))
    held = np.concatenate(rows, axis=1).view("<u4").astype(np.uint32, copy=False)
    whole = count - count % TOGETHER
    full = held[:whole].reshape(-1, TOGETHER, held.shape[1]).transpose(0, 2, 1)
    return np.concatenate([full.ravel(), held[whole:].T.ravel()])


def unpacked(block: Words, count: int, bits: int) -> NDArray[np.uint8]:
    """The levels again, (count, width), of a page's block."""
    size, whole = len(block) // count, count - count % TOGETHER
    wide, end = size * 32 // bits, whole * size
    full = block[:end].reshape(-1, size, TOGETHER).transpose(0, 2, 1).reshape(whole, size)
    rows = np.concatenate([full, block[end:].reshape(size, count - whole).T])
    held = np.ascontiguousarray(rows.astype("<u4")).view(np.uint8).reshape(count, -1, 4)
    low, high = held[:, : wide // 16], held[:, wide // 16 :]
    level = np.empty((count, wide // 16, 4, 4), dtype=np.uint8)
    for j in range(4):
        level[:, :, j] = (low >> (2 * j)) & 3
        for half in range(2 if bits > 2 else 0):
            level[:, half::2, j] |= ((high >> (4 * half + j)) & 1) << 2
    return level.reshape(count, wide)


def query_bytes(vectors: Floats) -> Signed:
    """A query's unit vectors, rotated and rounded, (n, width(dim)): all by one scale; `n` >= 1."""
    rotated = vectors @ rotation(vectors.shape[1])
    scale = _QUERY_LEVELS / float(np.abs(rotated).max())
    made: Signed = np.rint(rotated * scale).astype(np.int8)
    return made


@lru_cache(maxsize=8)
def rotation(dim: int) -> Floats:
    """An orthonormal map of `dim` dimensions into `width(dim)`, always the same."""
    wide = width(dim)
    drawn = np.random.Generator(np.random.PCG64(_SEED)).standard_normal((wide, wide))
    basis, upper = np.linalg.qr(drawn)
    basis = basis * np.sign(np.diag(upper))  # QR leaves the signs open
    return np.ascontiguousarray(basis[:dim], dtype=np.float32)
