"""Replies of models, kept on disk across runs, so that the same thing is not paid for twice.

The prompts' texts are not kept, but replies quote documents: the file is for its owner's eyes
alone, and is emptied when a document leaves the corpus. Prompts carry marks that are made from
a secret; it is the cache's own and changes whenever the cache is emptied, so that a run which
began before that can put nothing back.
"""

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pagehop.tools.errors import CorpusVersionError, StorageError

REPLY_FILE = "replies.sqlite3"  # in the corpus folder
VERSION = 1
BUSY_MS = 30_000  # how long a writer waits for another
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS secret (value TEXT NOT NULL)",
    f"PRAGMA user_version={VERSION}",
)


class ReplyCache:
    """Replies by what was asked (the `Cache` of `Calls`). Safe in threads and processes.

    Raises:
        StorageError: the file cannot be opened, read or written.
        CorpusVersionError: a newer version wrote it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        try:
            self._connection = _connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from error
        found = self._rows("PRAGMA user_version")[0][0]
        if found > VERSION:
            self.close()
            raise CorpusVersionError(
                f"{str(path)!r} was written by a newer pagehop (form {found}, this one knows "
                f"{VERSION}). Update pagehop, or delete the file: it holds kept replies only."
            )
        if found < VERSION:
            for statement in SCHEMA:
                self._rows(statement)
        self._rows(
            "INSERT INTO secret SELECT ? WHERE NOT EXISTS (SELECT 1 FROM secret)", _new_secret()
        )

    def secret(self) -> str:
        """What marks in prompts are made from while this cache is used: 32 hex digits."""
        return str(self._rows("SELECT value FROM secret")[0][0])

    def get(self, key: str) -> Mapping[str, object] | None:
        """The reply of that call, or None."""
        rows = self._rows("SELECT reply FROM replies WHERE key = ?", key)
        try:
            reply = json.loads(rows[0][0]) if rows else None
        except ValueError:
            reply = {}  # damaged: no reply, and its reader says so
        return reply if isinstance(reply, dict) else None

    def put(self, key: str, reply: Mapping[str, object], *, secret: str) -> None:
        """Keep a reply, unless the cache was emptied since the run took its secret."""
        self._rows(
            "INSERT OR REPLACE INTO replies SELECT ?, ? "
            "WHERE EXISTS (SELECT 1 FROM secret WHERE value = ?)",
            key, json.dumps(reply), secret,
        )  # fmt: skip

    def clear(self) -> None:
        """Erase every reply, from the disk as well, and change the secret."""
        self._rows("UPDATE secret SET value = ?", _new_secret())  # first: nobody puts any back
        self._rows("DELETE FROM replies")
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def __len__(self) -> int:
        return int(self._rows("SELECT count(*) FROM replies")[0][0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _rows(self, statement: str, *values: str) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error


def forget_replies(folder: Path, _document: str) -> None:
    """Empty a corpus's cache of replies: a document is leaving, and any reply may quote it.

    Args:
        folder: the corpus folder.
        _document: its id; which replies quote it is not known.
    """
    path = folder / REPLY_FILE
    if path.exists():
        with closing(ReplyCache(path)) as cache:
            cache.clear()


def _new_secret() -> str:
    return secrets.token_hex(16)


def _connect(path: Path) -> sqlite3.Connection:
    """A connection for any thread, every statement its own transaction; erased is overwritten.

    The file is made private before SQLite opens it; those that it puts beside it inherit that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        for setting in (
            f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"
        ):  # fmt: skip
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _unusable(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"The file of kept replies {str(path)!r} cannot be used: {error}. It holds nothing else: "
        "move it away to go on without them."
    )
