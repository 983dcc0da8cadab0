"""The image agent: looks at page pictures, crops closer, and says what it sees and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.tools import BaseTool

from pagehop.agents.calls import Calls
from pagehop.agents.model.custom import tool_evidence, tool_failures
from pagehop.agents.model.listing import told_ledger
from pagehop.agents.model.schemas import ImageFinding, ImageReply
from pagehop.agents.model.text import modality_at, with_tools
from pagehop.agents.model.tool_loop import ToolLoop
from pagehop.agents.prompting import conversation, data_block, shorten
from pagehop.agents.replies import offers_tools
from pagehop.agents.team import Findings, Task
from pagehop.tools.boxes import PAGE, BBox, area, pad, share_inside
from pagehop.tools.corpus.quotes import Located, locate
from pagehop.tools.errors import BadBoxError
from pagehop.tools.evidence import Evidence, Modality
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.toolbox import similar_tool, view_tools
from pagehop.tools.vision import View, Views, picture_block

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus

PICTURES = 4  # pages that are shown at a time
BESIDE = 3000  # characters of text beside a page's picture
WHOLE = 0.98  # a box over more than this share of the page is the page


@dataclass(frozen=True, slots=True)
class _Shown:
    """The pictures of one look, and the hits their pages came from."""

    views: Views
    first: tuple[View, ...]
    hits: Mapping[tuple[str, int], Hit]

    def hit(self, view: View) -> Hit | None:
        """None: the page was found later, as one that shows the like."""
        return self.hits.get((view.document_id, view.page))


def look(
    task: Task, *, corpus: "Corpus", calls: Calls, model: BaseChatModel, tools: Sequence[BaseTool]
) -> Findings:
    """What the pictures of the hits' pages show about the sub-question.

    Without hits there is nothing to look at, and a model that takes no pictures is not asked.
    """
    profile = getattr(model, "profile", None) or {}
    shown = _show(task, corpus)
    if profile.get("image_inputs") is False or not shown.first:
        return Findings()
    offered = [*_own_tools(shown, corpus), *tools] if offers_tools(calls, model) else []
    mark = calls.mark("image", task.question, task.sub_question.question, str(shown.first))
    loop = ToolLoop(
        calls=calls,
        model=model,
        schema=ImageReply,
        role="image agent",
        tools=offered,
        mark=mark,
        check=lambda reply: _check(reply, shown),
    )
    reply = loop.run(with_tools(_messages(task, shown, corpus, mark), offered, "ImageReply"))
    seen = tuple(_evidence(finding, shown, task, corpus) for finding in reply.findings)
    evidence = (*seen, *tool_evidence(loop.outcomes, tools, task.sub_question.id))
    return Findings(
        evidence=evidence,
        answer=reply.answer.strip() if evidence else "",
        confidence=reply.confidence if evidence else 0.0,
        failures=tool_failures(loop.outcomes, tools),
    )


def _own_tools(shown: _Shown, corpus: "Corpus") -> list[BaseTool]:
    """Looking closer, and elsewhere in the documents of the hits: others may be closed to us."""
    documents = tuple(sorted({document_id for document_id, _ in shown.hits}))
    return [*view_tools(shown.views), similar_tool(shown.views, corpus, documents)]


def _show(task: Task, corpus: "Corpus") -> _Shown:
    views = Views(corpus)
    hits: dict[tuple[str, int], Hit] = {}
    for hit in task.hits:
        if hit.page > 0 and len(hits) < PICTURES:
            hits.setdefault((hit.document_id, hit.page), hit)
    first = [views.show(document_id, page) for document_id, page in hits]
    if first and task.closer is not None:
        first.insert(1, views.show(first[0].document_id, first[0].page, task.closer))
    return _Shown(views, tuple(first), hits)


def _messages(task: Task, shown: _Shown, corpus: "Corpus", mark: str) -> list[BaseMessage]:
    system, asked = conversation(
        "image",
        question=task.question,
        sub_question=data_block(task.sub_question.question, mark, "sub-question"),
        form=task.sub_question.form,
        known=data_block(told_ledger(task.ledger), mark, "known"),
    )
    content: list[Any] = [{"type": "text", "text": str(asked.text)}]
    for view in shown.first:
        beside = ""
        if _is_whole(view.bbox):
            page = corpus.page(view.document_id, view.page)
            beside = f"words on it: {shorten(page.text, BESIDE) or '(none)'}"
        hit = shown.hit(view)
        label = hit.page_label if hit else None
        printed = f" (printed {label})" if label else ""
        place = data_block(f"{view.document}, page {view.page}{printed}\n{beside}", mark, "place")
        content += [
            {"type": "text", "text": f"{_title(view)}\n{place}"},
            picture_block(shown.views.image(view.id)),
        ]
    return [system, HumanMessage(content)]


def _title(view: View) -> str:
    part = "" if _is_whole(view.bbox) else ", a part of the page"
    return f"Picture {view.id}, {view.width} x {view.height} pixels{part}:"


def _check(reply: ImageReply, shown: _Shown) -> None:
    """Whether the findings name pictures that were shown.

    Raises:
        ValueError: says to the model which one was not.
    """
    known = [view.id for view in shown.views.shown]
    for finding in reply.findings:
        if finding.view not in known:
            raise ValueError(f"there is no picture {finding.view!r}, only {known}.")
        if not finding.seen.strip():
            raise ValueError(f"a finding in {finding.view} does not say what is `seen`.")


def _evidence(finding: ImageFinding, shown: _Shown, task: Task, corpus: "Corpus") -> Evidence:
    """The finding on its page: the model's box, and the words in it that it read."""
    view = shown.views.view(finding.view)
    hit = shown.hit(view) or _hit_of(view, corpus)
    claimed = _claimed_box(finding, view, shown.views)
    located = _read_words(finding.seen, claimed, hit, corpus)
    bbox = claimed or (located.bbox if located else None)
    modality = _modality(located.bbox if located else bbox, hit, corpus)
    if located and modality != "figure":  # words have their own place; a chart is more than words
        bbox = located.bbox
    return Evidence(
        document=hit.document,
        document_id=hit.document_id,
        page=hit.page,
        page_label=hit.page_label,
        bbox=bbox,
        boxes=located.boxes if located else (),
        modality=modality,
        quote=located.text if located else finding.seen.strip(),
        verbatim=located is not None,
        reading=finding.reading.strip(),
        sub_question=task.sub_question.id,
        agent="image",
        confidence=finding.confidence,
    )


