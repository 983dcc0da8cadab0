"""The reading side of the catalogue: documents, pages, words, regions, passages."""

import difflib
import unicodedata
from pathlib import Path, PurePath

from pagehop.tools.corpus.database import Database
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


class Lookup:
    """What stands in a catalogue. Safe to use from any thread and beside a writing process."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue file, or make it.

        Raises:
            CorpusVersionError: a newer pagehop made it.
            StorageError: it cannot be opened, or is no catalogue.
        """
        self._database = Database(path)

    @property
    def path(self) -> Path:
        """The catalogue file."""
        return self._database.path

    def documents(self) -> tuple[Document, ...]:
        """All documents, sorted by name."""
        found = self._documents("1 = 1")
        return tuple(sorted(found, key=lambda document: (document.name, document.id)))

    def document(self, name_or_id: str) -> Document:
        """The document of that id or name; letter case and extension may be left out.

        Raises:
            UnknownDocumentError: none, or more than one, is meant.
        """
        asked = storable(unicodedata.normalize("NFC", name_or_id))
        exact = self._documents(
            "id = ? OR id = (SELECT document_id FROM names WHERE name = ?)", asked, asked
        )
        if exact:
            return exact[0]
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

    def page_digests(self) -> dict[tuple[str, int], str]:
        """(document id, page) -> digest of every page that was read."""
        rows = self._rows("SELECT document_id, number, digest FROM pages WHERE digest != ''")
        return {(document, number): digest for document, number, digest in rows}

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
        rows = self._rows(
            f"SELECT {REGION_COLUMNS} FROM regions WHERE document_id = ? "  # noqa: S608
            "AND page = coalesce(?, page) ORDER BY page, position",
            document_id,
            number,
        )
        return tuple(region_of(row) for row in rows)

    def passages(self, document_id: str, number: int | None = None) -> tuple[Passage, ...]:
        """The passages of a page, or of all pages, in reading order."""
        rows = self._rows(
            f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document_id = ? "  # noqa: S608
            "AND page = coalesce(?, page) ORDER BY page, position",
            document_id,
            number,
        )
        return tuple(passage_of(row) for row in rows)

    def passage(self, passage_id: str) -> Passage | None:
        """The passage of that id, or None."""
        rows = self._rows(f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE id = ?", passage_id)  # noqa: S608
        return passage_of(rows[0]) if rows else None

    def generation(self) -> int:
        """A number that grows with every committed change, in this process or another."""
        return int(self._rows("SELECT value FROM meta WHERE key = 'generation'")[0][0])

    def close(self) -> None:
        """Close the file; using the catalogue again opens it again."""
        self._database.close()

    def _documents(self, condition: str, *values: object) -> list[Document]:
        with self._database.reading() as connection:
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

    def _rows(self, statement: str, *values: object) -> list[Row]:
        with self._database.reading() as connection:
            return connection.execute(statement, values).fetchall()

    def _no_page(self, document_id: str, number: int) -> PageOutOfRangeError:
        document = self.document(document_id)
        has = "one page" if document.page_count == 1 else f"pages 1 to {document.page_count}"
        return PageOutOfRangeError(
            f"Page {number} was asked for, but {document.name!r} has {has}. "
            "Pages are counted from 1."
        )


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
