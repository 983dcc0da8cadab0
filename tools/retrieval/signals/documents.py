"""Which document is meant: by its name, title and first page, its period, and all of its text.

Pages of near-identical documents score alike, so their documents must decide. What is added here
is a prior: the pages of another document that fit much better still win.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from heapq import nlargest

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.channel import Match
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.naming.directory import Directory
from pagehop.tools.retrieval.naming.periods import Periods, agreement, periods
from pagehop.tools.retrieval.ranking import Asked

_TEXT = 0.3  # of a document whose pages together fit best
_NAME = 0.6  # of a document whose name fits the question wholly
_HEAD = 0.3  # of one whose first page does
_PERIOD = 0.3  # of the asked period, for the documents whose name or first page fits best
_ANY_PERIOD = 0.05  # of the asked year where the question names no document: any text tells years
_NAMES = 0.15  # a fit from which on the question is taken to name a document
_LENGTH = 0.75  # how much a long document's many pages are held against it, as BM25's b
_LOOKED_AT = 50  # documents whose first pages are looked at: those with the best page and name
_CHANNEL = "lexical"


class DocumentSignal:
    """Raises the pages of the documents that a question seems to be about."""

    name = "documents"

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What to add to each page: the same for all pages of a document."""
        if len(asked.documents) < 2:
            return {}
        prior = self._prior(asked, scores)
        return {place: prior[place[0]] for place in scores if place[0] in prior}

    def _prior(self, asked: Asked, scores: Mapping[Place, float]) -> dict[str, float]:
        """What the pages of each document get; those that get nothing are left out."""
        question, best = asked.query.text, _best(scores)
        names = {one: _NAME * fit for one, fit in self._directory.names(question).items()}
        seen = nlargest(_LOOKED_AT, best, key=lambda one: (best[one] + names.get(one, 0.0), one))
        heads = self._directory.heads(question, seen)
        fits = {one: fit for one, fit in names.items() if one in best}
        for one, fit in heads.items():
            fits[one] = max(fits.get(one, 0.0), _HEAD * fit)
        prior = dict(fits)
        for one, fit in self._periods(periods(question), fits, seen).items():
            prior[one] = prior.get(one, 0.0) + fit
        for one, fit in together(asked.lists.get(_CHANNEL, ()), asked.documents).items():
            prior[one] = prior.get(one, 0.0) + _TEXT * fit
        return prior

    def _periods(
        self, wanted: Periods, fits: Mapping[str, float], seen: Collection[str]
    ) -> dict[str, float]:
        """What the asked period is worth to each document; most to those that are named."""
        if not wanted:
            return {}
        own = self._directory.periods(seen)
        best = max(fits.values(), default=0.0)
        if best < _NAME * _NAMES:
            share = _PERIOD if wanted.quarters else _ANY_PERIOD  # a quarter is that of a report
            return {one: share * agreement(wanted, own[one]) for one in own}
        return {
            one: _PERIOD * fit / best * agreement(wanted, own[one])
            for one, fit in fits.items()
            if one in own
        }


def _best(scores: Mapping[Place, float]) -> dict[str, float]:
    """The score of each document's best page."""
    best: dict[str, float] = {}
    for (document, _), score in scores.items():
        best[document] = max(best.get(document, score), score)
    return best


def together(matches: Sequence[Match], documents: Mapping[str, Document]) -> dict[str, float]:
    """How well the pages of each document fit together, 1 for the best.

    The root of the summed squares of its pages' scores, by the document's length: measured, it
    decides as well as BM25 over whole documents, and needs no index of its own.
    """
    summed: dict[str, float] = {}
    for match in matches:
        summed[match.document_id] = summed.get(match.document_id, 0.0) + match.score**2
    if not summed:
        return {}
    average = sum(documents[one].page_count for one in summed) / len(summed)
    fits = {
        one: math.sqrt(
            total / (1 - _LENGTH + _LENGTH * documents[one].page_count / (average or 1.0))
        )
        for one, total in summed.items()
    }
    best = max(fits.values())
    return {one: fit / best for one, fit in fits.items()} if best > 0 else {}
