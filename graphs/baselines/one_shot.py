"""One-shot RAG over page images: the best pages as pictures, one call, the answer.

After M3DocRAG (Cho et al., 2024, arXiv 2411.04952), with the four pages of its best setting.
Kinder than the paper: its pages come from late interaction alone, ours from the whole search of
the corpus, so that two graphs differ in what they do and not in what they find.
"""

from langgraph.runtime import Runtime

from pagehop.graphs.baselines.desk import Desk
from pagehop.graphs.baselines.frame import Baseline, frame, pictured, searched
from pagehop.graphs.baselines.outcome import NOTHING
from pagehop.graphs.baselines.state import BaselineState, places
from pagehop.graphs.services import Services, within_budget
from pagehop.graphs.state import Update

PAGES = 4
NEEDS = ("images",)


def retrieve(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Find the pages."""
    services = runtime.context
    found = services.corpus.find(state.standalone, PAGES, documents=services.documents)
    desk = Desk.of(services, "image", "one-shot", state)
    return {**searched(services, state.standalone, found), **pictured(desk, found.hits)}


def summarize(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Answer from the pictures."""
    desk = Desk.of(runtime.context, "image", "one-shot", state)
    pages = places(state.pages)
    if not pages:
        return {"draft": NOTHING}
    return within_budget(runtime.context, lambda: desk.answer(pages, desk.pictures(pages)))


def wiring() -> Baseline:
    """The graph, not compiled."""
    graph = frame()
    graph.add_node("retrieve", retrieve)
    graph.add_node("summarize", summarize)
    graph.add_edge("retrieve", "summarize")
    graph.add_edge("summarize", "finish")
    return graph
