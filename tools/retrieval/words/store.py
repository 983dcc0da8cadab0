"""The lexical index on disk: derived, never trusted. `lexical_postings` tells how it lies there."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.derived import DerivedDatabase
from pagehop.tools.retrieval.words.analysis import VERSION
from pagehop.tools.retrieval.words.postings import (
    SCHEMA,
    IndexedPage,
    PageTable,
    Searched,
    narrowed,
    put_in,
    read_postings,
    read_table,
    take_out,
)

_LAYOUT = 200 + VERSION


class LexicalStore:
    """Fills and reads the file. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        self._file = DerivedDatabase(path, SCHEMA, _LAYOUT, synchronous="NORMAL")
        self._table: tuple[int, PageTable] | None = None  # number of the change it is as of

    @property
    def path(self) -> Path:
        """Of the file."""
        return self._file.path

    @property
    def rebuilt(self) -> str:
        """Why the file was thrown away, for a person; empty if it was not."""
        return self._file.rebuilt

    def digests(self) -> dict[tuple[str, int], str]:
        """What is indexed: (document id, page) -> digest of the page as it was then."""
        with self._file.snapshot() as db:
            rows = db.execute("SELECT document, number, digest FROM page")
            return {(document, number): digest for document, number, digest in rows}

    def replace(self, pages: Sequence[IndexedPage]) -> None:
        """Put pages in, in place of what was there under their documents and numbers."""
        with self._file.writing() as db:
            take_out(db, [(page.document, page.number) for page in pages])
            put_in(db, pages)

    def remove(self, places: Collection[tuple[str, int]]) -> None:
        """Take pages out so that nothing of them is left in the file."""
        with self._file.writing() as db:
            take_out(db, places)
        self._file.shrink()

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        """One consistent view of the file, for a search."""
        with self._file.snapshot() as db:
            yield Snapshot(db, self._pages(db))

    def discard(self, reason: str) -> None:
        """Throw the file away and begin an empty one."""
        self._file.discard(reason)
        self._table = None

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._file.close()
        self._table = None

    def _pages(self, db: Connection) -> PageTable:
        """The pages as of this snapshot; read anew only when they have changed."""
        change, held = self._file.change(db), self._table
        if held is None or held[0] != change:
            held = self._table = (change, read_table(db))
        return held[1]


class Snapshot:
    """Reads of one moment's index."""

    def __init__(self, db: Connection, table: PageTable) -> None:
        self._db = db
        self.table = table

    def pages(self, documents: Collection[str] | None) -> Searched:
        """The pages with text of these documents; None: of all."""
        return narrowed(self.table, documents)

    def postings(
        self, term: int, searched: Searched
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """The ids of the pages with a term, in no order, and how often it stands there."""
        return read_postings(self._db, term, searched)
