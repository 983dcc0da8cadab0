"""The dense channel: cosine of sentence embeddings, the best passage speaking for its page."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.chroma_index import ChromaIndex
from pagehop.tools.retrieval.encoder import Encoder

_SAVED = 256  # vectors a transaction: what a kill can lose
_FLAT = 2_000  # vectors; fewer are searched exactly, in less time than Chroma takes to start
_DEPTH = 2_000  # passages that Chroma is asked for, however few pages are wanted
_MATRICES = 8  # scopes whose vectors are kept in memory


class DenseChannel:
    """Finds pages by what they mean. Vectors live in the catalogue; Chroma only finds them."""

    name = "dense"
    modality: Modality = "text"
    weight = 0.3  # a minority vote: measured, .3 to .4 helps below rank 1 and costs little at it
    floor = None  # the worst page found stands for "no match"

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        encoder: str | None = None,
        *,
        flat: int = _FLAT,
    ) -> None:
        self._catalogue = catalogue
        self._encoder = Encoder(encoder)
        self._index = ChromaIndex(folder / f"dense-{self._encoder.id}")
        self._flat = flat
        self._matrices: OrderedDict[
            frozenset[str] | None, tuple[int, list[str], NDArray[np.float32]]
        ] = OrderedDict()  # scope -> generation, passage ids, vectors
        self._verdict: tuple[int, bool] | None = None  # generation, whether Chroma holds it
        self._foreign = False  # whether another process owned the index at the last update
        self._lock = Lock()

    def update(self, progress: Progress | None = None) -> int:
        """Embed the passages that have no vector, then bring the index up to date."""
        waiting = self._catalogue.passages_without_vector(self._encoder.id)
        ids: dict[str, list[str]] = {}
        for passage in waiting:
            ids.setdefault(passage.text, []).append(passage.id)
        texts, done = list(ids), 0
        unsaved: dict[str, NDArray[np.float32]] = {}
        for at, vectors in self._encoder.batches(texts):
            unsaved |= {ids[texts[one]][0]: vector for one, vector in zip(at, vectors, strict=True)}
            done += len(at)
            if len(unsaved) >= _SAVED or done == len(texts):
                self._catalogue.put_vectors(self._encoder.id, unsaved)
                unsaved = {}
            if progress:
                progress("Encoding passages", done, len(texts))
        self._sync(progress)
        return len(waiting)

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages, by their passage nearest to the query."""
        if not self._catalogue.vector_count(self._encoder.id):
            return []
        vector = self._encoder.query(query.text)
        pages: dict[tuple[str, int], Match] = {}
        for passage_id, score in self._nearest(vector, scope.documents):
            document, page = place(passage_id)
            better = (document, page) not in pages
            if better and (document, page) not in scope.without:
                pages[document, page] = Match(
                    document_id=document, page=page, score=score, passage_id=passage_id
                )
        return list(pages.values())[:k]

    def problems(self) -> Sequence[str]:
        """Passages without a vector, and what was wrong with the index."""
        said = []
        missing = len(self._catalogue.passages_without_vector(self._encoder.id))
        if missing:
            said.append(
                f"Passages without a vector yet: {missing}. They are found by their words "
                "alone. Adding any file, or the same one again, makes the vectors."
            )
        if self._foreign:
            said.append(
                "Another process owns the dense index: it was left as it is, and that process "
                "brings it up to date at its next search. Here the vectors are searched one by one."
            )
        return [*said, *self._index.notes]

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def _nearest(
        self, vector: NDArray[np.float32], documents: Collection[str] | None
    ) -> list[tuple[str, float]]:
        """Passages by falling similarity: exact, or from Chroma for a large corpus."""
        if documents is None and self._indexed():
            found = self._index.nearest(vector, _DEPTH)
        else:
            ids, vectors = self._matrix(documents)
            found = list(zip(ids, (vectors @ vector).tolist(), strict=True))
        return sorted(found, key=lambda scored: (-scored[1], scored[0]))

    def _indexed(self) -> bool:
        """Whether Chroma holds what the catalogue holds now; a damaged index is rebuilt."""
        with self._lock:
            generation = self._catalogue.generation()
            if self._verdict is None or self._verdict[0] != generation:
                self._verdict = (generation, self._settled())
            return self._verdict[1]

    def _settled(self) -> bool:
        if self._catalogue.vector_count(self._encoder.id) <= self._flat:
            return False
        ids, vectors = self._catalogue.vectors(self._encoder.id)
        return self._index.ensure(ids, vectors, grow=False)

    def _sync(self, progress: Progress | None) -> None:
        """Bring Chroma up to date; a corpus that is searched exactly has none."""
        ids, vectors = self._catalogue.vectors(self._encoder.id)
        if len(ids) <= self._flat:
            self._foreign = not self._index.clear()
            return
        if progress:
            progress("Building the vector index", 0, len(ids))
        self._index.ensure(ids, vectors, grow=True)
        self._foreign = not self._index.owned
        if progress:
            progress("Building the vector index", len(ids), len(ids))

    def _matrix(self, documents: Collection[str] | None) -> tuple[list[str], NDArray[np.float32]]:
        generation = self._catalogue.generation()
        scope = None if documents is None else frozenset(documents)
        with self._lock:
            held = self._matrices.get(scope)
        if held is not None and held[0] == generation:
            return held[1:]
        ids, vectors = self._catalogue.vectors(self._encoder.id, documents)
        with self._lock:
            self._matrices[scope] = (generation, ids, vectors)
            self._matrices.move_to_end(scope)
            while len(self._matrices) > _MATRICES:
                self._matrices.popitem(last=False)
        return ids, vectors


def place(passage_id: str) -> tuple[str, int]:
    """The document id and page of a passage, from its id.

    >>> place("3fa9:12:p4")
    ('3fa9', 12)
    """
    document, page, _ = passage_id.rsplit(":", 2)
    return document, int(page)
