"""The second look: what was read off a picture is held against the picture once more."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import Field

from pagehop.agents.abilities import abilities_of
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

Place: TypeAlias = tuple[str, int, BBox | None]  # document id, page, the part of it that is shown
Places: TypeAlias = tuple[Place, ...]

INSIDE = 0.5  # share of a box that lies in a chart or table that it belongs to
MARGIN = 0.08  # of the page, around a place that lies in none


class Looked(Reply):
    """What its pictures show of one claim."""

    claim: str = Field(description="id of the claim: k1, k2, ...")
    seen: str = Field(
        description="what stands there on the matter, read off literally; of several pictures "
        "what each shows, after its id"
    )
    ruling: LookRuling = Field(description="whether the claim stands by what you read off")
    reason: str = ""


class LookReply(Reply):
    """One entry for each claim."""

    claims: list[Looked]


def look_again(
    readings: Sequence[Reading], *, corpus: "Corpus", calls: Calls, model: BaseChatModel
) -> tuple[SecondLook, ...]:
    """Each claim beside all crops that it rests on, in as few calls as the model's pictures allow.

    A look that says a claim stands must itself read off the claim's numbers, else it is unclear.
    A claim with more pictures than a call takes is left out: a part of them settles nothing.

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
    """
    able = abilities_of(model)
    most = able.images_per_call if able.images else 0
    looks: list[SecondLook] = []
    for batch in _batches(readings, corpus, most):
        table = _Table(batch, Views(corpus, max_pixels=able.pixels))
        looks += table.looks(calls, model)
    return tuple(looks)


def _batches(
    readings: Sequence[Reading], corpus: "Corpus", most: int
) -> list[dict[Reading, Places]]:
    """The claims with their places, so many in a call that it has no more than `most`."""
    batches: list[dict[Reading, Places]] = []
    room = 0
    for reading in readings:
        places = tuple(dict.fromkeys(_place(entry, corpus) for entry in reading.evidence))
        if len(places) > most:
            continue
        if len(places) > room:
            batches.append({})
            room = most
        batches[-1][reading] = places
        room -= len(places)
    return batches


class _Table:
    """Claims and pictures that are looked at in one call; of two claims one picture may do."""

    def __init__(self, claims: Mapping[Reading, Places], views: Views) -> None:
        self._views = views
        shown = dict.fromkeys(place for places in claims.values() for place in places)
        ids = {place: views.show(*place).id for place in shown}
        self._claims = {f"k{number}": reading for number, reading in enumerate(claims, 1)}
        self._pictures = {
            id_: [ids[place] for place in claims[reading]] for id_, reading in self._claims.items()
        }

    def looks(self, calls: Calls, model: BaseChatModel) -> list[SecondLook]:
        """What the model says of each claim."""
        told = (reading.claim for reading in self._claims.values())
        mark = calls.mark("second look", *told, str(self._views.shown))
        reply = ask(
            calls, model, self._messages(mark), LookReply, role="second look", check=self._check
        )
        return [_look(looked, self._claims[looked.claim]) for looked in reply.claims]

    def _messages(self, mark: str) -> list[BaseMessage]:
        system, asked = conversation("second-look")
        told = [str(asked.text)]
        for id_, reading in self._claims.items():
            claim = data_block(reading.claim, mark, "claim")
            told.append(f"Claim {id_}, its pictures: {', '.join(self._pictures[id_])}\n{claim}")
        content: list[Any] = [{"type": "text", "text": "\n\n".join(told)}]
        for view in self._views.shown:
            picture = picture_block(self._views.image(view.id))
            content += [{"type": "text", "text": f"Picture {view.id}:"}, picture]
        return [system, HumanMessage(content)]

    def _check(self, reply: LookReply) -> None:
        """Whether each claim has its one entry.

        Raises:
            ValueError: says to the model what is missing.
        """
        if sorted(looked.claim for looked in reply.claims) != sorted(self._claims):
            raise ValueError(f"it takes one entry for each of the claims {list(self._claims)}.")


def _place(found: Evidence, corpus: "Corpus") -> Place:
    return found.document_id, found.page, _around(found, corpus)


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


def _look(looked: Looked, reading: Reading) -> SecondLook:
    ruling, reason = looked.ruling, looked.reason.strip()
    read = numerals(looked.seen)
    said = [number for entry in reading.evidence for number in numerals(entry.quote)]
    missing = [number for number in said if not stands_in(number, read)]
    if ruling == "stands" and missing:
        ruling, reason = "unclear", f"{missing[0].written} was not read again"
    return SecondLook(
        claim=reading.claim,
        evidence=tuple(entry.id for entry in reading.evidence),
        ruling=ruling,
        seen=looked.seen.strip(),
        reason=reason,
    )
