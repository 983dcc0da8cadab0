"""Where the search goes on: names to follow, and pages that deserve a closer look."""

from collections.abc import Callable, Sequence

from pagehop.agents.extractive.bridges import Leaf, Place, bridges
from pagehop.agents.extractive.chains import made_once
from pagehop.agents.extractive.scoring import asked_of
from pagehop.agents.extractive.so_far import evidence_for, is_first, searches_for
from pagehop.agents.team import Case, Gap, Search

BRIDGES = 6  # searches along names, over all sub-questions
LOOKED_AT = 4  # of the best pages of chains, each of which should have given evidence


def second_hops(
    case: Case, leaves_of: Callable[[Sequence[Place]], Sequence[Leaf]]
) -> tuple[Gap, ...]:
    """Searches along the names on the pages that the one search for a sub-question found."""
    made = [(sub, searches_for(case, sub)) for sub in case.plan.sub_questions]
    open_ = [
        (sub, found[0])
        for sub, found in made
        if not sub.answer and is_first(found) and evidence_for(case, sub)
    ]
    gaps: list[Gap] = []
    for sub, search in open_:
        question = asked_of(sub)
        leads = bridges(question, leaves_of(search.pages), {search.query}, BRIDGES // len(open_))
        gaps += [
            Gap(
                kind="breadth",
                sub_question=sub.id,
                query=lead.query,
                reason=f"{sub.id}: {lead.place[0]} page {lead.place[1]} names {lead.name}",
            )
            for lead in leads
        ]
    return tuple(gaps)


def closer_looks(case: Case, ranked: Sequence[Place]) -> list[Gap]:
    """The best pages that gave no line to the sub-question whose search found them; once each."""
    if not case.ledger or len(made_once(case.searches)) < len(case.searches):
        return []  # nothing to add to, or these looks have been taken
    if not _brought_pages(case.searches):
        return []  # the first searches had found all there is
    given = {(found.document, found.page) for found in case.ledger}
    gaps = []
    for place in [place for place in ranked[:LOOKED_AT] if place not in given]:
        finds = [s for s in case.searches if place in s.pages]
        search = min(finds, key=lambda one: (one.pages.index(place), one.query))
        gaps.append(
            Gap(
                kind="depth",
                sub_question=search.sub_question,
                query=search.query,
                reason=f"{search.sub_question}: {place[0]} page {place[1]} has not been quoted yet",
                document=place[0],
                page=place[1],
            )
        )
    return gaps


def _brought_pages(searches: Sequence[Search]) -> bool:
    """Whether any search found a page that the first of its sub-question had not."""
    first: dict[str, frozenset[Place]] = {}
    for search in searches:
        first.setdefault(search.sub_question, frozenset(search.pages))
    return any(set(search.pages) - first[search.sub_question] for search in searches)
