"""The measures of a table, each by its name: from a case and its outcome to a number, 0 to 1.

None where the gold does not say: no page labelled, no box drawn.
"""

from collections.abc import Callable, Mapping
from functools import partial

from pagehop.evals import metrics
from pagehop.evals.cases import Case
from pagehop.evals.regions import covered_share, hit_share
from pagehop.evals.runs import Outcome

Measure = Callable[[Case, Outcome], float | None]


def _of_pages(score: Callable[[tuple[object, ...], frozenset[object]], float]) -> Measure:
    return lambda case, outcome: score(outcome.pages, frozenset(case.gold)) if case.gold else None


def _document(k: int) -> Measure:
    """The share of the gold documents that the first k pages are of."""

    def measure(case: Case, outcome: Outcome) -> float:
        seen = [document for document, _ in outcome.pages[:k]]
        return metrics.recall(seen, case.documents, k)

    return measure


PAGES: Mapping[str, Measure] = {
    **{f"R@{k}": _of_pages(partial(metrics.recall, k=k)) for k in (1, 3, 5, 10)},
    **{f"all@{k}": _of_pages(partial(metrics.all_found, k=k)) for k in (5, 10)},
    "MRR@10": _of_pages(partial(metrics.reciprocal_rank, k=10)),
    "nDCG@5": _of_pages(partial(metrics.ndcg, k=5)),
}
DOCUMENTS: Mapping[str, Measure] = {f"document@{k}": _document(k) for k in (1, 5)}
REGIONS: Mapping[str, Measure] = {
    **{f"area@{k}": partial(covered_share, k=k) for k in (1, 5, 10)},
    **{f"IoU≥.5@{k}": partial(hit_share, k=k) for k in (5, 10)},
}
