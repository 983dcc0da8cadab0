"""What all baselines share: how they begin and end, and how they search.

START → begin → contextualize → retrieve → (the design's own steps) → finish → END
"""

from collections.abc import Sequence

from langgraph.graph import END, START, StateGraph

from pagehop.agents.team import Search
from pagehop.graphs import nodes
from pagehop.graphs.baselines.desk import SUB_QUESTION, Desk
from pagehop.graphs.baselines.outcome import finish
from pagehop.graphs.baselines.state import BaselineState, Places, begin
from pagehop.graphs.services import Services
from pagehop.graphs.state import Asked, Searched, Told, Update
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.retrieval.retriever import Found

Baseline = StateGraph[BaselineState, Services, Asked, Told]


def frame() -> Baseline:
    """A graph with a beginning and an end; `retrieve` follows the first and is the design's."""
    graph = StateGraph(BaselineState, Services, input_schema=Asked, output_schema=Told)
    graph.add_node("begin", begin)
    graph.add_node("contextualize", nodes.contextualize)  # the papers have no chats
    graph.add_node("finish", finish)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "contextualize")
    graph.add_edge("contextualize", "retrieve")
    graph.add_edge("finish", END)
    return graph


def searched(services: Services, query: str, *found: Found) -> Update:
    """The documents of what was found, and the searches for the record.

    The first of `found` numbers the documents first.
    """
    hits = [hit for one in found for hit in one.hits]
    documents = tuple(dict.fromkeys(hit.document_id for hit in hits))
    services.seen(documents)
    return {"documents": documents, "searches": tuple(record(query, one, 1) for one in found)}


def pictured(desk: Desk, hits: Sequence[Hit]) -> Update:
    """Those of their pages that can be shown as pictures in one call, and a remark if not all."""
    pages, can = places_of(hits), desk.abilities
    shown = pages[: can.images_per_call if can.images else 0]
    most = f"{len(shown)} of {len(pages)} pages were shown as pictures: the model takes no more."
    return {"pages": shown, "remarks": (most,) if len(shown) < len(pages) else ()}


def record(query: str, found: Found, wave: int) -> Searched:
    """A search as the trace and the full graph's state know it."""
    pages = tuple((hit.document, hit.page) for hit in found.hits)
    search = Search(sub_question=SUB_QUESTION, query=query, route=found.route.reasons, pages=pages)
    return Searched(wave=wave, search=search)


def places_of(hits: Sequence[Hit]) -> Places:
    """Their pages, best first, each once."""
    return tuple(dict.fromkeys((hit.document_id, hit.page) for hit in hits))
