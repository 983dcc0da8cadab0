"""A SQLite file that is derived from the catalogue: opened, repaired, thrown away in doubt.

Connections wait for the next use in place of being opened for it, which takes longer than most
searches. Another process may fill the file, or throw it away and begin a new one, at any time.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock

from filelock import FileLock

log = logging.getLogger(__name__)

BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
# It begins anywhere, so that what was read of a file is not taken for what is in the next one.
_COUNTER = """
CREATE TABLE change (number INTEGER NOT NULL);
INSERT INTO change VALUES (abs(random() >> 2));
"""
_CHECKED_BYTES = 64 << 20  # a larger file is not read whole when it is opened


def is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is damaged; a lock or a full disk is no damage."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN


class DerivedDatabase:
    """Opens and reads the file, and counts its changes. Safe for threads and processes."""

    def __init__(self, path: Path, schema: str, layout: int, *, synchronous: str) -> None:
        """Use a file, which is made where it is missing, when it is first read.

        Args:
            path: of the file; a lock file lies beside it.
            schema: statements that make its tables.
            layout: `PRAGMA user_version` of a file that this code can read.
            synchronous: NORMAL, or FULL where other files rely on what was committed.
        """
        self.path = path
        self.rebuilt = ""  # why the file was thrown away, for a person; "" if it was not
        self._schema = schema + _COUNTER
        self._layout = layout
        self._synchronous = synchronous
        self._lock = FileLock(path.with_suffix(".lock"))
        self._opened: tuple[int, int] | None = None  # the file that `_idle` are connections to
        self._idle: list[sqlite3.Connection] = []
        self._guard = Lock()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the file."""
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone among all processes; undone when the block raises."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("UPDATE change SET number = number + 1")
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def change(self, db: sqlite3.Connection) -> int:
        """A number that grows with every transaction that wrote."""
        return int(db.execute("SELECT number FROM change").fetchone()[0])

    def shrink(self) -> None:
        """Leave no byte of what was deleted."""
        self.close()
        with self._lock, closing(self._connect()) as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def discard(self, reason: str) -> None:
        """Throw the file away; the next use begins an empty one."""
        log.warning("the index %s is rebuilt: %s", self.path, reason)
        self.rebuilt = reason
        self.close()
        with self._lock:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self._guard:
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread uses; kept for the next use when nothing failed."""
        if self._opened is None or self._opened != self._identity():
            self._open()
        with self._guard:
            db = self._idle.pop() if self._idle else self._connect()
        try:
            yield db
        except BaseException:
            db.close()
            raise
        with self._guard:
            self._idle.append(db)

    def _open(self) -> None:
        self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            try:
                fault = self._fault()
            except sqlite3.DatabaseError as error:
                if not is_broken(error):
                    raise
                fault = str(error)
            if fault:
                self.discard(fault)
            with closing(self._connect()) as db:
                if not db.execute("PRAGMA user_version").fetchone()[0]:
                    db.execute("PRAGMA journal_mode = WAL")
                    db.executescript(
                        f"BEGIN; {self._schema} PRAGMA user_version = {self._layout}; COMMIT;"
                    )
            self._opened = self._identity()

    def _fault(self) -> str:
        """Why the file cannot be used; "" if it can, or is not there yet."""
        if not self.path.exists():
            return ""
        if self.path.stat().st_size == 0:
            return "it is empty"
        with closing(self._connect()) as db:
            layout = db.execute("PRAGMA user_version").fetchone()[0]
            if layout not in (0, self._layout):
                return f"it was made by another version ({layout}, not {self._layout})"
            if self.path.stat().st_size > _CHECKED_BYTES:
                return ""
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            return "" if found == "ok" else f"it is damaged ({found})"

    def _identity(self) -> tuple[int, int] | None:
        """Which file lies there; another process may have begun a new one."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA secure_delete = ON")
        db.execute(f"PRAGMA synchronous = {self._synchronous}")
        db.execute("PRAGMA cache_size = -32768")
        return db
