"""What has been encoded, by which model: a small SQLite file beside the vectors.

It is written after the vectors it speaks of. A process killed in between encodes a batch again.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.database import explained
from pagehop.tools.errors import MixedSpacesError

Place: TypeAlias = tuple[str, int]  # document id, page

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoders (
    id TEXT NOT NULL,
    dim INTEGER NOT NULL,
    writes INTEGER NOT NULL -- so far: who has read the vectors sees whether to read them again
);
CREATE TABLE IF NOT EXISTS items (
    document_id TEXT NOT NULL,
    page INTEGER NOT NULL,
    item TEXT NOT NULL,     -- a region's id; empty for the page itself
    digest TEXT NOT NULL,   -- of what was encoded
    detail TEXT NOT NULL,   -- JSON: what each vector has seen
    vector BLOB,            -- float32, little endian, where one says it all
    error TEXT NOT NULL,    -- why there is no vector
    PRIMARY KEY (document_id, page, item)
) WITHOUT ROWID;
"""
_BUSY_SECONDS = 30
_WRITTEN = "UPDATE encoders SET writes = writes + 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One page or region that was encoded, or could not be."""

    document_id: str
    page: int
    item: str = ""
    digest: str
    detail: Any = None  # as JSON can hold it
    vector: NDArray[np.float32] | None = None
    error: str = ""

    @property
    def place(self) -> Place:
        """Where it stands."""
        return (self.document_id, self.page)


class Ledger:
    """The file `encoded.sqlite3` in a channel's folder. Safe for threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "encoded.sqlite3"

    def encoder(self) -> tuple[str, int] | None:
        """Id of the encoder whose vectors these are, and their length; None before any."""
        if not self.path.exists():
            return None
        with self._connected() as connection:
            row = connection.execute("SELECT id, dim FROM encoders").fetchone()
        return (str(row[0]), int(row[1])) if row else None

    def refuse_others(self, encoder: str, model: str) -> None:
        """Raise where the vectors here are another encoder's.

        Args:
            encoder: name and content of the model.
            model: the name it was asked for by, for the message.

        Raises:
            MixedSpacesError: they are.
        """
        held = self.encoder()
        if held is not None and held[0] != encoder:
            raise MixedSpacesError(
                f"The pages in {str(self.path.parent)!r} were encoded by {held[0]!r}; {encoder!r} "
                "makes vectors of another space, and the two are never compared. Encode the pages "
                f"again with: pagehop encode --visual {model}"
            )

    def claim(self, encoder: str, dim: int, model: str) -> None:
        """Say that all vectors here, each of this length, are this encoder's.

        Raises:
            MixedSpacesError: they are another's.
        """
        self.refuse_others(encoder, model)
        if self.encoder() is None:
            with self._connected() as connection:
                connection.execute("INSERT INTO encoders VALUES (?, ?, 0)", (encoder, dim))

    def digests(self) -> dict[tuple[str, int, str], str]:
        """(document, page, item) -> digest of what was encoded, failures included."""
        if not self.path.exists():
            return {}
        with self._connected() as connection:
            rows = connection.execute("SELECT document_id, page, item, digest FROM items")
            return {(document, page, item): digest for document, page, item, digest in rows}

    def encoded(self) -> set[tuple[str, int, str]]:
        """(document, page, item) of what has vectors elsewhere."""
        if not self.path.exists():
            return set()
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT document_id, page, item FROM items WHERE detail != 'null'"
            )
            return {(document, page, item) for document, page, item in rows}

    def failures(self) -> list[tuple[Place, str]]:
        """Places that could not be encoded, and why."""
        if not self.path.exists():
            return []
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT document_id, page, error FROM items WHERE error != '' "
                "ORDER BY document_id, page, item"
            )
            return [((document, page), error) for document, page, error in rows]

    def put(self, entries: Iterable[Entry]) -> None:
        """Enter what was encoded, in one transaction."""
        rows = [
            (
                one.document_id,
                one.page,
                one.item,
                one.digest,
                json.dumps(one.detail),
                None if one.vector is None else one.vector.astype("<f4").tobytes(),
                one.error,
            )
            for one in entries
        ]
        with self._connected() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", rows
            )
            connection.execute(_WRITTEN)

    def drop(self, keys: Collection[tuple[str, int, str]]) -> None:
        """Forget these; their bytes are overwritten."""
        with self._connected() as connection:
            connection.executemany(
                "DELETE FROM items WHERE document_id = ? AND page = ? AND item = ?", sorted(keys)
            )
            connection.execute(_WRITTEN)

    def drop_failures(self) -> None:
        """Forget what could not be encoded, so that it is tried again."""
        if self.path.exists():
            with self._connected() as connection:
                connection.execute("DELETE FROM items WHERE error != ''")

    def detail(self, place: Place) -> Any:  # noqa: ANN401  JSON
        """What each vector of a page has seen; None where nothing is known."""
        with self._connected() as connection:
            row = connection.execute(
                "SELECT detail FROM items WHERE document_id = ? AND page = ? AND item = ''", place
            ).fetchone()
        return json.loads(row[0]) if row else None

    def vectors(self) -> tuple[list[tuple[str, int, str]], NDArray[np.float32]]:
        """(document, page, item) of what has a vector here, and the vectors, (n, dim)."""
        held = self.encoder()
        if held is None:
            return [], np.zeros((0, 0), dtype=np.float32)
        with self._connected() as connection:
            rows: Sequence[tuple[str, int, str, bytes]] = connection.execute(
                "SELECT document_id, page, item, vector FROM items WHERE vector IS NOT NULL "
                "ORDER BY document_id, page, item"
            ).fetchall()
        flat = np.frombuffer(b"".join(row[3] for row in rows), dtype="<f4")
        return [row[:3] for row in rows], flat.reshape(len(rows), held[1])

    def version(self) -> int:
        """A number that changes with every write, by whichever process."""
        if not self.path.exists():
            return 0
        with self._connected() as connection:
            row = connection.execute("SELECT writes FROM encoders").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """One transaction on a connection of its own."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS)
            try:
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute("PRAGMA temp_store = MEMORY")
                if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    connection.executescript(_SCHEMA)
                with connection:
                    yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise explained(error, self.path) from error
