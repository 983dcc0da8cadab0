"""The model team: five roles and a contextualizer, each driven by a chat model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool

from pagehop.agents.abilities import abilities_of
from pagehop.agents.budget import STANDARD, Effort
from pagehop.agents.calling.calls import Calls
from pagehop.agents.model import (
    adjudicator,
    contextualizer,
    critic,
    planner,
    rewriting,
    summarizer,
)
from pagehop.agents.model.loading import ModelChoice, Role, models_by_role, name_of
from pagehop.agents.model.looking import image, second_look
from pagehop.agents.model.plainness import is_plain
from pagehop.agents.model.reading import text
from pagehop.agents.model.rerank import ListReranker
from pagehop.agents.model.schemas import ImageReply, TextReply
from pagehop.agents.team import (
    Case,
    Draft,
    Findings,
    Plan,
    Reading,
    Search,
    SecondLook,
    Task,
    Turn,
    Verdict,
)
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.toolbox import BUILT_IN, as_tools

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus

RESERVED = BUILT_IN | {TextReply.__name__, ImageReply.__name__}  # names no custom tool may take


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTeam:
    """A team whose roles ask chat models; `calls` counts and remembers for one run.

    Custom tools are offered to the two agents that read, on the ground of the question and the
    plan alone. What a model then writes into a tool's arguments may come from a page that it
    has read, and no check can tell: offer tools that look things up, not tools that act.
    """

    name: str
    corpus: "Corpus"
    models: Mapping[Role, BaseChatModel]
    tools: tuple[BaseTool, ...]
    calls: Calls
    effort: Effort = STANDARD

    def contextualize(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it would be asked without the chat before it."""
        return contextualizer.contextualize(
            question, turns, calls=self.calls, model=self.models["contextualizer"]
        )

    def plan(self, question: str, documents: Sequence[str]) -> Plan:
        """Sub-questions with their dependencies; plainly one look is planned without a call."""
        plain = None if self.tools else is_plain(question, documents)
        if plain is not None and self.effort.planner == "unsure":
            return plain
        return planner.plan(
            question,
            documents,
            calls=self.calls,
            model=self.models["planner"],
            tools=self.tools,
            pages={document.name: document.page_count for document in self.corpus.documents()},
        )

    def read(self, task: Task) -> Findings:
        """What the hits' text and tables say about the sub-question."""
        return text.read(
            task,
            corpus=self.corpus,
            calls=self.calls,
            model=self.models["text"],
            tools=self.tools,
            alone=not abilities_of(self.models["image"]).images,
        )

    def look(self, task: Task) -> Findings:
        """What the hits' page pictures show about the sub-question."""
        return image.look(
            task,
            corpus=self.corpus,
            calls=self.calls,
            model=self.models["image"],
            tools=self.tools,
            effort=self.effort,
        )

    def critique(self, case: Case) -> Verdict:
        """Whether the ledger answers the question, and if not, what to do next."""
        return critic.critique(case, calls=self.calls, model=self.models["critic"])

    def summarize(self, case: Case) -> Draft:
        """The answer, claim by claim, from the ledger alone."""
        return summarizer.summarize(case, calls=self.calls, model=self.models["summarizer"])

    def look_again(self, readings: Sequence[Reading]) -> tuple[SecondLook, ...]:
        """Whether claims on pictures stand by them, by a second look at the crops."""
        return second_look.look_again(
            readings, corpus=self.corpus, calls=self.calls, model=self.models["image"]
        )

    def adjudicate(self, case: Case, drafts: Sequence[Draft]) -> int:
        """Which of several drafts the evidence supports best."""
        return adjudicator.adjudicate(case, drafts, calls=self.calls, model=self.models["critic"])

    def replan(self, case: Case, documents: Sequence[str]) -> Plan:
        """Sub-questions to add where the critic's gaps say that the plan was wrong."""
        return planner.replan(
            case, documents, calls=self.calls, model=self.models["planner"], tools=self.tools
        )

    def search_words(self, task: Task, searches: Sequence[Search]) -> str:
        """The search for a sub-question in the words that the documents may use."""
        return rewriting.search_words(
            task, searches, calls=self.calls, model=self.models["planner"]
        )

    def rank(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The hits in the order in which they should be read; none is lost."""
        order = ListReranker(self.calls, self.models["planner"]).rerank(question, hits)
        rest = (place for place in range(len(hits)) if place not in order)
        return tuple(hits[place] for place in (*order, *rest))


def model_team(
    corpus: "Corpus",
    model: ModelChoice | Mapping[str, ModelChoice],
    tools: Sequence[BaseTool | Callable[..., Any]],
    calls: Calls,
    *,
    effort: Effort = STANDARD,
) -> ModelTeam:
    """A team over one corpus, for one run.

    Args:
        corpus: where pages are read.
        model: one for all roles, or a mapping from roles to models.
        tools: custom tools; a plain function becomes one by its name, types and docstring.
        calls: the run's calls.
        effort: how hard a question is worked on.

    Raises:
        UnknownModelError: no such model or role.
        MissingKeyError: a provider's key is not set.
        InputError: a custom tool is none, or its name is taken.
    """
    return ModelTeam(
        name=name_of(model),
        corpus=corpus,
        models=models_by_role(model),
        tools=tuple(as_tools(tools, reserved=RESERVED)),
        calls=calls,
        effort=effort,
    )
