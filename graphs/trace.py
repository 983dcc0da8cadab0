"""The events of a run as lines for a person (`ask --trace`)."""

import unicodedata
from collections.abc import Iterator
from functools import singledispatch

from pagehop.graphs.events import (
    Checked,
    Criticised,
    Drafted,
    Event,
    Failed,
    Final,
    Found,
    Planned,
    Reported,
    Spent,
    Understood,
)

LINE = 160  # characters of document text in a line
UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode categories


def trace_lines(event: Event) -> tuple[str, ...]:
    """The event for a person to read; document text in it is cut and has no control characters."""
    return tuple(clean(line) for line in _lines(event))


def clean(text: str) -> str:
    r"""The text on one line, without what could steer a terminal or hide: controls, bidi, tags.

    >>> clean("total\x1b[2J 5")
    'total [2J 5'
    """
    return "".join(c if unicodedata.category(c) not in UNSAFE else " " for c in text).rstrip()


@singledispatch
def _lines(event: Event) -> Iterator[str]:
    raise TypeError(f"No lines are known for a {type(event).__name__}.")


@_lines.register
def _understood(event: Understood) -> Iterator[str]:
    yield f"question   {_cut(event.question)}"


@_lines.register
def _planned(event: Planned) -> Iterator[str]:
    for sub in event.plan.sub_questions:
        after = f" (after {', '.join(sub.depends_on)})" if sub.depends_on else ""
        told = f" = {_cut(sub.answer)}" if sub.answer else ""
        yield f"plan       {sub.id} {_cut(sub.question)}{after}{told}"


@_lines.register
def _found(event: Found) -> Iterator[str]:
    search = event.search
    yield f"search     {search.sub_question} {_cut(search.query)}"
    yield f"  route    {'; '.join(search.route) or 'all channels'}"
    yield f"  pages    {_pages(search.pages)}"


@_lines.register
def _reported(event: Reported) -> Iterator[str]:
    report = event.report
    who = "text agent" if report.role == "read" else "image agent"
    told = f"{report.answer} ({report.confidence:.2f})" if report.answer else "no answer"
    yield f"{who:<11}{report.sub_question} {_cut(told)}"
    for found in event.evidence:
        spot = f"{found.document} p. {found.page}" if found.page else f"tool {found.agent}"
        yield f"  {found.modality:<9}{spot}: {_cut(found.quote)}"


@_lines.register
def _criticised(event: Criticised) -> Iterator[str]:
    verdict = event.verdict
    yield f"critic     round {event.round}: {verdict.ruling}. {_cut(verdict.reason)}"
    for gap in verdict.gaps:
        yield f"  gap      {gap.kind}, {gap.sub_question}: {_cut(gap.query)}"


@_lines.register
def _drafted(event: Drafted) -> Iterator[str]:
    yield f"draft      {len(event.draft.claims)} claims: {_cut(event.draft.text)}"


@_lines.register
def _checked(event: Checked) -> Iterator[str]:
    yield f"verified   {event.claims} claims stand, {len(event.objections)} do not"
    for objection in event.objections:
        yield f"  dropped  {_cut(objection.claim)}: {_cut(objection.reason)}"


@_lines.register
def _failed(event: Failed) -> Iterator[str]:
    yield f"failed     {_cut(event.reason)}"


@_lines.register
def _spent(event: Spent) -> Iterator[str]:
    yield f"budget     ran out at {event.node}"


@_lines.register
def _final(event: Final) -> Iterator[str]:
    answer = event.answer
    cited = f"{len(answer.citations)} citations, {answer.usage.rounds} rounds"
    yield f"answer     {answer.status}, {cited}, {answer.usage.seconds:.1f} s"


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LINE else flat[: LINE - 1] + "…"


def _pages(pages: tuple[tuple[str, int], ...]) -> str:
    by_name: dict[str, list[str]] = {}
    for name, page in pages:
        by_name.setdefault(name, []).append(str(page))
    return ", ".join(f"{name} {' '.join(numbers)}" for name, numbers in by_name.items()) or "none"
