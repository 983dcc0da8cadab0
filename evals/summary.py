"""From outcomes to samples: the values of one measure on a group of cases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from pagehop.evals.cases import Case
from pagehop.evals.measures import Measure
from pagehop.evals.resampling import Sample
from pagehop.evals.runs import Outcome


def sampled(
    measure: Measure, cases: Iterable[Case], outcomes: Mapping[str, Outcome]
) -> Sample | None:
    """The measure on these cases, in groups by document; None where it fits none of them."""
    values, groups = [], []
    for case in cases:
        value = measure(case, outcomes[case.question.id])
        if value is not None:
            values.append(value)
            groups.append(case.group)
    return Sample(values, groups) if values else None


def by_set(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases of each data set; first all of them, where there is more than one set."""
    sets = grouped(cases, lambda case: [case.question.set])
    return sets if len(sets) == 1 else {"all questions": list(cases), **sets}


def by_kind(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """The cases in groups that overlap: by modality, hops, text layer, kind of the document."""
    modalities = grouped(
        cases, lambda case: [f"evidence: {one}" for one in sorted(case.question.modalities)]
    )
    hops = grouped(cases, lambda case: [f"hops: {_counted(case.question.hops)}"])
    layers = grouped(cases, lambda case: [f"text layer: {'no' if case.scanned else 'yes'}"])
    kinds = grouped(
        cases, lambda case: [f"kind: {case.question.kind}"] if case.question.kind else []
    )
    return {**modalities, **hops, **layers, **kinds}


def grouped(cases: Iterable[Case], names: Callable[[Case], Sequence[str]]) -> dict[str, list[Case]]:
    """The cases by each of their names, the names in order."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        for name in names(case):
            groups.setdefault(name, []).append(case)
    return dict(sorted(groups.items()))


def milliseconds(outcomes: Iterable[Outcome]) -> tuple[float, float]:
    """The median of a search's time, and what 95 in 100 stay below."""
    times = sorted(1000 * outcome.seconds for outcome in outcomes)
    return median(times), times[min(len(times) - 1, int(0.95 * len(times)))]


def _counted(hops: int) -> str:
    return str(hops) if hops < 3 else "3 or more"
