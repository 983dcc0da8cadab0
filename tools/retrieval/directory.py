"""What is known of every document at a glance: the words of its names, title and first page.

Held in memory for one generation of the catalogue, by word, so that a question costs what its own
words occur in and not what the corpus holds. What did not change is not read again.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePath
from threading import Lock
from typing import Protocol

from pagehop.tools.corpus.records import Document, Page
from pagehop.tools.errors import PageOutOfRangeError, UnknownDocumentError
from pagehop.tools.retrieval.analysis import words
from pagehop.tools.retrieval.periods import (
    Periods,
    agreement,
    own_periods,
    periods,
    without_periods,
)

HEAD = 1_500  # characters of the first page: what a cover, a title block or a form's head takes
_TITLE = 0.5  # a title's word counts half: many titles are left over from a template
_COMMON = 0.3  # of an asked word that is not written like a name
_DOUBT = 2.0  # added to what a question says of names: one common word proves little
_OTHER_PERIOD = 0.4  # taken off the fit of a name whose document is of another period
_REMEMBERED = 1 << 14  # documents whose words are kept between generations


class View(Protocol):
    """What of a catalogue is needed to know its documents."""

    def generation(self) -> int:
        """A number that grows with every change."""
        ...

    def documents(self) -> Sequence[Document]:
        """All documents."""
        ...

    def page(self, document_id: str, number: int, /) -> Page:
        """One page."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """What a document says of itself."""

    name: Mapping[str, float]  # word -> weight
    head: frozenset[str]
    own: Periods


class Directory:
    """The cards of all documents, found by word. Safe for threads."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._lock = Lock()
        self._built: tuple[int, _Index] | None = None

    def names(self, question: str) -> dict[str, float]:
        """How much of what the question says about names fits each document, 0 to 1.

        Only documents that fit at all are given. "Best Buy" fits BESTBUY, "FY2018" fits 2018; a
        word that many documents have in their names counts little.
        """
        return self._index().name.fits(asked_words(question))

    def heads(self, question: str) -> dict[str, float]:
        """The same of the words of first pages."""
        return self._index().head.fits(asked_words(question))

    def meant(self, question: str) -> dict[str, float]:
        """How well each document's name and period together fit what is asked, 0 to 1."""
        return in_period(self.names(question), question, self.periods())

    def periods(self) -> Mapping[str, Periods]:
        """The period of each document that has one."""
        return self._index().own

    def _index(self) -> "_Index":
        generation = self._view.generation()
        with self._lock:
            if self._built is None or self._built[0] != generation:
                documents = self._view.documents()
                cards = {one.id: _card(one.names, one.title, self._head(one)) for one in documents}
                self._built = (generation, _Index(cards))
            return self._built[1]

    def _head(self, document: Document) -> str:
        try:
            return self._view.page(document.id, 1).text[:HEAD]
        except (UnknownDocumentError, PageOutOfRangeError):
            return ""  # removed since the documents were listed: the next generation knows


class _Index:
    """Cards by word."""

    def __init__(self, cards: Mapping[str, Card]) -> None:
        self.name = WordFits({one: card.name for one, card in cards.items()})
        self.head = WordFits({one: dict.fromkeys(card.head, 1.0) for one, card in cards.items()})
        self.own = {one: card.own for one, card in cards.items() if card.own}


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
        said = 0.0
        found: dict[str, float] = {}
        for word in sorted(asked):
            having = self._having.get(word, ())
            if having:
                rarity = asked[word] * math.log(1 + self._count / len(having))
                said += rarity
                for identity, weight in having:
                    found[identity] = found.get(identity, 0.0) + rarity * weight
        return {one: fit / (said + _DOUBT) for one, fit in found.items()}


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


def name_words(names: Sequence[str], title: str) -> dict[str, float]:
    """The words of a document's names and title, with their weights."""
    weights = {word: _TITLE for word in words(without_periods(title)) if len(word) > 1}
    for name in names:
        weights |= {
            word: 1.0 for word in words(without_periods(PurePath(name).stem)) if len(word) > 1
        }
    return weights


@lru_cache(maxsize=_REMEMBERED)
def _card(names: tuple[str, ...], title: str, head: str) -> Card:
    return Card(
        name=name_words(names, title),
        head=frozenset(_with_pairs(words(without_periods(head)))),
        own=own_periods(PurePath(names[0]).stem, title, head),
    )


def _with_pairs(found: Sequence[str]) -> Iterator[str]:
    """The words, and neighbours as one: BEST BUY is asked for as Bestbuy, too."""
    yield from (word for word in found if len(word) > 1)
    yield from map("".join, pairwise(found))
