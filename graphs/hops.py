"""What to do next, worked out from the plan and what is known: pure functions over the state."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pagehop.agents.team import Gap, Plan, Search, SubQuestion
from pagehop.graphs.state import Errand, Errands, Report, State
from pagehop.tools.boxes import BBox, enclose, pad
from pagehop.tools.evidence import Evidence, Ledger

GREETING = 8  # words, at most, of what may be replied to without a search
MAX_HOPS = 12  # sub-questions of one question; a longer plan is cut, and the answer says so
ANSWER_LENGTH = 200  # characters of an answer that are put into a later question
CLOSER_MARGIN = 0.02  # of the page, around the box that is looked at again


def sound(plan: Plan, question: str) -> Plan:
    """The plan with unique ids, known dependencies and at most `MAX_HOPS` sub-questions.

    A plan with neither sub-questions nor a reply becomes the question itself. So does one that
    replies to more than a greeting: a planner has seen no page, and knows nothing.
    """
    if not plan.sub_questions:
        if plan.reply and _is_a_word_or_two(question):
            return plan
        return Plan(sub_questions=(SubQuestion(id="q1", question=question),))
    kept: dict[str, SubQuestion] = {}
    for sub in plan.sub_questions[:MAX_HOPS]:
        kept.setdefault(sub.id, sub)
    return replace(
        plan,
        sub_questions=tuple(
            replace(sub, depends_on=tuple(d for d in sub.depends_on if d in kept and d != sub.id))
            for sub in kept.values()
        ),
    )


def _is_a_word_or_two(question: str) -> bool:
    return len(question.split()) <= GREETING and not any(c.isdigit() for c in question)


def ready(plan: Plan) -> tuple[SubQuestion, ...]:
    """Sub-questions that are open and wait for nobody; all open ones if they wait in a circle."""
    settled = {sub.id for sub in plan.sub_questions if sub.settled}
    still = tuple(sub for sub in plan.sub_questions if not sub.settled)
    free = tuple(sub for sub in still if settled.issuperset(sub.depends_on))
    return free or still


def filled(sub: SubQuestion, plan: Plan, ledger: Ledger) -> SubQuestion:
    """The sub-question with `{q1}` replaced by the answer of q1, as one line of plain text.

    Where q1 has no answer its best reading stands in, else its own words: a search with the
    wrong half of a question still finds the right half.
    """
    question = sub.question
    for other in plan.sub_questions:
        if "{" + other.id + "}" in question:
            stand_in = other.answer or _best_reading(other.id, ledger) or other.question
            question = question.replace("{" + other.id + "}", _one_line(stand_in))
    return replace(sub, question=question)


def first_errands(state: State, plan: Plan, *, wave: int) -> tuple[Errand, ...]:
    """A search for every sub-question that can be asked now."""
    return tuple(_errand(state, plan, sub, wave=wave) for sub in ready(plan) if not sub.settled)


def settle(plan: Plan, errands: Iterable[Errand], reports: Sequence[Report]) -> Plan:
    """The plan with what these errands found out.

    Who relied on an answer that changed is open again.
    """
    asked = {errand.sub_question.id for errand in errands}
    subs = {sub.id: sub for sub in plan.sub_questions}
    changed: set[str] = set()
    for id_ in asked & subs.keys():
        answer = _best_answer(report for report in reports if report.sub_question == id_)
        if subs[id_].settled and answer != subs[id_].answer:
            changed.add(id_)
        subs[id_] = replace(subs[id_], answer=answer, settled=True)
    for sub in plan.sub_questions:  # in order: who depends on one that is open again is too
        if sub.id not in asked and changed.intersection(sub.depends_on) and subs[sub.id].settled:
            subs[sub.id] = replace(subs[sub.id], settled=False)
            changed.add(sub.id)
    return replace(plan, sub_questions=tuple(subs.values()))


def widen(plan: Plan, gaps: Iterable[Gap]) -> Plan:
    """The plan with a new sub-question for every gap that belongs to none of it."""
    subs = list(plan.sub_questions)
    for gap in gaps:
        if all(sub.id != gap.sub_question for sub in subs) and len(subs) < MAX_HOPS:
            subs.append(SubQuestion(id=gap.sub_question or f"q{len(subs) + 1}", question=gap.query))
    return replace(plan, sub_questions=tuple(subs))


def added(plan: Plan, more: Plan) -> Plan:
    """The plan with the sub-questions of another that it does not have, at most `MAX_HOPS`."""
    asked = {sub.question for sub in plan.sub_questions}
    ids = {sub.id for sub in plan.sub_questions}
    new = [s for s in more.sub_questions if s.question not in asked and s.id not in ids]
    room = max(0, MAX_HOPS - len(plan.sub_questions))
    return replace(plan, sub_questions=(*plan.sub_questions, *new[:room]))


def gap_errands(state: State, plan: Plan, gaps: Iterable[Gap], *, wave: int) -> tuple[Errand, ...]:
    """What the critic asked for: a search elsewhere, or the named page once more and closer."""
    by_id = {sub.id: sub for sub in plan.sub_questions}
    errands = []
    for gap in gaps:
        sub = by_id.get(gap.sub_question) or next(
            (sub for sub in plan.sub_questions if sub.question == gap.query), None
        )
        if sub is None:
            continue
        errand = _errand(state, plan, sub, wave=wave)
        pages = _pages_of(gap, state.ledger)
        if gap.kind != "breadth" and pages:
            kind: Errands = "depth" if gap.kind == "depth" else "conflict"
            closer = _closer(gap, state.ledger) if kind == "depth" else None
            errand = replace(errand, kind=kind, pages=pages, closer=closer)
        errands.append(replace(errand, query=gap.query or errand.query, reason=gap.reason))
    return tuple(dict.fromkeys(errands))


def known(state: State) -> tuple[str, ...]:
    """What stands at this moment: evidence, answers and pages seen. Progress is a change of it."""
    answers = (f"{sub.id}={sub.answer}" for sub in state.plan.sub_questions)
    pages = {f"{name}:{page}" for done in state.searches for name, page in done.search.pages}
    return (*sorted(found.id for found in state.ledger), *answers, *sorted(pages))


def _errand(state: State, plan: Plan, sub: SubQuestion, *, wave: int) -> Errand:
    asked = filled(sub, plan, state.ledger)
    return Errand(
        wave=wave,
        kind="search",
        question=state.standalone,
        sub_question=asked,
        query=asked.question,
        without=_seen(state, sub.id),
        known=tuple(e for e in state.ledger if e.sub_question in (sub.id, *sub.depends_on)),
        searches=_searches(state, sub.id),
    )


def _seen(state: State, sub_question: str) -> tuple[tuple[str, int], ...]:
    found = _searches(state, sub_question)
    return tuple(sorted({page for search in found for page in search.pages}))


def _searches(state: State, sub_question: str) -> tuple[Search, ...]:
    made = (done.search for done in state.searches)
    return tuple(search for search in made if search.sub_question == sub_question)


def _pages_of(gap: Gap, ledger: Ledger) -> tuple[tuple[str, int], ...]:
    named = ((gap.document, gap.page),) if gap.document and gap.page > 0 else ()
    if gap.kind == "depth" and named:
        return named
    cited = ((e.document, e.page) for e in ledger if e.sub_question == gap.sub_question and e.page)
    return tuple(dict.fromkeys((*named, *cited)))[:4]


def _closer(gap: Gap, ledger: Ledger) -> BBox | None:
    """Around what was already found on the page for it; None, the whole page, where nothing was."""
    boxes = [
        e.bbox
        for e in ledger
        if (e.document, e.page) == (gap.document, gap.page)
        and e.sub_question == gap.sub_question
        and e.bbox is not None
    ]
    around = enclose(boxes)
    return pad(around, CLOSER_MARGIN) if around else None


def _best_answer(reports: Iterable[Report]) -> str:
    told = [report for report in reports if report.answer]
    return max(told, key=lambda r: (r.confidence, r.wave, r.role)).answer if told else ""


def _best_reading(sub_question: str, ledger: Ledger) -> str:
    found: list[Evidence] = [e for e in ledger if e.sub_question == sub_question]
    best = max(found, key=lambda e: (e.confidence, e.id), default=None)
    return "" if best is None else best.reading or best.quote


def _one_line(text: str) -> str:
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(plain.split())[:ANSWER_LENGTH]
