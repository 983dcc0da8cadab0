"""The files of one segment: vectors of tokens, and their compact forms; written only at the end.

    000001.tokens   fp16, (tokens, dim)
    000001.codes    per page (words, tokens) of 32-bit words, as `codes.py` says
    000001.sketch   the same of a page's sketch: of its pooled vectors
    000001.outline  and of its outline; apart, as these are all read by each search, one by one

All little-endian. How many rows count is for the manifest to say.
"""

import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import StorageError
from pagehop.tools.retrieval.late.codes import CODE_BITS, SKETCH_BITS, page_block, words
from pagehop.tools.retrieval.late.manifest import Extent, Item
from pagehop.tools.retrieval.late.pooling import sketched

SUFFIXES = (".tokens", ".codes", ".sketch", ".outline")
Sizes = tuple[int, int, int, int]  # one for each file


@dataclass(frozen=True, slots=True)
class Block:
    """One page's bytes for each file, and how many rows they are."""

    files: tuple[bytes, bytes, bytes, bytes]
    tokens: int
    sketch: int
    outline: int


def row_bytes(dim: int) -> Sizes:
    """Bytes of one row in each file."""
    pooled = words(dim, SKETCH_BITS) * 4
    return dim * 2, words(dim, CODE_BITS) * 4, pooled, pooled


def encode(tokens: NDArray[np.floating[Any]]) -> Block:
    """What is stored of a page.

    The codes are those of the 16-bit vectors, which are what a score is computed from.
    """
    stored = np.ascontiguousarray(tokens, dtype="<f2")
    exact = stored.astype(np.float32)
    if not len(exact):
        return Block((b"", b"", b"", b""), 0, 0, 0)
    outline, sketch = sketched(exact)
    codes = _bytes(page_block(exact, CODE_BITS))
    pooled = [_bytes(page_block(one, SKETCH_BITS)) for one in (sketch, outline)]
    files = (stored.tobytes(), codes, pooled[0], pooled[1])
    return Block(files, len(stored), len(sketch), len(outline))


class SegmentWriter:
    """Appends pages to a segment's files, from where the manifest says that they end."""

    def __init__(self, folder: Path, extent: Extent, dim: int) -> None:
        self.id = extent.id
        self.tokens = extent.tokens
        self._sketch, self._outline = extent.sketch, extent.outline
        self._files: list[BinaryIO] = []
        self._ends: list[int] = []
        for suffix, size, rows in zip(SUFFIXES, row_bytes(dim), _rows(extent), strict=True):
            path = segment_path(folder, extent.id, suffix)
            number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            file = os.fdopen(number, "r+b")
            self._files.append(file)
            file.truncate(rows * size)  # what a killed process left
            file.seek(rows * size)
            self._ends.append(rows * size)

    def append(self, document: str, page: int, block: Block) -> Item:
        """Write a page; nothing counts yet."""
        for file, content in zip(self._files, block.files, strict=True):
            file.write(content)
        item = Item(
            document,
            page,
            self.id,
            self.tokens,
            block.tokens,
            self._sketch,
            block.sketch,
            self._outline,
            block.outline,
        )
        self.tokens += block.tokens
        self._sketch += block.sketch
        self._outline += block.outline
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
        self._rows = _rows(extent)
        kinds = ("<f2", "<u4", "<u4", "<u4")
        tokens, self.codes, self.sketch, self.outline = (
            _mapped(segment_path(folder, extent.id, suffix), kind, rows * size)
            for suffix, size, rows, kind in zip(
                SUFFIXES, row_bytes(dim), self._rows, kinds, strict=True
            )
        )
        self.tokens = tokens.reshape(-1, dim)
        self._path = segment_path(folder, extent.id, ".tokens")
        self._file = os.open(self._path, os.O_RDONLY)
        # Views share segments, so that none of them can say when it is time.
        weakref.finalize(self, os.close, self._file)

    def reaches(self, extent: Extent) -> bool:
        """Whether this maps exactly what counts of the segment now."""
        return self._rows == _rows(extent)

    def read(self, start: int, into: NDArray[np.float16]) -> None:
        """Read rows of token vectors from `start` on: to map what is read once costs more.

        Raises:
            StorageError: the file has become shorter.
        """
        row = into.shape[1] * into.itemsize
        if os.preadv(self._file, [into.data], start * row) != into.nbytes:
            raise damaged(self._path, (start + len(into)) * row)

    def announce(self, start: int, count: int) -> None:
        """Say that rows of token vectors will be used: those on disk are then read all at once."""
        row = self.tokens.shape[1] * self.tokens.itemsize
        os.posix_fadvise(self._file, start * row, count * row, os.POSIX_FADV_WILLNEED)

    def block(self, item: Item, dim: int) -> Block:
        """What is stored of a page."""
        code, pooled = words(dim, CODE_BITS), words(dim, SKETCH_BITS)
        end = item.start + item.tokens
        sketch_end, outline_end = item.sketch_start + item.sketch, item.outline_start + item.outline
        files = (
            self.tokens[item.start : end].tobytes(),
            _bytes(self.codes[item.start * code : end * code]),
            _bytes(self.sketch[item.sketch_start * pooled : sketch_end * pooled]),
            _bytes(self.outline[item.outline_start * pooled : outline_end * pooled]),
        )
        return Block(files, item.tokens, item.sketch, item.outline)


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
        for suffix, size, rows in zip(SUFFIXES, row_bytes(dim), _rows(extent), strict=True)
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


def _rows(extent: Extent) -> Sizes:
    """How many rows of each file count."""
    return extent.tokens, extent.tokens, extent.sketch, extent.outline


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
