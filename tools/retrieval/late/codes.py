"""Compact codes of token vectors: a fixed rotation, a few bits a dimension, kept as bit planes.

A unit vector is rotated by a fixed orthonormal matrix, so that no dimension carries more than
another, and each coordinate is rounded to one of `2**bits` evenly spaced, symmetrical levels
(RaBitQ, Gao and Long, SIGMOD 2024, with one or more bits a dimension). Level `u` stands for
`2u - (2**bits - 1)`, which is the sum of its bits' signs, each times its power of two. The dot
product of two codes is therefore a weighted sum of Hamming distances between bit planes, and the
nearest token is the one with the least of these sums: integers, the same on every machine.

The rotation comes from a fixed seed: nothing is trained, so a vector's code never depends on the
other vectors, and a page added later is coded as it would have been at first.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Planes = NDArray[np.uint64]

PAGE_BITS = 2  # a dimension of a page's token

_SEED = 20_240_517
_WORD = 64
# Half the distance between levels, in ten thousandths of a coordinate's standard deviation: the
# least mean squared error for normally distributed ones (Max, 1960).
_HALF_STEP = {1: 7_980, 2: 4_978, 3: 2_930, 4: 1_676}


def words(dim: int) -> int:
    """How many 64-bit words one bit plane of a vector of `dim` dimensions takes."""
    return -(-dim // _WORD)


def half_step(bits: int) -> int:
    """What to multiply distances by that were measured with queries of so many bits a dimension.

    Distances to the same codes are of one unit then.
    """
    return _HALF_STEP[bits]


def row_planes(vectors: Floats, bits: int) -> Planes:
    """The bit planes of unit vectors, least power first.

    Args:
        vectors: (n, dim), rows of unit length.
        bits: 1 to 4 a dimension.

    Returns:
        (n, bits, words(dim)).
    """
    rotated = vectors @ rotation(vectors.shape[1])
    wide = rotated.shape[1]
    if bits == 1:
        levels = (rotated > 0).astype(np.uint8)
    else:
        step = 2 * _HALF_STEP[bits] / 10_000 / np.sqrt(wide)
        levels = np.clip(np.floor(rotated / step) + 2 ** (bits - 1), 0, 2**bits - 1).astype(
            np.uint8
        )
    planes = [
        np.packbits((levels >> bit) & 1, axis=1, bitorder="little").view("<u8")
        for bit in range(bits)
    ]
    return np.stack(planes, axis=1).astype(np.uint64, copy=False)


def page_block(vectors: Floats, bits: int) -> Planes:
    """A page's codes as they lie on disk: (bits, words, n) flattened, for a scan along tokens."""
    return np.ascontiguousarray(row_planes(vectors, bits).transpose(1, 2, 0)).ravel()


@lru_cache(maxsize=8)
def rotation(dim: int) -> Floats:
    """An orthonormal map of `dim` dimensions into a whole number of words, always the same."""
    wide = words(dim) * _WORD
    drawn = np.random.Generator(np.random.PCG64(_SEED)).standard_normal((wide, wide))
    basis, upper = np.linalg.qr(drawn)
    basis = basis * np.sign(np.diag(upper))  # QR leaves the signs open
    return np.ascontiguousarray(basis[:dim], dtype=np.float32)
