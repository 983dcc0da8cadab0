"""The vectors of all passages in one flat file, to be searched without reading all of it.

Derived from the catalogue, never trusted, and kept up page by page: what is new goes to the end;
what is gone is overwritten with zeros at once, and left out when the file is next written anew.

`rows.sqlite3` says which page has which rows of the file, and holds the sign codes. A row counts
once that database has committed it, which it does after the file has reached the disk; what lies
behind the last committed row was left by a killed process and is cut off. A page whose passages
are not all encoded yet is entered without its digest, and read again at the next refresh.
"""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.channel import Progress
from pagehop.tools.retrieval.dense.codes import sign_codes
from pagehop.tools.retrieval.dense.vector_file import append, check, mapped, wipe
from pagehop.tools.retrieval.dense.vector_rows import Place, Rows, table_of
from pagehop.tools.retrieval.derived import DerivedDatabase

Vectors: TypeAlias = NDArray[np.float32]
# Documents -> the ids of their passages with a vector, the vectors, and pages that lack some.
Read: TypeAlias = Callable[[Sequence[str]], tuple[Sequence[str], Vectors, Collection[Place]]]

_SCHEMA = """
CREATE TABLE page (
    document TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,       -- of the catalogue's page; empty while vectors are missing
    first INTEGER NOT NULL,     -- row of the file
    numbers BLOB NOT NULL,      -- of its passages, uint32
    codes BLOB NOT NULL,        -- of their signs
    checksum INTEGER NOT NULL,  -- crc32 of the rows
    PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE TABLE hole (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, wiped INTEGER NOT NULL);
CREATE TABLE file (name TEXT NOT NULL, rows INTEGER NOT NULL, dim INTEGER NOT NULL);
"""
_LAYOUT = 1
_DOCUMENTS = 200  # a transaction
_SPARSE = 0.25  # share of dead rows at which the file is written anew


