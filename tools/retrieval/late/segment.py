"""The files of one segment: token vectors, their codes, and the sketch; written only at the end.

    000001.tokens   fp16, (tokens, dim)
    000001.codes    per page (words, tokens) of 32-bit words, as `codes.py` says
    000001.sketch   the same of the page's outline, then of its sketch: of its pooled vectors

All little-endian. How many rows count is for the manifest to say.
"""

import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import StorageError
from pagehop.tools.retrieval.late.codes import CODE_BITS, SKETCH_BITS, page_block, words
from pagehop.tools.retrieval.late.manifest import Extent, Item
from pagehop.tools.retrieval.late.pooling import sketched

SUFFIXES = (".tokens", ".codes", ".sketch")
Block = tuple[bytes, bytes, bytes]  # of one page, one for each file


def row_bytes(dim: int) -> tuple[int, int, int]:
    """Bytes of one row in each of the three files."""
    return dim * 2, words(dim, CODE_BITS) * 4, words(dim, SKETCH_BITS) * 4


def encode(tokens: NDArray[np.floating[Any]]) -> tuple[Block, int]:
    """A page's bytes for each file, and how many pooled vectors it has.

    The codes are those of the 16-bit vectors, which are what a score is computed from.
    """
    stored = np.ascontiguousarray(tokens, dtype="<f2")
    exact = stored.astype(np.float32)
    if not len(exact):
        return (b"", b"", b""), 0
    parts = sketched(exact)
    sketch = b"".join(_bytes(page_block(part, SKETCH_BITS)) for part in parts)
    codes = _bytes(page_block(exact, CODE_BITS))
    return (stored.tobytes(), codes, sketch), sum(len(part) for part in parts)


class SegmentWriter:
    """Appends pages to a segment's files, from where the manifest says that they end."""

    def __init__(self, folder: Path, extent: Extent, dim: int) -> None:
        self.id = extent.id
        self.tokens = extent.tokens
        self._pooled = extent.pooled
        self._files: list[BinaryIO] = []
        self._ends: list[int] = []
        ends = (extent.tokens, extent.tokens, extent.pooled)
        for suffix, size, rows in zip(SUFFIXES, row_bytes(dim), ends, strict=True):
            path = segment_path(folder, extent.id, suffix)
            number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            file = os.fdopen(number, "r+b")
            self._files.append(file)
            file.truncate(rows * size)  # what a killed process left
            file.seek(rows * size)
            self._ends.append(rows * size)

    def append(self, document: str, page: int, block: Block, counts: tuple[int, int]) -> Item:
        """Write a page of so many tokens and pooled vectors; nothing counts yet."""
        for file, content in zip(self._files, block, strict=True):
            file.write(content)
        item = Item(document, page, self.id, self.tokens, counts[0], self._pooled, counts[1])
        self.tokens += counts[0]
        self._pooled += counts[1]
        return item

    def close(self, *, keep: bool) -> None:
        """Close the files: forced to disk, or cut to what they were."""
        for file, end in zip(self._files, self._ends, strict=True):
            try:
                if not keep:
                    file.truncate(end)
                file.flush()
                os.fsync(file.fileno())
            finally:
                file.close()


class SegmentView:
    """A segment's files, mapped as far as they count."""

    def __init__(self, folder: Path, extent: Extent, dim: int) -> None:
        """Map the files.

        Raises:
            StorageError: a file has gone or is shorter than it was.
        """
        self.id = extent.id
        self._ends = ends = (extent.tokens, extent.tokens, extent.pooled)
        tokens, self.codes, self.sketch = (
            _mapped(segment_path(folder, extent.id, suffix), kind, rows * size)
            for suffix, size, rows, kind in zip(
                SUFFIXES, row_bytes(dim), ends, ("<f2", "<u4", "<u4"), strict=True
            )
        )
        self.tokens = tokens.reshape(-1, dim)
        self._path = segment_path(folder, extent.id, ".tokens")
        self._file = os.open(self._path, os.O_RDONLY)
        # Views share segments, so that none of them can say when it is time.
        weakref.finalize(self, os.close, self._file)

    def reaches(self, extent: Extent) -> bool:
        """Whether this maps exactly what counts of the segment now."""
        return self._ends == (extent.tokens, extent.tokens, extent.pooled)

    def read(self, start: int, into: NDArray[np.float16]) -> None:
        """Read rows of token vectors from `start` on: to map what is read once costs more.

        Raises:
            StorageError: the file has become shorter.
        """
        row = into.shape[1] * into.itemsize
        if os.preadv(self._file, [into.data], start * row) != into.nbytes:
            raise damaged(self._path, (start + len(into)) * row)

    def block(self, item: Item, dim: int) -> Block:
        """A page's bytes, as they lie in each file."""
        code, sketch = words(dim, CODE_BITS), words(dim, SKETCH_BITS)
        rows, ends = (item.start, item.start + item.tokens), item.pooled_start + item.pooled
        return (
            self.tokens[slice(*rows)].tobytes(),
            _bytes(self.codes[rows[0] * code : rows[1] * code]),
            _bytes(self.sketch[item.pooled_start * sketch : ends * sketch]),
        )


def segment_path(folder: Path, segment: int, suffix: str) -> Path:
    """The file of a segment.

    >>> segment_path(Path("tokens"), 7, ".codes").name
    '000007.codes'
    """
    return folder / f"{segment:06d}{suffix}"


def sweep(folder: Path, held: Sequence[Extent], dim: int) -> None:
    """Delete files of no segment, and what lies behind the end of those of one."""
    ends = {
        segment_path(folder, extent.id, suffix): rows * size
        for extent in held
        for suffix, size, rows in zip(
            SUFFIXES,
            row_bytes(dim),
            (extent.tokens, extent.tokens, extent.pooled),
            strict=True,
        )
    }
    for path in [path for path in folder.iterdir() if path.suffix in SUFFIXES]:
        if path not in ends:
            path.unlink()
        elif path.stat().st_size > ends[path]:
            os.truncate(path, ends[path])


def sync_folder(folder: Path) -> None:
    """Force the names of new files to disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def damaged(path: Path, size: int) -> StorageError:
    """What to raise for a file that is shorter than it was."""
    held = path.stat().st_size if path.exists() else 0
    return StorageError(
        f"{str(path)!r} has {held} bytes where {size} were written: it was damaged or deleted. "
        f"Delete the folder {str(path.parent)!r} and run `pagehop encode`."
    )


def _bytes(codes: NDArray[np.uint32]) -> bytes:
    return codes.astype("<u4", copy=False).tobytes()


def _mapped(path: Path, kind: str, size: int) -> NDArray[Any]:
    if not size:
        return np.zeros(0, dtype=kind)
    held = path.stat().st_size if path.exists() else 0
    if held < size:
        raise damaged(path, size)
    count = size // np.dtype(kind).itemsize
    return np.asarray(np.memmap(path, dtype=kind, mode="r", shape=(count,)))
