"""A quote as evidence: where it stands on the page, and which cell of which table it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagehop.agents.model.reading.cells import Cell, Row, find_cell, find_row
from pagehop.agents.model.reading.sheets import Sheet
from pagehop.agents.model.schemas import TextFinding
from pagehop.tools.boxes import BBox, share_inside
from pagehop.tools.corpus.quotes import locate
from pagehop.tools.corpus.records import Region
from pagehop.tools.corpus.wording import numbers, pieces
from pagehop.tools.evidence import Evidence, Modality
from pagehop.tools.retrieval.channel import Hit

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a quote stands."""

    bbox: BBox
    boxes: tuple[BBox, ...]
    modality: Modality
    text: str  # as it stands there


def quoted(
    finding: TextFinding, sheets: Sequence[Sheet], sub_question: str, corpus: "Corpus"
) -> Evidence | None:
    """The finding where it stands: on the page of its hit, else on another one; else None.

    A cell of a table is cited by its row, and its labels are told in front of the reading.
    """
    named = sheets[finding.hit - 1 : finding.hit] if finding.hit > 0 else []
    for sheet in (*named, *(other for other in sheets if other not in named)):
        hit = sheet.hit
        regions = corpus.regions(hit.document_id, hit.page)
        cell = find_cell(finding.row, finding.column, finding.quote, regions)
        place = _place(finding.quote, cell.row if cell else None, hit, regions, corpus)
        if place is not None:
            return Evidence(
                document=hit.document,
                document_id=hit.document_id,
                page=hit.page,
                page_label=hit.page_label,
                bbox=place.bbox,
                boxes=place.boxes,
                modality=place.modality,
                quote=place.text,
                reading=_reading(finding, cell),
                sub_question=sub_question,
                agent="text",
                confidence=finding.confidence,
            )
    return None


def modality_at(bbox: BBox, regions: Sequence[Region]) -> Modality:
    """What the box lies in: a table, a figure, or else text."""
    for region in regions:
        if region.kind in ("table", "figure") and share_inside(bbox, region.bbox) > 0.5:
            return "table" if region.kind == "table" else "figure"
    return "text"


def labelled(*, row: str, column: str, value: str, reading: str) -> str:
    """A value with its labels and what is made of it, always in the same form.

    >>> labelled(row="Cloud", column="2023", value="1,214", reading="Revenue, in millions.")
    '[row or category: Cloud; column or series: 2023; value: 1,214] Revenue, in millions.'
    """
    parts = {"row or category": row, "column or series": column, "value": value}
    told = "; ".join(f"{name}: {_line(text)}" for name, text in parts.items() if text.strip())
    return " ".join(part for part in (f"[{told}]" if told else "", reading.strip()) if part)


def _reading(finding: TextFinding, cell: Cell | None) -> str:
    value = cell.value if cell and len(numbers(cell.value)) <= 1 else ""  # glued cells name none
    return labelled(row=finding.row, column=finding.column, value=value, reading=finding.reading)


def _place(
    quote: str, row: Row | None, hit: Hit, regions: Sequence[Region], corpus: "Corpus"
) -> _Place | None:
    located = locate(
        quote, corpus.words(hit.document_id, hit.page), near=row.bbox if row else hit.bbox
    )
    if located is None:
        return _in_region(quote, row, regions)
    if row and row.boxes and share_inside(located.bbox, row.bbox) > 0.5:
        return _Place(bbox=row.bbox, boxes=row.boxes, modality="table", text=located.text)
    modality = modality_at(located.bbox, regions)
    return _Place(bbox=located.bbox, boxes=located.boxes, modality=modality, text=located.text)


def _in_region(quote: str, row: Row | None, regions: Sequence[Region]) -> _Place | None:
    """A quote that the page has in no such order: a row of cells, or words read in a figure."""
    sought = set(pieces(quote))
    if not sought:
        return None
    if row is None or not sought <= set(pieces(row.text)):
        row = find_row(quote, regions)
    if row is not None:
        text = " ".join(part for part in quote.split() if part != "|")  # as its cells have it
        return _Place(bbox=row.bbox, boxes=row.boxes, modality="table", text=text)
    for region in regions:
        if region.kind == "figure" and sought <= set(pieces(f"{region.caption} {region.text}")):
            return _Place(bbox=region.bbox, boxes=(), modality="figure", text=quote.strip())
    return None


def _line(text: str) -> str:
    return " ".join(text.split())
