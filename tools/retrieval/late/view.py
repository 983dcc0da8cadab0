"""What a late store holds at one moment: which pages, where they lie, and their mapped files."""

import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.manifest import Item, Manifest
from pagehop.tools.retrieval.late.segment import SegmentView

Key: TypeAlias = tuple[str, int]  # document id, page
_LOCAL = threading.local()

Positions = NDArray[np.int64]  # of items, in the order of their keys


class View:
    """One consistent state of the store. It never changes, so that threads may share it."""

    def __init__(self, manifest: Manifest, folder: Path, dim: int) -> None:
        """Read the manifest, and map the files of its segments.

        Raises:
            StorageError: a file has gone or is shorter than it was.
        """
        self.dim = dim
        self.change = manifest.change()
        extents, rows = manifest.contents()
        self.segments = {one.id: SegmentView(folder, one, dim) for one in extents if one.tokens}
        self.extents = tuple(extents)
        self.pages = np.array([row[1] for row in rows], dtype=np.int64)
        columns = np.array([row[2:] for row in rows], dtype=np.int64).reshape(-1, 5)
        self.segment, self.start, self.tokens, self.pooled_start, self.pooled = (
            np.ascontiguousarray(column) for column in columns.T
        )
        self.documents = _runs([row[0] for row in rows])
        self._firsts = np.array([run.start for run in self.documents.values()], dtype=np.int64)
        self._names = list(self.documents)

    def __len__(self) -> int:
        return len(self.pages)

    @property
    def index_bytes(self) -> int:
        """Bytes in memory that say where everything lies."""
        arrays = (self.pages, self.segment, self.start, self.tokens, self.pooled_start, self.pooled)
        return sum(array.nbytes for array in arrays)

    def key(self, position: int) -> Key:
        """The document and page of an item."""
        run = int(np.searchsorted(self._firsts, position, side="right")) - 1
        return self._names[run], int(self.pages[position])

    def keys(self) -> Iterator[Key]:
        """All keys, in order."""
        for name, run in self.documents.items():
            for page in self.pages[run]:
                yield name, int(page)

    def positions(self, keys: Collection[Key]) -> Positions:
        """Where these pages are, in order; those that are not stored are passed over."""
        found = set()
        for document, page in keys:
            run = self.documents.get(document, slice(0, 0))
            at = run.start + int(np.searchsorted(self.pages[run], page))
            if at < run.stop and self.pages[at] == page:
                found.add(at)
        return np.array(sorted(found), dtype=np.int64)

    def chosen(self, documents: Collection[str] | None, without: Collection[Key]) -> Positions:
        """Pages with tokens, of these documents (None: of all) but for some, in order."""
        wanted = self.tokens > 0
        if documents is not None:
            inside = np.zeros(len(self), dtype=np.bool_)
            for document in documents:
                inside[self.documents.get(document, slice(0, 0))] = True
            wanted &= inside
        wanted[self.positions(without)] = False
        return np.flatnonzero(wanted)

    def item(self, position: int) -> Item:
        """Where a page lies."""
        document, page = self.key(position)
        columns = (self.segment, self.start, self.tokens, self.pooled_start, self.pooled)
        return Item(document, page, *(int(column[position]) for column in columns))

    def vectors(self, position: int) -> NDArray[np.float16]:
        """A page's token vectors, (tokens, dim), mapped."""
        segment, start = self.segments[int(self.segment[position])], int(self.start[position])
        vectors: NDArray[np.float16] = segment.tokens[start : start + int(self.tokens[position])]
        return vectors


    def read(self, positions: Positions) -> list[NDArray[np.float16]]:
        """The token vectors of some pages, (tokens, dim) each, in memory.

        This thread uses that memory again when it reads the next ones.
        """
        counts = self.tokens[positions].tolist()
        held = getattr(_LOCAL, "rows", None)
        if held is None or held.shape[1] != self.dim or len(held) < sum(counts):
            held = _LOCAL.rows = np.empty((sum(counts), self.dim), dtype="<f2")
        pages, end = [], 0
        for position, count in zip(positions.tolist(), counts, strict=True):
            page = held[end : end + count]
            self.segments[int(self.segment[position])].read(int(self.start[position]), page)
            pages.append(page)
            end += count
        return pages


def _runs(documents: list[str]) -> Mapping[str, slice]:
    """Where each document's pages are, in a list sorted by document."""
    runs: dict[str, slice] = {}
    for at, document in enumerate(documents):
        first = runs[document].start if document in runs else at
        runs[document] = slice(first, at + 1)
    return runs
