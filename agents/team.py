"""What the agents say to each other: the interfaces that every team fills, and their data.

A team is five roles: planner, text agent, image agent, critic, summarizer. The graph calls
them through `Team` and knows nothing else of them. Each role takes data and returns data; a
failure inside a role is raised, and the graph turns it into data.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from pagehop.tools.boxes import BBox
from pagehop.tools.evidence import Claim, Evidence, Ledger
from pagehop.tools.retrieval.channel import Hit

AnswerForm: TypeAlias = Literal["free", "number", "yes/no", "list", "name", "date"]
Look: TypeAlias = Literal["text", "table", "figure", "page"]  # which modality a sub-question needs
GapKind: TypeAlias = Literal["breadth", "depth", "conflict", "plan"]
Ruling: TypeAlias = Literal["sufficient", "gaps", "unanswerable"]
LookRuling: TypeAlias = Literal["stands", "contradicted", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question and answer of a chat."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubQuestion:
    """One hop of the plan. `{q1}` in its question stands for the answer of sub-question q1."""

    id: str  # q1, q2, ... ; unique within a question
    question: str
    depends_on: tuple[str, ...] = ()
    form: AnswerForm = "free"
    modalities: tuple[Look, ...] = ()  # a hint for the route; empty: all
    documents: tuple[str, ...] = ()  # a hint: names of documents it is about; empty: all
    whole: bool = False  # it is about a document as a whole: count, list all, sum up, compare parts
    answer: str = ""  # filled when it is settled
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sub-questions in an order in which they can be asked; none when no search is needed."""

    sub_questions: tuple[SubQuestion, ...]
    reply: str = ""  # the answer itself when no search is needed (a greeting, a thank you)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What is still missing, as the critic names it."""

    kind: GapKind  # search elsewhere, look closer, sources disagree, nobody asked for it
    sub_question: str  # id of the sub-question it belongs to; "" where the plan has none for it
    query: str  # what to search for, to look at or to ask next
    reason: str
    document: str = ""  # depth and conflict: where to look
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the critic decides."""

    ruling: Ruling
    gaps: tuple[Gap, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search that was made: the critic sees them, so that none is made twice."""

    sub_question: str
    query: str
    route: tuple[str, ...]  # why these pages: references resolved, channels asked
    pages: tuple[tuple[str, int], ...]  # (document name, page), best first


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a reading agent is given: one sub-question, and its own material."""

    question: str  # the whole question, standalone
    sub_question: SubQuestion  # with the answers of earlier ones filled in
    hits: tuple[Hit, ...]
    ledger: Ledger = ()  # what is known already, as data
    closer: BBox | None = None  # depth: look closer at this box of the first hit's page
    whole: bool = False  # the hits are all pages of a document, in its order
    doubt: str = (
        ""  # conflict: what disagrees; the place is read anew, without what was read before
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a reading agent found: evidence, and the answer to its sub-question if it has one."""

    evidence: tuple[Evidence, ...] = ()
    answer: str = ""
    confidence: float = 0.0  # of the answer, 0 to 1
    failures: tuple[str, ...] = ()  # tools that failed, in one line each, for the critic
    remarks: tuple[str, ...] = ()  # what did not count, in one line each; nothing is left unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """One calculation that an answer rests on, done by the calculator and not by a model."""

    expression: str  # "1214 - 1000"
    value: str  # as it is written in the answer: "214"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An answer before it is checked; claims cite ledger ids (`e…`)."""

    text: str
    claims: tuple[Claim, ...] = ()
    answerable: bool = True
    notes: tuple[str, ...] = ()
    calculations: tuple[Calculation, ...] = ()  # the numbers of the claims that no page states


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A claim that does not stand, and why, as the verifier says it to the summarizer."""

    claim: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that the critic and the summarizer may see of a question."""

    question: str
    plan: Plan
    ledger: Ledger
    searches: tuple[Search, ...] = ()
    failures: tuple[str, ...] = ()  # tools or agents that failed, in one line each
    complete: bool = True  # False: the budget ran out
    verdict: Verdict | None = None  # the critic's last
    objections: tuple[Objection, ...] = field(default=())
    documents: tuple[tuple[str, int], ...] = ()  # names of those searched, and their pages
    sample: int = 0  # which of several drafts of the same case is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A claim that rests on pictures, to be held against all of them once more."""

    claim: str
    evidence: tuple[Evidence, ...]  # of pictures; their words are no text of the pages


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """What a second look at its pictures said about a claim."""

    claim: str
    evidence: tuple[str, ...]  # ledger ids of what the pictures were said to show
    ruling: LookRuling
    seen: str = ""  # what is read there, literally
    reason: str = ""


class Team(Protocol):
    """Five roles behind one interface; the model team and the extractive team fill it."""

    @property
    def name(self) -> str:
        """What an answer says it was made by."""
        ...

    def contextualize(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it would be asked without the chat before it."""
        ...

    def plan(self, question: str, documents: Sequence[str]) -> Plan:
        """Sub-questions with their dependencies; `documents` are the names in the corpus."""
        ...

    def read(self, task: Task) -> Findings:
        """The text agent: what the hits' text and tables say about the sub-question."""
        ...

    def look(self, task: Task) -> Findings:
        """The image agent: what the hits' page pictures show about the sub-question."""
        ...

    def critique(self, case: Case) -> Verdict:
        """Whether the ledger answers the question, and if not, what to do next."""
        ...

    def summarize(self, case: Case) -> Draft:
        """The answer, claim by claim, from the ledger alone."""
        ...


@runtime_checkable
class Deliberation(Protocol):
    """What a team may do beside its five roles; each is asked for where the effort allows it."""

    def look_again(self, readings: Sequence[Reading]) -> tuple[SecondLook, ...]:
        """Whether claims on pictures stand by them; a claim without a look stays as it is."""
        ...

    def adjudicate(self, case: Case, drafts: Sequence[Draft]) -> int:
        """Which of several drafts the evidence supports best: its place in the list, from 0."""
        ...

    def replan(self, case: Case, documents: Sequence[str]) -> Plan:
        """Sub-questions to add where the critic's gaps say that the plan was wrong."""
        ...

    def search_words(self, task: Task, searches: Sequence[Search]) -> str:
        """The search for a sub-question in the words that the documents may use."""
        ...

    def rank(self, question: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The hits in the order in which they should be read; none is lost."""
        ...
