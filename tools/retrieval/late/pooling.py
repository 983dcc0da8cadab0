"""A page's tokens gathered into a sixth of them: what the first scan looks at.

Patches of one page repeat themselves: half of the tokens of real ColQwen2 pages have another on
the same page at a cosine above 0.9. A few rounds of spherical k-means lose little by that (as
token pooling does: Clavié, Chaffin and Adams, 2024), while one mean vector a page would lose much.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATIO = 6  # tokens a pooled vector stands for, on average
_ROUNDS = 2


def pooled(tokens: Floats) -> Floats:
    """Unit vectors that stand for a page's tokens.

    Args:
        tokens: (n, dim), rows of unit length.

    Returns:
        (m, dim), `m` at most `n / RATIO` rounded up; rows of unit length.
    """
    centres = tokens[::RATIO]
    for _ in range(_ROUNDS if len(tokens) > 1 else 0):
        nearest = (tokens @ centres.T).argmax(axis=1)
        order = np.argsort(nearest, kind="stable")
        _, starts = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(tokens[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
    return np.ascontiguousarray(centres, dtype=np.float32)
