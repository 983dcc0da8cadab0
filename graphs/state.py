"""The state of one run: plain data only. Pictures and clients never enter it.

Fields that several nodes write in one step name their join. The joins are commutative,
associative and idempotent, so that a result never depends on who finished first, and a step
that is run again after a kill changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from operator import or_
from typing import Annotated, Any, Literal, TypeAlias, TypedDict, TypeVar

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from pagehop.agents.team import (
    Draft,
    Findings,
    Objection,
    Plan,
    Search,
    SecondLook,
    SubQuestion,
    Task,
    Verdict,
)
from pagehop.tools.boxes import BBox
from pagehop.tools.evidence import Answer, Citation, Ledger, RoleUsage, Usage, join_evidence

T = TypeVar("T")
Update: TypeAlias = dict[str, Any]
Errands: TypeAlias = Literal["search", "depth", "conflict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one sub-question needs next: a search, or a second look at a page."""

    wave: int  # errands of one wave run in parallel; waves are counted from 1
    kind: Errands
    question: str  # the whole question, standalone
    sub_question: SubQuestion  # with the answers of earlier ones filled in
    query: str
    without: tuple[tuple[str, int], ...] = ()  # (document name, page) seen for it already
    pages: tuple[tuple[str, int], ...] = ()  # depth and conflict: where to look
    closer: BBox | None = None
    known: Ledger = ()  # what bears on it already
    searches: tuple[Search, ...] = ()  # made for it before
    reason: str = ""  # why the critic sent it


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The material of one agent for one sub-question."""

    wave: int
    role: Literal["read", "look"]
    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A search and the wave it was made in."""

    wave: int
    search: Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one agent said about one sub-question; its evidence is in the ledger."""

    wave: int
    role: Literal["read", "look"]
    sub_question: str
    answer: str
    confidence: float
    evidence: tuple[str, ...] = ()  # ledger ids

    @classmethod
    def of(cls, assignment: Assignment, findings: Findings) -> "Report":
        """The line that stays of an agent's findings."""
        return cls(
            wave=assignment.wave,
            role=assignment.role,
            sub_question=assignment.task.sub_question.id,
            answer=findings.answer.strip(),
            confidence=findings.confidence,
            evidence=tuple(sorted(found.id for found in findings.evidence)),
        )


def join_searches(left: Iterable[Searched], right: Iterable[Searched]) -> tuple[Searched, ...]:
    """The union, in order of waves."""
    return _union(left, right)


def join_reports(left: Iterable[Report], right: Iterable[Report]) -> tuple[Report, ...]:
    """The union, in order of waves."""
    return _union(left, right)


def join_assignments(
    left: Iterable[Assignment], right: Iterable[Assignment]
) -> tuple[Assignment, ...]:
    """The union, in order of waves."""
    return _union(left, right)


def join_failures(left: Iterable[str], right: Iterable[str]) -> tuple[str, ...]:
    """The union, each line once, sorted."""
    return tuple(sorted({*left, *right}))


def join_usage(left: Usage, right: Usage) -> Usage:
    """Of each counter the larger: counters only grow within a run. Money once unknown stays so."""
    names = sorted({role.role for usage in (left, right) for role in usage.roles})
    roles = (RoleUsage(**_larger(_of_role(left, name), _of_role(right, name))) for name in names)
    return Usage(**{**_larger(left, right), "roles": tuple(roles)})


def _of_role(usage: Usage, name: str) -> RoleUsage:
    return next((role for role in usage.roles if role.role == name), RoleUsage(role=name))


def _larger(left: Usage | RoleUsage, right: Usage | RoleUsage) -> dict[str, Any]:
    pairs = {
        part.name: (getattr(left, part.name), getattr(right, part.name)) for part in fields(left)
    }
    return {
        name: None if None in pair else max(pair) for name, pair in pairs.items() if name != "roles"
    }


def _union(left: Iterable[T], right: Iterable[T]) -> tuple[T, ...]:
    """Each entry once, sorted by all that is in it; the wave comes first."""
    entries = {repr(entry): entry for entry in (*left, *right)}
    return tuple(
        entry for _, entry in sorted(entries.items(), key=lambda kept: (_wave(kept[1]), kept[0]))
    )


def _wave(entry: object) -> int:
    return int(getattr(entry, "wave", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What goes in: a question, or messages whose last one is the question."""

    question: str = ""
    messages: Annotated[list[AnyMessage], add_messages] = field(default_factory=list)


class Told(TypedDict):
    """What comes out: the answer, and the conversation with it.

    No dataclass: LangGraph would make one of whole states when values are streamed.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Data of one run. Nodes read it whole and return only the fields they change."""

    question: str = ""  # as it was asked
    messages: Annotated[list[AnyMessage], add_messages] = field(default_factory=list)
    ledger: Annotated[Ledger, join_evidence] = ()  # kept over the turns of a chat

    standalone: str = ""  # the question as it would be asked without the chat before it
    plan: Plan = field(default_factory=lambda: Plan(sub_questions=()))
    wave: int = 0
    errands: tuple[Errand, ...] = ()  # of the next wave
    assignments: Annotated[tuple[Assignment, ...], join_assignments] = ()  # of this wave
    searches: Annotated[tuple[Searched, ...], join_searches] = ()
    reports: Annotated[tuple[Report, ...], join_reports] = ()
    failures: Annotated[tuple[str, ...], join_failures] = ()
    dropped: Annotated[tuple[str, ...], join_failures] = ()  # what did not count, and why
    spent: Annotated[bool, or_] = False  # the budget ran out
    usage: Annotated[Usage, join_usage] = field(default_factory=Usage)
    rounds: int = 0  # of critique
    progress: tuple[str, ...] = ()  # what was known at the last critique
    verdict: Verdict | None = None
    draft: Draft | None = None  # as the summarizer wrote it
    checked: Draft | None = None  # with the claims that stand
    citations: tuple[Citation, ...] = ()
    objections: tuple[Objection, ...] = ()
    looks: tuple[SecondLook, ...] = ()  # at what was read off pictures
    drafts: int = 0
    answer: Answer | None = None


def as_tuples(value: Any) -> Any:  # noqa: ANN401 whatever a serializer gave back
    """Lists inside our own records made tuples again: msgpack and JSON know no tuples.

    Only dataclasses are changed, in place, right after they were read; a list outside of them
    (the messages of a chat) stays a list.
    """
    if is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            object.__setattr__(value, part.name, _tuples(getattr(value, part.name)))
    elif isinstance(value, dict):
        for entry in value.values():
            as_tuples(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            as_tuples(entry)
    elif hasattr(value, "node") and hasattr(value, "arg"):  # a Send
        as_tuples(value.arg)
    return value


def _tuples(value: Any) -> Any:  # noqa: ANN401 any field
    if isinstance(value, list | tuple):
        return tuple(_tuples(entry) for entry in value)
    return as_tuples(value)
