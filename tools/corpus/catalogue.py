"""The catalogue: the one system of record of a corpus, in SQLite.

Everything else in the folder (lexical and vector indexes, page images) is derived from it and
from the originals. A page stage is one transaction, so a kill at any moment leaves whole stages.
"""

from collections.abc import Iterator, Sequence

from pagehop.tools.corpus.filing import FilingRows
from pagehop.tools.corpus.packing import (
    REGION_COLUMNS,
    Row,
    digest_of,
    pack_words,
    packed,
    passage_row,
    region_row,
    storable,
    unpack_words,
)
from pagehop.tools.corpus.records import Document, Outcome, Page, Passage, Region, Stage, Word
from pagehop.tools.corpus.vectors import UNUSED, VectorRows

NO_WORDS = pack_words(())
MARKS = ", ".join("?" * 12)


class Catalogue(FilingRows, VectorRows):
    """Documents, pages, regions and passages, written; what reads is inherited."""

    def register(self, document: Document, original: str) -> None:
        """Enter a document with its first name and its pages, none of them read yet.

        Args:
            document: as the file was opened; `names` holds one name that is free.
            original: file name within `originals/`, empty when it is linked.
        """
        columns = (
            document.id,
            document.kind,
            document.page_count,
            storable(document.title),
            document.bytes,
            document.outcome,
            storable(document.reason),
            document.linked,
            original,
        )
        blank = [
            (
                document.id,
                number,
                None,
                0.0,
                0.0,
                int(Stage.NONE),
                "",
                0,
                "",
                "[]",
                "",
                "",
                "",
                NO_WORDS,
            )
            for number in range(1, document.page_count + 1)
        ]
        with self._database.writing() as connection:
            connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", columns)
            connection.execute("INSERT INTO names VALUES (?, ?, 0)", (document.name, document.id))
            connection.executemany(f"INSERT INTO pages VALUES ({MARKS}, ?, ?)", blank)  # noqa: S608

    def add_name(self, document_id: str, name: str) -> None:
        """Give a document one more name; one that it has already changes nothing."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO names SELECT ?, ?, 1 + max(position) FROM names "
                "WHERE document_id = ?",
                (name, document_id, document_id),
            )

    def owner(self, name: str) -> str | None:
        """The id of the document that has exactly this name."""
        rows = self._rows("SELECT document_id FROM names WHERE name = ?", name)
        return rows[0][0] if rows else None

    def original(self, document_id: str) -> str:
        """The original's file name within `originals/`, empty when it is linked."""
        rows = self._rows("SELECT original FROM documents WHERE id = ?", document_id)
        return str(rows[0][0]) if rows else ""

    def settle(self, document_id: str, outcome: Outcome, reason: str) -> None:
        """Record how the reading of a document ended, or how far it is."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE documents SET outcome = ?, reason = ? WHERE id = ?",
                (outcome, storable(reason), document_id),
            )

    def pending(self, document_id: str, stage: Stage) -> tuple[int, ...]:
        """The pages whose next stage is this one; a page without text that failed has none."""
        rows = self._rows(
            "SELECT number FROM pages WHERE document_id = ? AND stage = ? "
            "AND (stage > 0 OR error = '') ORDER BY number",
            document_id,
            int(stage) - 1,
        )
        return tuple(number for (number,) in rows)

    def put_page(
        self,
        page: Page,
        words: Sequence[Word],
        regions: Sequence[Region],
        passages: Sequence[Passage],
    ) -> None:
        """Replace all that is known of a page by one of its stages, in one transaction."""
        key = (page.document_id, page.number)
        columns = (
            page.label,
            page.width,
            page.height,
            int(page.stage),
            storable(page.text),
            int(page.ocr),
            storable(page.hidden_text),
            packed([storable(title) for title in page.outline]),
            storable(page.error),
            digest_of(page, regions, passages),
            pack_words(words),
        )
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE pages SET label = ?, width = ?, height = ?, stage = ?, text = ?, ocr = ?, "
                "hidden_text = ?, outline = ?, error = ?, digest = ?, words = ? "
                "WHERE document_id = ? AND number = ?",
                (*columns, *key),
            )
            connection.execute("DELETE FROM regions WHERE document_id = ? AND page = ?", key)
            connection.execute("DELETE FROM passages WHERE document_id = ? AND page = ?", key)
            connection.executemany(
                f"INSERT INTO regions ({REGION_COLUMNS}) VALUES ({MARKS})",  # noqa: S608
                [region_row(region) for region in regions],
            )
            connection.executemany(
                "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [passage_row(passage, position) for position, passage in enumerate(passages)],
            )

    def advance(self, document_id: str, numbers: Sequence[int], stage: Stage) -> None:
        """Record that these pages need nothing from a stage."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE pages SET stage = ? WHERE document_id = ? AND number = ?",
                [(int(stage), document_id, number) for number in numbers],
            )

    def fail(
        self, document_id: str, number: int, stage: Stage, outcome: Outcome, reason: str
    ) -> None:
        """Record why a stage of a page failed; what earlier stages found stays.

        A page whose text could not be read stays at `Stage.NONE` and is not tried further.
        """
        reached = Stage.NONE if stage is Stage.TEXT else stage
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE pages SET stage = ?, trouble = ?, error = ? "
                "WHERE document_id = ? AND number = ?",
                (int(reached), outcome, storable(reason), document_id, number),
            )

    def state(self, document_id: str) -> list[tuple[int, Stage, str, str]]:
        """(page, stage, trouble, error) of all pages in order."""
        rows = self._rows(
            "SELECT number, stage, trouble, error FROM pages WHERE document_id = ? ORDER BY number",
            document_id,
        )
        return [(number, Stage(stage), trouble, error) for number, stage, trouble, error in rows]

    def relink(self, document_id: str, path: str) -> None:
        """Record where the original of a document kept by reference is now."""
        with self._database.writing() as connection:
            connection.execute("UPDATE documents SET linked = ? WHERE id = ?", (path, document_id))

    def erase(self, document_id: str) -> None:
        """Delete a document, and the vectors that no other passage uses.

        Their bytes are gone when `finish_erasing` has been called.
        """
        with self._database.writing() as connection:
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            connection.execute(f"DELETE FROM vectors WHERE {UNUSED}")  # noqa: S608
            connection.execute("UPDATE meta SET value = 1 WHERE key = 'residue'")

    def finish_erasing(self) -> None:
        """Leave no byte of documents that were deleted, also by a process that was killed.

        Raises:
            CorpusBusyError: another process is reading, so that the log cannot be emptied.
        """
        if self.has_residue():
            self._database.shrink()
            with self._database.writing() as connection:
                connection.execute("UPDATE meta SET value = 0 WHERE key = 'residue'")

    def has_residue(self) -> bool:
        """Whether bytes of a deleted document may still be in the file or its log."""
        return bool(self._rows("SELECT value FROM meta WHERE key = 'residue'")[0][0])

    def problems(self) -> tuple[str, ...]:
        """What SQLite's own checks find wrong with the file."""
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check")]
        broken = self._rows("PRAGMA foreign_key_check")
        wrong = [line for line in found if line != "ok"]
        return tuple(
            [f"The catalogue is damaged: {line}." for line in wrong]
            + [f"The catalogue has {len(broken)} rows without their document."] * bool(broken)
        )

    def dump(self) -> Iterator[Row]:
        """Every row that depends on the documents, in one order, to compare two catalogues.

        Words are unpacked; of a vector there is its key alone, since its last bits may depend on
        what else was encoded beside it.
        """
        orders = {
            "documents": "id",
            "names": "name",
            "pages": "document_id, number",
            "regions": "document_id, page, position",
            "passages": "document_id, page, position",
        }
        for table, order in orders.items():
            rows = self._rows(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608
            for *plain, last in rows:
                yield (table, *plain, unpack_words(last) if table == "pages" else last)
        for row in self._rows("SELECT encoder, text_hash FROM vectors ORDER BY 1, 2"):
            yield ("vectors", *row)
