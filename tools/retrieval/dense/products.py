"""Products of a large matrix with something small, cut so that BLAS keeps them on one core.

OpenBLAS hands a product of more than 262,144 multiplications to all cores, and they wait for each
other spinning. For what one query needs that costs more than it gives on an idle machine, and
ten times as much on one whose cores are busy: measured, 200 ms in place of 15 for one query.
"""

import numpy as np
from numpy.typing import NDArray

_ALONE = 1 << 18  # multiplications; GEMM_MULTITHREAD_THRESHOLD in OpenBLAS, times 65,536


def product(matrix: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """`matrix @ other`, for (n, k) and (k, m) or (k,)."""
    height, inner = matrix.shape
    columns = 1 if other.ndim == 1 else other.shape[1]
    rows = max(1, _ALONE // max(1, inner * columns))
    whole = height - height % rows
    parts = np.matmul(matrix[:whole].reshape(-1, rows, inner), other)
    result = parts.reshape(whole, *other.shape[1:])
    if whole == height:
        return np.asarray(result)
    return np.concatenate([result, matrix[whole:] @ other])
