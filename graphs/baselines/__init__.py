"""Published designs as graphs, on the same corpus, models, budget and tools, to compare with.

Each is a small file with its paper named in it. All answer with the same `Answer`; what they
cite is a page, not checked.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pagehop.agents.model.loading import ModelChoice
    from pagehop.graphs.agent import DocumentAgent
    from pagehop.tools import Corpus

__all__ = ["FULL", "GRAPHS", "create_graph"]

FULL = "pagehop"  # the graph of `create_document_agent`


def create_graph(
    name: str,
    corpus: "Corpus",
    model: "ModelChoice | Mapping[str, ModelChoice] | None" = None,
    /,
    **options: Any,  # noqa: ANN401 those of create_document_agent, whatever they are
) -> "DocumentAgent":
    """The graph of that name as an agent.

    Args:
        name: one of `GRAPHS`; "pagehop" is the full graph.
        corpus: what is asked about.
        model: as in `create_document_agent`; a baseline needs one.
        options: the other arguments of `create_document_agent`.

    Raises:
        InputError: no such graph; a baseline without a model, or with one that cannot take
            pictures or call tools where the design is made of them; a tool with a taken name.
        UnknownDocumentError, UnknownModelError, MissingKeyError: as `create_document_agent`.
    """
    from pagehop.tools.errors import InputError

    if name not in GRAPHS:
        raise InputError(f"There is no graph {name!r}; there are {', '.join(GRAPHS)}.")
    return GRAPHS[name](corpus, model, **options)


def _full(
    corpus: "Corpus",
    model: "ModelChoice | Mapping[str, ModelChoice] | None" = None,
    **options: Any,  # noqa: ANN401
) -> "DocumentAgent":
    from pagehop.graphs.create import create_document_agent

    return create_document_agent(corpus, model, **options)


def _baseline(
    name: str,
    module: str,
    corpus: "Corpus",
    model: "ModelChoice | Mapping[str, ModelChoice] | None" = None,
    **options: Any,  # noqa: ANN401
) -> "DocumentAgent":
    from pagehop.graphs.baselines.making import make

    return make(name, module, corpus, model, options)


GRAPHS: Mapping[str, Callable[..., "DocumentAgent"]] = {
    FULL: _full,
    "one-shot": partial(_baseline, "one-shot", "one_shot"),
    "five-agents": partial(_baseline, "five-agents", "five_agents"),
    "seeker": partial(_baseline, "seeker", "seeker"),
    "bm25-search": partial(_baseline, "bm25-search", "bm25_search"),
    "whole-document": partial(_baseline, "whole-document", "whole_document"),
}
