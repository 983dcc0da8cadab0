"""The statement of a financial report that a question's figures stand in.

A return on assets stands on no page: net income and total assets do, among hundreds of pages that
say both words more often than the income statement and the balance sheet. But a statement is known
by its look: many of the lines that such a statement has, few words and many digits. In seven
reports of five companies the best page was the statement each time, mostly with twice the fit of
the next. What a question needs is said by the vocabulary (`expansion`).
"""

import json
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.facts import Facts, of_documents
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.ranking import Asked
from pagehop.tools.retrieval.signals.leading import leading
from pagehop.tools.retrieval.words.expansion import Vocabulary, shipped

VERSION = 1  # of how statements are known, beside what `statements.jsonl` says
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
        return self.fit_of(*_looked_at(text))

    def fit_of(self, page: str, dense: float) -> float:
        """The same of a page that was looked at."""
        fit = dense * sum(line in page for line in self.lines) / len(self.lines)
        titled = any(title in page[:_TITLE_WITHIN] for title in self.titles)
        return fit + _TITLED if titled and fit > _TITLED else fit


class Statements:
    """Raises the pages of the statements that a question about a financial report needs."""

    name = "statements"

    def __init__(
        self,
        catalogue: Catalogue,
        vocabulary: Vocabulary | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Know the statements in a catalogue's pages.

        Args:
            catalogue: the documents.
            vocabulary: what a question's words are called in a report; None: as shipped.
            facts: where what was read of documents is kept; None: they are read when asked about.
        """
        self._catalogue = catalogue
        self._vocabulary = vocabulary or shipped()
        self._facts = facts
        self._known: OrderedDict[tuple[str, int], Fits] = OrderedDict()
        self._lock = Lock()

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What the statements' pages of the leading documents gain."""
        needed = self._needed(asked.query.text)
        if not needed:
            return {}
        gained: dict[Place, float] = {}
        for document, fits in self._fits(leading(scores, _DOCUMENTS)).items():
            for statement, weight in needed.items():
                for page, fit in fits[statement].items():
                    if (document, page) not in asked.scope.without:
                        before = gained.get((document, page), 0.0)
                        gained[document, page] = before + weight * fit * fit
        return gained

    def update(self) -> int:
        """Look for statements in documents that are new; returns how many changed."""
        if self._facts is None:
            return 0
        return self._facts.sync(self._catalogue.generation(), self._digests, self._packed)

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._facts is not None:
            self._facts.close()

    def _needed(self, question: str) -> dict[str, float]:
        """The statements that the question needs, and what each is worth."""
        needed: dict[str, float] = {}
        for entry in self._vocabulary.meant(question):
            for statement in entry.statements:
                weight = _COMPUTED if entry.indirect else _LINE
                needed[statement] = max(weight, needed.get(statement, 0.0))
        return {name: weight for name, weight in needed.items() if name in statements()}

    def _fits(self, documents: Sequence[str]) -> dict[str, Fits]:
        """The statements of these documents, in their order."""
        generation = self._catalogue.generation()
        with self._lock:
            found = {
                one: self._known[one, generation]
                for one in documents
                if (one, generation) in self._known
            }
        unseen = [one for one in documents if one not in found]
        if unseen:
            found |= self._read(unseen)
        with self._lock:
            for one in documents:
                self._known[one, generation] = found[one]
                self._known.move_to_end((one, generation))
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return {one: found[one] for one in documents}

    def _read(self, documents: Collection[str]) -> dict[str, Fits]:
        """As it was found before, else as the pages are read now."""
        self.update()
        kept = self._facts.of(documents) if self._facts else {}
        return {
            one: _unpacked(kept[one]) if one in kept else self._looked_for(one) for one in documents
        }

    def _looked_for(self, document: str) -> Fits:
        looks = {page.number: _looked_at(page.text) for page in self._catalogue.pages(document)}
        # What is less dense fits no statement well enough, whatever its lines: see `_relative`.
        full = {number: look for number, look in looks.items() if look[1] >= _LEAST * _RIVAL}
        return {name: _relative(one, full) for name, one in statements().items()}

    def _digests(self) -> dict[str, str]:
        known = blake2b(_source().encode(), digest_size=8).hexdigest()
        pages = of_documents(self._catalogue.page_digests())
        return {document: f"{known}:{digest}" for document, digest in pages.items()}

    def _packed(self, stale: Sequence[str]) -> dict[str, bytes]:
        return {one: json.dumps(self._looked_for(one)).encode() for one in stale}


def _unpacked(says: bytes) -> Fits:
    return {
        name: {int(page): fit for page, fit in pages.items()}
        for name, pages in json.loads(says).items()
    }


def _looked_at(text: str) -> tuple[str, float]:
    """A page as its lines are looked for in it, and how full of numbers it is, 0 to 1."""
    page = " ".join(text.casefold().replace("\u2019", "'").split())
    digits = sum(map(page.count, "0123456789"))
    return page, min(1.0, digits / len(page) / _DIGITS) if digits else 0.0


def _relative(statement: Statement, looks: Mapping[int, tuple[str, float]]) -> dict[int, float]:
    """The pages that are the statement, by their fit as a share of the best; often there is none.

    A statement over two pages has two that fit, the second less.
    """
    fits = {number: statement.fit_of(*look) for number, look in looks.items()}
    best = max(fits.values(), default=0.0)
    if best < _LEAST:
        return {}
    return {number: fit / best for number, fit in fits.items() if fit >= _RIVAL * best}


@cache
def statements() -> Mapping[str, Statement]:
    """The statements that are known, by name."""
    rows = map(json.loads, _source().splitlines())
    return {
        row["statement"]: Statement(row["statement"], tuple(row["titles"]), tuple(row["lines"]))
        for row in rows
    }


@cache
def _source() -> str:
    return Path(__file__).with_name("statements.jsonl").read_text(encoding="utf-8")
