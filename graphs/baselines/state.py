"""The state of a baseline: that of the full graph, and what its own steps hand on.

Data only, as there: pages are (document id, number), and no picture ever enters it.
"""

from dataclasses import dataclass, field
from operator import or_
from typing import Annotated, TypeAlias

from langgraph.runtime import Runtime
from langgraph.types import Overwrite

from pagehop.agents.team import Draft
from pagehop.graphs import nodes
from pagehop.graphs.services import Services
from pagehop.graphs.state import State, Update

Place: TypeAlias = tuple[str, int]  # document id, number of the page
Places: TypeAlias = tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineState(State):
    """Data of one run of a baseline. Nodes return only the fields they change."""

    documents: tuple[str, ...] = ()  # ids; the first is told to models as document 1
    texts: Places = ()  # pages whose words are shown, best first
    pages: Places = ()  # pages that are shown as pictures, best first
    picked: Places = ()  # by the seeker, in its last look
    kept: Places = ()  # by the inspector
    missing: str = ""  # what the inspector asked for
    cues: dict[str, str] = field(default_factory=dict)  # the critical agent's, by modality
    said: Annotated[dict[str, Draft], or_] = field(default_factory=dict)  # by agent
    remarks: tuple[str, ...] = ()  # for the answer's notes
    partial: bool = False  # something was not shown, so that nothing can be said to be absent


FRESH: Update = {
    "documents": (),
    "texts": (),
    "pages": (),
    "picked": (),
    "kept": (),
    "missing": "",
    "cues": {},
    "said": Overwrite({}),
    "remarks": (),
    "partial": False,
}


def begin(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Forget the last turn's work; keep its conversation."""
    return {**nodes.begin(state, runtime), **FRESH}


def places(told: Places) -> Places:
    """Pages as tuples again: those of a checkpoint come back as lists."""
    return tuple((document, number) for document, number in told)
