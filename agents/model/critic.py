"""The critic: is it enough, and if not, what exactly is missing."""

from langchain_core.language_models import BaseChatModel

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.listing import told_ledger, told_plan, told_searches
from pagehop.agents.model.schemas import NamedGap, VerdictReply
from pagehop.agents.prompting import conversation, data_block
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import Case, Gap, Verdict

MOST = 3  # gaps that are followed at a time


def critique(case: Case, *, calls: Calls, model: BaseChatModel) -> Verdict:
    """Judge the ledger against the question; a gap never repeats a search that was made."""
    parts = {
        "documents": "\n".join(f"{name}, {count} pages" for name, count in case.documents),
        "plan": told_plan(case.plan),
        "evidence": told_ledger(case.ledger),
        "searches": told_searches(case.searches),
        "failures": "\n".join(case.failures) or "(none)",
    }
    mark = calls.mark("critic", case.question, *parts.values())
    blocks = {name: data_block(text, mark, name) for name, text in parts.items()}
    messages = conversation("critic", question=case.question, **blocks)
    reply = ask(
        calls,
        model,
        messages,
        VerdictReply,
        role="critic",
        check=lambda reply: _check(reply, case),
    )
    if reply.ruling != "gaps":
        return Verdict(ruling=reply.ruling, reason=reply.reason)
    gaps = tuple(_as_gap(gap) for gap in reply.gaps[:MOST])
    return Verdict(ruling="gaps", gaps=gaps, reason=reply.reason)


def _check(reply: VerdictReply, case: Case) -> None:
    """Whether each gap can be followed.

    Raises:
        ValueError: says to the model which one cannot.
    """
    if reply.ruling != "gaps":
        return
    if not reply.gaps:
        raise ValueError("the ruling is `gaps`, but none is named.")
    for gap in reply.gaps[:MOST]:
        if reason := _unfollowable(gap, case):
            raise ValueError(reason)


def _unfollowable(gap: NamedGap, case: Case) -> str:
    """What is wrong with a gap, as it is said to the model; "" where it can be followed."""
    ids = {hop.id for hop in case.plan.sub_questions}
    if gap.kind == "plan":
        return "" if gap.query.strip() else "a gap of the plan says in `query` what is to be asked."
    if gap.sub_question not in ids:
        return f"{gap.sub_question!r} is no sub-question; there are {sorted(ids)}."
    if gap.kind == "breadth":
        made = {(search.sub_question, _plain(search.query)) for search in case.searches}
        if gap.query.strip() and (gap.sub_question, _plain(gap.query)) not in made:
            return ""
        return f"the search {gap.query!r} was made already; name another one."
    places = {place for search in case.searches for place in search.pages}
    places |= {(found.document, found.page) for found in case.ledger}
    there = 1 <= gap.page <= dict(case.documents).get(gap.document, 0)
    if there or (gap.document, gap.page) in places:
        return ""
    return (
        f"there is no page {gap.page} of {gap.document!r} among the documents searched; "
        "name a document of the list and a page that it has, or make it a breadth gap."
    )


def _as_gap(gap: NamedGap) -> Gap:
    at_a_place = gap.kind in ("depth", "conflict")
    return Gap(
        kind=gap.kind,
        sub_question="" if gap.kind == "plan" else gap.sub_question,
        query=gap.query.strip(),
        reason=gap.reason.strip(),
        document=gap.document if at_a_place else "",
        page=gap.page if at_a_place else 0,
    )


def _plain(query: str) -> str:
    return " ".join(query.casefold().split())
