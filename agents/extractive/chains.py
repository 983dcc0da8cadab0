"""Which pages answer a question together: all pages found, best first.

A chain is a page of the first search and a page that a name on it led to. It is as good as the
first page was found, as the two speak of the question together, and as the second holds the
name. Ranking whole chains, not pages, follows Asai et al. (Learning to retrieve reasoning
paths, 2020) and Khattab et al. (Baleen, 2021), without their trained models.
"""

from collections.abc import Callable, Mapping, Sequence

from pagehop.agents.extractive.bridges import Place, covered, near
from pagehop.agents.extractive.language import content, stems
from pagehop.agents.team import Search

LINK = 0.5  # what the name on the second page counts, beside how far up it was found
AGAIN = 0.3  # what counts that the first search found the second page too


def ranking(
    question: str, searches: Sequence[Search], stems_of: Callable[[Place], frozenset[str]]
) -> tuple[Place, ...]:
    """All pages that searches found, each once: the pages of the best chains first.

    The best page of each sub-question's own search stays ahead of all others.

    Args:
        question: the whole question.
        searches: in the order in which they were made; the first of each sub-question is where
            chains begin.
        stems_of: the stems of a page's text; none for a page that is gone.
    """
    searches = made_once(searches)
    first = _first_of_each(searches)
    begun = _beginnings(first)
    texts = {place: stems_of(place) for search in searches for place in search.pages}
    pages = dict.fromkeys(place for search in first for place in search.pages[:1])
    for chain in _chains(question, searches, begun, texts):
        pages.update(dict.fromkeys(chain))
    best = sorted(begun, key=lambda place: -begun[place])
    rest = (place for search in searches for place in search.pages)
    return tuple(dict.fromkeys([*pages, *best, *rest]))


def leads_on(question: str, search: Search) -> bool:
    """Whether a search was made with a name, or another word, that the question does not have."""
    return bool(_name(question, search))


def made_once(searches: Sequence[Search]) -> list[Search]:
    """Without the second looks at single pages, which repeat the query that led there."""
    made: dict[tuple[str, str], Search] = {}
    for search in searches:
        made.setdefault((search.sub_question, search.query), search)
    return list(made.values())


def _first_of_each(searches: Sequence[Search]) -> list[Search]:
    first: dict[str, Search] = {}
    for search in searches:
        first.setdefault(search.sub_question, search)
    return list(first.values())


def _beginnings(first: Sequence[Search]) -> dict[Place, float]:
    """How far up each page stands in the first search of a sub-question, 0 to 1."""
    found: dict[Place, float] = {}
    for search in first:
        for rank, place in enumerate(search.pages):
            found[place] = max(found.get(place, 0.0), near(rank))
    return found


def _name(question: str, search: Search) -> frozenset[str]:
    """The stems of a query that are not the question's."""
    return frozenset(stems(search.query)) - frozenset(stems(question))


def _chains(
    question: str,
    searches: Sequence[Search],
    begun: Mapping[Place, float],
    texts: Mapping[Place, frozenset[str]],
) -> list[tuple[Place, Place]]:
    """Pairs of pages, the best first."""
    terms = content(question)
    worth: dict[tuple[Place, Place], float] = {}
    for search in searches:
        name = _name(question, search)
        starts = [place for place in begun if name and name <= texts[place]]
        for rank, end in enumerate(search.pages):
            linked = len(name & texts[end]) / len(name) if name else 0.0
            own = near(rank) + LINK * linked + AGAIN * begun.get(end, 0.0)
            for start in starts:
                together = covered(terms, texts[start] | texts[end])
                total = begun[start] + together + own
                if start != end and total > worth.get((start, end), 0.0):
                    worth[start, end] = total
    return sorted(worth, key=lambda chain: -worth[chain])
