"""The LAYOUT stage: PyMuPDF's own layout model, tables with their cells, captions."""

# mypy: allow-untyped-calls

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pymupdf

from pagehop.tools.boxes import BBox, area, enclose, share_inside
from pagehop.tools.corpus.grid import Grid, as_markdown, grid_from_boxes, grid_from_words, is_glued
from pagehop.tools.corpus.prose import lines
from pagehop.tools.corpus.read_text import is_picture, page_words
from pagehop.tools.corpus.reading_order import reading_order
from pagehop.tools.corpus.records import Region, RegionKind, Word
from pagehop.tools.corpus.regions import fill_regions, words_by_region
from pagehop.tools.corpus.source import Source

PICTURE_SIDE = 1000  # pixels of the longer side
THIN = 0.004  # of the page's width: a line and not a box
MOST_WORDS = 0.9  # of a table's words that must stand in cells

Ruling: TypeAlias = tuple[BBox, list[list[BBox | None]]]

KINDS: dict[str, RegionKind] = {
    "text": "text",
    "title": "title",
    "section-header": "heading",
    "list-item": "list",
    "caption": "caption",
    "table": "table",
    "picture": "figure",
    "formula": "formula",
    "footnote": "footnote",
    "page-header": "header",
    "page-footer": "footer",
}


def read_layout(source: Source, number: int) -> list[dict[str, Any]]:
    """The page's regions in reading order, with text, cells and captions.

    A page that has to be read as a picture has none yet: the model needs to be shown its words.
    """
    words = page_words(source, number)
    if is_picture(source, number, [word for word in words if not word.hidden]):
        return []
    regions = _boxes(source, number, source.upright(number))
    regions = _with_tables(source, number, regions, words)
    page = source.page(number).rect
    return [
        _record(region) for region in fill_regions(regions, words, aspect=page.height / page.width)
    ]


def read_table(source: Source, number: int, clip: Sequence[float]) -> dict[str, Any] | None:
    """The table in a box of a page, from its text layer, else from OCR."""
    x0, y0, x1, y1 = clip
    box: BBox = (x0, y0, x1, y1)
    words = [
        w for w in page_words(source, number) if not w.hidden and share_inside(w.bbox, box) > 0.5
    ]
    if not words:
        from pagehop.tools.corpus.read_ocr import clip_words

        words = list(clip_words(source, number, box))
    page = source.page(number).rect
    grid = grid_from_words(words, page.height / page.width)
    if grid is None:
        return None
    return {
        "bbox": box,
        "cells": grid.cells,
        "cell_boxes": grid.boxes,
        "markdown": as_markdown(grid.cells),
    }


def layout_of_picture(source: Source, number: int, words: Sequence[Word]) -> list[dict[str, Any]]:
    """The regions of a page that has no text layer, once its words are known.

    The model sees nothing in a bare picture: it is shown the picture with the words as text in it.
    """
    shown = source.page(number).rect
    pdf = pymupdf.open()
    page = pdf.new_page(width=shown.width, height=shown.height)
    page.insert_image(page.rect, pixmap=source.picture(number, long_side=PICTURE_SIDE))
    for line in lines(words):
        box = enclose(word.bbox for word in line)
        if box is not None:
            _write(page, " ".join(word.text for word in line), box)
    regions = _boxes(source, number, page)
    return [
        _record(region)
        for region in fill_regions(regions, words, aspect=shown.height / shown.width)
    ]


def _write(page: pymupdf.Page, text: str, box: BBox) -> None:
    """Unseen text that fills the box."""
    width, height = page.rect.width, page.rect.height
    x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    size = (y1 - y0) * 0.8
    natural = pymupdf.get_text_length(text, fontsize=size)
    if size <= 0 or natural <= 0:
        return
    stretch = pymupdf.Matrix((x1 - x0) / natural, 1)
    foot = pymupdf.Point(x0, y1 - 0.2 * (y1 - y0))
    page.insert_text(foot, text, fontsize=size, render_mode=3, morph=(foot, stretch))


def _boxes(source: Source, number: int, page: pymupdf.Page) -> list[Region]:
    """What the model finds on a page that looks like page `number`, in reading order."""
    found = [
        (source.shown_box(number, rect), KINDS.get(name, "text")) for *rect, name in _found(page)
    ]
    found = [(box, kind) for box, kind in found if area(box) > 0]
    order = reading_order([box for box, _ in found])
    return [
        Region(
            id="", document_id="", page=number, order=position, kind=found[n][1], bbox=found[n][0]
        )
        for position, n in enumerate(order)
    ]


def _found(page: pymupdf.Page) -> list[Any]:
    page.get_layout()
    found: Any = page.layout_information  # rows of four edges and a name; None for an empty page
    return list(found or ())


def _with_tables(
    source: Source, number: int, regions: Sequence[Region], words: Sequence[Word]
) -> list[Region]:
    """Tables drawn with ruling lines get their cells from these; the words alone give the others'.

    On tables without vertical lines, which most are in papers and filings, words alone gave the
    cleaner cells and took milliseconds, where MuPDF's finder took about a second a page.
    """
    inside = words_by_region(regions, words)
    drawn: list[Ruling] | None = None
    filled = []
    for region in regions:
        grid = None
        if region.kind == "table" and _has_lines(source, number, region.bbox):
            drawn = _rulings(source, number) if drawn is None else drawn
            grid = _ruled(drawn, region.bbox, inside[region.order])
        if grid is None:
            filled.append(region)
            continue
        markdown = as_markdown(grid.cells)
        filled.append(replace(region, cells=grid.cells, cell_boxes=grid.boxes, markdown=markdown))
    return filled


def _has_lines(source: Source, number: int, table: BBox) -> bool:
    """Whether something is drawn in the table that could be its vertical lines."""
    upright = 0
    for kind, rect in source.page(number).get_bboxlog():
        if not kind.endswith("-path"):
            continue
        box = source.box(number, rect)
        if share_inside(box, table) < 0.5 and share_inside(table, box) < 0.5:
            continue
        stroked = kind == "stroke-path"
        if stroked and area(box) > 0.25 * area(table):  # all lines in one path
            return True
        upright += box[3] - box[1] > 3 * THIN and (stroked or box[2] - box[0] < THIN)
        if upright >= 2:
            return True
    return False


def _rulings(source: Source, number: int) -> list[Ruling]:
    """The tables that ruling lines form anywhere on the page: box, and boxes of the cells."""
    page = source.upright(number)  # kept: a Table only has a weak reference to it
    found = page.find_tables(strategy="lines_strict", use_layout=False)
    return [
        (
            source.shown_box(number, table.bbox),
            [
                [None if cell is None else source.shown_box(number, cell) for cell in row.cells]
                for row in table.rows
            ],
        )
        for table in found.tables
    ]


def _ruled(drawn: Sequence[Ruling], table: BBox, words: Sequence[Word]) -> Grid | None:
    """The cells between the table's ruling lines; None where these do not tell its rows apart."""
    for box, rows in drawn:
        if max(share_inside(box, table), share_inside(table, box)) < 0.5:
            continue
        grid = grid_from_boxes(words, rows)
        placed = sum(len(cell.split()) for row in grid.cells for cell in row) if grid else 0
        if grid and placed >= MOST_WORDS * len(words) and not is_glued(grid, words):
            return grid
    return None


def _record(region: Region) -> dict[str, Any]:
    return {
        "kind": region.kind,
        "bbox": region.bbox,
        "text": region.text,
        "caption": region.caption,
        "label": region.label,
        "cells": region.cells,
        "cell_boxes": region.cell_boxes,
        "markdown": region.markdown,
    }
