"""How the run file is opened: WAL, every commit on disk, for the owner's eyes alone."""

import os
import sqlite3
from pathlib import Path

from pagehop.tools.errors import StorageError

BUSY_MS = 30_000  # how long a writer waits for another


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may be used from any thread, one at a time.

    Raises:
        StorageError: the file cannot be made or opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
    except (OSError, sqlite3.Error) as error:
        torn = any(sign in str(error) for sign in ("malformed", "not a database"))
        remedy = (
            "It holds chats, no documents: move it away to go on without them."
            if torn
            else "Every question is noted there before it is asked, so the corpus must lie where "
            "one may write; to search alone needs no such file."
        )
        raise StorageError(
            f"The file of runs {str(path)!r} cannot be opened: {error}. {remedy}"
        ) from error
    return connection


def _make_private(path: Path) -> None:
    """Make the file where it is missing; the files SQLite puts beside it inherit its mode.

    A file that is there is never opened here: closing it again would drop the locks that
    another connection of this process holds on it, and SQLite would lose what is written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
