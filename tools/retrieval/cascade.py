"""From documents to pages: the search of all decides on documents, a search of each on its pages.

Across documents a word's rarity is that of all of them, so the words that a filing shares with
every other filing are worth little even where they tell its pages apart. So the pages of the
leading documents are ordered by a search within each. Which document stands at which rank, and
with which score, stays as the search of all had it: it can lose a page to its neighbour in the
same document, never to another document.
"""

from collections.abc import Mapping

from pagehop.tools.retrieval.fusion import Place, Scores, ranked

DOCUMENTS = 3  # searched within; measured, five give nothing more


def reordered(scores: Mapping[Place, float], within: Mapping[str, Mapping[Place, float]]) -> Scores:
    """The ranking with the pages of some documents in another order.

    Args:
        scores: of all pages; the ranks and scores that a document has in it are kept.
        within: document id -> scores of its pages, as a search of that document alone gives.
            Pages that it does not know go last, in the order of `scores`; pages that only it
            knows come in when there is room.
    """
    order = ranked(scores)
    before: dict[str, list[Place]] = {document: [] for document in within}
    for place in order:
        if place[0] in before:
            before[place[0]].append(place)
    queues = {
        document: iter(dict.fromkeys([*ranked(found), *before[document]]))
        for document, found in within.items()
    }
    return {
        next(queues[place[0]]) if place[0] in queues else place: scores[place] for place in order
    }
