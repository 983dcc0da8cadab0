"""The dense channel: cosine of sentence embeddings, the best passage speaking for its page.

Some passages are near to any question: hubs. Against them a passage is scored by how much nearer it
is to this question than to a bank of others, on average (a query bank as in Bogolin et al., Cross
Modal Retrieval with Querybank Normalisation, 2022; the mean taken away as in Suzuki et al.,
Centering Similarity Measures to Reduce Hubs, 2013). As the mean of products is the product with the
mean, it is the query that is moved: nothing is kept of the passages.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import explained
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.dense.chroma_index import ChromaIndex
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.dense.vector_rows import Near, Place, Rows
from pagehop.tools.retrieval.dense.vector_store import VectorStore, place_of
from pagehop.tools.retrieval.derived import is_broken

_SAVED = 256  # vectors a transaction: what a kill can lose
_FLAT = 1_000_000  # passages; more are searched through Chroma, whose search does not scan
_DEPTH = 2_000  # passages that Chroma is asked for, however few pages are wanted


class DenseChannel:
    """Finds pages by what they mean. The catalogue owns the vectors; all else is derived."""

    name = "dense"
    modality: Modality = "text"
    weight = 0.3  # a minority vote: measured, .3 to .4 helps below rank 1 and costs little at it
    floor = None  # the worst page found stands for "no match"

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        encoder: str | Encoder | None = None,
        *,
        flat: int = _FLAT,
        bank: Callable[[], NDArray[np.float32]] | None = None,
    ) -> None:
        """Search a catalogue's passages.

        Args:
            catalogue: of the passages.
            folder: of derived indexes.
            encoder: of passages and queries, or its path or name; None: all-MiniLM-L6-v2.
            flat: passages; more of them are searched through Chroma.
            bank: gives the mean vector, (dim,), of questions of all kinds; None: hubs stay.

        Raises:
            UnknownModelError: the encoder's weights are not on this machine.
        """
        self._catalogue = catalogue
        self._encoder = encoder if isinstance(encoder, Encoder) else Encoder(encoder)
        self._store = VectorStore(folder / f"vectors-{self._encoder.id}")
        self._index = ChromaIndex(folder / f"dense-{self._encoder.id}")
        self._flat = flat
        self._bank = bank
        self._seen: int | None = None  # the catalogue's generation that the store answers for
        self._verdict: tuple[int | None, bool] = (None, False)  # generation, is Chroma up to it
        self._foreign = False  # whether another process owned Chroma's index at the last update
        self._lock = Lock()  # of `_rows`
        self._updating = Lock()

    def update(self, progress: Progress | None = None) -> int:
        """Embed the passages that have no vector, then bring the indexes up to date."""
        with self._updating:
            with self._lock:
                self._rows(progress)
            encoded = self._encode(progress)
            with self._lock:  # not while encoding: who searches meanwhile shall not wait
                rows = self._rows(progress)
        if len(rows) <= self._flat:
            self._foreign = not self._index.clear()
            return encoded
        self._index.ensure(*_all(rows), grow=True)
        self._foreign = not self._index.owned
        return encoded

    def rows(self) -> Rows:
        """The vectors of all passages that have one, as of now."""
        with self._lock:
            return self._rows()

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages, by their passage nearest to the query."""
        if k < 1 or not query.text.strip():
            return []
        rows = self.rows()
        if not len(rows):
            return []
        vector = self._encoder.query(query.text)
        if query.against_hubs and self._bank is not None:
            vector = apart(vector, self._bank())
        if scope.documents is None and self._indexed(rows):
            near = _pages(self._index.nearest(vector, _DEPTH), scope.without)
        else:
            near = rows.nearest(vector, scope.documents, scope.without, k)
        return [
            Match(document_id=document, page=page, score=score, passage_id=passage_id)
            for score, (document, page), passage_id in near[:k]
        ]

    def problems(self) -> Sequence[str]:
        """Passages without a vector, and what was wrong with the indexes."""
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
        with self._lock:
            self._rows()
            damage = self._store.damage()
            if damage:
                self._begin_anew(damage)
        if self._store.rebuilt:
            said.append(f"The file of vectors was made anew: {self._store.rebuilt}.")
        return [*said, *self._index.notes]

    def close(self) -> None:
        """Let go of the files and the index; the next search takes them up again."""
        with self._lock:
            self._verdict = (None, False)
            self._store.close()
            self._index.close()

    def _rows(self, progress: Progress | None = None) -> Rows:
        """The vectors that the catalogue has now; a damaged file of them is made anew."""
        generation = self._catalogue.generation()
        try:
            if generation != self._seen:
                self._refresh(progress)
            rows = self._store.rows()
        except FileNotFoundError:  # another process has written the file anew this moment, or
            rows = self._after("the file of vectors is missing")  # it is gone
        except OSError as error:
            rows = self._begin_anew(str(error))
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise explained(error, self._store.folder) from error
            rows = self._begin_anew(str(error))
        self._seen = generation
        return rows

    def _after(self, reason: str) -> Rows:
        try:
            return self._store.rows()
        except OSError:
            return self._begin_anew(reason)

    def _begin_anew(self, reason: str) -> Rows:
        self._store.discard(reason)
        self._refresh()
        return self._store.rows()

    def _refresh(self, progress: Progress | None = None) -> None:
        """Let the store hold what the catalogue holds."""
        digests = self._catalogue.page_digests()
        self._store.refresh(self._store.stale(digests), digests, self._read, progress)

    def _read(
        self, documents: Sequence[str]
    ) -> tuple[Sequence[str], NDArray[np.float32], set[Place]]:
        ids, vectors = self._catalogue.vectors(self._encoder.id, documents)
        lacking = self._catalogue.passages_without_vector(self._encoder.id, documents)
        return ids, vectors, {(passage.document_id, passage.page) for passage in lacking}

    def _encode(self, progress: Progress | None) -> int:
        documents = sorted(self._store.stale(self._catalogue.page_digests()))
        waiting = self._catalogue.passages_without_vector(self._encoder.id, documents)
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
        return len(waiting)

    def _indexed(self, rows: Rows) -> bool:
        """Whether Chroma holds what the store holds; a damaged index is rebuilt."""
        if len(rows) <= self._flat:
            return False
        with self._lock:
            if self._verdict[0] != self._seen:
                self._verdict = (self._seen, self._index.ensure(*_all(rows), grow=False))
            return self._verdict[1]


def apart(query: NDArray[np.float32], bank: NDArray[np.float32]) -> NDArray[np.float32]:
    """What sets a query apart from the mean of others, as a vector of unit length, (dim,)."""
    own = query - bank
    return own / (np.linalg.norm(own) or 1.0)


def _all(rows: Rows) -> tuple[list[str], NDArray[np.float32]]:
    """The ids and vectors of all passages."""
    return [rows.passage_id(one) for one in range(len(rows))], rows.vectors[rows.at]


def _pages(found: Sequence[tuple[str, float]], without: frozenset[Place]) -> list[Near]:
    """Pages by their best passage, best first, of equal ones the earlier."""
    best: dict[Place, Near] = {}
    for passage_id, score in sorted(found, key=lambda one: (-one[1], one[0])):
        place, _ = place_of(passage_id)
        if place not in best and place not in without:
            best[place] = (round(score, 6), place, passage_id)
    return sorted(best.values(), key=lambda near: (-near[0], near[1]))
