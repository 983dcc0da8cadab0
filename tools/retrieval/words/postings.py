"""Which term stands on which page how often: rows of packed postings, and reads of them.

A row has the postings of one term in one block of 4,096 pages, three bytes each. A term that
stands everywhere is a few rows of some kilobytes; a document, whose pages get neighbouring
numbers, lies in one block or two; what is added goes to the end of a row.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SCHEMA = """
CREATE TABLE page (
    id INTEGER PRIMARY KEY,
    document TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    length INTEGER NOT NULL,
    UNIQUE (document, number)
);
CREATE TABLE page_terms (      -- which postings a page has, so that it can be taken out again
    id INTEGER PRIMARY KEY,
    terms BLOB NOT NULL
);
CREATE TABLE posting (
    term INTEGER NOT NULL,
    block INTEGER NOT NULL,    -- page id >> 12
    pages BLOB NOT NULL,
    PRIMARY KEY (term, block)
) WITHOUT ROWID;
"""
_BITS = 12
_WITHIN = (1 << _BITS) - 1
_POSTING = np.dtype([("page", "<u2"), ("times", "u1")])  # within the block; 255: that or more
_TERM_BYTES = 6  # a term is a number of 48 bits


@dataclass(frozen=True, slots=True)
class IndexedPage:
    """A page as it goes into the index."""

    document: str
    number: int
    digest: str
    counts: Mapping[int, int]  # term hash -> times


@dataclass(frozen=True)
class PageTable:
    """The pages that have text, by id; what a search needs of them."""

    ids: Mapping[str, Sequence[int]]  # document id -> ids of its pages
    places: Mapping[int, tuple[str, int]]  # id -> document id, page
    lengths: NDArray[np.int64]  # of a page in terms, by id; 0: there is no such page

    @cached_property
    def average_length(self) -> float:
        """Over all pages."""
        return float(self.lengths.sum()) / max(len(self.places), 1)


@dataclass(frozen=True, slots=True)
class Searched:
    """The pages of one search: all of the table, or those of some documents."""

    table: PageTable
    members: NDArray[np.bool_] | None  # by id; None: every page
    blocks: tuple[int, int]  # the first and the last that can have one
    count: int
    average_length: float


def read_table(db: sqlite3.Connection) -> PageTable:
    """All pages of the file."""
    ids: dict[str, list[int]] = {}
    places: dict[int, tuple[str, int]] = {}
    sizes = []
    rows = db.execute("SELECT id, document, number, length FROM page WHERE length > 0 ORDER BY id")
    for identity, document, number, length in rows:
        ids.setdefault(document, []).append(identity)
        places[identity] = (document, number)
        sizes.append(length)
    lengths = np.zeros(1 + max(places, default=0), dtype=np.int64)
    lengths[list(places)] = sizes
    return PageTable(ids, places, lengths)


def narrowed(table: PageTable, documents: Collection[str] | None) -> Searched:
    """The pages of these documents; None: of all."""
    if documents is None:
        last = len(table.lengths) - 1
        return Searched(table, None, (0, last >> _BITS), len(table.places), table.average_length)
    ids = [one for document in documents for one in table.ids.get(document, ())]
    members = np.zeros(len(table.lengths), dtype=bool)
    members[ids] = True
    average = float(table.lengths[ids].mean()) if ids else 0.0
    span = (min(ids, default=0) >> _BITS, max(ids, default=-1) >> _BITS)
    return Searched(table, members, span, len(ids), average)


def read_postings(
    db: sqlite3.Connection, term: int, searched: Searched
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The ids of the pages with a term, in no order, and how often it stands there."""
    rows = db.execute(
        "SELECT block, pages FROM posting WHERE term = ? AND block BETWEEN ? AND ?",
        (term, *searched.blocks),
    ).fetchall()
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8)
    packed = [np.frombuffer(blob, dtype=_POSTING) for _, blob in rows]
    ids = np.concatenate(
        [
            (block << _BITS) + one["page"].astype(np.int64)
            for (block, _), one in zip(rows, packed, strict=True)
        ]
    )
    times = np.concatenate([one["times"] for one in packed])
    if searched.members is None:
        return ids, times
    inside = searched.members[ids]
    return ids[inside], times[inside]


