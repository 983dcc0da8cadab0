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
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite's own files inherit it
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
    except (OSError, sqlite3.Error) as error:
        raise StorageError(f"The file of runs {str(path)!r} cannot be opened: {error}.") from error
    return connection
