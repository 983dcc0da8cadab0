"""The planner: the fewest sub-questions, and which of them need which others.

It sees the question and the documents' names, and never a page: what a document says cannot
change the first plan. Where the critic finds that the plan was wrong, it is asked what to add,
and sees what was found as data.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain, count
from types import MappingProxyType

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.tools import BaseTool

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.listing import told_plan
from pagehop.agents.model.plainness import is_plain
from pagehop.agents.model.schemas import PlannedQuestion, PlanReply
from pagehop.agents.prompting import conversation, data_block, prompt, shorten
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import Case, Plan, SubQuestion

__all__ = ["is_plain", "plan", "replan"]

MOST = 8  # sub-questions of one plan
LISTED = 300  # names of documents that are shown
DESCRIBED = 300  # characters of what a tool does
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def plan(
    question: str,
    documents: Sequence[str],
    *,
    calls: Calls,
    model: BaseChatModel,
    tools: Sequence[BaseTool] = (),
    pages: Mapping[str, int] = MappingProxyType({}),
) -> Plan:
    """Split the question; ids come out as q1, q2, ... in an order in which they can be asked.

    Args:
        question: standing on its own.
        documents: names of those that may be searched.
        calls: the run's calls.
        model: who plans.
        tools: custom ones, which the reading agents can call.
        pages: how many each document has, as far as that is known.

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
    """
    listed = _listed(documents, pages)
    mark = calls.mark("planner", question, listed)
    messages = conversation(
        "planner",
        question=question,
        documents=data_block(listed, mark, "document names"),
        tools=_offered(tools),
    )
    reply = ask(calls, model, messages, PlanReply, role="planner", check=_check)
    return _as_plan(reply, documents)


def replan(
    case: Case,
    documents: Sequence[str],
    *,
    calls: Calls,
    model: BaseChatModel,
    tools: Sequence[BaseTool] = (),
) -> Plan:
    """Sub-questions to add to a plan that was wrong; their ids go on where the plan's end.

    Args:
        case: with the plan, its answers, and the critic's verdict.
        documents: as for `plan`, like the rest.
        calls: the run's calls.
        model: who plans.
        tools: custom ones.

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
    """
    gaps = case.verdict.gaps if case.verdict else ()
    told = {
        "plan": told_plan(case.plan),
        "missing": "\n".join(f"{gap.query} ({gap.reason})" for gap in gaps if gap.kind == "plan"),
        "documents": _listed(documents, dict(case.documents)),
    }
    mark = calls.mark("planner", case.question, *told.values())
    blocks = {name: data_block(text, mark, name) for name, text in told.items()}
    asked = prompt("planner-again", question=case.question, tools=_offered(tools), **blocks)
    messages = [SystemMessage(f"{prompt('planner')}\n{prompt('data')}"), HumanMessage(asked)]
    known = [hop.id for hop in case.plan.sub_questions]
    reply = ask(
        calls,
        model,
        messages,
        PlanReply,
        role="planner",
        check=lambda reply: _check(reply, known),
    )
    return _as_plan(reply, documents, known)


def _listed(documents: Sequence[str], pages: Mapping[str, int]) -> str:
    """The documents, one a line, with their lengths; of very many, how many more there are."""
    lines = [
        f"{name} ({pages[name]} pages)" if name in pages else name for name in documents[:LISTED]
    ]
    more = len(documents) - LISTED
    return "\n".join([*lines, f"(and {more} more)"] if more > 0 else lines) or "(none)"


def _offered(tools: Sequence[BaseTool]) -> str:
    return "\n".join(map(_told, tools)) or "(none)"


def _told(tool: BaseTool) -> str:
    """A custom tool in one line: its name, what it takes, what it does."""
    does = " ".join(tool.description.split())
    return f"{tool.name}({', '.join(tool.args)}): {shorten(does, DESCRIBED)}"


def _check(reply: PlanReply, known: Collection[str] = ()) -> None:
    """Whether the plan can be carried out; `known` are the ids of one that it adds to.

    Raises:
        ValueError: says to the model what cannot.
    """
    planned = reply.sub_questions
    ids = [hop.id for hop in planned]
    if not planned and not reply.reply.strip() and not known:
        raise ValueError("it has neither `sub_questions` nor a `reply`.")
    if len(planned) > MOST:
        raise ValueError(f"it has {len(planned)} sub-questions; at most {MOST} are allowed.")
    if len({*ids, *known}) < len(ids) + len(known) or not all(ids):
        raise ValueError(f"the ids {[*known, *ids]} are not all different.")
    for hop in planned:
        unknown = sorted(_needs(hop, ids) - {*ids, *known})
        if unknown or not hop.question.strip():
            raise ValueError(f"{hop.id} is empty or depends on {unknown}, which are no ids.")
    try:
        TopologicalSorter({hop.id: _needs(hop, ids) for hop in planned}).prepare()
    except CycleError as error:
        raise ValueError(f"the sub-questions wait for each other: {error.args[1]}.") from None


def _needs(hop: PlannedQuestion, ids: Sequence[str]) -> set[str]:
    """What must be answered first: what it says it depends on, and what its text mentions."""
    mentioned = {name for name in PLACEHOLDER.findall(hop.question) if name in ids}
    return {*hop.depends_on, *mentioned}


def _as_plan(reply: PlanReply, documents: Sequence[str], before: Sequence[str] = ()) -> Plan:
    """The plan with ids of our own; `before` are those of the plan that it adds to."""
    if not reply.sub_questions:
        return Plan(sub_questions=(), reply=reply.reply.strip())
    hops = {hop.id: hop for hop in reply.sub_questions}
    needs = {name: _needs(hop, [*before, *hops]) for name, hop in hops.items()}
    order = _in_order(needs, before)
    fresh = (name for name in map("q{}".format, count(len(before) + 1)) if name not in before)
    renamed = dict(zip([*before, *order], chain(before, fresh), strict=False))
    known = {name.casefold(): name for name in documents}
    return Plan(
        sub_questions=tuple(
            SubQuestion(
                id=renamed[name],
                question=PLACEHOLDER.sub(
                    lambda found: f"{{{renamed.get(found[1], found[1])}}}", hops[name].question
                ),
                depends_on=tuple(sorted(renamed[first] for first in needs[name])),
                form=hops[name].form,
                modalities=tuple(dict.fromkeys(hops[name].modalities)),
                documents=tuple(
                    known[hint.casefold()]
                    for hint in dict.fromkeys(hops[name].documents)
                    if hint.casefold() in known
                ),
                whole=hops[name].whole,
            )
            for name in order
        )
    )


def _in_order(needs: dict[str, set[str]], before: Sequence[str]) -> list[str]:
    """Ids so that each comes after those it needs, else in the order in which they were written."""
    order: list[str] = []
    while len(order) < len(needs):
        there = {*before, *order}
        order.append(next(n for n in needs if n not in there and needs[n] <= there))
    return order
