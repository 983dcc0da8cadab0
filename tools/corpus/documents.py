"""All documents of a catalogue at one moment, and which of them a name means."""

import difflib
import sqlite3
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pagehop.tools.corpus.packing import DOCUMENT_COLUMNS, document_of, storable
from pagehop.tools.corpus.records import Document
from pagehop.tools.errors import UnknownDocumentError

SHORT_ID = 12  # signs of an id that a person is shown, and may give for the whole


@dataclass(frozen=True, slots=True)
class Documents:
    """All documents of one generation."""

    sorted: tuple[Document, ...]  # by name
    by_id: Mapping[str, Document]
    by_name: Mapping[str, Document]  # by each of its names

    def meant(self, name: str) -> Document:
        """The one document of that name without letter case, or without extension, or short id.

        Raises:
            UnknownDocumentError: none, or more than one, is meant.
        """
        asked = canonical(name)
        for spelt in (str.casefold, _stem):
            meant = [d for d in self.sorted if spelt(asked) in map(spelt, d.names)]
            if len(meant) == 1:
                return meant[0]
            if meant:
                names = ", ".join(repr(document.name) for document in meant)
                raise UnknownDocumentError(f"{name!r} may be {names}. Give the whole name.")
        short = [d for d in self.sorted if len(asked) >= SHORT_ID and d.id.startswith(asked)]
        if len(short) == 1:
            return short[0]
        raise UnknownDocumentError(self._unknown(name))

    def _unknown(self, asked: str) -> str:
        documents = self.sorted
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


def canonical(name_or_id: str) -> str:
    """A name as the catalogue writes it."""
    return storable(unicodedata.normalize("NFC", name_or_id))


def read_documents(
    connection: sqlite3.Connection, condition: str, *values: object
) -> list[Document]:
    """The documents that meet an SQL condition."""
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


def all_documents(connection: sqlite3.Connection) -> Documents:
    """Every document there is."""
    found = read_documents(connection, "1 = 1")
    ordered = tuple(sorted(found, key=lambda document: (document.name, document.id)))
    return Documents(
        sorted=ordered,
        by_id={document.id: document for document in ordered},
        by_name={name: document for document in ordered for name in document.names},
    )


def _stem(name: str) -> str:
    return PurePath(name.casefold()).stem