def put_in(db: sqlite3.Connection, pages: Sequence[IndexedPage]) -> None:
    """Enter pages that are not there, with their postings, each row of them written once."""
    terms: list[NDArray[np.int64]] = []
    entries: list[NDArray[np.void]] = []
    blocks: list[NDArray[np.int64]] = []
    for page in pages:
        identity = db.execute(
            "INSERT INTO page (document, number, digest, length) VALUES (?, ?, ?, ?)",
            (page.document, page.number, page.digest, sum(page.counts.values())),
        ).lastrowid
        assert identity is not None
        own = np.fromiter(page.counts, dtype=np.int64, count=len(page.counts))
        db.execute("INSERT INTO page_terms VALUES (?, ?)", (identity, _packed_terms(own)))
        entry = np.empty(len(own), dtype=_POSTING)
        entry["page"] = identity & _WITHIN
        entry["times"] = np.minimum(np.fromiter(page.counts.values(), dtype=np.int64), 255)
        terms.append(own)
        entries.append(entry)
        blocks.append(np.full(len(own), identity >> _BITS))
    if any(map(len, terms)):  # pages without a word have none
        _append(db, np.concatenate(terms), np.concatenate(blocks), np.concatenate(entries))


def take_out(db: sqlite3.Connection, places: Collection[tuple[str, int]]) -> None:
    """Delete pages with all their postings; those that are not there change nothing."""
    gone: dict[tuple[int, int], list[int]] = {}  # term, block -> pages within the block
    for place in places:
        row = db.execute(
            "SELECT id, terms FROM page JOIN page_terms USING (id) "
            "WHERE document = ? AND number = ?",
            place,
        ).fetchone()
        if row is None:
            continue
        identity, terms = row
        for term in _unpacked_terms(terms).tolist():
            gone.setdefault((term, identity >> _BITS), []).append(identity & _WITHIN)
        db.execute("DELETE FROM page WHERE id = ?", (identity,))
        db.execute("DELETE FROM page_terms WHERE id = ?", (identity,))
    for key in sorted(gone):
        _thin_out(db, key, gone[key])


def _append(
    db: sqlite3.Connection,
    terms: NDArray[np.int64],
    blocks: NDArray[np.int64],
    entries: NDArray[np.void],
) -> None:
    order = np.lexsort((entries["page"], blocks, terms))
    terms, blocks, entries = terms[order], blocks[order], entries[order]
    starts = np.flatnonzero(np.r_[True, (terms[1:] != terms[:-1]) | (blocks[1:] != blocks[:-1])])
    packed, size = entries.tobytes(), _POSTING.itemsize
    ends = np.r_[starts[1:], len(terms)]
    db.executemany(
        "INSERT INTO posting VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
        "SET pages = CAST(pages || excluded.pages AS BLOB)",
        (
            (term, block, packed[start * size : end * size])
            for term, block, start, end in zip(
                terms[starts].tolist(),
                blocks[starts].tolist(),
                starts.tolist(),
                ends.tolist(),
                strict=True,
            )
        ),
    )


def _thin_out(db: sqlite3.Connection, key: tuple[int, int], gone: Sequence[int]) -> None:
    row = db.execute("SELECT pages FROM posting WHERE term = ? AND block = ?", key).fetchone()
    held = np.frombuffer(row[0] if row else b"", dtype=_POSTING)
    kept = held[~np.isin(held["page"], gone)]
    if len(kept):
        db.execute(
            "UPDATE posting SET pages = ? WHERE term = ? AND block = ?", (kept.tobytes(), *key)
        )
    else:
        db.execute("DELETE FROM posting WHERE term = ? AND block = ?", key)


def _packed_terms(terms: NDArray[np.int64]) -> bytes:
    return terms.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :_TERM_BYTES].tobytes()


def _unpacked_terms(blob: bytes) -> NDArray[np.int64]:
    packed = np.frombuffer(blob, dtype=np.uint8).reshape(-1, _TERM_BYTES)
    wide = np.zeros((len(packed), 8), dtype=np.uint8)
    wide[:, :_TERM_BYTES] = packed
    return wide.view("<i8").reshape(-1)
