"""The manifest of a late store: one SQLite file, the only thing that says what is stored.

Vectors are appended to files first and forced to disk; then one transaction here makes them
count. Whatever a killed process left behind a file's recorded end does not exist.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pagehop.tools.errors import CorpusVersionError, MixedSpacesError
from pagehop.tools.retrieval.late.database import BUSY_SECONDS, connect, explained

FORMAT = 4
_LOGGED = 4_096  # changes that are kept for readers, who would read everything otherwise
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS segments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: it names files
  tokens INTEGER NOT NULL,               -- rows that count in .tokens and .codes
  sketch INTEGER NOT NULL,               -- rows that count in .sketch
  outline INTEGER NOT NULL,              -- and in .outline
  dead INTEGER NOT NULL                  -- tokens of pages that were removed
);
CREATE TABLE IF NOT EXISTS items (
  document TEXT NOT NULL, page INTEGER NOT NULL, segment INTEGER NOT NULL REFERENCES segments,
  start INTEGER NOT NULL, tokens INTEGER NOT NULL,
  sketch_start INTEGER NOT NULL, sketch INTEGER NOT NULL,
  outline_start INTEGER NOT NULL, outline INTEGER NOT NULL,
  PRIMARY KEY (document, page)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_segment ON items (segment);
CREATE TABLE IF NOT EXISTS changes (  -- pages that were put or dropped, the last ones
  id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, page INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a segment's files counts, and how much of that is of removed pages."""

    id: int
    tokens: int = 0
    sketch: int = 0
    outline: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """Where one page's vectors lie; the fields in the order of the table's columns."""

    document: str
    page: int
    segment: int
    start: int
    tokens: int
    sketch_start: int
    sketch: int
    outline_start: int
    outline: int


Row: TypeAlias = tuple[str, int, int, int, int, int, int, int, int]  # the fields of an item


@dataclass(frozen=True, slots=True)
class Contents:
    """What is stored, or how it differs from what was stored before."""

    mark: int  # of the last change that is in it
    extents: list[Extent]
    rows: list[Row]  # in the order of their keys
    changed: frozenset[tuple[str, int]] | None = None  # only these keys are spoken of; None: all


