"""Pages with figures or tables, when a question counts those of a whole document."""

import re
from collections.abc import Mapping

from pagehop.tools.boxes import area
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.ranking import Asked
from pagehop.tools.retrieval.signals.leading import leading

_COUNTED = 0.4  # added to a page that has one
_SMALL = 0.02  # of the page's area: a smaller figure is an ornament
_COUNTS = re.compile(
    r"\b(?:how\s+many|number\s+of|count\s+(?:of\s+)?(?:the\s+|all\s+)?|total)\s+"
    r"(?:\w+\s+){0,3}?(figures?|charts?|graphs?|diagrams?|images?|pictures?|photos?|photographs?|"
    r"illustrations?|maps?|plots?|tables?)\b",
    re.IGNORECASE,
)


class Counting:
    """Raises every page that holds one of the things counted."""

    name = "counting"

    def __init__(self, catalogue: Catalogue) -> None:
        """Count regions of a catalogue's pages."""
        self._catalogue = catalogue

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What the pages of the leading document gain that have a figure, or a table."""
        counted = _COUNTS.search(asked.query.text)
        if not counted:
            return {}
        kind = "table" if counted.group(1).lower().startswith("table") else "figure"
        return {
            place: _COUNTED
            for document in leading(scores, 1)
            for region in self._catalogue.regions(document)
            if region.kind == kind and area(region.bbox) >= _SMALL
            if (place := (document, region.page)) not in asked.scope.without
        }
