"""The lexical channel: BM25 with word pairs over whole pages.

Whole pages, not passages: measured, it makes no difference to which page is found. The rarity
of a term is that of the scope searched: within one document, a word on every page of it says
nothing, however rare it is elsewhere.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.records import Page, Passage
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.dense.remembered import Remembered
from pagehop.tools.retrieval.derived import is_broken
from pagehop.tools.retrieval.words.analysis import counted, counted_among, words
from pagehop.tools.retrieval.words.bm25 import Statistics, score_text, weigh
from pagehop.tools.retrieval.words.expansion import Vocabulary, shipped
from pagehop.tools.retrieval.words.postings import IndexedPage, Searched
from pagehop.tools.retrieval.words.store import LexicalStore, Snapshot

_POSTINGS = 1_000_000  # a transaction; about 2,000 pages of prose
_TOLD = 16  # searches whose counts are kept for the scores of passages
_PASSAGE_LENGTH = 200.0  # terms, pairs included: a passage of about 100 words, of middling length

Scored: TypeAlias = tuple[NDArray[np.float64], Statistics]
Asked: TypeAlias = tuple[frozenset[int], frozenset[str] | None, int | None]  # terms, scope, as of


class LexicalChannel:
    """Finds pages by the words they share with the query."""

    name = "lexical"
    modality: Modality = "text"
    weight = 0.6
    floor = 0.0  # the score of a page that shares no word
    always = True  # it knows whole pages, whatever they are made of

    def __init__(
        self, catalogue: Catalogue, folder: Path, vocabulary: Vocabulary | None = None
    ) -> None:
        """Search a catalogue's pages; the vocabulary is the shipped one if None."""
        self._catalogue = catalogue
        self._vocabulary = vocabulary or shipped()
        self._store = LexicalStore(folder / "lexical.sqlite3")
        self._seen: int | None = None  # the catalogue's generation that the index answers for
        self._updating = Lock()
        self._told: Remembered[Asked, Statistics] = Remembered(_TOLD)  # of the last searches

    def update(self, progress: Progress | None = None) -> int:
        """Index changed pages, drop pages that are gone; returns how many changed."""
        with self._updating:
            generation = self._catalogue.generation()
            if generation == self._seen and self._store.path.exists():
                return 0
            changed = self._repaired(progress)
            self._seen = generation
            return changed

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages that share a term with the query, best first."""
        wanted = self._vocabulary.weights(query.text)
        if k < 1 or not wanted:
            return []
        self.update()
        try:
            return self._scored(wanted, scope, k)
        except sqlite3.DatabaseError as error:
            self._broken(error)
            return self._scored(wanted, scope, k)

    def passages(
        self, query: Query, scope: Scope, pages: Collection[tuple[str, int]]
    ) -> dict[str, float]:
        """The scores of all passages of these pages, by passage id, by the scope's statistics."""
        wanted = self._vocabulary.weights(query.text)
        statistics = self._statistics(wanted, scope)
        found: dict[str, float] = {}
        for document, number in pages:
            for passage in self._catalogue.passages(document, number):
                text = counted_among(passage.text, wanted)
                found[passage.id] = score_text(wanted, text, statistics, _PASSAGE_LENGTH)
        return found

    def problems(self) -> Sequence[str]:
        """Whether the index had to be rebuilt."""
        reason = self._store.rebuilt
        return (f"The lexical index was rebuilt: {reason}.",) if reason else ()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def _repaired(self, progress: Progress | None) -> int:
        try:
            return self._refresh(progress)
        except sqlite3.DatabaseError as error:
            self._broken(error)
            return self._refresh(progress)

    def _broken(self, error: sqlite3.DatabaseError) -> None:
        """Begin anew when the file is damaged; a lock or a full disk is raised on."""
        if not is_broken(error):
            raise explained(error, self._store.path) from error
        self._store.discard(str(error))
        self._refresh(None)

    def _refresh(self, progress: Progress | None) -> int:
        there, indexed = self._catalogue.page_digests(), self._store.digests()
        gone = indexed.keys() - there.keys()
        if gone:
            self._store.remove(gone)
        stale: dict[str, set[int]] = {}
        for (document, number), digest in there.items():
            if indexed.get((document, number)) != digest:
                stale.setdefault(document, set()).add(number)
        total, done = sum(map(len, stale.values())), 0
        for batch in self._batches(stale):
            self._store.replace(batch)
            done += len(batch)
            if progress:
                progress("Indexing words", done, total)
        return len(gone) + total

    def _batches(self, stale: Mapping[str, Collection[int]]) -> Iterator[list[IndexedPage]]:
        """Whole documents, as many as go into one transaction."""
        batch: list[IndexedPage] = []
        for document, numbers in stale.items():
            batch += self._read(document, numbers)
            if sum(len(page.counts) for page in batch) >= _POSTINGS:
                yield batch
                batch = []
        if batch:
            yield batch

    def _read(self, document: str, numbers: Collection[int]) -> list[IndexedPage]:
        figures: dict[int, list[Passage]] = {}
        for passage in self._catalogue.passages(document):
            if passage.kind == "figure":
                figures.setdefault(passage.page, []).append(passage)
        return [
            IndexedPage(
                document,
                page.number,
                page.digest,
                _page_terms(page, figures.get(page.number, ())),
            )
            for page in self._catalogue.pages(document)
            if page.number in numbers
        ]

    def _scored(self, wanted: Mapping[int, float], scope: Scope, k: int) -> list[Match]:
        with self._store.snapshot() as snapshot:
            scores, statistics = _score(snapshot, wanted, snapshot.pages(scope.documents))
            places = snapshot.table.places
        self._told.put((frozenset(wanted), scope.documents, self._seen), statistics)
        at = best(scores, k + len(scope.without))
        found = [
            (-score, place)
            for score, place in zip(
                scores[at].tolist(), map(places.__getitem__, at.tolist()), strict=True
            )
            if place not in scope.without
        ]
        found.sort()
        return [
            Match(document_id=document, page=page, score=-score)
            for score, (document, page) in found[:k]
        ]

    def _statistics(self, wanted: Mapping[int, float], scope: Scope) -> Statistics:
        """What the scope says about these terms; mostly one of the last searches counted it."""

        def count() -> Statistics:
            with self._store.snapshot() as snapshot:
                return _score(snapshot, wanted, snapshot.pages(scope.documents))[1]

        return self._told.get((frozenset(wanted), scope.documents, self._seen), count)


