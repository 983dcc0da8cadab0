"""A report as one JSON object: every number, and what was found for every question."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pagehop.evals.cases import Case, documents_of
from pagehop.evals.measures import DOCUMENTS, PAGES, REGIONS, Measure
from pagehop.evals.report import Report
from pagehop.evals.resampling import Difference, Estimate
from pagehop.evals.routes import Routes

_MEASURES: Mapping[str, Measure] = {**PAGES, **DOCUMENTS, **REGIONS}


def record(report: Report) -> dict[str, Any]:
    """The report in JSON's types; shares from 0 to 1."""
    return {
        "pooled": report.pooled,
        "questions": len(report.cases),
        "documents": documents_of(report.cases),
        "notes": list(report.notes),
        "reference": report.reference.name,
        "configurations": {one.name: asdict(one) for one in report.configurations},
        "sets": {name: _set(report, cases) for name, cases in report.sets.items()},
        "bytes_a_page": dict(report.bytes_a_page),
        "routes": None if report.routes is None else _routes(report.routes),
        "cases": [_case(report, case) for case in report.cases],
    }


def _set(report: Report, cases: Sequence[Case]) -> dict[str, Any]:
    return {
        "questions": len(cases),
        "documents": documents_of(cases),
        "measures": {
            one.name: {
                name: {
                    "by_document": _fields(report.macro(one.name, measure, cases)),
                    "by_question": _fields(report.micro(one.name, measure, cases)),
                }
                for name, measure in _MEASURES.items()
            }
            for one in report.configurations
        },
        "reference_less": {
            one.name: {
                name: _fields(report.less(one.name, measure, cases))
                for name, measure in _MEASURES.items()
            }
            for one in report.configurations
            if one != report.reference
        },
        "milliseconds": {
            one.name: dict(zip(("p50", "p95"), report.time(one.name, cases), strict=True))
            for one in report.configurations
        },
        "cuts": {name: asdict(one) for name, one in report.cuts(cases).items()},
    }


def _routes(routes: Routes) -> dict[str, Any]:
    return {
        "recall@5": dict(routes.recall),
        "default_less_all": _fields(routes.loss),
        "questions": [
            {
                "id": way.case.question.id,
                "gold": sorted(way.gold),
                "route": sorted(way.seen.modalities),
                "granularity": way.seen.granularity,
            }
            for way in routes.ways
        ],
    }


def _case(report: Report, case: Case) -> dict[str, Any]:
    question = case.question
    return {
        "id": question.id,
        "set": question.set,
        "documents": list(question.documents),
        "modalities": sorted(question.modalities),
        "hops": question.hops,
        "kind": question.kind,
        "gold": sorted(case.gold),
        "found": {
            name: list(outcomes[question.id].pages) for name, outcomes in report.outcomes.items()
        },
    }


def _fields(estimate: Estimate | Difference | None) -> dict[str, float] | None:
    return None if estimate is None else asdict(estimate)
