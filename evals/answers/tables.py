"""A run's report as Markdown."""

from collections.abc import Iterator, Sequence

from pagehop.evals.answers.grading import Graded
from pagehop.evals.answers.measures import (
    BESIDE,
    COSTS,
    SCORES,
    Measure,
    cites_gold,
    page_f1,
    right_cites_gold,
)
from pagehop.evals.answers.report import Report, by_hops, estimate
from pagehop.evals.markdown import NONE, compared, counted, estimated, mean, percent, table
from pagehop.evals.resampling import Estimate

UNKNOWN = "unknown"
_FEW = 10  # failures that are named


def markdown(report: Report) -> str:
    """All tables of the report."""
    return "\n\n".join(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    setting = report.setting
    where = "all documents at once" if setting.pooled else "within the question's documents"
    yield f"# Answers of `{setting.graph}`, {where}"
    documents = {document for one in report.graded for document in one.case.documents}
    yield (
        f"{counted(len(report.graded), 'question')} about {counted(len(documents), 'document')}, "
        f"model `{setting.model}`, effort {setting.effort}. Shares in per cent; in brackets the "
        "middle 95 % when documents are drawn again."
    )
    yield "\n".join(f"- {note}" for note in _notes(report))
    yield from _scores(report)
    yield from _beside(report)
    yield from _groups(report)
    yield from _costs(report)
    yield from _failures(report)
    yield from _compared(report)


def _notes(report: Report) -> Iterator[str]:
    yield f"Rule: `{report.rule.version}`, {report.rule.told}."
    if report.judge:
        left = f" It said nothing of {report.unjudged}." if report.unjudged else ""
        yield f"Judge: `{report.judge}`. Right is what it calls right.{left}"
    if len(report.graded) < report.asked:
        yield f"Only {len(report.graded)} of {counted(report.asked, 'question')} were asked so far."
    yield from report.notes


def _scores(report: Report) -> Iterator[str]:
    yield "## Right answers"
    rows = []
    for name, graded in report.sets.items():
        failed = sum(one.trial.failed for one in graded)
        scores = (estimated(estimate(measure, graded)) for measure in SCORES.values())
        f1 = report.generalised_f1(graded)
        rows.append(
            (name, str(len(graded)), *scores, NONE if f1 is None else percent(f1), str(failed))
        )
    yield table(("set", "questions", *SCORES, "generalised F1", "failed, not scored"), rows)


def _beside(report: Report) -> Iterator[str]:
    yield "## Beside the score"
    rows = []
    for name, measure in BESIDE.items():
        found = estimate(measure, report.graded)
        rows.append((name, estimated(found), "0" if found is None else str(found.count)))
    yield table(("measure", "share", "questions"), rows)


def _groups(report: Report) -> Iterator[str]:
    yield "## Groups of questions"
    shown: dict[str, Measure] = {
        **SCORES,
        "cites gold": cites_gold,
        "right cites gold": right_cites_gold,
        "page F1": page_f1,
    }
    costs = ("calls", "seconds")
    yield table(
        ("group", "questions", *shown, *costs),
        (
            (
                name,
                str(len(graded)),
                *(mean(estimate(measure, graded)) for measure in shown.values()),
                *(_number(COSTS[cost], graded) for cost in costs),
            )
            for name, graded in report.groups.items()
        ),
    )


def _costs(report: Report) -> Iterator[str]:
    yield "## Cost a question, mean"
    groups = {"all": list(report.graded), **by_hops(report.graded)}
    yield table(
        ("hops", "questions", *COSTS),
        (
            (name, str(len(graded)), *(_number(one, graded) for one in COSTS.values()))
            for name, graded in groups.items()
        ),
    )


def _failures(report: Report) -> Iterator[str]:
    failed = [one.trial for one in report.graded if one.trial.failed]
    if not failed:
        return
    yield "## Failures"
    kinds = ", ".join(f"{name} ({count})" for name, count in report.failures.most_common())
    yield f"Counted apart, never as wrong answers: {kinds}."
    more = [f"- and {len(failed) - _FEW} more"] if len(failed) > _FEW else []
    yield "\n".join([*(f"- `{one.id}`: {one.failure}" for one in failed[:_FEW]), *more])


def _compared(report: Report) -> Iterator[str]:
    if report.other is None:
        return
    other = report.other.setting
    yield f"## Less `{other.graph}`, model `{other.model}`, effort {other.effort}"
    both = len(report.pairs())
    yield (
        f"On {counted(both, 'question')} that both answered: the difference of the means, in "
        "points (costs in their own units), with the share of resamples in which it is above 0."
    )
    rows = []
    for name, measure in {**SCORES, **BESIDE, **COSTS}.items():
        found = report.less(measure)
        if found is None:
            continue
        gap = found.difference
        shown = compared(gap) if name not in COSTS else _gap(gap.mean, gap.low, gap.high)
        counts = (str(found.questions), str(found.more), str(found.fewer))
        rows.append((name, shown, *counts))
    yield table(("measure", "this less the other", "questions", "more in", "less in"), rows)


def _gap(mean_gap: float, low: float, high: float) -> str:
    return f"{mean_gap:+,.2f} ({low:+,.2f} to {high:+,.2f})"


def _number(measure: Measure, graded: Sequence[Graded]) -> str:
    """The mean of a cost; unknown where it is unknown of an answer."""
    answers = [one for one in graded if not one.trial.failed]
    found: Estimate | None = estimate(measure, answers)
    if found is None:
        return UNKNOWN if answers else NONE
    if found.count < len(answers):
        return UNKNOWN
    if 0 < found.mean < 0.01:  # of money, mostly
        return f"{found.mean:.2g}"
    return f"{found.mean:,.0f}" if found.mean >= 100 else f"{found.mean:.2f}"