def best(scores: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """Where the `k` highest scores above 0 are, in no order, and all that equal the last."""
    found = np.flatnonzero(scores > 0)
    if len(found) <= k:
        return found
    last = np.partition(scores[found], len(found) - k)[len(found) - k]
    kept: NDArray[np.intp] = found[scores[found] >= last]
    return kept


def _score(snapshot: Snapshot, wanted: Mapping[int, float], searched: Searched) -> Scored:
    """The score of every page, by its id in the index."""
    scores = np.zeros(len(snapshot.table.lengths))
    frequency = {}
    for term, times in wanted.items():
        ids, counts = snapshot.postings(term, searched)
        frequency[term] = len(ids)
        idf = Statistics(searched.count, 0.0, {term: len(ids)}).idf(term)
        lengths = snapshot.table.lengths[ids]
        scores[ids] += times * weigh(counts, lengths, idf, searched.average_length)
    return scores, Statistics(searched.count, searched.average_length, frequency)


def _page_terms(page: Page, figures: Sequence[Passage]) -> Counter[int]:
    """The page's terms, with those of figures whose words were read off a picture."""
    terms, own = counted(page.text), set(words(page.text))
    for figure in figures:
        said = words(figure.text)
        if sum(word in own for word in said) * 2 < len(said):
            terms.update(counted(figure.text))
    return terms
