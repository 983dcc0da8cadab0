"""The reading side of the catalogue: documents, pages, words, regions, passages."""

import difflib
import sqlite3
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from pagehop.tools.corpus.database import Database
from pagehop.tools.corpus.generations import PerGeneration
from pagehop.tools.corpus.packing import (
    DOCUMENT_COLUMNS,
    PAGE_COLUMNS,
    PASSAGE_COLUMNS,
    REGION_COLUMNS,
    Row,
    document_of,
    page_of,
    passage_of,
    region_of,
    storable,
    unpack_words,
)
from pagehop.tools.corpus.records import Document, Page, Passage, Region, Word
from pagehop.tools.errors import PageOutOfRangeError, UnknownDocumentError


@dataclass(frozen=True, slots=True)
class _Documents:
    """All documents of one generation."""

    sorted: tuple[Document, ...]  # by name
    by_id: Mapping[str, Document]
    by_name: Mapping[str, Document]  # by each of its names


class Lookup:
    """What stands in a catalogue. Safe to use from any thread and beside a writing process."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue file, or make it.

        Raises:
            CorpusVersionError: a newer pagehop made it.
            StorageError: it cannot be opened, or is no catalogue.
        """
        self._database = Database(path)
        self._documents = PerGeneration(self._database, _all_documents)
        self._digests = PerGeneration(self._database, _page_digests)

    @property
    def path(self) -> Path:
        """The catalogue file."""
        return self._database.path

    def documents(self) -> tuple[Document, ...]:
        """All documents, sorted by name."""
        return self._documents.value().sorted

    def documents_by_id(self) -> Mapping[str, Document]:
        """All documents by their ids, in the order of their names."""
        return self._documents.value().by_id

    def document(self, name_or_id: str) -> Document:
        """The document of that id or name; letter case and extension may be left out.

        Raises:
            UnknownDocumentError: none, or more than one, is meant.
        """
        asked = storable(unicodedata.normalize("NFC", name_or_id))
        exact = self._exactly(asked)
        if exact:
            return exact
        documents = self.documents()
        for spelt in (str.casefold, _stem):
            meant = [d for d in documents if spelt(asked) in map(spelt, d.names)]
            if len(meant) == 1:
                return meant[0]
            if meant:
                names = ", ".join(repr(document.name) for document in meant)
                raise UnknownDocumentError(f"{name_or_id!r} may be {names}. Give the whole name.")
        raise UnknownDocumentError(_unknown(name_or_id, documents))

    def pages(self, document_id: str) -> tuple[Page, ...]:
        """The pages of a document in order, those not read yet included."""
        rows = self._rows(
            f"SELECT {PAGE_COLUMNS} FROM pages WHERE document_id = ? ORDER BY number",  # noqa: S608
            document_id,
        )
        return tuple(page_of(row) for row in rows)

    def page(self, document_id: str, number: int) -> Page:
        """One page.

        Raises:
            PageOutOfRangeError: the document has no such page.
            UnknownDocumentError: there is no such document.
        """
        rows = self._rows(
            f"SELECT {PAGE_COLUMNS} FROM pages WHERE document_id = ? AND number = ?",  # noqa: S608
            document_id,
            number,
        )
        if not rows:
            raise self._no_page(document_id, number)
        return page_of(rows[0])

    def texts(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """(document id, page) -> text of these pages; nothing of pages that are not there."""
        found: dict[tuple[str, int], str] = {}
        asked: dict[str, list[int]] = {}
        for document, number in places:
            asked.setdefault(document, []).append(number)
        for document, numbers in asked.items():
            marks = ", ".join("?" * len(numbers))
            rows = self._rows(
                f"SELECT number, text FROM pages WHERE document_id = ? AND number IN ({marks})",  # noqa: S608
                document,
                *numbers,
            )
            found |= {(document, number): text for number, text in rows}
        return found

    def openings(self, documents: Collection[str], length: int) -> dict[str, str]:
        """Document id -> so many characters of its first page; nothing of ids that are unknown."""
        marks = ", ".join("?" * len(documents))
        rows = self._rows(
            "SELECT document_id, substr(text, 1, ?) FROM pages "  # noqa: S608
            f"WHERE number = 1 AND document_id IN ({marks})",
            length,
            *documents,
        )
        return dict(rows)

    def page_digests(self) -> Mapping[tuple[str, int], str]:
        """(document id, page) -> digest of every page that was read."""
        return self._digests.value()

    def has_pages(self) -> bool:
        """Whether any page was read."""
        return bool(self._rows("SELECT EXISTS (SELECT 1 FROM pages WHERE digest != '')")[0][0])

    def words(self, document_id: str, number: int) -> tuple[Word, ...]:
        """The words of a page in reading order, hidden ones included and marked.

        Raises:
            PageOutOfRangeError: the document has no such page.
            UnknownDocumentError: there is no such document.
        """
        rows = self._rows(
            "SELECT words FROM pages WHERE document_id = ? AND number = ?", document_id, number
        )
        if not rows:
            raise self._no_page(document_id, number)
        return unpack_words(rows[0][0])

    def regions(self, document_id: str, number: int | None = None) -> tuple[Region, ...]:
        """The regions of a page, or of all pages, in reading order."""
        return tuple(map(region_of, self._standing(REGION_COLUMNS, "regions", document_id, number)))

    def passages(self, document_id: str, number: int | None = None) -> tuple[Passage, ...]:
        """The passages of a page, or of all pages, in reading order."""
        rows = self._standing(PASSAGE_COLUMNS, "passages", document_id, number)
        return tuple(map(passage_of, rows))

    def passage(self, passage_id: str) -> Passage | None:
        """The passage of that id, or None."""
        rows = self._rows(f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE id = ?", passage_id)  # noqa: S608
        return passage_of(rows[0]) if rows else None

    def generation(self) -> int:
        """A number that grows with every committed change, in this process or another."""
        return self._database.generation()

    def close(self) -> None:
        """Close the file; using the catalogue again opens it again."""
        self._documents.forget()
        self._digests.forget()
        self._database.close()

    def _exactly(self, asked: str) -> Document | None:
        """The document of exactly this id or name, without reading all where they change."""
        held = self._documents.held()
        if held:
            return held.by_id.get(asked) or held.by_name.get(asked)
        with self._database.reading() as connection:
            condition = "id = ? OR id = (SELECT document_id FROM names WHERE name = ?)"
            return next(iter(_read_documents(connection, condition, asked, asked)), None)

    def _standing(
        self, columns: str, table: str, document_id: str, number: int | None
    ) -> list[Row]:
        """What stands on a page, or on all pages, in reading order."""
        # Two statements: with the page left open, SQLite would read those of all pages.
        page, values = ("", ()) if number is None else ("AND page = ? ", (number,))
        return self._rows(
            f"SELECT {columns} FROM {table} WHERE document_id = ? {page}"  # noqa: S608
            "ORDER BY page, position",
            document_id,
            *values,
        )

    def _rows(self, statement: str, *values: object) -> list[Row]:
        return self._database.rows(statement, values)

    def _no_page(self, document_id: str, number: int) -> PageOutOfRangeError:
        document = self.document(document_id)
        has = "one page" if document.page_count == 1 else f"pages 1 to {document.page_count}"
        return PageOutOfRangeError(
            f"Page {number} was asked for, but {document.name!r} has {has}. "
            "Pages are counted from 1."
        )


def _read_documents(
    connection: sqlite3.Connection, condition: str, *values: object
) -> list[Document]:
    rows = connection.execute(
        f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE {condition}",  # noqa: S608
        values,
    ).fetchall()
    named = connection.execute(
        "SELECT document_id, name FROM names WHERE document_id IN "  # noqa: S608
        f"(SELECT id FROM documents WHERE {condition}) ORDER BY document_id, position",
        values,
    ).fetchall()
    names: dict[str, list[str]] = {}
    for identity, name in named:
        names.setdefault(identity, []).append(name)
    return [document_of(row, names[row[0]]) for row in rows]


def _all_documents(connection: sqlite3.Connection) -> _Documents:
    found = _read_documents(connection, "1 = 1")
    ordered = tuple(sorted(found, key=lambda document: (document.name, document.id)))
    return _Documents(
        sorted=ordered,
        by_id={document.id: document for document in ordered},
        by_name={name: document for document in ordered for name in document.names},
    )


def _page_digests(connection: sqlite3.Connection) -> dict[tuple[str, int], str]:
    rows = connection.execute("SELECT document_id, number, digest FROM pages WHERE digest != ''")
    return {(document, number): digest for document, number, digest in rows}


def _stem(name: str) -> str:
    return PurePath(name.casefold()).stem


def _unknown(asked: str, documents: tuple[Document, ...]) -> str:
    if not documents:
        return f"There is no document {asked!r}: the corpus is empty. Add files to it first."
    names = [name for document in documents for name in document.names]
    near = difflib.get_close_matches(asked, names, n=3, cutoff=0.5)
    if near:
        meant = ", ".join(repr(name) for name in near)
        return f"There is no document {asked!r} among {len(documents)}. Did you mean {meant}?"
    some = ", ".join(repr(document.name) for document in documents[:5])
    more = f" and {len(documents) - 5} more" if len(documents) > 5 else ""
    return f"There is no document {asked!r}; there are {some}{more}."
