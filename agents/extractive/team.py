"""The team without a model: rules, scores and quotes behind the interface of every team."""

from collections.abc import Sequence
from functools import partial

from pagehop.agents.extractive import (
    contextualizer,
    critic,
    looker,
    planner,
    reader,
    summarizer,
)
from pagehop.agents.extractive.bridges import Place
from pagehop.agents.extractive.chains import leads_on, ranking
from pagehop.agents.extractive.material import Source, leaves, stems_of
from pagehop.agents.team import Case, Draft, Findings, Plan, Task, Turn, Verdict

MOST_OPENINGS = 200  # documents whose first page is looked at to see what they call themselves


class ExtractiveTeam:
    """Plans by rule, reads by scoring, criticises by coverage; it never writes a fact of its own.

    A very good search that shows its evidence, not a reader: a short answer is given only
    through a gate (`gate.py`), and the answer says that no model has read the pages.
    """

    name = "extractive"

    def __init__(self, source: Source) -> None:
        self._source = source

    def contextualize(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it would be asked without the chat before it."""
        return contextualizer.contextualize(question, turns)

    def plan(self, question: str, documents: Sequence[str]) -> Plan:
        """Sub-questions by rule; the documents' titles and first pages say what they are."""
        return planner.plan(question, documents, self._openings(documents))

    def read(self, task: Task) -> Findings:
        """Lines and table rows that bear on the sub-question."""
        return reader.read(self._source, task)

    def look(self, task: Task) -> Findings:
        """Captions, labels of figures, and lines of pages that are pictures."""
        return looker.look(self._source, task)

    def critique(self, case: Case) -> Verdict:
        """What no evidence speaks of, and where names on the found pages lead."""
        return critic.critique(case, partial(leaves, self._source), self._ranked(case))

    def summarize(self, case: Case) -> Draft:
        """Short answers through the gate, else the best lines, each citing its evidence."""
        return summarizer.summarize(case, self._ranked(case))

    def _ranked(self, case: Case) -> tuple[Place, ...]:
        """All pages found, the best chains first; none where no search has followed a name."""
        if not any(leads_on(case.question, search) for search in case.searches):
            return ()
        return ranking(case.question, case.searches, partial(stems_of, self._source))

    def _openings(self, names: Sequence[str]) -> dict[str, str]:
        """Title and first page of each document; nothing for a corpus of very many."""
        if not 1 < len(names) <= MOST_OPENINGS:
            return {}
        wanted = set(names)
        return {
            document.name: f"{document.title}\n{self._source.page(document.id, 1).text}"
            for document in self._source.documents()
            if document.name in wanted and document.page_count > 0
        }
