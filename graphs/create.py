"""Making an agent: the one function a user needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from pagehop.agents.budget import Budget, Effort, effort_of
from pagehop.agents.calling.cache import REPLY_FILE, ReplyCache
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.prices import Prices, check_prices
from pagehop.agents.calling.traffic import Traffic
from pagehop.agents.team import Team
from pagehop.graphs.agent import DocumentAgent
from pagehop.graphs.question import wiring
from pagehop.graphs.runs import RUN_FILE, RunFile
from pagehop.graphs.saver import CorpusSaver, strict
from pagehop.graphs.visit import Setup
from pagehop.tools import Corpus
from pagehop.tools.errors import InputError

Model: TypeAlias = str | BaseChatModel
Tools: TypeAlias = Sequence[BaseTool | Callable[..., Any]]
Saver: TypeAlias = BaseCheckpointSaver[Any] | Literal[True] | None


def create_document_agent(  # noqa: PLR0913 all but two are optional and named
    corpus: Corpus,
    model: Model | Mapping[str, Model] | None = None,
    *,
    tools: Tools = (),
    documents: Sequence[str] | None = None,
    effort: str | Effort = "standard",
    budget: Budget | None = None,
    prices: Prices | None = None,
    traffic: Traffic | None = None,
    cache: bool = False,
    checkpointer: Saver = None,
    store: BaseStore | None = None,
    name: str = "pagehop",
    max_concurrency: int = 8,
) -> DocumentAgent:
    """An agent that answers questions over the corpus, as a compiled LangGraph graph.

    Args:
        corpus: what is asked about.
        model: a LangChain chat model, an `init_chat_model` string, either for each role, or
            None: no model, quotes only.
        tools: your own, offered to the agents; what they return can be cited.
        documents: names or ids; the agent sees no others. None: all, also those added later.
        effort: how hard a question is worked on: quick, standard, thorough, or numbers of
            your own; `pagehop.agents.EFFORTS` has the presets.
        budget: what one question may cost; None: what the effort allows.
        prices: of the models' tokens, by name, for `usage.money` and a budget of money.
        traffic: how much is asked of a provider at once and per minute; may be shared.
        cache: keep the model's replies in the corpus folder, for all later runs; they are
            erased when a document is removed.
        checkpointer: as in any LangGraph graph; True keeps threads in the corpus folder.
        store: LangGraph's, for your own tools.
        name: of the graph, in traces and as a node of another graph.
        max_concurrency: how many searches and readings run at once.

    Raises:
        InputError: tools without a model that could call them; no such effort.
        UnknownDocumentError: one of `documents` is not in the corpus.
        UnknownModelError: there is no such model.
        MissingKeyError: the model's provider needs a key that is not set.
        UnknownPriceError: the budget limits money, and a model's price is not known.
    """
    chosen = None if documents is None else tuple(corpus.document(d).id for d in documents)
    file = corpus.path / RUN_FILE
    worked = effort_of(effort)
    saver = CorpusSaver(file) if checkpointer is True else checkpointer and strict(checkpointer)
    allowed = budget or worked.budget
    setup = Setup(
        corpus=corpus,
        team_of=_team(corpus, model, tools, worked, allowed, prices),
        budget=allowed,
        effort=worked,
        prices=prices,
        traffic=traffic or Traffic(concurrent=max_concurrency),
        cache=ReplyCache(corpus.path / REPLY_FILE) if cache else None,
        runs=RunFile(file),
        documents=chosen,
        max_concurrency=max_concurrency,
    )
    compiled = wiring().compile(checkpointer=saver, store=store, name=name)
    return DocumentAgent.of(compiled, setup)


def _team(
    corpus: Corpus,
    model: Model | Mapping[str, Model] | None,
    tools: Tools,
    effort: Effort,
    budget: Budget,
    prices: Prices | None,
) -> Callable[[Calls], Team]:
    """Makes the team of a run; models and tools are loaded and checked here, once."""
    if model is None:
        from pagehop.agents.extractive import extractive_team

        if tools:
            raise InputError("Tools are called by a model: pass one, or leave the tools out.")
        quoting = extractive_team(corpus)
        return lambda _: quoting
    from pagehop.agents.model.team import model_team

    asking = model_team(corpus, model, tools, Calls(budget), effort=effort)
    check_prices(budget, asking.models.values(), prices)
    return lambda calls: replace(asking, calls=calls)
