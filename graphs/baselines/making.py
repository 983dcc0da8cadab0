"""A baseline as an agent: its own wiring, and all the rest as the full graph has it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from pagehop.agents.abilities import abilities_of
from pagehop.agents.budget import Budget
from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.loading import ModelChoice
from pagehop.agents.model.team import ModelTeam
from pagehop.graphs.agent import DocumentAgent
from pagehop.graphs.create import create_document_agent
from pagehop.tools import Corpus
from pagehop.tools.errors import InputError

TOLD = {
    "images": "shows pages as pictures, and the model for the role 'image' takes none",
    "tools": "lets the model call a search, and the model for the role 'image' calls no tools",
}


def make(
    name: str,
    module: str,
    corpus: Corpus,
    model: ModelChoice | Mapping[str, ModelChoice] | None,
    options: Mapping[str, Any],
) -> DocumentAgent:
    """The baseline of that module as an agent; raises as `create_graph` does."""
    if model is None:
        raise InputError(
            f"The graph {name!r} needs a chat model. Name one; only 'pagehop' works without."
        )
    design = import_module(f"pagehop.graphs.baselines.{module}")
    full = create_document_agent(corpus, model, **{"name": name, **options})
    try:
        _check(name, design.NEEDS, full)
        reserved = getattr(design, "SEARCH", "")
        _check_names(name, reserved, _team(full))
    except InputError:
        full.close()
        raise
    compiled = design.wiring().compile(
        checkpointer=full.checkpointer, store=full.store, name=full.name
    )
    return DocumentAgent.of(cast("DocumentAgent", compiled), full.setup)


def _team(full: DocumentAgent) -> ModelTeam:
    team = full.setup.team_of(Calls(Budget()))
    assert isinstance(team, ModelTeam)
    return team


def _check(name: str, needs: tuple[str, ...], full: DocumentAgent) -> None:
    can = abilities_of(_team(full).models["image"])
    for need in needs:
        if not getattr(can, need):
            raise InputError(f"The graph {name!r} {TOLD[need]}. Name another model for it.")


def _check_names(name: str, reserved: str, team: ModelTeam) -> None:
    if reserved in {tool.name for tool in team.tools}:
        raise InputError(f"A tool is called {reserved!r}, like that of {name!r}. Rename it.")
