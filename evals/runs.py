"""Searching for every case with every configuration, and what each search gave."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pagehop.evals.cases import Case
from pagehop.evals.configurations import Configuration
from pagehop.tools import BBox, Corpus, Hit
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.hits import Unit

DEPTH = 10  # pages or regions a search is asked for
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one configuration found for one case, best first."""

    pages: tuple[Place, ...]
    seconds: float
    regions: tuple[tuple[Place, BBox], ...] = ()  # of a search for regions: the box shown of each

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents of the pages, best first, each once."""
        return tuple(dict.fromkeys(document for document, _ in self.pages))


Outcomes = Mapping[str, Mapping[str, Outcome]]  # configuration -> question id -> outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs cases on a corpus."""

    corpus: Corpus
    pooled: bool  # all documents at once, else those that the question is about
    regions: bool = False  # search for regions as well
    progress: Progress | None = None

    def run(self, cases: Sequence[Case], chosen: Sequence[Configuration]) -> Outcomes:
        """The outcomes of all cases under each configuration.

        One search under each configuration comes first and is not counted: it loads models and
        opens indexes. Then every case is searched for in all ways before the next, so that times
        can be compared however busy the machine is meanwhile.

        Raises:
            UnknownChannelError: a configuration asks a channel that the corpus lacks.
        """
        for configuration in chosen:
            self._search(cases[0], configuration, "page")
        found: dict[str, dict[str, Outcome]] = {one.name: {} for one in chosen}
        for done, case in enumerate(cases, 1):
            for configuration in chosen:
                found[configuration.name][case.question.id] = self._one(case, configuration)
            if self.progress:
                self.progress("Searching", done, len(cases))
        return found

    def _one(self, case: Case, configuration: Configuration) -> Outcome:
        start = time.perf_counter()
        hits = self._search(case, configuration, "page")
        seconds = time.perf_counter() - start
        regions: Sequence[Hit] = ()
        if self.regions and case.regions:
            regions = self._search(case, configuration, "region")
        return Outcome(
            pages=tuple((hit.document_id, hit.page) for hit in hits),
            seconds=seconds,
            regions=tuple(
                ((hit.document_id, hit.page), hit.bbox) for hit in regions if hit.bbox is not None
            ),
        )

    def _search(self, case: Case, configuration: Configuration, unit: Unit) -> Sequence[Hit]:
        found = self.corpus.retriever.search(
            case.question.text,
            k=DEPTH,
            documents=None if self.pooled else case.documents,
            unit=unit,
            channels=configuration.channels,
            settings=configuration.settings,
        )
        return found.hits
