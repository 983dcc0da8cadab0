"""A run's report as one JSON object: every number, and the grade of every question."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pagehop.evals.answers.draw import kind_of
from pagehop.evals.answers.grading import Graded
from pagehop.evals.answers.measures import BESIDE, COSTS, SCORES, Measure
from pagehop.evals.answers.report import Report, by_hops, estimate

_ALL: Mapping[str, Measure] = {**SCORES, **BESIDE, **COSTS}


def record(report: Report) -> dict[str, Any]:
    """The report in JSON's types; shares from 0 to 1."""
    return {
        "setting": asdict(report.setting),
        "rule": report.rule.version,
        "judge": report.judge or None,
        "asked": report.asked,
        "notes": list(report.notes),
        "failures": dict(report.failures),
        "sets": {name: _group(report, graded) for name, graded in report.sets.items()},
        "groups": {name: _group(report, graded) for name, graded in report.groups.items()},
        "hops": {
            name: {cost: _mean(measure, graded) for cost, measure in COSTS.items()}
            for name, graded in by_hops(report.graded).items()
        },
        "compared": _compared(report),
        "questions": [_question(one) for one in report.graded],
    }


def _group(report: Report, graded: Sequence[Graded]) -> dict[str, Any]:
    return {
        "questions": len(graded),
        "failed": sum(one.trial.failed for one in graded),
        "generalised_f1": report.generalised_f1(graded),
        "measures": {name: _mean(measure, graded) for name, measure in _ALL.items()},
    }


def _mean(measure: Measure, graded: Sequence[Graded]) -> dict[str, float] | None:
    found = estimate(measure, graded)
    return None if found is None else asdict(found)


def _compared(report: Report) -> dict[str, Any] | None:
    if report.other is None:
        return None
    found = {name: report.less(measure) for name, measure in _ALL.items()}
    return {
        "with": asdict(report.other.setting),
        "questions": len(report.pairs()),
        "measures": {name: asdict(one) for name, one in found.items() if one is not None},
    }


def _question(graded: Graded) -> dict[str, Any]:
    question, trial = graded.case.question, graded.trial
    return {
        "id": trial.id,
        "set": question.set,
        "asked": kind_of(graded.case),
        "hops": question.hops,
        "status": trial.status,
        "failure": trial.failure or None,
        "right": graded.right,
        "judgement": None if graded.judgement is None else asdict(graded.judgement),
        "measures": {name: measure(graded) for name, measure in _ALL.items()},
    }
