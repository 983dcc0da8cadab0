"""The reading side of the catalogue: documents, pages, words, regions, passages."""

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path

from pagehop.tools.corpus.database import Database
from pagehop.tools.corpus.documents import all_documents, canonical, read_documents
from pagehop.tools.corpus.generations import PerGeneration
from pagehop.tools.corpus.packing import (
    PAGE_COLUMNS,
    PASSAGE_COLUMNS,
    REGION_COLUMNS,
    Row,
    page_of,
    passage_of,
    region_of,
    unpack_words,
)
from pagehop.tools.corpus.records import Document, Page, Passage, Region, Word
from pagehop.tools.errors import PageOutOfRangeError


class Lookup:
    """What stands in a catalogue. Safe to use from any thread and beside a writing process."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue file, or make it.

        Raises:
            CorpusVersionError: a newer pagehop made it.
            StorageError: it cannot be opened, or is no catalogue.
        """
        self._database = Database(path)
        self._documents = PerGeneration(self._database, all_documents)
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
        exact = self._exactly(canonical(name_or_id))
        if exact:
            return exact
        return self._documents.value().meant(name_or_id)

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
            return next(iter(read_documents(connection, condition, asked, asked)), None)

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


def _page_digests(connection: sqlite3.Connection) -> dict[tuple[str, int], str]:
    rows = connection.execute("SELECT document_id, number, digest FROM pages WHERE digest != ''")
    return {(document, number): digest for document, number, digest in rows}
