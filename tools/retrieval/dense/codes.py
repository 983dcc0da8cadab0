"""Sign codes: a vector as one bit a dimension, to find candidates by counting unlike bits.

The angle between two vectors is nearly proportional to the share of dimensions in which their
signs differ (Charikar, Similarity Estimation Techniques from Rounding Algorithms, 2002). Reading
48 bytes a vector in place of 1,536 is what makes a scan of all of them short.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.uint64]  # (words, n): the first 64 dimensions of all vectors first


def sign_codes(vectors: NDArray[np.float32]) -> NDArray[np.uint64]:
    """One row of 64-bit words a vector, (n, words)."""
    bits = np.packbits(vectors > 0, axis=1)
    width = -(-bits.shape[1] // 8) * 8
    padded = np.zeros((len(bits), width), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def differing(codes: Codes, query: NDArray[np.float32]) -> NDArray[np.uint16]:
    """In how many dimensions the sign of each vector differs from the query's, (n,)."""
    own = sign_codes(query[None, :])[0]
    counts = np.zeros(codes.shape[1], dtype=np.uint16)
    for words, word in zip(codes, own, strict=True):
        counts += np.bitwise_count(words ^ word)
    return counts


def nearest(codes: Codes, query: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Where the `k` nearest vectors by their codes are, ascending; all that equal the last."""
    counts = differing(codes, query)
    if counts.size <= k:
        return np.arange(counts.size)
    reached = np.cumsum(np.bincount(counts))
    return np.flatnonzero(counts <= int(np.searchsorted(reached, k)))
