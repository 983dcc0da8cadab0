"""The section that a question is about, kept together: between the document and its pages.

Pages of a section that fits as a whole are raised where the route finds that a question asks for a
section, and within one document only: which document is meant is decided above it. Measured, the
same for every question costs two points of recall at 3, because most ask for one page of a section.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import sqrt
from typing import Protocol

from pagehop.tools.corpus.records import Page, Passage
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.ranking import Asked

_SHARE = 0.3  # of how well the section fits
_MOST = 1.0  # of a page's score: one that the question names says little of its section
_BELOW = 0.999  # of the way to the best page's score, which no other page reaches
_LONGEST = 30  # pages; a longer section is no place to look, nor is more than half the document
_KEPT = 128  # documents


class View(Protocol):
    """What of a catalogue is needed to know sections."""

    def pages(self, document_id: str, /) -> Sequence[Page]:
        """The pages of a document."""
        ...

    def passages(self, document_id: str, /) -> Sequence[Passage]:
        """The passages of a document."""
        ...

    def generation(self) -> int:
        """A number that grows with every change."""
        ...


class Sections:
    """Raises the pages of the section that fits, none above the best page."""

    name = "sections"

    def __init__(self, view: View) -> None:
        """Know sections by the headings of passages and the outline of pages."""
        self._view = view
        self._sections = lru_cache(_KEPT)(self._read)

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What to add to pages that were found, by the best section that each stands in."""
        if asked.granularity != "section" or len(asked.documents) != 1:
            return {}
        (document,) = asked.documents
        said = {page: min(max(score, 0.0), _MOST) for (_, page), score in scores.items()}
        best = max(scores.values(), default=0.0)
        fits: dict[int, float] = {}
        for section in self._sections(document, self._view.generation()):
            fit = sqrt(sum(said.get(page, 0.0) ** 2 for page in section) / len(section))
            for page in section & said.keys():
                fits[page] = max(fits.get(page, 0.0), fit)
        return {
            (document, page): min(_SHARE * fit, _BELOW * (best - scores[document, page]))
            for page, fit in fits.items()
        }

    def _read(self, document_id: str, _generation: int) -> list[frozenset[int]]:
        """The pages of each section of several pages, subsections and what they are part of."""
        pages = self._view.pages(document_id)
        headed = [(one.page, one.heading) for one in self._view.passages(document_id)]
        under: dict[tuple[str, ...], set[int]] = {}
        for number, titles in (*headed, *((page.number, page.outline) for page in pages)):
            for depth in range(1, len(titles) + 1):
                under.setdefault(titles[:depth], set()).add(number)
        most = min(_LONGEST, len(pages) // 2)
        return [frozenset(section) for section in under.values() if 2 <= len(section) <= most]
