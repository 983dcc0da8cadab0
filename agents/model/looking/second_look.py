"""The second look: what was read off a picture is held against the picture once more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import Field

from pagehop.agents.calling.calls import Calls
from pagehop.agents.checks.numerals import numerals, stands_in
from pagehop.agents.model.schemas import Reply
from pagehop.agents.prompting import conversation, data_block
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import LookRuling, Reading, SecondLook
from pagehop.tools.boxes import BBox, enclose, pad, share_inside
from pagehop.tools.evidence import Evidence
from pagehop.tools.vision import Views, picture_block

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus


INSIDE = 0.5  # share of a box that lies in a chart or table that it belongs to
MARGIN = 0.08  # of the page, around a place that lies in none


class Seen(Reply):
    """What one picture shows of its claim."""

    picture: str = Field(description="id of the picture: v1, v2, ...")
    seen: str = Field(description="what stands there on the matter, read off literally")
    ruling: LookRuling = Field(description="whether the claim stands by what you read off")
    reason: str = ""


class LookReply(Reply):
    """One entry for each picture."""

    pictures: list[Seen]


def look_again(
    readings: Sequence[Reading], *, corpus: "Corpus", calls: Calls, model: BaseChatModel
) -> tuple[SecondLook, ...]:
    """One call for all readings: each claim beside the crop that it rests on.

    A look that says a claim stands must itself read off the claim's numbers, else it is unclear.
    """
    if not readings:
        return ()
    views = Views(corpus)
    by_view = {
        views.show(r.evidence.document_id, r.evidence.page, _around(r.evidence, corpus)).id: r
        for r in readings
    }
    mark = calls.mark("second look", *(reading.claim for reading in readings), str(views.shown))
    messages = _messages(by_view, views, mark)
    reply = ask(
        calls,
        model,
        messages,
        LookReply,
        role="second look",
        check=lambda reply: _check(reply, list(by_view)),
    )
    return tuple(_look(seen, by_view[seen.picture]) for seen in reply.pictures)


def _around(found: Evidence, corpus: "Corpus") -> BBox | None:
    """The whole chart or table that was read, or a margin: a bar means little without its axis."""
    if found.bbox is None:
        return None
    regions = corpus.regions(found.document_id, found.page)
    around = [
        region.bbox
        for region in regions
        if region.kind in ("table", "figure") and share_inside(found.bbox, region.bbox) > INSIDE
    ]
    return enclose((found.bbox, *around)) if around else pad(found.bbox, MARGIN)


def _messages(by_view: dict[str, Reading], views: Views, mark: str) -> list[BaseMessage]:
    system, asked = conversation("second-look")
    content: list[Any] = [{"type": "text", "text": str(asked.text)}]
    for view, reading in by_view.items():
        claim = data_block(reading.claim, mark, "claim")
        content += [
            {"type": "text", "text": f"Picture {view}, its claim:\n{claim}"},
            picture_block(views.image(view)),
        ]
    return [system, HumanMessage(content)]


def _check(reply: LookReply, known: list[str]) -> None:
    """Whether each picture has its one entry.

    Raises:
        ValueError: says to the model what is missing.
    """
    if sorted(seen.picture for seen in reply.pictures) != sorted(known):
        raise ValueError(f"it takes one entry for each of the pictures {known}.")


def _look(seen: Seen, reading: Reading) -> SecondLook:
    ruling, reason = seen.ruling, seen.reason.strip()
    read = numerals(seen.seen)
    missing = [n for n in numerals(reading.evidence.quote) if not stands_in(n, read)]
    if ruling == "stands" and missing:
        ruling, reason = "unclear", f"{missing[0].written} was not read again"
    return SecondLook(
        evidence=reading.evidence.id, ruling=ruling, seen=seen.seen.strip(), reason=reason
    )
