"""The SQLite file of a late store: how it is opened, and what its failures mean."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pagehop.tools.errors import CorpusBusyError, StorageError

BUSY_SECONDS = 30  # that a writer waits for another


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Failures of SQLite and of the disk, in words.

    Raises:
        CorpusBusyError: another process has been writing for long.
        StorageError: anything else.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise CorpusBusyError(
                f"Another process is writing token vectors to {str(path.parent)!r}, for more than "
                f"the {BUSY_SECONDS} seconds that are waited. Try again when it has ended."
            ) from error
        raise StorageError(
            f"The token vectors in {str(path.parent)!r} cannot be read or written ({error}). If "
            "the disk is neither full nor read-only, delete that folder and run `pagehop encode`."
        ) from error
    except OSError as error:
        raise StorageError(
            f"The token vectors in {str(path.parent)!r} cannot be read or written: {error}."
        ) from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection whose commits are on disk, and which leaves no byte of what is deleted."""
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    # No write-ahead log: what was removed would stay in it.
    for pragma in (
        "journal_mode = DELETE",
        "synchronous = FULL",
        "secure_delete = ON",
        "cache_spill = OFF",  # readers are shut out for the moment of the commit alone
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection
