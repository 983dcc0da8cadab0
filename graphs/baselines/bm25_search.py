"""A search-only agent: one model, one tool that searches by BM25, and no other plan.

After the BM25 agent of MADQA (Borchmann et al., 2026, arXiv 2603.12180): the model words its
searches itself and goes on until it has an answer; each search brings five pages, as pictures.
BM25 is ours alone: no vectors, no references resolved, no signals.

Unlike the paper's agent it is not told that the answer is certainly there. Where a search brings
more pages than the model takes pictures, the others come as words. The tool loop sets how often
it may search, and lets the oldest pictures go when there are too many.
"""

from typing import Any

from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.runtime import Runtime

from pagehop.agents.calling.records import image_count
from pagehop.agents.prompting import shorten
from pagehop.graphs.baselines.desk import Desk
from pagehop.graphs.baselines.frame import Baseline, frame, record
from pagehop.graphs.baselines.state import BaselineState, Place
from pagehop.graphs.services import Services, within_budget
from pagehop.graphs.state import Searched, Update
from pagehop.tools.errors import EmptyQuestionError
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.retrieval.settings import Settings

PAGES = 5  # of a search
WORDS = 1000  # characters of a page that comes as words
ALONE = Settings(pointing=False, route=False, cascade=False, signals=(), collapse=False)
SEARCH = "search_pages"  # the tool
NEEDS = ("tools",)


class Searches:
    """The searches of one run, and the pages that they have shown."""

    def __init__(self, services: Services, state: BaselineState) -> None:
        self.documents: list[str] = []  # ids, in the order in which they came up
        self.shown: list[Place] = []
        self.made: list[Searched] = []
        self.desk = Desk(
            services=services,
            role="image",
            agent="search",
            question=state.standalone,
            documents=self.documents,
        )
        can = self.desk.abilities
        self._most = can.images_per_call if can.images else 0

    def tool(self) -> BaseTool:
        """The tool that makes them."""
        return StructuredTool.from_function(
            self._search,
            name=SEARCH,
            response_format="content_and_artifact",
            parse_docstring=True,
        )

    def _search(self, query: str) -> tuple[list[dict[str, Any]], None]:
        """Search all pages for words, and show those that fit best.

        Args:
            query: Words that should stand on the page. Rare ones count more.
        """
        if not query.strip():
            raise EmptyQuestionError("The query is empty. Say which words to look for.")
        services = self.desk.services
        found = services.corpus.retriever.search(
            query, k=PAGES, documents=services.documents, channels=["lexical"], settings=ALONE
        )
        self.made.append(record(query, found, wave=len(self.made) + 1))
        services.seen(tuple(dict.fromkeys(hit.document_id for hit in found.hits)))
        told: list[str] = []
        pictures: list[Any] = []
        for hit in found.hits:
            line, picture = self._told(hit, room=len(pictures) < self._most)
            told.append(line)
            pictures += picture
        lines = "\n".join(told) or "No page has these words. Try others."
        return [{"type": "text", "text": lines}, *pictures], None

    def _told(self, hit: Hit, *, room: bool) -> tuple[str, list[Any]]:
        place = (hit.document_id, hit.page)
        if place[0] not in self.documents:
            self.documents.append(place[0])
        title = f"{self.desk.title(place)} of {hit.document!r}"
        self.shown += [] if place in self.shown else [place]
        if not room:
            return f"{title}: {shorten(hit.text, WORDS)}", []
        picture = self.desk.pictures((place,))[-1]
        if not image_count([HumanMessage([picture])]):
            return f"{title}, which cannot be drawn: {shorten(hit.text, WORDS)}", []
        return f"{title}: its picture follows, after those of the lines above", [picture]


def retrieve(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Let the model search until it answers."""
    services, searches = runtime.context, Searches(runtime.context, state)

    def work() -> Update:
        made = searches.desk.answer(searches.shown, [], [searches.tool()])
        return {**made, "partial": not searches.made}

    made = within_budget(services, work)
    return {**made, "searches": tuple(searches.made), "documents": tuple(searches.documents)}


def wiring() -> Baseline:
    """The graph, not compiled."""
    graph = frame()
    graph.add_node("retrieve", retrieve)
    graph.add_edge("retrieve", "finish")
    return graph
