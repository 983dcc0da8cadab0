"""What a late store holds at one moment: which pages, where they lie, and their mapped files."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.manifest import Extent, Manifest, Row
from pagehop.tools.retrieval.late.segment import SegmentView

Key: TypeAlias = tuple[str, int]  # document id, page
Form: TypeAlias = Literal["codes", "sketch", "outline"]  # compact ones, in the order of the columns
FORMS: tuple[Form, ...] = get_args(Form)
_LOCAL = threading.local()

Positions = NDArray[np.int64]  # of items, in the order of their keys
Columns = NDArray[np.int64]  # (8, items): the numbers of each


class View:
    """One consistent state of the store. It never changes, so that threads may share it."""

    mark: int  # of the last change that is in it
    extents: tuple[Extent, ...]
    segments: Mapping[int, SegmentView]

    def __init__(
        self, manifest: Manifest, folder: Path, dim: int, before: "View | None" = None
    ) -> None:
        """Read the manifest, and map the files of its segments.

        Args:
            manifest: of the store.
            folder: of its files.
            dim: length of a vector.
            before: an earlier state: what did not change since is taken from it.

        Raises:
            StorageError: a file has gone or is shorter than it was.
        """
        self.dim = dim
        self.change = manifest.change()
        held = manifest.contents(None if before is None else before.mark)
        self.mark, self.extents = held.mark, tuple(held.extents)
        known = {} if before is None else before.segments
        self.segments = {
            one.id: known[one.id]
            if one.id in known and known[one.id].reaches(one)
            else SegmentView(folder, one, dim)
            for one in held.extents
            if one.tokens
        }
        if before is None or held.changed is None:
            counts, self._columns = _read(held.rows)
        else:
            counts, self._columns = before.changed(held.changed, held.rows)
        self.pages, self.segment, self.start, self.tokens = self._columns[:4]
        self.documents = _runs(counts)
        self._firsts = np.array([run.start for run in self.documents.values()], dtype=np.int64)
        self._names = list(self.documents)

    def __len__(self) -> int:
        return len(self.pages)

    @property
    def index_bytes(self) -> int:
        """Bytes in memory that say where everything lies."""
        return self._columns.nbytes

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

    def changed(self, keys: Collection[Key], rows: Sequence[Row]) -> tuple[Counter[str], Columns]:
        """What `_read` would say if these keys were no longer here, but these rows were.

        Args:
            keys: all that have changed.
            rows: what is stored of them now, in the order of their keys.
        """
        counts = Counter({name: run.stop - run.start for name, run in self.documents.items()})
        counts.subtract(
            document for document, page in keys if len(self.positions([(document, page)]))
        )
        columns = np.delete(self._columns, self.positions(keys), axis=1)
        runs, firsts = _runs(counts), []
        ends = sorted(runs)
        for document, page, *_ in rows:
            after = bisect_left(ends, document)
            run = runs.get(document)
            if run is None:
                firsts.append(runs[ends[after]].start if after < len(ends) else columns.shape[1])
            else:
                firsts.append(run.start + int(np.searchsorted(columns[0, run], page)))
        more, new = _read(rows)
        return counts + more, np.ascontiguousarray(np.insert(columns, firsts, new, axis=1))

    @cached_property
    def _laid(self) -> Positions:
        """All items by file, and in it as they lie there."""
        return np.lexsort((self.start, self.segment))

    def laid(self, positions: Positions) -> Positions:
        """These in the order of their files, so that each is one run and read forwards."""
        wanted = np.zeros(len(self), dtype=np.bool_)
        wanted[positions] = True
        return self._laid[wanted[self._laid]]

    def rows(self, form: Form, positions: Positions) -> tuple[Positions, Positions]:
        """Where pages begin in the files of a compact form, and how many rows they have there."""
        at = 2 * (1 + FORMS.index(form))
        return self._columns[at][positions], self._columns[at + 1][positions]

    def vectors(self, position: int) -> NDArray[np.float16]:
        """A page's token vectors, (tokens, dim), mapped."""
        segment, start = self.segments[int(self.segment[position])], int(self.start[position])
        vectors: NDArray[np.float16] = segment.tokens[start : start + int(self.tokens[position])]
        return vectors

    def announce(self, positions: Positions) -> None:
        """Say that the token vectors of some pages will be used."""
        for at in positions.tolist():
            segment = self.segments[int(self.segment[at])]
            segment.announce(int(self.start[at]), int(self.tokens[at]))

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


def _read(rows: Sequence[Row]) -> tuple[Counter[str], Columns]:
    """How many pages each document has, and a column for each item, in the order of their keys."""
    columns = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, 8)
    return Counter(row[0] for row in rows), np.ascontiguousarray(columns.T)


def _runs(counts: Mapping[str, int]) -> Mapping[str, slice]:
    """Where each document's pages are, when all are in the order of their keys."""
    runs, end = {}, 0
    for name in sorted(counts):
        if counts[name]:
            runs[name] = slice(end, end + counts[name])
            end += counts[name]
    return runs
