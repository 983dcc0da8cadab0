"""What the critic and the summarizer are shown, and the answer that leaves."""

from dataclasses import replace

from pagehop.agents.team import Case, Draft, Gap
from pagehop.graphs import hops
from pagehop.graphs.services import Services
from pagehop.graphs.state import State
from pagehop.tools.evidence import Answer, Hop, Status

NOT_LOOKED_UP = "Nothing was looked up for this."
NOTHING_STANDS = "No claim of the answer could be shown to stand on a page, so none is given."
LISTED = 20  # documents whose length the critic is told


def case_of(state: State, services: Services) -> Case:
    """The question with all that is known, as the critic and the summarizer see it."""
    searched = {name for done in state.searches for name, _ in done.search.pages}
    lengths = {document.name: document.page_count for document in services.corpus.documents()}
    return Case(
        question=state.standalone,
        plan=state.plan,
        ledger=state.ledger,
        searches=tuple(done.search for done in state.searches),
        failures=(*state.failures, *state.dropped),
        complete=not state.spent,
        verdict=state.verdict,
        objections=state.objections,
        documents=tuple((n, lengths[n]) for n in sorted(searched & lengths.keys())[:LISTED]),
    )


def without_a_model(case: Case, services: Services) -> Draft:
    """The best supported answer that can be had without another model call."""
    from pagehop.agents.extractive import extractive_team

    return extractive_team(services.corpus).summarize(case)


def answer_of(state: State, services: Services) -> Answer:
    """The answer, its status and what a person should know about it."""
    usage = replace(services.calls.usage, rounds=state.rounds)
    if state.checked is None:
        return Answer(
            question=state.question,
            text=state.plan.reply,
            status="answered",
            usage=usage,
            model=services.team.name,
            notes=(NOT_LOOKED_UP,),
        )
    draft, notes = state.checked, [*state.checked.notes, *state.failures, *state.dropped]
    notes += [f"Dropped: {o.claim!r}: {o.reason}" for o in state.objections]
    notes += [f"Sources disagree: {gap.reason}" for gap in _left(state) if gap.kind == "conflict"]
    notes += _derivations(draft)
    empty = draft.answerable and not draft.claims and bool(state.objections)
    return Answer(
        question=state.question,
        text=NOTHING_STANDS if empty else draft.text,
        status=status_of(state, draft),
        claims=draft.claims,
        citations=state.citations,
        plan=_plan(state),
        usage=usage,
        model=services.team.name,
        notes=tuple(dict.fromkeys(notes)),
    )


def _derivations(draft: Draft) -> list[str]:
    """How the numbers came about that the answer states and no page does."""
    said = " ".join((draft.text, *(claim.text for claim in draft.claims)))
    return [
        f"Calculated: {done.expression} = {done.value}"
        for done in draft.calculations
        if done.value in said
    ]


def status_of(state: State, draft: Draft) -> Status:
    """Answered only when claims stand and nothing asked for is open.

    A search or an agent that failed leaves the question open: what was not looked at cannot
    be said to be absent. So does a claim that was dropped: it may have been the answer.
    """
    if state.spent:
        return "incomplete"
    if not draft.answerable:
        return "incomplete" if state.failures else "unanswerable"
    if not draft.claims or state.objections or _open_gap(state):
        return "incomplete"
    return "answered"


def _open_gap(state: State) -> bool:
    """Whether the critic still misses something for a sub-question that has no answer."""
    if state.verdict is None:
        return True
    answered = {sub.id for sub in state.plan.sub_questions if sub.answer}
    return any(gap.sub_question not in answered for gap in _left(state))


def _left(state: State) -> tuple[Gap, ...]:
    """The gaps that the critic named last."""
    verdict = state.verdict
    return verdict.gaps if verdict is not None and verdict.ruling == "gaps" else ()


def _plan(state: State) -> tuple[Hop, ...]:
    place = {sub.id: number for number, sub in enumerate(state.plan.sub_questions)}
    return tuple(
        Hop(
            question=hops.filled(sub, state.plan, state.ledger).question,
            answer=sub.answer,
            depends_on=tuple(place[id_] for id_ in sub.depends_on if id_ in place),
        )
        for sub in state.plan.sub_questions
    )
