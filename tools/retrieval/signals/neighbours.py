"""Pages beside pages that fit: an answer, its table or its section often runs over a page's end.

Measured within a document, a share of .15 lifts recall at 3 to 10 by about a point, and costs some
at rank 1; so the first page stays first. Tables that go on over the page's end, raised alone,
change nothing: there are few, and their pages share their words.
"""

from collections.abc import Mapping

from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.ranking import Asked

_SHARE = 0.15  # of the mean of the page before and the page after
_MOST = 1.0  # of a neighbour's score: a page that the question names says little of those beside it
_BELOW = 0.999  # of the way to the best page's score, which no other page reaches


class Neighbours:
    """Raises pages whose neighbours fit, too, but none above the best; it comes last."""

    name = "neighbours"

    def scores(
        self,
        asked: Asked,  # noqa: ARG002 - the scores say it all
        scores: Mapping[Place, float],
    ) -> Mapping[Place, float]:
        """What to add to pages that were found; a page that was not found gets nothing."""
        best = max(scores.values(), default=0.0)
        said = {place: min(max(score, 0.0), _MOST) for place, score in scores.items()}
        return {
            (document, page): min(
                _SHARE
                * (said.get((document, page - 1), 0.0) + said.get((document, page + 1), 0.0))
                / 2,
                _BELOW * (best - score),
            )
            for (document, page), score in scores.items()
        }
