"""Five agents in a single pass: general, critical, text, image, summarizing.

retrieve → general → critical → read ∥ look → summarize

After MDocAgent (Han et al., 2025, arXiv 2503.13964): the best four pages by text and the best
four as pictures; the general agent answers from both; the critical agent, who sees all that and
the answer, says what is decisive in the texts and in the pictures; the text agent and the image
agent answer from their own material with their clue; the summarizing agent makes one answer of
the three. Where there is no model that takes pictures, the image agent is left out.

Kinder than its code: the summarizing agent sees the question; an agent after the first that
fails costs only itself and is told in the notes; replies are typed and mended once. Where the
corpus has no model that sees pages, pictures are found by the whole search.
"""

from functools import partial

from langgraph.runtime import Runtime

from pagehop.graphs.baselines.desk import Content, Desk
from pagehop.graphs.baselines.frame import Baseline, frame, pictured, places_of, searched
from pagehop.graphs.baselines.outcome import NOTHING
from pagehop.graphs.baselines.replies import CluesReply
from pagehop.graphs.baselines.state import BaselineState, Places, places
from pagehop.graphs.services import Services, as_data, within_budget
from pagehop.graphs.state import Update

PAGES = 4  # of each kind
TEXT = ("lexical", "dense")  # channels
SIGHT = ("visual", "picture")
NEEDS = ()


def retrieve(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Search twice: by what stands on the pages, and by how they look."""
    services, question = runtime.context, state.standalone
    there = services.corpus.retriever.channels
    texts, pages = (
        services.corpus.find(
            question,
            PAGES,
            documents=services.documents,
            channels=[name for name in wanted if name in there] or None,
        )
        for wanted in (TEXT, SIGHT)
    )
    desk = Desk.of(services, "image", "general", state)
    return {
        **searched(services, question, texts, pages),
        **pictured(desk, pages.hits),
        "texts": places_of(texts.hits),
    }


def general(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Answer from texts and pictures together."""
    services, texts, pages = runtime.context, places(state.texts), places(state.pages)
    desk = Desk.of(services, "image", "general", state)
    return within_budget(services, lambda: _said(desk, state, texts, pages))


def critical(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Say what is decisive in the texts, and what in the pictures."""
    services, texts, pages = runtime.context, places(state.texts), places(state.pages)
    desk = Desk.of(services, "image", "critical", state)

    def work() -> Update:
        if not (texts or pages):
            return {}
        content = _material(desk, texts, pages) + _told(desk, state, "general")
        reply = desk.write(CluesReply, content)
        return {"cues": {"text": reply.text.strip(), "image": reply.image.strip()}}

    return as_data(services, "the critical agent", work)


def read(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Answer from the texts alone, with the clue for them."""
    desk = Desk.of(runtime.context, "text", "text", state)
    work = partial(_said, desk, state, places(state.texts), ())
    return as_data(runtime.context, "the text agent", work)


def look(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Answer from the pictures alone, with the clue for them."""
    desk = Desk.of(runtime.context, "image", "image", state)
    work = partial(_said, desk, state, (), places(state.pages))
    return as_data(runtime.context, "the image agent", work)


def summarize(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Make one answer of the three."""
    desk = Desk.of(runtime.context, "summarizer", "summarizing", state)
    told = [part for agent in ("general", "text", "image") for part in _told(desk, state, agent)]
    if not told:
        return {} if state.spent else {"draft": NOTHING}
    shown = {*places(state.texts), *places(state.pages)}
    return within_budget(runtime.context, lambda: desk.answer(shown, told))


def _said(desk: Desk, state: BaselineState, texts: Places, pages: Places) -> Update:
    """What one of the agents that answer has to say, kept for those after it."""
    if not (texts or pages):
        return {}
    clue = state.cues.get(desk.agent, "")
    content = _material(desk, texts, pages) + (desk.block(clue, "clue") if clue else [])
    made = desk.answer((*texts, *pages), content)
    return {"said": {desk.agent: made.pop("draft")}, **made}


def _material(desk: Desk, texts: Places, pages: Places) -> Content:
    return [*desk.words(texts), *desk.pictures(pages)]


def _told(desk: Desk, state: BaselineState, agent: str) -> Content:
    """What that agent has said, its reasons and pages with it."""
    draft = state.said.get(agent)
    if draft is None:
        return []
    pages = {
        desk.title((found.document_id, found.page))
        for claim in draft.claims
        for found in state.ledger
        if found.id in claim.citations and found.document_id in desk.documents
    }
    lines = [draft.text if draft.answerable else f"Not answerable: {draft.text}", *draft.notes]
    lines += ["; ".join(sorted(pages))] if pages else []
    return desk.block("\n".join(lines), f"answer of the {agent} agent")


def wiring() -> Baseline:
    """The graph, not compiled."""
    graph = frame()
    graph.add_node("retrieve", retrieve)
    graph.add_node("general", general)
    graph.add_node("critical", critical)
    graph.add_node("read", read)
    graph.add_node("look", look)
    graph.add_node("summarize", summarize)
    graph.add_edge("retrieve", "general")
    graph.add_edge("general", "critical")
    graph.add_edge("critical", "read")
    graph.add_edge("critical", "look")
    graph.add_edge(["read", "look"], "summarize")
    graph.add_edge("summarize", "finish")
    return graph