def _hit_of(view: View, corpus: "Corpus") -> Hit:
    """A page that was found while looking, as a hit."""
    return Hit(
        document=view.document,
        document_id=view.document_id,
        page=view.page,
        page_label=corpus.page(view.document_id, view.page).label,
        bbox=None,
        modality="page",
        score=0.0,
        text="",
    )


def _claimed_box(finding: ImageFinding, view: View, views: Views) -> BBox | None:
    """The box on the page: as drawn, else the crop's own; None where that is the whole page."""
    box = view.bbox
    if finding.box is not None:
        try:
            box = views.page_box(view.id, finding.box)
        except BadBoxError:
            box = view.bbox  # nonsense is not repaired by guessing: what was looked at is known
    if _is_whole(box):
        return None
    return (round(box[0], 5), round(box[1], 5), round(box[2], 5), round(box[3], 5))


def _read_words(seen: str, claimed: BBox | None, hit: Hit, corpus: "Corpus") -> Located | None:
    """The words on the page that the model read off; None where it read something else.

    Without a box of its own, or outside it, words that stand at several places prove nothing.
    """
    located = locate(seen, corpus.words(hit.document_id, hit.page), near=claimed)
    if located is None:
        return None
    if claimed is None:
        return located if located.places == 1 else None
    return located if share_inside(located.bbox, pad(claimed, 0.01)) > 0.5 else None


def _modality(bbox: BBox | None, hit: Hit, corpus: "Corpus") -> Modality:
    kind = modality_at(bbox, hit, corpus) if bbox is not None else "page"
    return "page" if kind == "text" else kind


def _is_whole(bbox: BBox | None) -> bool:
    return bbox is None or area(bbox) > WHOLE * area(PAGE)
