"""What has been searched and found for a sub-question so far."""

from collections.abc import Sequence

from pagehop.agents.team import Case, Search, SubQuestion
from pagehop.tools.evidence import Evidence


def searches_for(case: Case, sub: SubQuestion) -> tuple[Search, ...]:
    """The searches that were made for it, in order."""
    return tuple(search for search in case.searches if search.sub_question == sub.id)


def is_first(searches: Sequence[Search]) -> bool:
    """Whether it was searched for as it was asked, and no further."""
    return len(searches) == 1


def evidence_for(case: Case, sub: SubQuestion) -> tuple[Evidence, ...]:
    """The ledger's entries for a sub-question, the most confident first."""
    own = [found for found in case.ledger if found.sub_question == sub.id]
    return tuple(sorted(own, key=lambda found: (-found.confidence, found.id)))
