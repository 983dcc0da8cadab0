"""Areas of boxes that lie over each other. Pure; no place on the page counts twice."""

from collections.abc import Sequence
from itertools import pairwise

from pagehop.tools.boxes import BBox, intersection


def union_area(boxes: Sequence[BBox]) -> float:
    """The share of the page that the boxes cover together, 0 to 1.

    The page is cut into strips at every left and right edge; in a strip the boxes are spans.
    """
    edges = sorted({edge for box in boxes for edge in (box[0], box[2])})
    total = 0.0
    for left, right in pairwise(edges):
        spans = sorted((box[1], box[3]) for box in boxes if box[0] <= left and right <= box[2])
        total += (right - left) * _length(spans)
    return total


def covered(gold: Sequence[BBox], boxes: Sequence[BBox]) -> float:
    """The share of the gold boxes' area that the other boxes cover, 0 to 1; 0 for no gold.

    >>> covered([(0.0, 0.0, 0.4, 0.2)], [(0.0, 0.0, 0.2, 0.2), (0.1, 0.0, 0.2, 0.9)])
    0.5
    """
    whole = union_area(gold)
    if not whole:
        return 0.0
    common = (intersection(one, other) for one in gold for other in boxes)
    return min(1.0, union_area([box for box in common if box]) / whole)


def _length(spans: Sequence[tuple[float, float]]) -> float:
    """The length that sorted spans cover together."""
    total, reached = 0.0, 0.0
    for top, bottom in spans:
        total += max(0.0, bottom - max(top, reached))
        reached = max(reached, bottom)
    return total
