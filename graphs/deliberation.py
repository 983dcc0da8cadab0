"""Where an answer is worth more than one look: the critic, a new plan, second looks, more drafts.

What each step costs is the effort's to say (`pagehop.agents.budget.Effort`).
"""

from collections.abc import Sequence
from dataclasses import replace

from pagehop.agents.checks.agreement import agree
from pagehop.agents.checks.verifier import Verified, verify
from pagehop.agents.team import Case, Draft, Gap, Plan, Reading, SecondLook, Verdict
from pagehop.graphs import hops
from pagehop.graphs.outcome import case_of
from pagehop.graphs.services import UNWILLING, Services, failure
from pagehop.graphs.state import State
from pagehop.tools.errors import BudgetSpentError
from pagehop.tools.evidence import Claim, Evidence

SURE = 0.85  # confidence from which on one look settles a question
ONE_LOOK = "one look answered it"


def settled(state: State, services: Services) -> Verdict | None:
    """A verdict without the critic: one sub-question, one wave, sure, and nobody disagrees."""
    plan, reports = state.plan, state.reports
    if services.effort.critic == "always" or services.deliberation is None:
        return None
    if state.failures or state.dropped:
        return None
    if len(plan.sub_questions) != 1 or plan.sub_questions[0].whole or state.wave != 1:
        return None
    told = [report for report in reports if report.answer and report.evidence]
    best = max(told, key=lambda report: (report.confidence, report.role), default=None)
    if best is None or best.confidence < SURE:
        return None
    if not all(agree(best.answer, other.answer) for other in told):
        return None
    return Verdict(ruling="sufficient", reason=ONE_LOOK)


def replanned(state: State, gaps: Sequence[Gap], services: Services) -> tuple[Plan, str]:
    """The plan with what the planner adds where gaps say that it was wrong; a word if it fails.

    Without the planner such a gap is a sub-question in the critic's own words.
    """
    wrong = [gap for gap in gaps if gap.kind == "plan"]
    team = services.deliberation
    if not wrong or team is None:
        return hops.widen(state.plan, wrong), ""
    verdict = Verdict(ruling="gaps", gaps=tuple(wrong))
    case = replace(case_of(state, services), verdict=verdict)
    try:
        return hops.added(state.plan, team.replan(case, services.names())), ""
    except UNWILLING as error:
        return hops.widen(state.plan, wrong), failure("planning again", error)


def draft_of(case: Case, state: State, services: Services) -> Draft:
    """The summarizer's draft; where the critic was not satisfied the best supported of several.

    Drafts that cite what does not stand are out, and of those that differ the model says which
    one the evidence carries; how many say the same counts for nothing (Corex, arXiv
    2310.00280).
    """
    team, first = services.deliberation, services.team.summarize(case)
    if team is None or not _doubtful(state) or case.objections:
        return first
    try:
        more = [
            services.team.summarize(replace(case, sample=number))
            for number in range(1, services.effort.samples)
        ]
        differing = _differing([first, *more], state, services)
        return differing[team.adjudicate(case, differing) if len(differing) > 1 else 0]
    except BudgetSpentError:  # one draft is an answer
        return first
    except UNWILLING as error:
        told = f"No other draft was weighed against this one: {type(error).__name__}."
        return replace(first, notes=(*first.notes, told))


def checked(state: State, services: Services) -> tuple[Verified, tuple[SecondLook, ...]]:
    """The draft with the claims that stand; what only a picture says is looked at once more."""
    assert state.draft is not None
    found = checked_once(state, services)
    team = services.deliberation
    readings = _affordable(_readings(state, found), services.effort.second_looks)
    if team is None or not readings:
        return found, ()
    looks = team.look_again(readings)
    return _verify(state.draft, state, services, (*state.looks, *looks)), looks


def checked_once(state: State, services: Services) -> Verified:
    """The draft with the claims that stand by what is known."""
    assert state.draft is not None
    return _verify(state.draft, state, services, state.looks)


def _doubtful(state: State) -> bool:
    return state.verdict is None or state.verdict.ruling != "sufficient"


def _differing(drafts: Sequence[Draft], state: State, services: Services) -> list[Draft]:
    """The soundest drafts, one of each answer."""
    objections = [len(_verify(draft, state, services, ()).objections) for draft in drafts]
    kept: list[Draft] = []
    for draft, count in zip(drafts, objections, strict=True):
        if count == min(objections) and not any(_same(draft, other) for other in kept):
            kept.append(draft)
    return kept


def _same(one: Draft, other: Draft) -> bool:
    if not (one.answerable and other.answerable):
        return one.answerable == other.answerable
    return agree(one.text, other.text)


def _verify(
    draft: Draft, state: State, services: Services, looks: Sequence[SecondLook]
) -> Verified:
    return verify(draft, state.ledger, services.corpus, question=state.standalone, looks=looks)


def _readings(state: State, found: Verified) -> list[Reading]:
    """The claims that stand on pictures, each with all readings that carry it."""
    ledger = {entry.id: entry for entry in state.ledger}
    unverified = {(c.document_id, c.page, c.quote) for c in found.citations if not c.verified}
    readings: dict[str, Reading] = {}
    for claim in state.draft.claims if state.draft else ():
        cited = (ledger[id_] for id_ in _unread(claim, found) if id_ in ledger)
        seen = tuple(
            entry
            for entry in dict.fromkeys(cited)
            if not entry.verbatim and (entry.document_id, entry.page, entry.quote) in unverified
        )
        if seen and not _was_looked_at(claim, seen, state.looks):
            readings.setdefault(claim.text, Reading(claim=claim.text, evidence=seen))
    return list(readings.values())


def _was_looked_at(claim: Claim, seen: tuple[Evidence, ...], looks: Sequence[SecondLook]) -> bool:
    """Whether the claim was, or the only picture that it rests on."""
    only = (seen[0].id,) if len(seen) == 1 else None
    return any(look.claim == claim.text or look.evidence == only for look in looks)


def _affordable(readings: Sequence[Reading], most: int) -> list[Reading]:
    """The claims, in their order, that are looked at with at most so many pictures in all."""
    kept: list[Reading] = []
    for reading in readings:
        if len(reading.evidence) <= most:
            kept.append(reading)
            most -= len(reading.evidence)
    return kept


def _unread(claim: Claim, found: Verified) -> tuple[str, ...]:
    """The evidence of a claim that has not fallen."""
    fallen = {objection.claim for objection in found.objections}
    return () if claim.text in fallen else claim.citations
