"""The lexical channel: BM25 with word pairs over whole pages.

Whole pages, not passages: measured, it makes no difference to which page is found. The rarity
of a term is that of the scope searched: within one document, a word on every page of it says
nothing, however rare it is elsewhere.
"""

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.records import Page, Passage
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.analysis import counted, words
from pagehop.tools.retrieval.bm25 import Statistics, score_text, weigh
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.lexical_store import (
    BROKEN,
    IndexedPage,
    LexicalStore,
    ScopePages,
    Snapshot,
)

_PASSAGE_LENGTH = 200.0  # terms, pairs included: a passage of about 100 words, of middling length


class LexicalChannel:
    """Finds pages by the words they share with the query."""

    name = "lexical"
    modality: Modality = "text"
    weight = 0.7
    floor = 0.0  # the score of a page that shares no word

    def __init__(self, catalogue: Catalogue, folder: Path) -> None:
        self._catalogue = catalogue
        self._store = LexicalStore(folder / "lexical.sqlite3")
        self._seen: int | None = None  # the catalogue's generation that the index answers for
        self._updating = Lock()

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
        wanted = counted(query.text)
        self.update()
        try:
            scored = self._scored(wanted, scope)
        except sqlite3.DatabaseError as error:
            self._broken(error)
            scored = self._scored(wanted, scope)
        return [
            Match(document_id=place[0], page=place[1], score=score) for score, place in scored[:k]
        ]

    def passages(
        self, query: Query, scope: Scope, pages: Collection[tuple[str, int]]
    ) -> dict[str, float]:
        """The scores of all passages of these pages, by passage id, by the scope's statistics."""
        wanted = counted(query.text)
        with self._store.snapshot() as snapshot:
            statistics = self._statistics(snapshot, wanted, scope)
        found: dict[str, float] = {}
        for document, number in pages:
            for passage in self._catalogue.passages(document, number):
                text = counted(passage.text)
                found[passage.id] = score_text(wanted, text, statistics, _PASSAGE_LENGTH)
        return found

    def problems(self) -> Sequence[str]:
        """Whether the index had to be rebuilt."""
        reason = self._store.rebuilt
        return (f"The lexical index was rebuilt: {reason}.",) if reason else ()

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _repaired(self, progress: Progress | None) -> int:
        try:
            return self._refresh(progress)
        except sqlite3.DatabaseError as error:
            self._broken(error)
            return self._refresh(progress)

    def _broken(self, error: sqlite3.DatabaseError) -> None:
        """Begin anew when the file is damaged; a lock or a full disk is raised on."""
        if error.sqlite_errorcode & 0xFF not in BROKEN:
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
        for document, numbers in stale.items():
            self._store.replace(document, self._read(document, numbers))
            done += len(numbers)
            if progress:
                progress("Indexing words", done, total)
        return len(gone) + total

    def _read(self, document: str, numbers: Collection[int]) -> list[IndexedPage]:
        figures: dict[int, list[Passage]] = {}
        for passage in self._catalogue.passages(document):
            if passage.kind == "figure":
                figures.setdefault(passage.page, []).append(passage)
        return [
            IndexedPage(page.number, page.digest, _page_terms(page, figures.get(page.number, ())))
            for page in self._catalogue.pages(document)
            if page.number in numbers
        ]

    def _scored(
        self, wanted: Mapping[int, int], scope: Scope
    ) -> list[tuple[float, tuple[str, int]]]:
        with self._store.snapshot() as snapshot:
            pages = snapshot.pages(scope.documents)
            if not pages.places or not wanted:
                return []
            scores = _score(snapshot, pages, wanted)
        found = [
            (float(scores[at]), pages.places[at])
            for at in np.flatnonzero(scores).tolist()
            if pages.places[at] not in scope.without
        ]
        return sorted(found, key=lambda scored: (-scored[0], scored[1]))

    def _statistics(
        self, snapshot: Snapshot, wanted: Mapping[int, int], scope: Scope
    ) -> Statistics:
        pages = snapshot.pages(scope.documents)
        if not pages.places:
            return Statistics(0, 1.0, {})
        frequency = {term: len(snapshot.postings(term, pages)[0]) for term in wanted}
        return Statistics(len(pages.places), float(pages.lengths.mean()), frequency)


def _score(
    snapshot: Snapshot, pages: ScopePages, wanted: Mapping[int, int]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    postings = {term: snapshot.postings(term, pages) for term in wanted}
    average = float(pages.lengths.mean())
    frequency = {term: len(at) for term, (at, _) in postings.items()}
    statistics = Statistics(len(pages.places), average, frequency)
    scores = np.zeros(len(pages.places))
    for term, (at, times) in postings.items():
        idf = statistics.idf(term)
        scores[at] += wanted[term] * weigh(times, pages.lengths[at], idf, average)
    return scores


def _page_terms(page: Page, figures: Sequence[Passage]) -> Counter[int]:
    """The page's terms, with those of figures whose words were read off a picture."""
    terms, own = counted(page.text), set(words(page.text))
    for figure in figures:
        said = words(figure.text)
        if sum(word in own for word in said) * 2 < len(said):
            terms.update(counted(figure.text))
    return terms
