"""What was read of the catalogue, kept for as long as nothing has changed in it."""

import sqlite3
from collections.abc import Callable
from typing import Generic, TypeVar

from pagehop.tools.corpus.database import Database

Value = TypeVar("Value")


class PerGeneration(Generic[Value]):
    """A value that is read once for each generation of a catalogue. Safe for threads."""

    def __init__(self, database: Database, read: Callable[[sqlite3.Connection], Value]) -> None:
        self._database = database
        self._read = read
        self._held: tuple[int, Value] | None = None

    def value(self) -> Value:
        """The value as of now; read anew when something was committed meanwhile."""
        held = self._current()
        if held is None:
            with self._database.reading() as connection:
                held = (generation_of(connection), self._read(connection))
            self._held = held
        return held[1]

    def held(self) -> Value | None:
        """The value as of now if it has been read already; None: it would have to be."""
        held = self._current()
        return held[1] if held else None

    def forget(self) -> None:
        """Keep nothing."""
        self._held = None

    def _current(self) -> tuple[int, Value] | None:
        held = self._held  # once: another thread may put another one there
        if held is None or held[0] != self._database.generation():
            return None
        return held


def generation_of(connection: sqlite3.Connection) -> int:
    """The generation of the catalogue as a transaction sees it."""
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    return int(value)
