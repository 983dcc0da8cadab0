"""A contact sheet: every page once, under its number, and a place on it is a place on a page."""

import numpy as np
import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.boxes import PAGE, intersection
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from pagehop.tools.errors import BadBoxError, InputError, PageOutOfRangeError
from pagehop.tools.toolbox import page_tool, run_tool, view_tools
from pagehop.tools.vision import ContactSheets, Views
from pagehop.tools.vision.contact import _Grid

COUNT = 7
RED = (200, 100, 300, 200)  # points, on page 3 of 400 x 300


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """deck.pdf: seven landscape pages, a red box on the third, and a tall last page."""
    folder = tmp_path_factory.mktemp("deck")
    pdf = pymupdf.open()
    for number in range(1, COUNT + 1):
        size = (300, 600) if number == COUNT else (400, 300)
        page = pdf.new_page(width=size[0], height=size[1])
        page.insert_text((20, 40), f"Slide number {number}", fontsize=14)
        if number == 3:
            page.draw_rect(pymupdf.Rect(RED), color=None, fill=(1, 0, 0))
    (folder / "deck.pdf").write_bytes(pdf.tobytes())
    with Corpus(folder / "corpus") as corpus:
        corpus.add(folder / "deck.pdf", until=Stage.TEXT, workers=1)
        yield corpus


@pytest.fixture
def sheets(corpus):
    return ContactSheets(corpus, max_pixels=300_000)


def red_box(image):
    """Where a picture is red, as fractions of it."""
    seen = np.asarray(image).astype(int)
    down, across = np.nonzero((seen[..., 0] > 180) & (seen[..., 1] < 90) & (seen[..., 2] < 90))
    height, width = seen.shape[:2]
    return [across.min() / width, down.min() / height,
            (across.max() + 1) / width, (down.max() + 1) / height]  # fmt: skip


def test_all_pages_are_on_it_within_the_pixels_and_none_overlap(sheets):
    sheet = sheets.show("deck.pdf", range(1, COUNT + 1))
    image = sheets.image(sheet.id)
    assert (sheet.id, sheet.pages) == ("s1", tuple(range(1, COUNT + 1)))
    assert image.size == (sheet.width, sheet.height)
    assert 0.5 * 300_000 < image.width * image.height <= 300_000
    for at, cell in enumerate(sheet.cells):
        assert all(intersection(cell, other) is None for other in sheet.cells[at + 1 :])


def test_what_is_drawn_on_a_sheet_is_found_on_its_page(sheets):
    sheet = sheets.show("deck.pdf", range(1, COUNT + 1))
    page, part = sheets.place(sheet.id, red_box(sheets.image(sheet.id)))
    assert page == 3
    assert part == pytest.approx((0.5, 1 / 3, 0.75, 2 / 3), abs=0.02)


def test_pixels_of_a_sheet_are_understood_too(sheets):
    sheet = sheets.show("deck.pdf", [2, 3])
    box = np.multiply(red_box(sheets.image(sheet.id)), [sheet.width, sheet.height] * 2)
    assert sheets.place(sheet.id, [float(edge) for edge in box])[0] == 3


def test_a_page_keeps_its_shape(sheets):
    sheet = sheets.show("deck.pdf", [1, COUNT])
    wide, tall = (
        (cell[2] - cell[0]) * sheet.width / ((cell[3] - cell[1]) * sheet.height)
        for cell in sheet.cells
    )
    assert (wide, tall) == (pytest.approx(4 / 3, abs=0.02), pytest.approx(0.5, abs=0.02))


def test_what_is_no_place_on_a_page_is_refused(sheets):
    sheet = sheets.show("deck.pdf", [1, 2])
    with pytest.raises(InputError, match="on none of the pages"):
        sheets.place(sheet.id, [0.0, 0.0, 0.001, 0.001])
    with pytest.raises(BadBoxError):
        sheets.place(sheet.id, [0.2, 0.2, 0.2, 0.2])
    with pytest.raises(InputError, match="no sheet 's9'"):
        sheets.place("s9", [0, 0, 1, 1])
    with pytest.raises(PageOutOfRangeError):
        sheets.show("deck.pdf", [99])
    with pytest.raises(InputError, match="needs a page"):
        sheets.show("deck.pdf", [])


@given(st.integers(1, 60), st.floats(0.25, 4.0), st.integers(20_000, 3_000_000))
def test_a_grid_has_a_place_for_every_page_within_its_pixels(count, shape, pixels):
    grid = _Grid.for_pages(count, shape, pixels)
    assert grid.columns * grid.rows >= count
    assert grid.columns * (grid.rows - 1) < count
    if grid.wide > 8 and grid.high > 8:
        assert grid.size[0] * grid.size[1] <= pixels


def test_a_crop_of_a_sheet_shows_the_page_itself(corpus, sheets):
    sheet = sheets.show("deck.pdf", range(1, COUNT + 1))
    views = Views(corpus)
    crop = view_tools(views, sheets)[0]
    whole = run_tool(crop, {"view": "s1", "box": list(sheet.cells[3])})
    assert (whole.ok, whole.artifact["page"], whole.artifact["bbox"]) == (True, 4, PAGE)
    assert "Slide number 4" in whole.content
    part = run_tool(crop, {"view": "s1", "box": red_box(sheets.image("s1"))})
    assert part.artifact["page"] == 3
    assert part.artifact["bbox"] != PAGE
    assert not run_tool(crop, {"view": "s2", "box": [0, 0, 1, 1]}).ok


def test_pages_are_opened_by_name_and_number_and_only_so_many(corpus):
    views = Views(corpus)
    tool = page_tool(views, {"deck.pdf": corpus.document("deck.pdf").id}, most=2)
    shown = run_tool(tool, {"document": "deck.pdf", "page": 5})
    assert (shown.ok, shown.artifact["page"], len(shown.images)) == (True, 5, 1)
    assert "v1 shows page 5 of 'deck.pdf'" in shown.content
    assert "Slide number 5" in shown.content
    assert "deck.pdf" in run_tool(tool, {"document": "secret.pdf", "page": 1}).content
    assert "pages 1 to 7" in run_tool(tool, {"document": "deck.pdf", "page": 8}).content
    assert run_tool(tool, {"document": "deck.pdf", "page": 6}).ok
    assert run_tool(tool, {"document": "deck.pdf", "page": 5}).ok, "opened before"
    assert "2 pages were opened" in run_tool(tool, {"document": "deck.pdf", "page": 1}).content
