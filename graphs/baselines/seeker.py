"""Seeker, inspector, answer: from many small pictures to few large ones, again and again.

retrieve → seek → inspect ─┬→ seek (something is missing)
                           └→ summarize

After ViDoRAG (Wang et al., 2025, arXiv 2502.18017): the search brings up to ten pages, cut by
its mixture of two Gaussians; the seeker sees them small and picks; the inspector sees what was
picked at full size and drafts an answer, or says what is missing and which pages to keep; then
the seeker picks from the rest with that in mind. The answer agent holds the draft against the
pages it rests on.

Unlike its code, which never ends while a reply is malformed, the rounds are those of the
budget. The answer agent always checks, as in the paper; the code skips it where the draft
rests on every page that was kept. Pages are pictures of their own, not tiles of one.
"""

from typing import Literal

from langgraph.runtime import Runtime

from pagehop.graphs.baselines.desk import Desk
from pagehop.graphs.baselines.frame import Baseline, frame, pictured, searched
from pagehop.graphs.baselines.outcome import NOTHING
from pagehop.graphs.baselines.replies import AnswerReply, InspectorReply, SeekerReply
from pagehop.graphs.baselines.state import BaselineState, Places, places
from pagehop.graphs.services import Services, within_budget
from pagehop.graphs.state import Update

PAGES = 10
SMALL = 4  # of the pixels that a picture may have, the seeker's have the fourth part
NEEDS = ("images",)


def retrieve(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Find the candidates."""
    services, question = runtime.context, state.standalone
    found = services.corpus.find(question, PAGES, documents=services.documents, cut="mixture")
    desk = Desk.of(services, "image", "seeker", state)
    return {**searched(services, question, found), **pictured(desk, found.hits)}


def seek(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Pick from the small pictures what is worth a closer look."""
    desk = Desk.of(runtime.context, "image", "seeker", state)
    pages = places(state.pages)

    def work() -> Update:
        content = desk.pictures(pages, share=SMALL)
        if state.missing:
            content = [*desk.block(state.missing, "missing"), *content]
        reply = desk.write(SeekerReply, content, lambda reply: _known(desk, reply, pages))
        picked = desk.shown(reply.pages, pages)
        rest = tuple(place for place in pages if place not in picked)
        return {"picked": picked, "pages": rest, "failures": tuple(desk.failures)}

    return {"picked": (), **(within_budget(runtime.context, work) if pages else {})}


def inspect(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Look closely: draft an answer, or say what is missing and what to keep."""
    services = runtime.context
    desk = Desk.of(services, "image", "inspector", state)
    pages = places((*state.kept, *state.picked))

    def work() -> Update:
        content = desk.pictures(pages)
        reply = desk.write(InspectorReply, content, lambda reply: _settled(desk, reply, pages))
        kept, rounds = desk.shown(reply.pages, pages), state.rounds + 1
        update: Update = {"kept": kept, "rounds": rounds, "missing": reply.missing.strip()}
        if reply.ready:
            return {**update, **_drafted(desk, reply)}
        spent = bool(state.pages) and rounds >= services.budget.rounds
        return {**update, "spent": spent, "failures": tuple(desk.failures)}

    return within_budget(services, work)


def summarize(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Hold the draft against its pages, or answer from those that were kept."""
    desk = Desk.of(runtime.context, "image", "answer", state)
    kept = places(state.kept)
    if not kept:
        return {} if state.spent else {"draft": NOTHING}
    drafted = state.said.get("inspector")
    told = desk.block(drafted.text, "draft") if drafted else []
    return within_budget(runtime.context, lambda: desk.answer(kept, [*told, *desk.pictures(kept)]))


def after_seek(state: BaselineState) -> Literal["inspect", "summarize"]:
    """Nothing new to look at: answer from what is there."""
    return "inspect" if state.picked else "summarize"


def after_inspect(state: BaselineState) -> Literal["seek", "summarize"]:
    """Go on while something is missing, pages are left and the budget allows it."""
    over = state.spent or "inspector" in state.said or not state.pages
    return "summarize" if over else "seek"


def _drafted(desk: Desk, reply: InspectorReply) -> Update:
    answer = AnswerReply(reason=reply.reason, answer=reply.answer, pages=reply.pages)
    made = desk.drafted(answer)
    return {"said": {desk.agent: made.pop("draft")}, **made}


def _known(desk: Desk, reply: SeekerReply, pages: Places) -> None:
    """Whether the picked pages were shown; raises ValueError for the model otherwise."""
    desk.shown(reply.pages, pages)


def _settled(desk: Desk, reply: InspectorReply, pages: Places) -> None:
    """Whether the reply is one of the two things it can be.

    Raises:
        ValueError: says to the model what is wrong.
    """
    desk.shown(reply.pages, pages)
    if reply.ready and not (reply.answer.strip() and reply.pages):
        raise ValueError("when `ready`, give the `answer` and the `pages` it rests on.")
    if not reply.ready and not reply.missing.strip():
        raise ValueError("when not `ready`, say what is `missing`.")


def wiring() -> Baseline:
    """The graph, not compiled."""
    graph = frame()
    graph.add_node("retrieve", retrieve)
    graph.add_node("seek", seek)
    graph.add_node("inspect", inspect)
    graph.add_node("summarize", summarize)
    graph.add_edge("retrieve", "seek")
    graph.add_conditional_edges("seek", after_seek, ["inspect", "summarize"])
    graph.add_conditional_edges("inspect", after_inspect, ["seek", "summarize"])
    graph.add_edge("summarize", "finish")
    return graph
