"""Vectors of passages, kept by the text that was encoded, so that no text is encoded twice."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from pagehop.tools.corpus.lookup import Lookup
from pagehop.tools.corpus.packing import PASSAGE_COLUMNS, packed, passage_of
from pagehop.tools.corpus.records import Passage

if TYPE_CHECKING:
    import numpy as np

UNUSED = "NOT EXISTS (SELECT 1 FROM passages AS p WHERE p.text_hash = vectors.text_hash)"


class VectorRows(Lookup):
    """The vectors of a catalogue; the texts they belong to are its passages."""

    def passages_without_vector(
        self, encoder: str, documents: Collection[str] | None = None
    ) -> tuple[Passage, ...]:
        """The passages whose text this encoder has not seen, in order of document and page.

        Args:
            encoder: name and version of what makes the vectors.
            documents: ids of the documents to look at; None: all.
        """
        columns = ", ".join(f"p.{column}" for column in PASSAGE_COLUMNS.split(", "))
        source, wanted = _passages_of(documents)
        rows = self._rows(
            f"SELECT {columns} FROM {source} LEFT JOIN vectors AS v "  # noqa: S608
            "ON v.encoder = ? AND v.text_hash = p.text_hash WHERE v.text_hash IS NULL "
            "ORDER BY p.document_id, p.page, p.position",
            *wanted,
            encoder,
        )
        return tuple(passage_of(row) for row in rows)

    def put_vectors(self, encoder: str, vectors: "Mapping[str, np.ndarray]") -> None:
        """Keep vectors by passage id, in one transaction.

        A vector is kept by its passage's `text`, which must be all that was encoded: the same
        text elsewhere, or in the page's next stage, has this vector already. Passages that are
        gone are left out.

        Args:
            encoder: name and version of what made the vectors.
            vectors: (dim,) float32, finite; one `dim` for an encoder.

        Raises:
            ValueError: a vector is of another size than the encoder's others, or not finite.
        """
        blobs = _checked(vectors, self._dimension(encoder))
        with self._database.writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors (text_hash, encoder, vector) "
                "SELECT text_hash, ?, ? FROM passages WHERE id = ?",
                [(encoder, blob, passage_id) for passage_id, blob in blobs],
            )

    def vectors(
        self, encoder: str, documents: Collection[str] | None = None
    ) -> "tuple[list[str], np.ndarray]":
        """Passage ids and their vectors, (n, dim) float32, in order of document and page.

        Args:
            encoder: name and version of what made the vectors.
            documents: ids of the documents; None: all.
        """
        import numpy as np

        source, wanted = _passages_of(documents)
        rows = self._rows(
            f"SELECT p.id, v.vector FROM {source} JOIN vectors AS v "  # noqa: S608
            "ON v.encoder = ? AND v.text_hash = p.text_hash "
            "ORDER BY p.document_id, p.page, p.position",
            *wanted,
            encoder,
        )
        if not rows:
            return [], np.zeros((0, self._dimension(encoder) or 0), dtype=np.float32)
        flat = np.frombuffer(b"".join(blob for _, blob in rows), dtype="<f4")
        return [identity for identity, _ in rows], flat.reshape(len(rows), -1)

    def forget_unused_vectors(self) -> None:
        """Delete vectors of texts that no passage has any more."""
        if self._rows(f"SELECT 1 FROM vectors WHERE {UNUSED} LIMIT 1"):  # noqa: S608
            with self._database.writing() as connection:
                connection.execute(f"DELETE FROM vectors WHERE {UNUSED}")  # noqa: S608

    def _dimension(self, encoder: str) -> int | None:
        rows = self._rows("SELECT length(vector) FROM vectors WHERE encoder = ? LIMIT 1", encoder)
        return rows[0][0] // 4 if rows else None


def _passages_of(documents: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    """The passages `p` of some documents, to be selected from, and the value that it takes.

    By CROSS JOIN, so that SQLite goes from the documents to their passages and not through all.
    """
    if documents is None:
        return "passages AS p", ()
    return (
        "json_each(?) AS wanted CROSS JOIN passages AS p ON p.document_id = wanted.value",
        (packed(sorted(set(documents))),),
    )


def _checked(vectors: "Mapping[str, np.ndarray]", dimension: int | None) -> list[tuple[str, bytes]]:
    import numpy as np

    blobs = []
    for passage_id, vector in vectors.items():
        dimension = dimension or vector.size
        if vector.shape != (dimension,) or not np.isfinite(vector).all():
            raise ValueError(
                f"The vector of {passage_id!r} has shape {vector.shape} and must be ({dimension},) "
                "and finite, like the others of its encoder."
            )
        blobs.append((passage_id, vector.astype("<f4").tobytes()))
    return blobs
