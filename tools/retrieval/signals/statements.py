"""The statement of a financial report that a question's figures stand in.

A return on assets stands on no page: net income and total assets do, among hundreds of pages that
say both words more often than the income statement and the balance sheet. But a statement is known
by its look: many of the lines that such a statement has, few words and many digits. In seven
reports of five companies the best page was the statement each time, mostly with twice the fit of
the next. What a question needs is said by the vocabulary (`expansion`).
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.ranking import Asked
from pagehop.tools.retrieval.signals.leading import leading
from pagehop.tools.retrieval.words.expansion import Vocabulary, shipped

Fits: TypeAlias = Mapping[str, Mapping[int, float]]  # statement -> page -> 0 to 1

_COMPUTED = 0.5  # added to the statement from whose lines the answer is computed
_LINE = 0.2  # added to the statement that has a line of that name; notes have it too
_TITLED = 0.1  # of a fit: that the page begins with the statement's title
_TITLE_WITHIN = 600  # characters
_DIGITS = 0.1  # of a page's characters, where a statement is as full of numbers as it gets
_LEAST = 0.15  # a document whose best page fits less has no such statement
_RIVAL = 0.6  # of the best fit: a page that fits less is no part of the statement
_DOCUMENTS = 8  # the leading ones are read
_KEPT = 128  # documents


@dataclass(frozen=True, slots=True)
class Statement:
    """How one kind of statement is known."""

    name: str
    titles: tuple[str, ...]
    lines: tuple[str, ...]

    def fit(self, text: str) -> float:
        """How much a page looks like it, 0 to 1.1: its share of the lines, if full of numbers."""
        page = " ".join(text.casefold().replace("\u2019", "'").split())
        digits = sum(map(page.count, "0123456789"))
        if not digits:
            return 0.0
        dense = min(1.0, digits / len(page) / _DIGITS)
        fit = dense * sum(line in page for line in self.lines) / len(self.lines)
        titled = any(title in page[:_TITLE_WITHIN] for title in self.titles)
        return fit + _TITLED if titled and fit > _TITLED else fit


class Statements:
    """Raises the pages of the statements that a question about a financial report needs."""

    name = "statements"

    def __init__(self, catalogue: Catalogue, vocabulary: Vocabulary | None = None) -> None:
        """Read statements in a catalogue's pages; the vocabulary is the shipped one if None."""
        self._catalogue = catalogue
        self._vocabulary = vocabulary or shipped()
        self._known: OrderedDict[tuple[str, int], Fits] = OrderedDict()
        self._lock = Lock()

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What the statements' pages of the leading documents gain."""
        needed = self._needed(asked.query.text)
        if not needed:
            return {}
        gained: dict[Place, float] = {}
        generation = self._catalogue.generation()
        for document in leading(scores, _DOCUMENTS):
            fits = self._fits(document, generation)
            for statement, weight in needed.items():
                for page, fit in fits[statement].items():
                    if (document, page) not in asked.scope.without:
                        before = gained.get((document, page), 0.0)
                        gained[document, page] = before + weight * fit * fit
        return gained

    def _needed(self, question: str) -> dict[str, float]:
        """The statements that the question needs, and what each is worth."""
        needed: dict[str, float] = {}
        for entry in self._vocabulary.meant(question):
            for statement in entry.statements:
                weight = _COMPUTED if entry.indirect else _LINE
                needed[statement] = max(weight, needed.get(statement, 0.0))
        return {name: weight for name, weight in needed.items() if name in statements()}

    def _fits(self, document: str, generation: int) -> Fits:
        key = (document, generation)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        pages = {page.number: page.text for page in self._catalogue.pages(document)}
        fits = {name: _relative(one, pages) for name, one in statements().items()}
        with self._lock:
            self._known[key] = fits
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return fits


def _relative(statement: Statement, pages: Mapping[int, str]) -> dict[int, float]:
    """The pages that are the statement, by their fit as a share of the best; often there is none.

    A statement over two pages has two that fit, the second less.
    """
    fits = {number: statement.fit(text) for number, text in pages.items()}
    best = max(fits.values(), default=0.0)
    if best < _LEAST:
        return {}
    return {number: fit / best for number, fit in fits.items() if fit >= _RIVAL * best}


@cache
def statements() -> Mapping[str, Statement]:
    """The statements that are known, by name."""
    path = Path(__file__).with_name("statements.jsonl")
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {
        row["statement"]: Statement(row["statement"], tuple(row["titles"]), tuple(row["lines"]))
        for row in rows
    }
