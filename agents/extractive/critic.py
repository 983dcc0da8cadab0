"""The critic by coverage: what the question names that no evidence speaks of yet.

After the first search for a sub-question it asks for two things at once: for what no evidence
speaks of, and for the second hop, along the names on the pages that were found. After that it
asks for a closer look at the pages of the best chains that gave no evidence yet.
"""

from collections.abc import Callable, Sequence

from pagehop.agents.extractive.bridges import Leaf, Place
from pagehop.agents.extractive.language import Term, content, stems
from pagehop.agents.extractive.onward import closer_looks, second_hops
from pagehop.agents.extractive.scoring import asked_of, has_form_of
from pagehop.agents.extractive.so_far import evidence_for, is_first, searches_for
from pagehop.agents.team import Case, Gap, SubQuestion, Verdict
from pagehop.tools.evidence import Evidence

MAX_GAPS = 3
ENOUGH = 0.6  # share of its weight that the evidence should speak of
# The few other words for what people most often ask for.
_OTHER_WORDS = {
    "capex": "purchases of property, plant and equipment",
    "revenue": "net sales",
    "profit": "net income",
    "earnings": "net income",
    "headcount": "employees",
    "staff": "employees",
    "price": "cost",
    "picture": "figure",
    "chart": "figure",
}


def critique(
    case: Case,
    leaves_of: Callable[[Sequence[Place]], Sequence[Leaf]],
    ranked: Sequence[Place],
) -> Verdict:
    """Sufficient, a few gaps, or unanswerable when nothing at all was found.

    Args:
        case: what is known.
        leaves_of: the pages at these places, as far as they are still there.
        ranked: all pages found, the best chains first; none where no name has been followed.
    """
    lacking = [gap for sub in case.plan.sub_questions if (gap := _gap(case, sub))]
    hops = second_hops(case, leaves_of)
    gaps = _each_once([*lacking[:MAX_GAPS], *hops, *closer_looks(case, ranked)])
    if gaps:
        reasons = dict.fromkeys(gap.reason for gap in gaps)
        return Verdict(ruling="gaps", gaps=gaps, reason="; ".join(reasons))
    bare = [sub for sub in case.plan.sub_questions if not evidence_for(case, sub)]
    if len(bare) == len(case.plan.sub_questions):
        return Verdict(ruling="unanswerable", reason="no line of any page that was found matches")
    without = f"; nothing was found for {', '.join(sub.id for sub in bare)}" if bare else ""
    return Verdict(ruling="sufficient", reason=f"the evidence is what the pages give{without}")


def _each_once(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Of gaps that ask for the same thing the first."""
    first: dict[tuple[str, str, str, int], Gap] = {}
    for gap in gaps:
        first.setdefault((gap.sub_question, gap.query, gap.document, gap.page), gap)
    return tuple(first.values())


def _gap(case: Case, sub: SubQuestion) -> Gap | None:
    searched = searches_for(case, sub)
    if sub.answer or not is_first(searched):
        return None
    terms = content(asked_of(sub))
    found = evidence_for(case, sub)
    missing = _uncovered(terms, found)
    weight = sum(term.weight for term in terms) or 1.0
    covered = 1.0 - sum(term.weight for term in missing) / weight
    formed = not found or any(has_form_of(sub.form, terms, e.quote) for e in found)
    if found and covered >= ENOUGH and formed:
        return None
    query = _next_query(sub, terms, missing, {search.query for search in searched})
    if not query:
        return None
    return Gap(
        kind="breadth", sub_question=sub.id, query=query, reason=_reason(sub, missing, formed)
    )


def _uncovered(terms: Sequence[Term], found: Sequence[Evidence]) -> tuple[Term, ...]:
    """The terms that no evidence speaks of, names and numbers first."""
    among = frozenset(stems(" ".join(f"{e.quote} {e.reading}" for e in found)))
    return tuple(sorted((t for t in terms if not t.occurs(among)), key=lambda term: -term.weight))


def _next_query(
    sub: SubQuestion, terms: Sequence[Term], missing: Sequence[Term], searched: set[str]
) -> str:
    """The uncovered terms first, then names and numbers, then other words; "" when none is new."""
    named = [term.word for term in terms if term.weight > 1]
    lost = [term.word for term in missing]
    other = [_OTHER_WORDS[t.word.lower()] for t in terms if t.word.lower() in _OTHER_WORDS]
    plain = [term.word for term in terms]
    for tried in ([*other, *named], [*lost, *named], named, plain):
        query = " ".join(dict.fromkeys(tried))
        if query and query not in searched and query != sub.question:
            return query
    return ""


def _reason(sub: SubQuestion, missing: Sequence[Term], formed: bool) -> str:
    if missing:
        return f"{sub.id}: no evidence speaks of {', '.join(term.word for term in missing[:4])}"
    return (
        f"{sub.id}: no evidence has a {sub.form}" if not formed else f"{sub.id}: nothing was found"
    )
