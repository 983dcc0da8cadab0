"""The text agent: picks the lines and table rows that bear on a sub-question most."""

from collections.abc import Sequence
from dataclasses import replace

from pagehop.agents.extractive.counting import counted
from pagehop.agents.extractive.gate import Short, short_answer
from pagehop.agents.extractive.language import stems
from pagehop.agents.extractive.material import Snippet, Source, printed, sheets
from pagehop.agents.extractive.scoring import NAMED_OUTRIGHT, Scored, ranked, sought
from pagehop.agents.team import Findings, Task
from pagehop.tools.boxes import enclose
from pagehop.tools.evidence import Evidence

PAGES = 8  # of the hits that are read
LATER_PAGES = 4  # when there is evidence already
LINES = 4  # of evidence a reading brings
LINES_A_PAGE = 2
FLOOR = 0.25  # share of the question's weight in a line, below which it is no evidence
RATIO = 0.6  # of the best line's score
LATER = 0.7  # what a line counts that only a second search brought


def read(source: Source, task: Task) -> Findings:
    """Evidence lines from the words and tables of the hits' pages, and a short answer if any."""
    found = counted(source, task)
    if found:
        return found
    snippets = [s for sheet in sheets(source, task.hits, pages_read(task)) for s in printed(sheet)]
    return choose(task, snippets, agent="text", opening=opening_of(source, task))


def pages_read(task: Task) -> int:
    """How many of the hits are read: fewer when the sub-question has evidence already."""
    return LATER_PAGES if is_later(task) else PAGES


def is_later(task: Task) -> bool:
    """Whether an earlier search has brought evidence for the sub-question."""
    return any(found.sub_question == task.sub_question.id for found in task.ledger)


def opening_of(source: Source, task: Task) -> frozenset[str]:
    """The stems of the first page, when one document alone is asked; else none."""
    documents = {hit.document_id for hit in task.hits}
    if len(task.sub_question.documents) != 1 or len(documents) != 1:
        return frozenset()
    return frozenset(stems(source.page(documents.pop(), 1).text))


def choose(
    task: Task, snippets: Sequence[Snippet], *, agent: str, opening: frozenset[str]
) -> Findings:
    """The best of these lines as evidence; the line of the short answer first.

    Only the first reading may give a short answer. What a later search brings stands beside
    words that the question does not have.
    """
    target = sought(task.sub_question, snippets, opening)
    if not target.terms and not target.labels:
        return Findings(evidence=_opening(task, snippets, agent))
    lines = ranked(target, snippets)
    later = is_later(task)
    short = None if later else short_answer(task.sub_question.question, target, lines)
    kept = _best(lines)
    if short:
        kept = [short.line, *(line for line in kept if line is not short.line)][:LINES]
    trust = LATER if later else 1.0
    return Findings(
        evidence=tuple(_evidence(line, task, agent, short, trust) for line in kept),
        answer=short.text if short else "",
        confidence=round(short.confidence, 3) if short else 0.0,
    )


def _best(lines: Sequence[Scored]) -> list[Scored]:
    """Few lines: near the best one, enough of the question in them, not all of one page.

    The best lines of the two pages that the search put first are always among them: which page
    it is is far better known than which line.
    """
    kept: list[Scored] = []
    for line in lines:
        if line.score < RATIO * lines[0].score or len(kept) == LINES:
            break
        if _is_worth(line) and not _is_more_of_the_same(line, kept):
            kept.append(line)
    for rank in (1, 0):
        first = next((line for line in lines if line.snippet.rank == rank), None)
        if first and first.found and first not in kept:
            kept = [*kept[: LINES - 1], first]
    return kept


def _is_worth(line: Scored) -> bool:
    return line.coverage >= FLOOR or line.score >= NAMED_OUTRIGHT


def _is_more_of_the_same(line: Scored, kept: Sequence[Scored]) -> bool:
    """Whether a page has given enough already, or the line has been said."""
    page = (line.snippet.document_id, line.snippet.page)
    there = [k for k in kept if (k.snippet.document_id, k.snippet.page) == page]
    return len(there) >= LINES_A_PAGE or any(k.snippet.text == line.snippet.text for k in kept)


def _evidence(line: Scored, task: Task, agent: str, short: Short | None, trust: float) -> Evidence:
    snippet = line.snippet
    first = short is not None and short.line is line
    # never near 1: a line that matches well may still be about something else
    confidence = short.confidence if short and first else min(0.5, 0.1 + 0.4 * line.score)
    found = as_evidence(snippet, task.sub_question.id, agent, confidence * trust)
    if short and first and short.cell and snippet.row:
        label = snippet.row.label_box
        boxes = tuple(box for box in (label, short.cell.box) if box) or found.boxes
        said = ", ".join(part for part in (snippet.row.label, short.cell.header) if part)
        return replace(
            found, boxes=boxes, bbox=enclose(boxes), reading=f"{said}: {short.cell.text}"
        )
    return found


def as_evidence(snippet: Snippet, sub_question: str, agent: str, confidence: float) -> Evidence:
    """A line as an entry of the ledger."""
    return Evidence(
        document=snippet.document,
        document_id=snippet.document_id,
        page=snippet.page,
        page_label=snippet.page_label,
        bbox=snippet.bbox,
        boxes=snippet.boxes,
        modality=snippet.modality,
        quote=snippet.text,
        sub_question=sub_question,
        agent=agent,
        confidence=round(confidence, 3),
    )


def _opening(task: Task, snippets: Sequence[Snippet], agent: str) -> tuple[Evidence, ...]:
    """A question of references alone (`what is on page 3?`): how the first hit's page begins."""
    first = [s for s in snippets if s.rank == 0 and len(s.text.split()) >= 3][:2]
    return tuple(as_evidence(s, task.sub_question.id, agent, 0.2) for s in first)
