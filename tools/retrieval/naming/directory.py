"""What is known of every document at a glance: the words of its names, title and first page.

Names and titles are held in memory for one generation of the catalogue, by word, so that a
question costs what its own words occur in and not what the corpus holds. What first pages say is
worked out when a document has changed, and read of the documents that are asked about.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from threading import Lock

import numpy as np

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.facts import Facts
from pagehop.tools.retrieval.naming.first_pages import FirstPages, View
from pagehop.tools.retrieval.naming.periods import (
    Periods,
    agreement,
    own_periods,
    periods,
    without_periods,
)
from pagehop.tools.retrieval.naming.spelling import Spellings
from pagehop.tools.retrieval.words.analysis import term_hash, words

_TITLE = 0.5  # a title's word counts half: many titles are left over from a template
_COMMON = 0.3  # of an asked word that is not written like a name
_DOUBT = 2.0  # added to what a question says of names: one common word proves little
_OTHER_PERIOD = 0.4  # taken off the fit of a name whose document is of another period
_REMEMBERED = 1 << 13  # documents whose names are held as words


@dataclass(frozen=True, slots=True)
class _Generation:
    """What holds for one state of the catalogue."""

    number: int
    documents: Mapping[str, Document]
    names: "WordFits"
    spellings: Spellings


class Directory:
    """The documents of a catalogue, found by the words of names. Safe for threads."""

    def __init__(self, view: View, facts: Facts | None = None) -> None:
        """Know the documents of a catalogue; without a file of facts, first pages are read."""
        self._view = view
        self._first = FirstPages(view, facts)
        self._lock = Lock()
        self._held: _Generation | None = None

    def update(self) -> int:
        """Read the first pages of documents that are new; returns how many changed."""
        return self._first.update()

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._first.close()

    def names(self, question: str) -> dict[str, float]:
        """How much of what the question says about names fits each document, 0 to 1.

        Only documents that fit at all are given. "Best Buy" fits BESTBUY; a word that many
        documents have in their names counts little.
        """
        return self._now().names.fits(asked_words(question))

    def spelt_out(self, question: str) -> frozenset[str]:
        """The ids of the documents whose file name stands in the question, extension or not."""
        return self._now().spellings.within(question)

    def heads(self, question: str, documents: Collection[str]) -> dict[str, float]:
        """The same as `names` of the first pages of some documents, compared to each other."""
        cards, asked = self._first.cards(documents), asked_words(question)
        marks = np.array([term_hash(word) for word in asked], dtype=np.int64)
        having: dict[str, list[tuple[str, float]]] = {word: [] for word in asked}
        for one, card in cards.items():
            for word, has in zip(asked, card.has(marks), strict=True):
                if has:
                    having[word].append((one, 1.0))
        return fits(asked, len(cards), having.__getitem__)

    def periods(self, documents: Collection[str]) -> dict[str, Periods]:
        """The period of each of these documents, where it has one."""
        return {one: card.own for one, card in self._first.cards(documents).items() if card.own}

    def meant(self, question: str) -> dict[str, float]:
        """How well name and period together fit what is asked, 0 to 1, as `names` gives them."""
        known, found = self._now().documents, self.names(question)
        own = {one: period_of(known[one]) for one in found if one in known}
        return in_period(found, question, own)

    def _now(self) -> _Generation:
        number = self._view.generation()
        with self._lock:
            if self._held is None or self._held.number != number:
                documents = {one.id: one for one in self._view.documents()}
                names = {one.id: name_words(one.names, one.title) for one in documents.values()}
                self._held = _Generation(
                    number, documents, WordFits(names), Spellings(documents.values())
                )
            return self._held


class WordFits:
    """How well the words of a question fit weighted words of documents."""

    def __init__(self, documents: Mapping[str, Mapping[str, float]]) -> None:
        self._count = len(documents)
        self._having: dict[str, list[tuple[str, float]]] = {}
        for identity, weights in documents.items():
            for word, weight in weights.items():
                self._having.setdefault(word, []).append((identity, weight))

    def fits(self, asked: Mapping[str, float]) -> dict[str, float]:
        """Document id -> the share of the asked words' rarity that it has, 0 to 1."""
        return fits(asked, self._count, lambda word: self._having.get(word, ()))


def fits(
    asked: Mapping[str, float], count: int, having: Callable[[str], Sequence[tuple[str, float]]]
) -> dict[str, float]:
    """The share of the asked words' rarity that each document has, 0 to 1.

    Args:
        asked: word -> weight.
        count: documents in all.
        having: word -> the documents that have it, each with a weight.
    """
    said = 0.0
    found: dict[str, float] = {}
    for word in sorted(asked):
        some = having(word)
        if some:
            rarity = asked[word] * math.log(1 + count / len(some))
            said += rarity
            for identity, weight in some:
                found[identity] = found.get(identity, 0.0) + rarity * weight
    return {one: fit / (said + _DOUBT) for one, fit in found.items()}


def period_of(document: Document) -> Periods:
    """The period of a document by its name and title alone."""
    return _own_period(document.name, document.title)


@lru_cache(maxsize=_REMEMBERED)
def _own_period(name: str, title: str) -> Periods:
    return own_periods(PurePath(name).stem, title, "")


def in_period(
    fits: Mapping[str, float], question: str, own: Mapping[str, Periods]
) -> dict[str, float]:
    """Fits of names, less for a document that is not of the asked period."""
    wanted = periods(question)
    if not wanted:
        return dict(fits)
    return {
        one: fit * (1 - _OTHER_PERIOD * (1 - max(0.0, min(1.0, _agreed(wanted, own, one)))))
        for one, fit in fits.items()
    }


def _agreed(wanted: Periods, own: Mapping[str, Periods], document: str) -> float:
    return agreement(wanted, own[document]) if document in own else 0.0


def asked_words(question: str) -> dict[str, float]:
    """The words that may name a document, and two or three neighbours as one, with weights.

    A word that is written like a name, with a capital or a digit inside the sentence, counts
    fully: "Best Buy" or "3M" is meant to name something, "report" hardly ever is.

    >>> sorted(word for word, weight in asked_words("Sales of Best Buy").items() if weight == 1)
    ['best', 'bestbuy', 'buy']
    """
    found: list[tuple[str, float]] = []
    for at, token in enumerate(without_periods(question).split()):
        proper = any(map(str.isdigit, token)) or (at > 0 and any(map(str.isupper, token)))
        found += [(word, 1.0 if proper else _COMMON) for word in words(token)]
    weights: dict[str, float] = {}
    for size in (1, 2, 3):
        for at in range(len(found) - size + 1):
            some = found[at : at + size]
            joined, weight = "".join(word for word, _ in some), min(one for _, one in some)
            weights[joined] = max(weights.get(joined, 0.0), weight)
    return weights


@lru_cache(maxsize=_REMEMBERED)
def name_words(names: tuple[str, ...], title: str) -> Mapping[str, float]:
    """The words of a document's names and title, with their weights."""
    weights = {word: _TITLE for word in words(without_periods(title)) if len(word) > 1}
    for name in names:
        weights |= {
            word: 1.0 for word in words(without_periods(PurePath(name).stem)) if len(word) > 1
        }
    return weights
