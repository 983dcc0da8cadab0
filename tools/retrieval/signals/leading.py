"""The documents that a search is about so far."""

from collections.abc import Mapping

from pagehop.tools.retrieval.fusion import Place


def leading(scores: Mapping[Place, float], count: int) -> list[str]:
    """The ids of the documents with the best pages, at most `count`, best first."""
    best: dict[str, float] = {}
    for (document, _), score in scores.items():
        best[document] = max(score, best.get(document, score))
    return sorted(best, key=lambda one: (-best[one], one))[:count]
