"""The text agent: quotes from the hits, each found again on its page before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.tools import BaseTool

from pagehop.agents.calls import Calls
from pagehop.agents.model.custom import tool_evidence, tool_failures
from pagehop.agents.model.listing import told_ledger
from pagehop.agents.model.schemas import TextFinding, TextReply
from pagehop.agents.model.tool_loop import ToolLoop
from pagehop.agents.prompting import conversation, data_block, prompt, shorten
from pagehop.agents.team import Findings, Task
from pagehop.tools.boxes import BBox, share_inside
from pagehop.tools.corpus.quotes import locate
from pagehop.tools.evidence import Evidence, Modality
from pagehop.tools.retrieval.channel import Hit

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus

SHEETS = 12  # pages that are read at a time
PAGE = 7000  # characters of a page's text
TABLE = 3000  # characters of a table's markdown
ALL = 48_000  # characters of all sheets


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the hits as the agent reads it."""

    hit: Hit
    text: str


def read(
    task: Task, *, corpus: "Corpus", calls: Calls, model: BaseChatModel, tools: Sequence[BaseTool]
) -> Findings:
    """What the hits' text and tables say about the sub-question.

    Without hits and without tools there is nothing to read, and the model is not asked. A
    quote that stands on none of the pages is dropped; an answer without evidence is none.
    """
    sheets = make_sheets(task, corpus)
    if not sheets and not tools:
        return Findings()
    hits = [sheet.text for sheet in sheets]
    mark = calls.mark("text", task.question, task.sub_question.question, *hits)
    loop = ToolLoop(
        calls=calls, model=model, schema=TextReply, role="text agent", tools=tools, mark=mark
    )
    reply = loop.run(_messages(task, sheets, mark, tools))
    found = [_evidence(finding, sheets, task, corpus) for finding in reply.findings]
    quoted = tuple(entry for entry in found if entry is not None)
    evidence = (*quoted, *tool_evidence(loop.outcomes, tools, task.sub_question.id))
    lost = len(found) - len(quoted)
    failures = tool_failures(loop.outcomes, tools)
    if lost:
        failures += (f"text agent: {lost} quote(s) stand on none of the pages; dropped",)
    return Findings(
        evidence=evidence,
        answer=reply.answer.strip() if evidence else "",
        confidence=reply.confidence if evidence else 0.0,
        failures=failures,
    )


def make_sheets(task: Task, corpus: "Corpus") -> list[Sheet]:
    """The pages of the hits, each once, best first, with their tables as markdown."""
    sheets: list[Sheet] = []
    room = ALL
    seen: set[tuple[str, int]] = set()
    for hit in task.hits:
        place = (hit.document_id, hit.page)
        if place in seen or hit.page < 1:
            continue
        seen.add(place)
        closer = task.closer if not sheets else None
        text = shorten(_page_text(hit, corpus, closer), max(0, room))
        room -= len(text)
        sheets.append(Sheet(hit, text))
        if len(sheets) == SHEETS or room <= 0:
            break
    return sheets


def _messages(
    task: Task, sheets: Sequence[Sheet], mark: str, tools: Sequence[BaseTool]
) -> list[BaseMessage]:
    hits = [
        data_block(sheet.text, mark, f"hit {number}")
        for number, sheet in enumerate(sheets, start=1)
    ]
    messages = conversation(
        "text",
        question=task.question,
        sub_question=data_block(task.sub_question.question, mark, "sub-question"),
        form=task.sub_question.form,
        known=data_block(told_ledger(task.ledger), mark, "known"),
        hits="\n".join(hits) or "(none)",
    )
    return with_tools(messages, tools, TextReply.__name__)


def with_tools(
    messages: list[BaseMessage], tools: Sequence[BaseTool], reply: str
) -> list[BaseMessage]:
    """The conversation with a word on tools in its system prompt, where there are any."""
    if not tools:
        return messages
    told = f"{messages[0].text}\n{prompt('tools', reply=reply)}"
    return [SystemMessage(told), *messages[1:]]


def _page_text(hit: Hit, corpus: "Corpus", closer: BBox | None) -> str:
    page = corpus.page(hit.document_id, hit.page)
    label = f" (printed {hit.page_label})" if hit.page_label else ""
    parts = [f"document: {hit.document}, page {hit.page}{label}"]
    if closer is not None:
        words = corpus.words(hit.document_id, hit.page)
        inside = [w.text for w in words if not w.hidden and share_inside(w.bbox, closer) > 0.5]
        parts.append(f"To be read closely: {shorten(' '.join(inside), PAGE)}")
    parts.append(_around(page.text, hit.text))
    for region in corpus.regions(hit.document_id, hit.page):
        if region.markdown:
            title = region.caption or region.label or "without a caption"
            parts.append(f"Table: {title}\n{shorten(region.markdown, TABLE)}")
    return "\n\n".join(part for part in parts if part)


def _around(text: str, passage: str) -> str:
    """A page's text; of a long one the part with the passage that was found."""
    if len(text) <= PAGE:
        return text
    middle = max(0, text.find(passage[:60])) + len(passage[:PAGE]) // 2
    start = max(0, min(middle - PAGE // 2, len(text) - PAGE))
    return f"(…) {text[start : start + PAGE]} (…)"


def _evidence(
    finding: TextFinding, sheets: Sequence[Sheet], task: Task, corpus: "Corpus"
) -> Evidence | None:
    """The quote where it stands: on the page of its hit, else on another hit's."""
    named = sheets[finding.hit - 1 : finding.hit] if finding.hit > 0 else []
    for sheet in (*named, *(other for other in sheets if other not in named)):
        hit = sheet.hit
        located = locate(finding.quote, corpus.words(hit.document_id, hit.page), near=hit.bbox)
        if located is not None:
            return Evidence(
                document=hit.document,
                document_id=hit.document_id,
                page=hit.page,
                page_label=hit.page_label,
                bbox=located.bbox,
                boxes=located.boxes,
                modality=modality_at(located.bbox, hit, corpus),
                quote=located.text,
                reading=finding.reading.strip(),
                sub_question=task.sub_question.id,
                agent="text",
                confidence=finding.confidence,
            )
    return None


def modality_at(bbox: BBox, hit: Hit, corpus: "Corpus") -> Modality:
    """What the box lies in: a table, a figure, or else text."""
    for region in corpus.regions(hit.document_id, hit.page):
        if region.kind in ("table", "figure") and share_inside(bbox, region.bbox) > 0.5:
            return "table" if region.kind == "table" else "figure"
    return "text"
