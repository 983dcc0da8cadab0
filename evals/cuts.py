"""What an adaptive cut saves: pages kept, against the fixed number that finds as much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from pagehop.evals import metrics
from pagehop.evals.cases import Case
from pagehop.evals.runs import DEPTH, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a cut keeps of the first pages, over all questions."""

    mean: float  # pages
    median: float  # pages
    recall: float  # of the gold, 0 to 1
    precision: float  # gold pages among those kept, 0 to 1
    fixed: float | None  # so many pages for every question find as much; None: more than DEPTH

    @property
    def saved(self) -> float | None:
        """Pages a question that the cut saves at equal recall; less than 0: it costs some."""
        return None if self.fixed is None else self.fixed - self.mean


def kept(
    cases: Sequence[Case], cut: Mapping[str, Outcome], fixed: Mapping[str, Outcome]
) -> Kept | None:
    """What the cut keeps, beside the same ranking not cut; None where no page is labelled."""
    asked = [case for case in cases if case.gold]
    if not asked:
        return None
    pages = [cut[case.question.id].pages for case in asked]
    counts = [len(one) for one in pages]
    recall = fmean(
        metrics.recall(one, case.gold, DEPTH) for case, one in zip(asked, pages, strict=True)
    )
    return Kept(
        mean=fmean(counts),
        median=median(counts),
        recall=recall,
        precision=fmean(
            metrics.precision(one, case.gold) for case, one in zip(asked, pages, strict=True)
        ),
        fixed=_needed(recall, curve(asked, fixed)),
    )


def curve(cases: Sequence[Case], outcomes: Mapping[str, Outcome]) -> list[float]:
    """Mean recall at 0, 1, 2, ... DEPTH pages."""
    found = [(outcomes[case.question.id].pages, case.gold) for case in cases]
    return [0.0] + [
        fmean(metrics.recall(pages, gold, k) for pages, gold in found) for k in range(1, DEPTH + 1)
    ]


def _needed(recall: float, at: Sequence[float]) -> float | None:
    """How many pages reach a recall, between whole numbers by a straight line."""
    for k, (low, high) in enumerate(pairwise(at)):
        if recall <= high:
            return k + (recall - low) / (high - low) if high > low else float(k)
    return None
