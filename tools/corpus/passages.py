"""Passages: runs of a page's text, its tables' rows and its figures' words, each with its boxes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.prose import as_prose, line_boxes, visible
from pagehop.tools.corpus.records import Page, Passage, PassageKind, Region, Word
from pagehop.tools.corpus.regions import words_by_region
from pagehop.tools.corpus.table_rows import table_rows

WORDS = 150  # of a passage
MOST = 180  # what is no longer stays whole
OVERLAP = 20  # words that two parts of a long region share
CAPTION_WORDS = 60  # of a caption that is repeated in front of each part of its table
HEADING_CHARACTERS = 160
MARGINS = ("header", "footer")
_END = re.compile(r"[.!?;:][\"')\]\u201d\u2019]*$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage that has no number yet."""

    kind: PassageKind
    text: str
    heading: str
    boxes: tuple[BBox, ...]
    region_id: str | None = None


def cut_passages(
    page: Page, words: Sequence[Word], regions: Sequence[Region]
) -> tuple[Passage, ...]:
    """The page cut into passages; the same for the same page.

    Args:
        page: gives ids and the outline above.
        words: of the page, its text layer or what OCR read; hidden ones are left out.
        regions: in reading order; none before the layout is known.
    """
    shown = visible(words)
    pieces = list(_pieces(regions, shown))
    if not pieces and shown:  # nothing but a running header or footer
        pieces = list(_split("text", [shown], ""))
    return tuple(
        Passage(
            id=f"{page.document_id}:{page.number}:p{number}",
            document_id=page.document_id,
            page=page.number,
            kind=piece.kind,
            text=piece.text,
            heading=_path(page.outline, piece.heading),
            boxes=piece.boxes,
            region_id=piece.region_id,
        )
        for number, piece in enumerate(pieces)
    )


def _pieces(regions: Sequence[Region], words: Sequence[Word]) -> Iterator[Piece]:
    """Passages in reading order; text gathers until it is long, or a heading or table comes."""
    inside = words_by_region(regions, words)
    captioned = {region.caption for region in regions if region.caption}
    gathered: list[Sequence[Word]] = []
    heading = ""
    for region in sorted(regions, key=lambda region: region.order):
        own = inside[region.order]
        if region.kind in MARGINS or (region.kind == "caption" and region.text in captioned):
            continue
        if region.kind in ("table", "figure"):
            yield from _flow(gathered, heading)
            gathered = []
            yield from (
                _table(region, own, heading)
                if region.kind == "table"
                else _figure(region, own, heading)
            )
            continue
        if region.kind in ("heading", "title"):
            yield from _flow(gathered, heading)
            gathered = []
            heading = as_prose(own)[:HEADING_CHARACTERS] or heading
        gathered.append(own)
    loose = inside[-1]
    yield from _flow([*gathered, loose] if loose else gathered, heading)


def _flow(regions: Sequence[Sequence[Word]], heading: str) -> Iterator[Piece]:
    """Short regions together, long ones in parts."""
    waiting: list[Sequence[Word]] = []
    count = 0
    for words in regions:
        if not words:
            continue
        if waiting and count + len(words) > MOST:
            yield from _split("text", waiting, heading)
            waiting, count = [], 0
        waiting.append(words)
        count += len(words)
        if count >= WORDS:
            yield from _split("text", waiting, heading)
            waiting, count = [], 0
    yield from _split("text", waiting, heading)


def _split(
    kind: PassageKind,
    regions: Sequence[Sequence[Word]],
    heading: str,
    front: str = "",
    region_id: str | None = None,
) -> Iterator[Piece]:
    """One piece of regions that fit together, or parts of a long run that overlap."""
    count = sum(map(len, regions))
    if count == 0:
        return
    before = [front] if front else []
    if count <= MOST:
        text = "\n".join([*before, *(as_prose(words) for words in regions if words)])
        boxes = tuple(box for words in regions for box in line_boxes(words))
        yield Piece(kind, text, heading, boxes, region_id)
        return
    run = [word for words in regions for word in words]
    start = 0
    while start < len(run):
        stop = _stop(run, start)
        part = run[start:stop]
        yield Piece(
            kind, "\n".join([*before, as_prose(part)]), heading, line_boxes(part), region_id
        )
        start = stop if stop == len(run) else stop - OVERLAP


def _stop(run: Sequence[Word], start: int) -> int:
    """Where a part ends: at the last sentence that leaves it long enough, else when full."""
    if len(run) - start <= MOST:
        return len(run)
    full = start + WORDS
    ends = (n for n in range(full, full - WORDS // 4, -1) if _END.search(run[n - 1].text))
    return next(ends, full)


def _table(region: Region, words: Sequence[Word], heading: str) -> Iterator[Piece]:
    """Rows of a table, as many as make a passage; the words as they stand where it has no cells."""
    front = _front(region)
    rows = table_rows(region.cells, region.cell_boxes)
    if not rows:
        if words:
            yield from _split("table", [words], heading, front, region.id)
        elif front or region.text:
            text = "\n".join(filter(None, (front, region.text)))
            yield Piece("table", text, heading, (region.bbox,), region.id)
        return
    lines: list[str] = []
    boxes: list[BBox] = []
    count = 0
    for line, box in rows:
        size = len(line.split())
        if lines and count + size > WORDS:
            yield Piece(
                "table", "\n".join(filter(None, (front, *lines))), heading, tuple(boxes), region.id
            )
            lines, boxes, count = [], [], 0
        lines.append(line)
        boxes.append(box or region.bbox)
        count += size
    yield Piece("table", "\n".join(filter(None, (front, *lines))), heading, tuple(boxes), region.id)


def _figure(region: Region, words: Sequence[Word], heading: str) -> Iterator[Piece]:
    """A figure's caption and the words in it."""
    front = _front(region)
    if words:
        yield from _split("figure", [words], heading, front, region.id)
    elif front or region.text:
        text = "\n".join(filter(None, (front, " ".join(region.text.split()[:WORDS]))))
        yield Piece("figure", text, heading, (region.bbox,), region.id)


def _front(region: Region) -> str:
    """What a table or figure is called, put in front of its parts."""
    caption = " ".join(region.caption.split()[:CAPTION_WORDS])
    return caption or region.label


def _path(outline: Sequence[str], heading: str) -> tuple[str, ...]:
    nearest = " ".join(heading.split())
    if not nearest or (outline and outline[-1].casefold() == nearest.casefold()):
        return tuple(outline)
    return (*outline, nearest)
