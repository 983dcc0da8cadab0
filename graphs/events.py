"""What happens in a run, as it happens, as typed events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from langchain_core.runnables import RunnableConfig

from pagehop.agents.team import Draft, Objection, Plan, Search, Verdict
from pagehop.graphs.agent import DocumentAgent
from pagehop.graphs.state import Report
from pagehop.tools.evidence import Answer, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The question as it is asked without the chat before it."""

    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The sub-questions; some may have answers already."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A search was made: its query, its route and the pages it brought."""

    search: Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """An agent has read its pages (`read`) or looked at them (`look`)."""

    report: Report
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criticised:
    """The critic has ruled."""

    round: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """The summarizer has written an answer; it is not checked yet."""

    draft: Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The verifier has held every claim against its page."""

    claims: int
    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An agent, a tool or a search failed; the others go on."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The budget ran out at this node."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """The last event: the answer."""

    answer: Answer


Event: TypeAlias = (
    Understood
    | Planned
    | Found
    | Reported
    | Criticised
    | Drafted
    | Checked
    | Failed
    | Spent
    | Final
)


def stream_events(
    agent: DocumentAgent,
    question: str | Mapping[str, Any] | None,
    config: RunnableConfig | None = None,
) -> Iterator[Event]:
    """Ask, and yield what happens; the last event is `Final` and holds the answer.

    Args:
        agent: who is asked.
        question: a question, or an input as `invoke` takes it; None goes on with a run.
        config: as in `invoke`.
    """
    given = {"question": question} if isinstance(question, str) else question
    answer: Answer | None = None
    for part in agent.stream(given, config, stream_mode=["updates", "values"], version="v2"):
        if part["ns"]:  # a graph inside a custom tool
            continue
        if part["type"] == "updates":
            for node, update in part["data"].items():
                yield from events_of(node, update)
        else:
            answer = part["data"].get("answer")
    if answer is not None:
        yield Final(answer=answer)


def events_of(node: str, update: Mapping[str, Any] | None) -> Iterator[Event]:
    """The events in one node's update (LangGraph's stream mode `updates`)."""
    update = update if isinstance(update, Mapping) else {}
    yield from (Failed(reason=reason) for reason in _plain(update, "failures"))
    if update.get("spent") is True:
        yield Spent(node=node)
    made = _MAKERS.get(node)
    if made is not None:
        yield from made(update)


def _plain(update: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """The entries a node adds to a field; none where it empties it (`Overwrite`)."""
    value = update.get(key, ())
    return tuple(value) if isinstance(value, tuple | list) else ()


def _understood(update: Mapping[str, Any]) -> Iterator[Event]:
    if update.get("standalone"):
        yield Understood(question=update["standalone"])


def _planned(update: Mapping[str, Any]) -> Iterator[Event]:
    if "plan" in update and update["plan"].sub_questions:
        yield Planned(plan=update["plan"])


def _found(update: Mapping[str, Any]) -> Iterator[Event]:
    yield from (Found(search=done.search) for done in _plain(update, "searches"))


def _reported(update: Mapping[str, Any]) -> Iterator[Event]:
    evidence = _plain(update, "ledger")
    yield from (Reported(report=r, evidence=evidence) for r in _plain(update, "reports"))


def _criticised(update: Mapping[str, Any]) -> Iterator[Event]:
    if "verdict" in update:
        yield Criticised(round=update["rounds"], verdict=update["verdict"])


def _drafted(update: Mapping[str, Any]) -> Iterator[Event]:
    if "draft" in update:
        yield Drafted(draft=update["draft"])


def _checked(update: Mapping[str, Any]) -> Iterator[Event]:
    if update.get("checked") is not None:
        claims = len(update["checked"].claims)
        yield Checked(claims=claims, objections=_plain(update, "objections"))


_MAKERS = {
    "contextualize": _understood,
    "plan": _planned,
    "settle": _planned,
    "retrieve": _found,
    "read": _reported,
    "look": _reported,
    "critique": _criticised,
    "summarize": _drafted,
    "verify": _checked,
}