class Manifest:
    """Which pages are stored, and where. Safe for threads and processes."""

    def __init__(self, path: Path, *, encoder: str, dim: int) -> None:
        """Open the file or make it.

        Raises:
            MixedSpacesError: another encoder's vectors, or ones of other length, are here.
            CorpusVersionError: another version's format.
            StorageError: the file is no manifest, or cannot be written.
        """
        self._path = path
        self._guard = {"read": threading.RLock(), "write": threading.RLock()}
        with explained(path):
            self._reader = connect(path)
            self._writer = connect(path)
            mine = {"format": str(FORMAT), "encoder": encoder, "dim": str(dim)}
            held = self._meta() or self._made(mine)
        try:
            _refuse_others(path, held, mine)
        except BaseException:
            self.close()
            raise

    def change(self) -> int:
        """A number that is another one when anything was committed, by whichever process."""
        with self._guard["read"], explained(self._path):
            return int(self._reader.execute("PRAGMA data_version").fetchone()[0])

    def contents(self, since: int | None = None) -> Contents:
        """All segments, and the items that changed since a mark, or all of them, as one view."""
        with self._guard["read"], explained(self._path):
            self._reader.execute("BEGIN")
            try:
                mark = self._reader.execute(
                    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'changes'"
                ).fetchone()[0]
                changed = None if since is None else self._changed(since, mark)
                return Contents(mark, extents(self._reader), self._rows(changed), changed)
            finally:
                self._reader.execute("COMMIT")

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction, by one writer at a time: on disk when the block ends.

        Raises:
            CorpusBusyError: another process is writing, and goes on or is not waited for.
        """
        with self._guard["write"], explained(self._path):
            self._writer.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000 * wait}")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk may have rolled back already
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer):
            connection.close()

    def _changed(self, since: int, mark: int) -> frozenset[tuple[str, int]] | None:
        """The keys that changed after a mark; None if not all of them are known any more."""
        logged = self._reader.execute(
            "SELECT document, page FROM changes WHERE id > ?", (since,)
        ).fetchall()
        return frozenset(logged) if len(logged) == mark - since else None

    def _rows(self, keys: frozenset[tuple[str, int]] | None) -> list[Row]:
        if keys is None:
            return self._reader.execute("SELECT * FROM items ORDER BY document, page").fetchall()
        wanted = "SELECT * FROM items WHERE document = ? AND page = ?"
        return [row for key in sorted(keys) for row in self._reader.execute(wanted, key)]

    def _meta(self) -> dict[str, str]:
        tables = self._reader.execute("SELECT name FROM sqlite_master WHERE name = 'meta'")
        if not tables.fetchall():
            return {}
        return dict(self._reader.execute("SELECT key, value FROM meta").fetchall())

    def _made(self, mine: dict[str, str]) -> dict[str, str]:
        with self.writing() as connection:
            for statement in _SCHEMA.split(";\n"):
                connection.execute(statement)
            held = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            if not held:  # nor has another process been here in the meantime
                connection.executemany("INSERT INTO meta VALUES (?, ?)", mine.items())
            return held or mine


def extents(connection: sqlite3.Connection) -> list[Extent]:
    """All segments, oldest first."""
    rows = connection.execute("SELECT * FROM segments ORDER BY id")
    return [Extent(*row) for row in rows]


def items_of(connection: sqlite3.Connection, segment: int) -> list[Item]:
    """The pages of one segment, as they lie in it."""
    rows = connection.execute("SELECT * FROM items WHERE segment = ? ORDER BY start", (segment,))
    return [Item(*row) for row in rows]


def new_segment(connection: sqlite3.Connection) -> Extent:
    """An empty segment."""
    added = connection.execute("INSERT INTO segments VALUES (NULL, 0, 0, 0, 0)")
    return Extent(int(added.lastrowid or 0))


def put(connection: sqlite3.Connection, items: Iterable[Item]) -> None:
    """Record pages, and let their segments count as far as they reach."""
    for item in items:
        key = (item.document, item.page)
        _delete(connection, key)
        connection.execute(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            tuple(getattr(item, name) for name in item.__slots__),
        )
        connection.execute(
            "UPDATE segments SET tokens = max(tokens, ?), sketch = max(sketch, ?), "
            "outline = max(outline, ?) WHERE id = ?",
            (
                item.start + item.tokens,
                item.sketch_start + item.sketch,
                item.outline_start + item.outline,
                item.segment,
            ),
        )
        connection.execute("INSERT INTO changes (document, page) VALUES (?, ?)", key)
    _trim(connection)


def drop(connection: sqlite3.Connection, keys: Iterable[tuple[str, int]]) -> None:
    """Let pages no longer count; those that are not here are passed over."""
    for key in keys:
        if _delete(connection, key):
            connection.execute("INSERT INTO changes (document, page) VALUES (?, ?)", key)
    _trim(connection)


def forget(connection: sqlite3.Connection) -> None:
    """Leave no name of what is stored no longer."""
    connection.execute(
        "DELETE FROM changes WHERE NOT EXISTS (SELECT 1 FROM items "
        "WHERE items.document = changes.document AND items.page = changes.page)"
    )


def _delete(connection: sqlite3.Connection, key: tuple[str, int]) -> bool:
    held = connection.execute(
        "DELETE FROM items WHERE document = ? AND page = ? RETURNING segment, tokens", key
    ).fetchall()
    for segment, tokens in held:
        connection.execute("UPDATE segments SET dead = dead + ? WHERE id = ?", (tokens, segment))
    return bool(held)


def _trim(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM changes WHERE id <= (SELECT max(id) FROM changes) - ?", (_LOGGED,)
    )


def _refuse_others(path: Path, held: dict[str, str], mine: dict[str, str]) -> None:
    if held.get("format") != mine["format"]:
        raise CorpusVersionError(
            f"The token vectors in {str(path.parent)!r} are of format {held.get('format')!r}, and "
            f"this pagehop reads format {mine['format']!r}. `pagehop encode` makes them anew."
        )
    if held != mine:
        raise MixedSpacesError(
            f"{str(path.parent)!r} holds {held['dim']}-dimensional token vectors of "
            f"{held['encoder']!r}; {mine['dim']}-dimensional ones of {mine['encoder']!r} were "
            "asked for. They lie in different spaces. `pagehop encode` encodes the pages anew."
        )
