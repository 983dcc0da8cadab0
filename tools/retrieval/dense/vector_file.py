"""A flat file of float32 vectors: written at its end, overwritten with zeros, read as a map."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def append(path: Path, rows: int, vectors: NDArray[np.float32]) -> None:
    """Write vectors behind the first `rows`; what else lies there is cut off. On disk after."""
    stride = vectors.shape[1] * vectors.itemsize
    with path.open("r+b" if path.exists() else "w+b") as file:
        path.chmod(0o600)
        file.truncate(rows * stride)
        file.seek(rows * stride)
        file.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
        file.flush()
        os.fsync(file.fileno())


def wipe(path: Path, spans: list[tuple[int, int]], dim: int) -> None:
    """Overwrite (first, count) rows with zeros, on disk before this returns."""
    stride = dim * 4
    with path.open("r+b") as file:
        for first, count in spans:
            file.seek(first * stride)
            file.write(bytes(count * stride))
        file.flush()
        os.fsync(file.fileno())


def check(path: Path, rows: int, dim: int) -> None:
    """See that the file has so many rows at least.

    Raises:
        OSError: it is missing, or shorter.
    """
    size = path.stat().st_size if rows else 0
    if size < rows * dim * 4:
        raise OSError(f"{path.name} has {size} bytes of {rows * dim * 4}")


def mapped(path: Path, rows: int, dim: int) -> NDArray[np.float32]:
    """The first `rows` vectors, read from the file as they are needed; raises as `check` does."""
    check(path, rows, dim)
    if not rows:
        return np.zeros((0, dim), dtype=np.float32)
    return np.memmap(path, dtype="<f4", mode="r", shape=(rows, dim))
