"""The lexical index on disk: which term stands on which page how often. Derived, never trusted.

One SQLite file. `posting` is clustered by term and page, so a query term is one range of it, and
a document's pages, which get neighbouring numbers, are a range within that. `page.terms` says
which postings a page has, so that it can be taken out again without reading the rest.
"""

import logging
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from pagehop.tools.retrieval.analysis import VERSION

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE page (
    id INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    length INTEGER NOT NULL,
    terms BLOB NOT NULL,
    UNIQUE (document, number)
);
CREATE TABLE posting (
    term INTEGER NOT NULL,
    page INTEGER NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (term, page)
) WITHOUT ROWID;
"""
_LAYOUT = 100 + VERSION  # PRAGMA user_version of a file that this code can read
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_CHECKED_BYTES = 64 << 20  # a larger file is not read whole when it is opened


@dataclass(frozen=True, slots=True)
class IndexedPage:
    """A page as it goes into the index."""

    number: int
    digest: str
    counts: Mapping[int, int]  # term hash -> times


@dataclass(frozen=True, slots=True)
class ScopePages:
    """The pages of a scope that have text, in the order of their numbers in the index."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    places: Sequence[tuple[str, int]]  # document id, page


class LexicalStore:
    """Opens, repairs, fills and reads the file. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rebuilt = ""  # why the file was thrown away, for a person; "" if it was not
        self._lock = FileLock(path.with_suffix(".lock"))
        self._opened = False

    def digests(self) -> dict[tuple[str, int], str]:
        """What is indexed: (document id, page) -> digest of the page as it was then."""
        with self._reading() as db:
            rows = db.execute("SELECT document, number, digest FROM page")
            return {(document, number): digest for document, number, digest in rows}

    def replace(self, document: str, pages: Sequence[IndexedPage]) -> None:
        """Put pages of a document in, in place of what was there under their numbers."""
        with self._writing() as db:
            _take_out(db, [(document, page.number) for page in pages])
            rows: list[tuple[int, int, int]] = []
            for page in pages:
                terms = np.array(sorted(page.counts), dtype=np.uint64)
                cursor = db.execute(
                    "INSERT INTO page (document, number, digest, length, terms)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (document, page.number, page.digest, sum(page.counts.values()), terms.data),
                )
                rows.extend((term, cursor.lastrowid or 0, n) for term, n in page.counts.items())
            db.executemany("INSERT INTO posting VALUES (?, ?, ?)", sorted(rows))

    def remove(self, places: Collection[tuple[str, int]]) -> None:
        """Take pages out so that nothing of them is left in the file."""
        with self._writing() as db:
            _take_out(db, places)
        with self._lock, closing(self._connect()) as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def snapshot(self) -> Iterator["Snapshot"]:
        """One consistent view of the file, for a search."""
        with self._reading() as db:
            db.execute("BEGIN")
            yield Snapshot(db)

    def discard(self, reason: str) -> None:
        """Throw the file away and begin an empty one."""
        log.warning("the lexical index %s is rebuilt: %s", self.path, reason)
        self.rebuilt = reason
        with self._lock:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            self._opened = False

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            try:
                fault = self._fault()
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode & 0xFF not in BROKEN:
                    raise
                fault = str(error)
            if fault:
                self.discard(fault)
            with closing(self._connect()) as db:
                if not db.execute("PRAGMA user_version").fetchone()[0]:
                    db.execute("PRAGMA journal_mode = WAL")
                    db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_LAYOUT}; COMMIT;")
            self._opened = True

    def _fault(self) -> str:
        """Why the file cannot be used; "" if it can, or is not there yet."""
        if not self.path.exists() or self.path.stat().st_size == 0:
            return ""
        with closing(self._connect()) as db:
            layout = db.execute("PRAGMA user_version").fetchone()[0]
            if layout not in (0, _LAYOUT):
                return f"it was made by another version ({layout}, not {_LAYOUT})"
            if self.path.stat().st_size > _CHECKED_BYTES:
                return ""
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            return "" if found == "ok" else f"it is damaged ({found})"

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA cache_size = -32768")
        return db

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self._opened or not self.path.exists():
            self._open()
        with closing(self._connect()) as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


class Snapshot:
    """Reads of one moment's index."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def pages(self, documents: Collection[str] | None) -> ScopePages:
        """The pages with text of these documents; None: of all."""
        sql = "SELECT id, length, document, number FROM page WHERE length > 0"
        if documents is None:
            rows = self._db.execute(sql + " ORDER BY id").fetchall()
        else:
            rows = []
            for document in sorted(documents):
                rows += self._db.execute(sql + " AND document = ?", (document,)).fetchall()
            rows.sort()
        return ScopePages(
            ids=np.array([row[0] for row in rows], dtype=np.int64),
            lengths=np.array([row[1] for row in rows], dtype=np.int64),
            places=[(row[2], row[3]) for row in rows],
        )

    def postings(self, term: int, pages: ScopePages) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Where in `pages` a term occurs, and how often there."""
        rows = self._db.execute(
            "SELECT page, times FROM posting WHERE term = ? AND page BETWEEN ? AND ?",
            (term, int(pages.ids[0]), int(pages.ids[-1])),
        ).fetchall()
        found = np.array(rows, dtype=np.int64).reshape(-1, 2)
        at = np.searchsorted(pages.ids, found[:, 0])
        inside = pages.ids[np.minimum(at, len(pages.ids) - 1)] == found[:, 0]
        return at[inside], found[inside, 1]


def _take_out(db: sqlite3.Connection, places: Collection[tuple[str, int]]) -> None:
    for document, number in places:
        row = db.execute(
            "SELECT id, terms FROM page WHERE document = ? AND number = ?", (document, number)
        ).fetchone()
        if row is None:
            continue
        gone = [(int(term), row[0]) for term in np.frombuffer(row[1], dtype=np.uint64)]
        db.executemany("DELETE FROM posting WHERE term = ? AND page = ?", gone)
        db.execute("DELETE FROM page WHERE id = ?", (row[0],))