class VectorStore:
    """Fills, reads and mends the file. Safe for threads and for several processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # FULL: rows are wiped once the database has let go of them, not before.
        self._file = DerivedDatabase(folder / "rows.sqlite3", _SCHEMA, _LAYOUT, synchronous="FULL")
        self._held: tuple[int, Rows] | None = None  # number of the change they are as of

    @property
    def rebuilt(self) -> str:
        """Why the file was thrown away, for a person; empty if it was not."""
        return self._file.rebuilt

    def rows(self) -> Rows:
        """What is searched, as of now; read anew only when it has changed.

        Raises:
            OSError, sqlite3.DatabaseError: the files are damaged, or were replaced meanwhile.
        """
        with self._file.snapshot() as db:
            change, held = self._file.change(db), self._held
            name, rows, dim = _state(db)
            check(self.folder / name, rows, dim)  # reading a map of what is cut off ends us
            if held is None or held[0] != change:
                held = self._held = (change, self._read(db))
        return held[1]

    def digests(self) -> dict[Place, str]:
        """The pages that are held -> their digest as they were then; empty: vectors lack."""
        with self._file.snapshot() as db:
            rows = db.execute("SELECT document, number, digest FROM page")
            return {(document, number): digest for document, number, digest in rows}

    def stale(self, digests: Mapping[Place, str]) -> dict[str, set[int]]:
        """The pages of documents that are not held as they are now, those that are gone too."""
        held = self.digests()
        changed: dict[str, set[int]] = {}
        for place in held.keys() | digests.keys():
            if held.get(place) != digests.get(place):
                changed.setdefault(place[0], set()).add(place[1])
        return changed

    def refresh(
        self,
        stale: Mapping[str, Collection[int]],
        digests: Mapping[Place, str],
        read: Read,
        progress: Progress | None = None,
    ) -> int:
        """Put stale pages in as they are now, or take them out; returns how many there were."""
        documents = sorted(stale)
        for start in range(0, len(documents), _DOCUMENTS):
            if progress:
                progress("Building the vector index", start, len(documents))
            part = documents[start : start + _DOCUMENTS]
            ids, vectors, lacking = read(part)
            wanted = {(one, number) for one in part for number in stale[one]}
            self._replace(wanted, _by_page(ids, wanted), vectors, digests, lacking)
        self._tidy()
        if progress and documents:
            progress("Building the vector index", len(documents), len(documents))
        return sum(map(len, stale.values()))

    def damage(self) -> str:
        """What is wrong with the vectors of the file, all of them read; empty: nothing."""
        rows = self.rows()
        with self._file.snapshot() as db:
            sums = db.execute("SELECT first, length(numbers) / 4, checksum FROM page").fetchall()
        wrong = sum(
            zlib.crc32(rows.vectors[first : first + count].tobytes()) != checksum
            for first, count, checksum in sums
        )
        return f"the vectors of {wrong} pages are not as they were written" if wrong else ""

    def discard(self, reason: str) -> None:
        """Throw all away; the next refresh begins anew."""
        self._file.discard(reason)
        self._held = None
        self._sweep(keep="")

    def close(self) -> None:
        """Let go of the files; the next use opens them again."""
        self._held = None
        self._file.close()

    def _read(self, db: sqlite3.Connection) -> Rows:
        pages = db.execute(
            "SELECT document, number, first, numbers, codes FROM page "
            "WHERE length(numbers) > 0 ORDER BY first"
        ).fetchall()
        name, rows, dim = _state(db)
        vectors = mapped(self.folder / name, rows, dim)
        return table_of(pages, vectors, -(-dim // 64) or 1)

    def _replace(
        self,
        wanted: Collection[Place],
        passages: Mapping[Place, Sequence[tuple[int, int]]],
        vectors: Vectors,
        digests: Mapping[Place, str],
        lacking: Collection[Place],
    ) -> None:
        """Take pages out, and those in that are there: place -> (number, position in vectors)."""
        with self._file.writing() as db:
            _take_out(db, wanted)
            name, rows, dim = _state(db)
            if not rows:
                name, dim = name or f"{uuid4().hex}.f32", vectors.shape[1]
            there = sorted(place for place in wanted if digests.get(place))
            order = [at for place in there for _, at in passages.get(place, ())]
            fresh = vectors[order]
            if len(fresh):
                append(self.folder / name, rows, fresh)
            start = rows
            for place in there:
                own = passages.get(place, ())
                part = fresh[start - rows : start - rows + len(own)]
                numbers = np.array([number for number, _ in own], dtype="<u4").tobytes()
                digest = "" if place in lacking else digests[place]
                row = (
                    digest,
                    start,
                    numbers,
                    sign_codes(part).tobytes(),
                    zlib.crc32(part.tobytes()),
                )
                db.execute("INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?)", (*place, *row))
                start += len(own)
            _set_state(db, name, start, dim)

    def _tidy(self) -> None:
        """Overwrite what is gone, or write the file anew when much of it is."""
        with self._file.snapshot() as db:
            holes, dead = _holes(db)
            _, rows, _ = _state(db)
            strays = [path for path in self.folder.glob("*.f32") if path.name != _state(db)[0]]
        if dead > _SPARSE * rows:
            self._compact()
        elif holes:
            with self._file.writing() as db:
                name, _, dim = _state(db)
                holes, _ = _holes(db)
                wipe(self.folder / name, holes, dim)
                db.execute("UPDATE hole SET wiped = 1")
        elif not strays:
            return
        with self._file.writing() as db:  # alone: no other process is about to use a new file
            self._sweep(keep=_state(db)[0])
        self._file.shrink()

    def _compact(self) -> None:
        """Write the rows that count to a new file."""
        with self._file.writing() as db:
            rows, name = self._read(db), f"{uuid4().hex}.f32"
            _, _, dim = _state(db)
            if len(rows):
                append(self.folder / name, 0, rows.vectors[rows.at])
            db.executemany(
                "UPDATE page SET first = ? WHERE document = ? AND number = ?",
                [
                    (first, *place)
                    for first, place in zip(rows.starts.tolist(), rows.places, strict=False)
                ],
            )
            db.execute("DELETE FROM hole")
            _set_state(db, name if len(rows) else "", len(rows), dim)

    def _sweep(self, keep: str) -> None:
        for path in self.folder.glob("*.f32"):
            if path.name != keep:
                path.unlink(missing_ok=True)


def place_of(passage_id: str) -> tuple[Place, int]:
    """The document id and page of a passage, and its number there, from its id.

    >>> place_of("3fa9:12:p4")
    (('3fa9', 12), 4)
    """
    document, page, number = passage_id.rsplit(":", 2)
    return (document, int(page)), int(number[1:])


def _by_page(ids: Sequence[str], wanted: Collection[Place]) -> dict[Place, list[tuple[int, int]]]:
    """Place -> (number of a passage, position in `ids`), for the places that are wanted."""
    pages: dict[Place, list[tuple[int, int]]] = {}
    for at, one in enumerate(ids):
        place, number = place_of(one)
        if place in wanted:
            pages.setdefault(place, []).append((number, at))
    return pages


def _take_out(db: sqlite3.Connection, places: Collection[Place]) -> None:
    db.executemany(
        "INSERT INTO hole SELECT first, length(numbers) / 4, 0 FROM page "
        "WHERE document = ? AND number = ? AND length(numbers) > 0",
        places,
    )
    db.executemany("DELETE FROM page WHERE document = ? AND number = ?", places)


def _holes(db: sqlite3.Connection) -> tuple[list[tuple[int, int]], int]:
    """(first row, count) of those that are to be wiped, and how many rows are dead in all."""
    holes = db.execute("SELECT first, count FROM hole WHERE NOT wiped").fetchall()
    dead = db.execute("SELECT coalesce(sum(count), 0) FROM hole").fetchone()[0]
    return holes, int(dead)


def _state(db: sqlite3.Connection) -> tuple[str, int, int]:
    """The file's name, its rows, and the length of one."""
    row = db.execute("SELECT name, rows, dim FROM file").fetchone()
    return row or ("", 0, 0)


def _set_state(db: sqlite3.Connection, name: str, rows: int, dim: int) -> None:
    db.execute("DELETE FROM file")
    db.execute("INSERT INTO file VALUES (?, ?, ?)", (name, rows, dim))
