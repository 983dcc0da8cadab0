"""The SQLite file under the catalogue: one connection a thread, and its failures in words."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from pagehop.tools.errors import CorpusBusyError, CorpusVersionError, PagehopError, StorageError

SCHEMA_VERSION = 2
APPLICATION_ID = 0x70616765  # "page": marks the file as a catalogue of ours
BUSY_SECONDS = 30
PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",  # a deleted page's text is overwritten, not only unlinked
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",  # no document text in temporary files outside the corpus
)


class Database:
    """A catalogue file. Writers are serialised by SQLite; readers never wait for them."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it, readable by its owner alone.

        Raises:
            CorpusVersionError: a newer pagehop made it.
            StorageError: it cannot be opened, or is no catalogue.
        """
        self.path = path
        self._local = threading.local()
        self._connections: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        with self._explained():
            # Closing a file that SQLite has open in this process would drop SQLite's locks on it.
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._prepare(self.connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        held: _Connection | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = _Connection(self.path)
            with self._lock:
                self._connections.add(held)
        return held.sqlite

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement, which sees one state of the file without a transaction."""
        with self._explained():
            return self.connection.execute(statement, values).fetchall()

    def generation(self) -> int:
        """A number that grows with every committed change, in this process or another."""
        return int(self.rows("SELECT value FROM meta WHERE key = 'generation'")[0][0])

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file, whatever is written meanwhile."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on disk when the block ends, undone when it raises.

        Raises:
            StorageError: the file has gone; SQLite would go on writing to what nobody can open.
        """
        if not self.path.exists():
            raise StorageError(
                f"{str(self.path)!r} has been deleted or moved while it was in use. Nothing more "
                "is written; run the same command again where the corpus is now."
            )
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
            connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")

    def shrink(self) -> None:
        """Leave no byte of what was deleted: empty the log, rewrite the file, empty it again.

        Raises:
            CorpusBusyError: another process reads the catalogue, so that its log must stay.
        """
        with self._explained():
            connection = self.connection
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            # The copy is made in an unnamed file of this folder: it may not fit into memory, and
            # the system's temporary folder is no place for a person's documents.
            folder = str(self.path.parent).replace("'", "''")
            connection.execute(f"PRAGMA temp_store_directory = '{folder}'")
            connection.execute("PRAGMA temp_store = FILE")
            try:
                connection.execute("VACUUM")
            finally:
                connection.execute("PRAGMA temp_store = MEMORY")
                connection.execute("PRAGMA temp_store_directory = ''")
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise CorpusBusyError(
                f"Another process is reading {str(self.path)!r}, so that deleted text is still in "
                "its log. It goes with the next add or remove after that process has ended."
            )

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for held in list(self._connections):
                held.close()
            self._connections.clear()
        self._local = threading.local()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._explained():
            connection = self.connection
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled back already.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")  # two processes may make one corpus at once
        try:
            version = self._checked_version(connection)
            if not version:
                self._create(connection)
            elif version < SCHEMA_VERSION:
                self._grow(connection, version)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _checked_version(self, connection: sqlite3.Connection) -> int:
        """The version of the schema in the file, 0 for a new file."""
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
        if owner != APPLICATION_ID and (owner or tables):
            raise StorageError(
                f"{str(self.path)!r} is another program's database, not a catalogue."
            )
        if version > SCHEMA_VERSION:
            raise CorpusVersionError(
                f"The corpus {str(self.path.parent)!r} has catalogue version {version}; this "
                f"pagehop reads version {SCHEMA_VERSION}. Use a newer pagehop, or another folder."
            )
        return version

    def _create(self, connection: sqlite3.Connection) -> None:
        originals = self.path.parent / "originals"
        if originals.is_dir() and any(originals.iterdir()):
            raise StorageError(
                f"The catalogue {str(self.path)!r} is missing or empty, but {str(originals)!r} "
                "holds documents. Restore it from a backup, or add that folder to a new corpus."
            )
        _run(connection, "schema.sql")
        connection.execute("INSERT INTO meta VALUES ('generation', 0), ('residue', 0)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._grow(connection, 1)

    def _grow(self, connection: sqlite3.Connection, version: int) -> None:
        """Bring an older catalogue to this version, one version after the other."""
        for later in range(version + 1, SCHEMA_VERSION + 1):
            _run(connection, f"schema_{later}.sql")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What SQLite and the file system say, as our errors in one line."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explained(error, self.path) from error
        except UnicodeDecodeError as error:  # text was stored as UTF-8: this is no longer it
            raise explained(sqlite3.DatabaseError("malformed text"), self.path) from error


class _Connection:
    """A connection that is closed when its thread ends."""

    def __init__(self, path: Path) -> None:
        self.sqlite = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in PRAGMAS:
            self.sqlite.execute(pragma)

    def close(self) -> None:
        self.sqlite.close()

    def __del__(self) -> None:
        if hasattr(self, "sqlite"):
            self.sqlite.close()


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run the statements of a file of this package within the open transaction."""
    text = files("pagehop.tools.corpus").joinpath(script).read_text("utf-8")
    for statement in text.split(";\n"):  # executescript would commit
        connection.execute(statement)


def explained(error: sqlite3.Error | OSError, path: Path) -> PagehopError:
    """An error of SQLite or the file system as one of ours, in one line that says what to do."""
    message = str(error)
    where = repr(str(path))
    if "locked" in message or "busy" in message:
        return CorpusBusyError(
            f"Another process has been writing to {where} for {BUSY_SECONDS} s. Try again later."
        )
    if "full" in message or "No space" in message or "quota" in message:
        return StorageError(
            f"The disk is full: {where} could not be written ({message}). What was finished is "
            "kept; free some space and run the same command again."
        )
    if "readonly" in message or "unable to open" in message or "Read-only" in message:
        return StorageError(
            f"{where} cannot be written ({message}). A corpus must be writable also for asking, "
            "which takes locks and keeps chats: change its rights, or copy the folder."
        )
    if any(sign in message for sign in ("not a database", "malformed", "UTF-8")):
        return StorageError(
            f"The catalogue {where} is damaged ({message}). Restore it from a backup, or move the "
            "corpus folder away and add the documents again."
        )
    return StorageError(f"{where} could not be read or written: {message}.")
