"""The wiring of a question: the picture, as code.

begin → contextualize → plan → retrieve → read ∥ look → settle → critique → summarize → verify → finish
                         │       ↑ ↑                     │          │          ↑          │
                         │       │ └── dependants ready ─┘          │          └── once ──┘
                         │       └────────────── gaps ──────────────┘
                         └→ finish (nothing to look up)
"""  # noqa: E501 a picture

from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from pagehop.graphs import nodes
from pagehop.graphs.services import Services
from pagehop.graphs.state import Asked, State, Told

REPAIRS = 1  # drafts the summarizer may write after the verifier's objections


def after_plan(state: State) -> list[Send] | Literal["summarize", "finish"]:
    """Search for every sub-question at once; answer straight away when there is none."""
    if state.spent:
        return "summarize"
    return _sent(state) or "finish"


def after_retrieve(state: State) -> list[Send]:
    """Each agent gets its own material; a route sees the assignments of its own search alone."""
    return [Send(assignment.role, assignment) for assignment in state.assignments]


def after_settle(state: State) -> list[Send] | Literal["critique", "summarize"]:
    """Ask what waited for an answer; then let the critic see."""
    known = state.spent or (state.verdict is not None and state.rounds == 0)
    return _sent(state) or ("summarize" if known else "critique")


def after_critique(state: State) -> list[Send] | Literal["summarize"]:
    """Search again while the critic misses something and it gets us further."""
    return _sent(state) or "summarize"


def after_verify(state: State) -> Literal["summarize", "finish"]:
    """Let the summarizer mend its draft once."""
    mend = state.objections and state.drafts <= REPAIRS and not state.spent
    return "summarize" if mend else "finish"


def _sent(state: State) -> list[Send]:
    return [Send("retrieve", errand) for errand in state.errands]


def wiring() -> StateGraph[State, Services, Asked, Told]:
    """The graph, not compiled."""
    graph = StateGraph(State, Services, input_schema=Asked, output_schema=Told)
    graph.add_node("begin", nodes.begin)
    graph.add_node("contextualize", nodes.contextualize)
    graph.add_node("plan", nodes.plan)
    graph.add_node("retrieve", nodes.retrieve)
    graph.add_node("read", nodes.read)
    graph.add_node("look", nodes.look)
    graph.add_node("settle", nodes.settle)
    graph.add_node("critique", nodes.critique)
    graph.add_node("summarize", nodes.summarize)
    graph.add_node("verify", nodes.verify)
    graph.add_node("finish", nodes.finish)

    graph.add_edge(START, "begin")
    graph.add_edge("begin", "contextualize")
    graph.add_edge("contextualize", "plan")
    graph.add_conditional_edges("plan", after_plan, ["retrieve", "summarize", "finish"])
    graph.add_conditional_edges("retrieve", after_retrieve, ["read", "look"])
    graph.add_edge("read", "settle")
    graph.add_edge("look", "settle")
    graph.add_conditional_edges("settle", after_settle, ["retrieve", "critique", "summarize"])
    graph.add_conditional_edges("critique", after_critique, ["retrieve", "summarize"])
    graph.add_edge("summarize", "verify")
    graph.add_conditional_edges("verify", after_verify, ["summarize", "finish"])
    graph.add_edge("finish", END)
    return graph
