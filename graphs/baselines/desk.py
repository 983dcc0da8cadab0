"""Where one agent of a baseline works: its model, its prompt, and pages as it is shown them.

Whatever comes from a document goes in as data between marks; pages and documents are named by
numbers, in our words. A page that a reply names must have been shown.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool

from pagehop.agents.abilities import Abilities, abilities_of
from pagehop.agents.model.custom import tool_evidence
from pagehop.agents.model.team import ModelTeam
from pagehop.agents.prompting import data_block, prompt, shorten
from pagehop.agents.replying.replies import Typed, ask
from pagehop.agents.replying.tool_loop import ToolLoop
from pagehop.agents.team import Draft
from pagehop.graphs.baselines.replies import AnswerReply, PageName
from pagehop.graphs.baselines.state import BaselineState, Place, Places
from pagehop.graphs.services import Services, failure
from pagehop.graphs.state import Update
from pagehop.tools.errors import WorkerError
from pagehop.tools.evidence import Claim, Evidence
from pagehop.tools.vision import Views, picture_block

if TYPE_CHECKING:
    from pagehop.agents.model.loading import Role

Content: TypeAlias = list[str | dict[Any, Any]]  # as LangChain's messages take it
PAGE = 20_000  # characters of a page's words; few have more
SUB_QUESTION = "q1"  # what evidence serves where there is no plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One agent at work on one question.

    Attributes:
        services: of the run.
        role: whose model it has.
        agent: its name: prompt `baseline-{agent}`, and in the receipt.
        question: standalone.
        documents: ids; the first is document 1. A tool may add to them.
        failures: pages that could not be shown, in one line each; filled as it works.
    """

    services: Services
    role: "Role"
    agent: str
    question: str
    documents: Sequence[str]
    failures: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, services: Services, role: "Role", agent: str, state: BaselineState) -> "Desk":
        """The desk of that agent for what the state asks."""
        return cls(
            services=services,
            role=role,
            agent=agent,
            question=state.standalone,
            documents=state.documents,
        )

    @property
    def model(self) -> BaseChatModel:
        """Who is asked."""
        return team_of(self.services).models[self.role]

    @property
    def abilities(self) -> Abilities:
        """What it can do."""
        return abilities_of(self.model)

    @property
    def mark(self) -> str:
        """Of this agent's data blocks."""
        return self.services.calls.mark("baseline", self.agent, self.question)

    def block(self, text: str, title: str) -> Content:
        """Text that is data."""
        return [_text(data_block(text, self.mark, title))]

    def names(self) -> Content:
        """Which number is which document."""
        known = (self.services.corpus.document(id_).name for id_ in self.documents)
        return self.block("\n".join(f"{n}: {name}" for n, name in enumerate(known, 1)), "documents")

    def title(self, place: Place) -> str:
        """A page as it is called here."""
        return f"Document {self.documents.index(place[0]) + 1}, page {place[1]}"

    def words(self, pages: Places) -> Content:
        """The words on these pages, each page under its title."""
        told: Content = []
        for place in pages:
            text = shorten(self.services.corpus.page(*place).text, PAGE)
            told += [_text(f"{self.title(place)}, its words:"), *self.block(text, "page")]
        return told

    def pictures(self, pages: Places, *, share: int = 1) -> Content:
        """Pictures of these pages, each under its title; words where there can be no picture.

        Args:
            pages: no more of them than the model takes in a call.
            share: into how many parts the pixels of a picture are divided: 1 is full size.
        """
        views = Views(self.services.corpus, max_pixels=self.abilities.pixels // share)
        told: Content = []
        for place in pages:
            try:
                view = views.show(*place)
            except WorkerError as error:
                self.failures.append(failure(f"the picture of {self._name(place)}", error))
                told += self.words((place,))
                continue
            told += [_text(f"{self.title(place)}:"), picture_block(views.image(view.id))]
        return told

    def write(
        self, schema: type[Typed], content: Content, check: Callable[[Typed], None] | None = None
    ) -> Typed:
        """A reply of that type.

        Raises:
            InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `ask`.
        """
        messages = self._messages(content, "baseline-pages")
        calls = self.services.calls
        return ask(calls, self.model, messages, schema, role=self.agent, check=check)

    def answer(
        self, shown: Collection[Place], content: Content, tools: Sequence[BaseTool] = ()
    ) -> Update:
        """An answer as a draft, and the pages it rests on as evidence; raises as `write` does.

        Args:
            shown: the pages that may be named; a tool may add to them.
            content: what the agent sees.
            tools: beside the user's own.
        """
        own = team_of(self.services).tools
        loop = ToolLoop(
            calls=self.services.calls,
            model=self.model,
            schema=AnswerReply,
            role=self.agent,
            tools=[*tools, *own],
            mark=self.mark,
            check=lambda reply: _check(reply, self, shown, bool(_told(loop, own))),
        )
        extra = ["tools"] if tools or own else []
        messages = self._messages(content, "baseline-pages", "baseline-reply", *extra)
        reply = loop.run(messages)
        return self.drafted(reply, _told(loop, own))

    def drafted(self, reply: AnswerReply, further: tuple[Evidence, ...] = ()) -> Update:
        """The reply as a draft whose one claim cites its pages."""
        evidence = (*(self._evidence(self.place(name)) for name in reply.pages), *further)
        text = reply.answer.strip()
        cited = tuple(dict.fromkeys(found.id for found in evidence))
        stands = reply.answerable and cited
        draft = Draft(
            text=text,
            claims=(Claim(text=text, citations=cited),) if stands else (),
            answerable=reply.answerable,
            notes=(reply.reason.strip(),) if reply.reason.strip() else (),
        )
        return {
            "draft": draft,
            "ledger": evidence if stands else (),
            "failures": tuple(self.failures),
        }

    def place(self, name: PageName) -> Place:
        """The page of that name.

        Raises:
            ValueError: says to the model that there is no such document.
        """
        if not 1 <= name.document <= len(self.documents):
            raise ValueError(f"there is no document {name.document}.")
        return self.documents[name.document - 1], name.page

    def shown(self, names: Sequence[PageName], pages: Collection[Place]) -> Places:
        """The pages of these names, each once.

        Raises:
            ValueError: says to the model which one was not shown.
        """
        for name in names:
            if self.place(name) not in pages:
                raise ValueError(f"page {name.page} of document {name.document} was not shown.")
        return tuple(dict.fromkeys(self.place(name) for name in names))

    def _name(self, place: Place) -> str:
        """The page as a person knows it."""
        return f"{self.services.corpus.document(place[0]).name}, page {place[1]}"

    def _messages(self, content: Content, *parts: str) -> list[BaseMessage]:
        told = [prompt(f"baseline-{self.agent}")]
        told += [prompt(p, reply="AnswerReply") if p == "tools" else prompt(p) for p in parts]
        asked = _text(f"Question:\n{self.question}")
        return [
            SystemMessage("\n".join([*told, prompt("data")])),
            HumanMessage([asked, *self.names(), *content]),
        ]

    def _evidence(self, place: Place) -> Evidence:
        """The page as a whole: where on it the answer stands is not known."""
        document_id, number = place
        page = self.services.corpus.page(document_id, number)
        return Evidence(
            document=self.services.corpus.document(document_id).name,
            document_id=document_id,
            page=number,
            page_label=page.label,
            modality="page",
            quote="",
            verbatim=False,
            sub_question=SUB_QUESTION,
            agent=self.agent,
        )


def team_of(services: Services) -> ModelTeam:
    """The models and tools of the run; a baseline is never made without."""
    assert isinstance(services.team, ModelTeam)
    return services.team


def _told(loop: ToolLoop[AnswerReply], own: Sequence[BaseTool]) -> tuple[Evidence, ...]:
    return tool_evidence(loop.outcomes, own, SUB_QUESTION)


def _check(reply: AnswerReply, desk: Desk, shown: Collection[Place], by_tools: bool) -> None:
    """Whether the answer can be given.

    Raises:
        ValueError: says to the model what is wrong.
    """
    if not reply.answer.strip():
        raise ValueError("`answer` is empty.")
    desk.shown(reply.pages, shown)
    if reply.answerable and not (reply.pages or by_tools):
        raise ValueError("an answer needs the pages that it rests on.")


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
