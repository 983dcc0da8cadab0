"""What pages are made of, by area: how much is text, tables, figures."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pagehop.tools.boxes import area
from pagehop.tools.corpus.records import Region
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match

LOOKED_AT = 3  # pages: measured, what stands further down says less of the question

_MARGINS = ("header", "footer")


class View(Protocol):
    """What of a catalogue is needed."""

    def regions(self, document_id: str, number: int | None = None, /) -> Sequence[Region]:
        """The regions of a page."""
        ...


def made_of(found: Sequence[Match], view: View) -> dict[Modality, float]:
    """The shares of text, table and figure in the best pages, summing to 1; empty without any.

    Args:
        found: pages, best first; a better one counts more.
        view: where their regions stand. A page without any counts as text.
    """
    total: dict[Modality, float] = {"text": 0.0, "table": 0.0, "figure": 0.0}
    weights = 0.0
    for match in found[:LOOKED_AT]:
        if match.score <= 0:
            continue
        for kind, share in _shares(view.regions(match.document_id, match.page)).items():
            total[kind] += match.score * share
        weights += match.score
    return {kind: share / weights for kind, share in total.items()} if weights > 0 else {}


def _shares(regions: Sequence[Region]) -> Mapping[Modality, float]:
    areas: dict[Modality, float] = {"text": 0.0, "table": 0.0, "figure": 0.0}
    for region in regions:
        if region.kind in {"table", "figure"}:
            areas[region.kind] += area(region.bbox)
        elif region.kind not in _MARGINS:
            areas["text"] += area(region.bbox)
    covered = sum(areas.values())
    return {kind: one / covered for kind, one in areas.items()} if covered else {"text": 1.0}
