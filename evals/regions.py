"""How much of the gold boxes a search for regions shows."""

from collections import defaultdict
from collections.abc import Sequence

from pagehop.evals.cases import Case
from pagehop.evals.overlap import covered, union_area
from pagehop.evals.runs import Outcome
from pagehop.tools.boxes import BBox, area, intersection
from pagehop.tools.retrieval.fusion import Place

SAME = 0.5  # intersection over union from which two boxes are the same


def covered_share(case: Case, outcome: Outcome, k: int) -> float | None:
    """The share of the gold boxes' area that the first k boxes cover; None without gold boxes.

    MMDocIR's recall of layouts by overlap, but clipped: where boxes lie over each other, of the
    gold or of the hits, the place counts once.
    """
    shown = _by_page(outcome.regions[:k])
    gold = {place: union_area(boxes) for place, boxes in case.regions.items()}
    if not sum(gold.values()):
        return None
    found = sum(
        size * covered(case.regions[place], shown[place])
        for place, size in gold.items()
        if place in shown
    )
    return found / sum(gold.values())


def hit_share(case: Case, outcome: Outcome, k: int) -> float | None:
    """The share of the gold boxes of which one of the first k boxes is the same by half or more."""
    wanted = [(place, box) for place, boxes in case.regions.items() for box in boxes]
    if not wanted:
        return None
    shown = _by_page(outcome.regions[:k])
    hit = [any(overlap(box, one) >= SAME for one in shown[place]) for place, box in wanted]
    return sum(hit) / len(hit)


def shown_area(outcome: Outcome, k: int) -> float:
    """How much the first k boxes show, in pages: what the reader has to look through."""
    return sum(union_area(boxes) for boxes in _by_page(outcome.regions[:k]).values())


def overlap(a: BBox, b: BBox) -> float:
    """Intersection over union, 0 to 1.

    >>> round(overlap((0, 0, 0.2, 0.2), (0.1, 0, 0.3, 0.2)), 3)
    0.333
    """
    common = intersection(a, b)
    shared = area(common) if common else 0.0
    whole = area(a) + area(b) - shared
    return shared / whole if whole else 0.0


def _by_page(regions: Sequence[tuple[Place, BBox]]) -> defaultdict[Place, list[BBox]]:
    pages: defaultdict[Place, list[BBox]] = defaultdict(list)
    for place, box in regions:
        pages[place].append(box)
    return pages
