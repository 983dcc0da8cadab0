"""The cards of a corpus on disk: which region each is of, and its vector. Derived, never trusted.

One SQLite file without any text: a card is known by the hash of what it says, and its vector by
that hash and the encoder, so that what says the same is encoded once, whatever stage it is read
in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.dense.cards import VERSION, Card, CardKind
from pagehop.tools.retrieval.derived import DerivedDatabase

_SCHEMA = """
CREATE TABLE document (id TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE card (
    region TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    page INTEGER NOT NULL,
    kind TEXT NOT NULL,
    says BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX card_of_document ON card (document);
CREATE INDEX card_saying ON card (says);
CREATE TABLE vector (
    encoder TEXT NOT NULL,
    says BLOB NOT NULL,
    vector BLOB NOT NULL,  -- without a rowid each would spill onto a page of its own
    PRIMARY KEY (encoder, says)
);
CREATE TABLE birth (token INTEGER NOT NULL);
INSERT INTO birth VALUES (random());
"""
_UNUSED = "NOT EXISTS (SELECT 1 FROM card WHERE card.says = vector.says)"


@dataclass(frozen=True, slots=True)
class Deck:
    """The cards of one kind that have a vector, in order of document, page and region."""

    regions: Sequence[str]
    documents: Sequence[str]
    pages: Sequence[int]
    vectors: NDArray[np.float32]  # (cards, dim)
    spans: Mapping[str, tuple[int, int]]  # document id -> its first card, and one after its last


def saying(text: str) -> bytes:
    """What a card's text is known by."""
    return blake2b(text.encode(), digest_size=16).digest()


class CardStore(DerivedDatabase):
    """Fills and reads the file. Safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _SCHEMA, 100 + VERSION, synchronous="NORMAL")

    def digests(self) -> dict[str, str]:
        """Document id -> digest of the document as it was when its cards were written."""
        with self.snapshot() as db:
            return dict(db.execute("SELECT id, digest FROM document"))

    def replace(self, document: str, digest: str, cards: Sequence[Card]) -> None:
        """Put the cards of a document in, in place of those it had."""
        rows = [(one.region_id, document, one.page, one.kind, saying(one.text)) for one in cards]
        with self.writing() as db:
            db.execute("DELETE FROM card WHERE document = ?", (document,))
            db.executemany("INSERT INTO card VALUES (?, ?, ?, ?, ?)", rows)
            db.execute("INSERT OR REPLACE INTO document VALUES (?, ?)", (document, digest))

    def remove(self, documents: Collection[str]) -> None:
        """Take documents out so that nothing of them is left in the file."""
        gone = [(document,) for document in documents]
        with self.writing() as db:
            db.executemany("DELETE FROM card WHERE document = ?", gone)
            db.executemany("DELETE FROM document WHERE id = ?", gone)
            db.execute(f"DELETE FROM vector WHERE {_UNUSED}")  # noqa: S608
        self.shrink()

    def without_vector(self, encoder: str) -> dict[str, set[bytes]]:
        """Document id -> what those of its cards say that this encoder has not seen."""
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT document, says FROM card WHERE NOT EXISTS (SELECT 1 FROM vector "
                "WHERE vector.encoder = ? AND vector.says = card.says) ORDER BY document",
                (encoder,),
            ).fetchall()
        waiting: dict[str, set[bytes]] = {}
        for document, says in rows:
            waiting.setdefault(document, set()).add(says)
        return waiting

    def put_vectors(self, encoder: str, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
        """Keep vectors by what was encoded, in one transaction."""
        rows = [(encoder, says, one.astype("<f4").tobytes()) for says, one in vectors.items()]
        with self.writing() as db:
            db.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", rows)

    def forget_unused(self) -> None:
        """Delete vectors of what no card says any more."""
        with self.snapshot() as db:
            found = db.execute(f"SELECT 1 FROM vector WHERE {_UNUSED} LIMIT 1").fetchone()  # noqa: S608
        if found:
            with self.writing() as db:
                db.execute(f"DELETE FROM vector WHERE {_UNUSED}")  # noqa: S608

    def state(self) -> tuple[int, int]:
        """Another one after every change, by this process or another, and for another file."""
        with self.snapshot() as db:
            return int(db.execute("SELECT token FROM birth").fetchone()[0]), self.change(db)

    def deck(self, encoder: str, kind: CardKind) -> Deck:
        """All cards of a kind with their vectors of this encoder."""
        with self.snapshot() as db:
            rows = db.execute(
                "SELECT card.region, card.document, card.page, vector.vector FROM card "
                "JOIN vector ON vector.encoder = ? AND vector.says = card.says "
                "WHERE card.kind = ? ORDER BY card.document, card.page, card.region",
                (encoder, kind),
            ).fetchall()
        flat = np.frombuffer(b"".join(row[3] for row in rows), dtype="<f4")
        documents = [row[1] for row in rows]
        return Deck(
            regions=[row[0] for row in rows],
            documents=documents,
            pages=[row[2] for row in rows],
            vectors=flat.reshape(len(rows), -1) if rows else np.zeros((0, 0), dtype=np.float32),
            spans=_spans(documents),
        )


def _spans(documents: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Where each document begins and ends in a list in order of documents."""
    spans: dict[str, tuple[int, int]] = {}
    for at, document in enumerate(documents):
        spans[document] = (spans.get(document, (at, at))[0], at + 1)
    return spans
