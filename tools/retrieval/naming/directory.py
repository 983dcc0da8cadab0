"""What is known of every document at a glance: the words of its names, title and first page.

Names and titles are held in memory for one generation of the catalogue, by word, so that a
question costs what its own words occur in and not what the corpus holds. First pages are read
of the documents that are asked about, and what was read of them is remembered.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePath
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.naming.periods import (
    Periods,
    agreement,
    own_periods,
    periods,
    without_periods,
)
from pagehop.tools.retrieval.naming.spelling import Spellings
from pagehop.tools.retrieval.words.analysis import words

HEAD = 1_500  # characters of the first page: what a cover, a title block or a form's head takes
_TITLE = 0.5  # a title's word counts half: many titles are left over from a template
_COMMON = 0.3  # of an asked word that is not written like a name
_DOUBT = 2.0  # added to what a question says of names: one common word proves little
_OTHER_PERIOD = 0.4  # taken off the fit of a name whose document is of another period
_REMEMBERED = 1 << 13  # documents whose words are kept, of a first page about 5 kB


class View(Protocol):
    """What of a catalogue is needed to know its documents."""

    def generation(self) -> int:
        """A number that grows with every change."""
        ...

    def documents(self) -> Sequence[Document]:
        """All documents."""
        ...

    def openings(self, documents: Collection[str], length: int, /) -> Mapping[str, str]:
        """Document id -> so many characters of its first page."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """What a document says of itself on its first page, its name and title included."""

    marks: NDArray[np.int64]  # of the first page's words, single and two as one; ascending
    own: Periods

    def has(self, marks: NDArray[np.int64]) -> list[bool]:
        """Which of these words it has: a set of strings would take ten times the memory."""
        if not len(self.marks):
            return [False] * len(marks)
        at = np.searchsorted(self.marks, marks)
        found: list[bool] = (self.marks.take(at, mode="clip") == marks).tolist()
        return found


_NOTHING = Card(np.zeros(0, dtype=np.int64), Periods())


@dataclass(frozen=True, slots=True)
class _Generation:
    """What holds for one state of the catalogue."""

    number: int
    documents: Mapping[str, Document]
    names: "WordFits"
    spellings: Spellings
    cards: dict[str, Card] = field(default_factory=dict)  # of the documents asked about so far


class Directory:
    """The documents of a catalogue, found by the words of names. Safe for threads."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = Lock()
        self._held: _Generation | None = None

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
        cards, asked = self._cards(documents), asked_words(question)
        marks = np.array([hash(word) for word in asked], dtype=np.int64)
        having: dict[str, list[tuple[str, float]]] = {word: [] for word in asked}
        for one, card in cards.items():
            for word, has in zip(asked, card.has(marks), strict=True):
                if has:
                    having[word].append((one, 1.0))
        return fits(asked, len(cards), having.__getitem__)

    def periods(self, documents: Collection[str]) -> dict[str, Periods]:
        """The period of each of these documents, where it has one."""
        return {one: card.own for one, card in self._cards(documents).items() if card.own}

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

    def _cards(self, identities: Collection[str]) -> dict[str, Card]:
        """What these documents say of themselves; first pages not known yet are read together."""
        now, wanted = self._now(), sorted(identities)
        with self._lock:
            found = {one: now.cards[one] for one in wanted if one in now.cards}
        unread = [one for one in wanted if one in now.documents and one not in found]
        # Of one that was removed since the documents were listed nothing is read.
        heads = self._view.openings(unread, HEAD) if unread else {}
        for one in unread:
            document = now.documents[one]
            found[one] = _read(document.names[0], document.title, heads.get(one, ""))
        with self._lock:
            for one in wanted:
                now.cards.pop(one, None)  # the ones asked about last shall go last
                now.cards[one] = found.setdefault(one, _NOTHING)
            for one in list(now.cards)[: max(0, len(now.cards) - _REMEMBERED)]:
                del now.cards[one]
        return {one: found[one] for one in wanted}


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


@lru_cache(maxsize=_REMEMBERED)
def _read(name: str, title: str, head: str) -> Card:
    said = set(_with_pairs(words(without_periods(head))))
    marks = np.fromiter(map(hash, said), dtype=np.int64, count=len(said))
    marks.sort()
    return Card(marks=marks, own=own_periods(PurePath(name).stem, title, head))


def _with_pairs(found: Sequence[str]) -> Iterator[str]:
    """The words, and neighbours as one: BEST BUY is asked for as Bestbuy, too."""
    yield from (word for word in found if len(word) > 1)
    yield from map("".join, pairwise(found))
