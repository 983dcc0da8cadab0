"""A report as Markdown: what it says in a terminal and in the documentation."""

from collections.abc import Iterator, Sequence

from pagehop.evals import routes
from pagehop.evals.cases import Case, documents_of
from pagehop.evals.cuts import Kept
from pagehop.evals.markdown import (
    NONE,
    compared,
    counted,
    estimated,
    mean,
    percent,
    table,
)
from pagehop.evals.measures import DOCUMENTS, PAGES, REGIONS, Measure
from pagehop.evals.regions import shown_area
from pagehop.evals.report import Report
from pagehop.evals.summary import by_kind

_INTERVALS = ("R@1", "R@3", "R@5", "R@10")
_AS_MANY = 0.05  # pages: too small a difference to speak of


def markdown(report: Report) -> str:
    """All tables of the report."""
    return "\n\n".join(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    where = "all documents at once" if report.pooled else "within the question's document"
    yield f"# Search, {where}"
    yield (
        f"{counted(len(report.cases), 'question')} about "
        f"{counted(documents_of(report.cases), 'document')}. Shares in per cent; in brackets the "
        "middle 95 % when documents are drawn again."
    )
    yield "\n".join(f"- {note}" for note in report.notes) if report.notes else "All were asked."
    yield "\n".join(f"- `{one.name}`: {one.told}" for one in report.configurations)
    for name, cases in report.sets.items():
        asked = f"{counted(len(cases), 'question')}, {counted(documents_of(cases), 'document')}"
        yield f"## {name}: {asked}"
        yield from _set(report, cases)
    yield from _whole(report)


def _set(report: Report, cases: Sequence[Case]) -> Iterator[str]:
    """The tables of one data set."""
    labelled = [case for case in cases if case.gold]
    if labelled:
        yield "Mean over documents of the mean over their questions:"
        yield _by_document(report, labelled)
        yield "Mean over questions:"
        yield _by_question(report, labelled)
    elif report.pooled:
        yield "Mean over questions; no page is labelled:"
        yield _of_documents(report, cases)
    if len(report.ranked) > 1 and labelled:
        yield (
            f"`{report.reference.name}` less each other, in points by document, with the share "
            "of resamples in which it is better:"
        )
        yield _compared(report, labelled)
    if any(outcome.regions for outcome in report.outcomes[report.reference.name].values()):
        boxed = [case for case in cases if case.regions]
        yield from _of_regions(report, boxed)


def _whole(report: Report) -> Iterator[str]:
    """The tables over all questions: groups, cuts, cost."""
    labelled = [case for case in report.cases if case.gold]
    groups = by_kind(labelled)
    if groups:
        yield f"## Groups of questions, `{report.reference.name}`, mean over questions"
        yield table(
            ("group", "questions", *_INTERVALS),
            (
                (
                    name,
                    str(len(cases)),
                    *(
                        mean(report.micro(report.reference.name, PAGES[one], cases))
                        for one in _INTERVALS
                    ),
                )
                for name, cases in groups.items()
            ),
        )
    yield from _of_cuts(report, labelled)
    if report.routes is not None:
        yield "## Routes"
        yield routes.markdown(report.routes)
    yield "## Cost"
    yield table(
        ("part of the corpus", "bytes a page"),
        ((name, f"{size:,.0f}") for name, size in report.bytes_a_page.items()),
    )


def _by_document(report: Report, cases: Sequence[Case]) -> str:
    shown: dict[str, Measure] = {name: PAGES[name] for name in _INTERVALS}
    if report.pooled:
        shown["document@1"] = DOCUMENTS["document@1"]
    return table(
        ("configuration", *shown),
        (
            (
                one.name,
                *(estimated(report.macro(one.name, measure, cases)) for measure in shown.values()),
            )
            for one in report.ranked
        ),
    )


def _by_question(report: Report, cases: Sequence[Case]) -> str:
    shown = {**PAGES, **(DOCUMENTS if report.pooled else {})}
    return table(
        ("configuration", *shown, "ms, p50 / p95"),
        (
            (
                one.name,
                *(mean(report.micro(one.name, measure, cases)) for measure in shown.values()),
                "{:.1f} / {:.1f}".format(*report.time(one.name, cases)),
            )
            for one in report.ranked
        ),
    )


def _of_documents(report: Report, cases: Sequence[Case]) -> str:
    return table(
        ("configuration", *DOCUMENTS),
        (
            (
                one.name,
                *(
                    estimated(report.micro(one.name, measure, cases))
                    for measure in DOCUMENTS.values()
                ),
            )
            for one in report.ranked
        ),
    )


def _compared(report: Report, cases: Sequence[Case]) -> str:
    return table(
        ("less", *_INTERVALS),
        (
            (
                one.name,
                *(compared(report.less(one.name, PAGES[name], cases)) for name in _INTERVALS),
            )
            for one in report.ranked
            if one != report.reference
        ),
    )


def _of_regions(report: Report, cases: Sequence[Case]) -> Iterator[str]:
    """The table of a search for regions, where one was made."""
    if not cases:
        return
    yield (
        f"Regions, on the {counted(len(cases), 'question')} with gold boxes, mean over questions: "
        "area@k is the share of the gold boxes that the first k boxes cover; pages shown, what "
        "they cover in all:"
    )
    yield table(
        ("configuration", *REGIONS, "area@5 by document", "pages shown@5", "pages shown@10"),
        (
            (
                one.name,
                *(
                    estimated(report.micro(one.name, measure, cases))
                    for measure in REGIONS.values()
                ),
                estimated(report.macro(one.name, REGIONS["area@5"], cases)),
                *(f"{_pages_shown(report, one.name, cases, k):.2f}" for k in (5, 10)),
            )
            for one in report.ranked
        ),
    )


def _pages_shown(report: Report, name: str, cases: Sequence[Case], k: int) -> float:
    outcomes = report.outcomes[name]
    return sum(shown_area(outcomes[case.question.id], k) for case in cases) / len(cases)


def _of_cuts(report: Report, cases: Sequence[Case]) -> Iterator[str]:
    cuts = report.cuts(cases)
    if not cuts:
        return
    yield "## Pages kept by the cut"
    yield table(
        ("cut", "pages kept, mean", "median", "recall", "precision", "fixed k of equal recall"),
        (
            (
                name,
                f"{one.mean:.2f}",
                f"{one.median:g}",
                percent(one.recall),
                percent(one.precision),
                NONE if one.fixed is None else f"{one.fixed:.2f}",
            )
            for name, one in cuts.items()
        ),
    )
    for name, one in cuts.items():
        yield f"`{name}` {_verdict(one)}"


def _verdict(cut: Kept) -> str:
    """Whether a cut is worth it, in a sentence."""
    if cut.saved is None:
        return "finds more than the first pages that are not cut."
    if abs(cut.saved) < _AS_MANY:
        return "keeps as many pages as a fixed k of equal recall: it saves nothing."
    if cut.saved < 0:
        return f"keeps {-cut.saved:.2f} pages more than a fixed k of equal recall: it costs some."
    return f"keeps {cut.saved:.2f} pages fewer than a fixed k of equal recall."
