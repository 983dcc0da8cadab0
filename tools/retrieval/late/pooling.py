"""A page's tokens gathered into few vectors: what the first scans look at.

Patches of one page repeat themselves: half of the tokens of real ColQwen2 pages have another on
the same page at a cosine above 0.9. A few rounds of spherical k-means lose little by that (as
token pooling does: Clavié, Chaffin and Adams, 2024), while one mean vector a page would lose much.
A page's sketch is a sixth as many vectors as it has tokens; its outline, 32 that stand for those.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATIO = 6  # tokens a vector of a sketch stands for, on average
OUTLINE = 32  # vectors of an outline, at most
_ROUNDS = 2


def pooled(tokens: Floats, most: int) -> Floats:
    """Unit vectors that stand for others.

    Args:
        tokens: (n, dim), rows of unit length.
        most: how many may be made, 1 to `n`.

    Returns:
        (m, dim), `m` at most `most`; rows of unit length.
    """
    centres = tokens[np.arange(most) * len(tokens) // most]
    for _ in range(_ROUNDS if len(tokens) > 1 else 0):
        nearest = (tokens @ centres.T).argmax(axis=1)
        order = np.argsort(nearest, kind="stable")
        _, starts = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(tokens[order], starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = sums / np.maximum(lengths, np.finfo(np.float32).tiny)
    return np.ascontiguousarray(centres, dtype=np.float32)


def sketched(tokens: Floats) -> tuple[Floats, Floats]:
    """The outline and the sketch of a page's tokens."""
    sketch = pooled(tokens, -(-len(tokens) // RATIO))
    return pooled(sketch, min(len(sketch), OUTLINE)), sketch
