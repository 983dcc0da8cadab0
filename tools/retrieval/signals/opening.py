"""The first page, when a question asks what only a first page says: the title, the presenter."""

import re
from collections.abc import Mapping

from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.ranking import Asked
from pagehop.tools.retrieval.signals.leading import leading

_FIRST = 0.2  # added to the first page
_DOCUMENTS = 3  # the leading ones

_WHOLE = (
    r"(?:(?:this|the|these|that)\s+)?(?:whole\s+|entire\s+)?(?:slides?|slide\s*decks?|decks?|"
    r"presentations?|documents?|papers?|articles?|reports?|books?|booklets?|brochures?|"
    r"handbooks?|manuals?|guides?|guidebooks?|theses|thesis|study|white\s*papers?|file|pdf)\b"
)
_PERSON = r"(?:presenters?|presented|speakers?|authors?|written|wrote|writer|editors?|edited)"
_OPENING = re.compile(
    rf"""\b(?:
        (?:title|subtitle|headline|name|publisher|date\s+of\s+publication|publication\s+date)
            \s+of\s+{_WHOLE}
      | (?:{_PERSON}|published|publisher|prepared|issued|released)\s+
            (?:(?:of|in|by|for)\s+)?{_WHOLE}
      | {_WHOLE}\s+(?:is\s+|was\s+|were\s+)?(?:titled|entitled|called|named|written|published|
            presented|prepared|issued|released|dated)\b
      | affiliations?\s+of\s+the\s+(?:first\s+|last\s+)?authors?
    )""",
    re.IGNORECASE | re.VERBOSE,
)


class Opening:
    """Raises the first page for questions about the document itself."""

    name = "opening"

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What the first pages of the leading documents gain."""
        if not _OPENING.search(asked.query.text):
            return {}
        first = [(document, 1) for document in leading(scores, _DOCUMENTS)]
        return {place: _FIRST for place in first if place not in asked.scope.without}
