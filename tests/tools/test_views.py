"""An agent looks closer and closer, and every picture keeps its place on the page."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_book import HEIGHT, NAME, SQUARE, WIDTH, make_book

from pagehop.tools.boxes import PAGE, share_inside
from pagehop.tools.errors import (
    BadBoxError,
    InputError,
    PageOutOfRangeError,
    UnknownDocumentError,
)
from pagehop.tools.vision import Views


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    with make_book(tmp_path_factory.mktemp("book")) as corpus:
        yield corpus


@pytest.fixture
def views(corpus):
    return Views(corpus)


def red_box(image):
    """Where the picture is red, in its pixels."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    rows, columns = np.nonzero((pixels[..., 0] > 200) & (pixels[..., 1] < 90))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def pixels_off(box, truth, view):
    """How far a page box is from the truth, in pixels of a view."""
    sides = (view.bbox[2] - view.bbox[0], view.bbox[3] - view.bbox[1])
    size = (view.width / sides[0], view.height / sides[1])
    return max(abs(box[n] - truth[n]) * size[n % 2] for n in range(4))


def test_a_page_fills_the_pixels_of_a_view_and_no_more(views):
    view = views.show(NAME, 1)
    assert (view.id, view.document, view.page, view.bbox) == ("v1", NAME, 1, PAGE)
    assert 0.97 * 1_500_000 < view.width * view.height <= 1_500_000
    assert view.width / view.height == pytest.approx(WIDTH / HEIGHT, rel=0.01)
    assert views.image("v1").size == (view.width, view.height)


@pytest.mark.parametrize("max_pixels", [50_000, 800_000, 3_000_000])
def test_every_picture_keeps_within_the_pixels_that_the_model_takes(corpus, max_pixels):
    views = Views(corpus, max_pixels=max_pixels)
    page = views.show(NAME, 1)
    part = views.crop(page.id, [0.1, 0.3, 0.9, 0.35])
    for view in (page, part):
        width, height = views.image(view.id).size
        assert (width, height) == (view.width, view.height)
        assert width * height <= max_pixels
    assert page.width * page.height > 0.9 * max_pixels


@pytest.mark.parametrize("boxes", ["thousand", "thousand-yx", "pixel"])
def test_a_box_is_read_as_the_model_writes_it(corpus, boxes):
    views = Views(corpus, boxes=boxes)
    view = views.show(NAME, 1)
    x0, y0, x1, y1 = map(float, red_box(views.image(view.id)))
    if boxes != "pixel":
        x0, x1 = (round(1000 * x / view.width) for x in (x0, x1))
        y0, y1 = (round(1000 * y / view.height) for y in (y0, y1))
    spoken = [y0, x0, y1, x1] if boxes == "thousand-yx" else [x0, y0, x1, y1]
    assert pixels_off(views.page_box(view.id, spoken), SQUARE, view) <= 2
    assert share_inside(SQUARE, views.crop(view.id, spoken).bbox) > 0.999


def test_a_crop_of_a_crop_keeps_page_coordinates_to_within_a_pixel(views):
    view = views.show(NAME, 1)
    for _ in range(3):
        box = [int(edge) for edge in red_box(views.image(view.id))]
        assert pixels_off(views.page_box(view.id, box, "pixel"), SQUARE, view) <= 1
        view = views.crop(view.id, box, "pixel")
        assert share_inside(SQUARE, view.bbox) > 0.999
    assert [shown.id for shown in views.shown] == ["v1", "v2", "v3", "v4"]
    assert view.document == NAME


def test_a_crop_is_rendered_again_from_the_original(views):
    page = views.show(NAME, 1)
    crop = views.crop(page.id, (0.1, 0.1, 0.5, 0.2), "fraction")
    assert crop.dpi > 2 * page.dpi
    assert crop.width * crop.height <= 1_500_000
    edges = np.abs(np.diff(np.asarray(views.image(crop.id).convert("L")).astype(int), axis=1))
    assert edges.max() > 180  # letters are as sharp as on the page, not blown up


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.0, 0.6), min_size=2, max_size=2), st.floats(0.05, 0.4))
def test_any_crop_holds_its_box_and_a_little_more(corpus, corner, side):
    views = Views(corpus, max_pixels=60_000)
    box = (*corner, corner[0] + side, corner[1] + side)
    crop = views.crop(views.show(NAME, 1).id, box, "fraction")
    assert share_inside(box, crop.bbox) == pytest.approx(1)
    assert share_inside(crop.bbox, PAGE) == pytest.approx(1)
    assert crop.bbox[2] - crop.bbox[0] <= side * 1.07 + 1e-9
    assert 10_000 < crop.width * crop.height <= 60_000


def test_a_tiny_crop_is_widened_until_it_shows_something(views):
    crop = views.crop(views.show(NAME, 1).id, (0.999, 0.0, 1.0, 0.001), "fraction")
    assert (crop.bbox[2] - crop.bbox[0]) * WIDTH == pytest.approx(24)
    assert crop.bbox[2] == 1
    assert min(crop.width, crop.height) >= 190


def test_boxes_may_come_in_any_unit(views):
    page = views.show(NAME, 1)
    box = (0.2, 0.2, 0.4, 0.4)
    spoken = [box[n] * (page.width, page.height)[n % 2] for n in range(4)]
    assert views.page_box("v1", spoken) == pytest.approx(box)
    assert views.page_box("v1", [edge * 1000 for edge in box], "thousand") == pytest.approx(box)


def test_what_cannot_be_shown_is_refused_clearly(views):
    with pytest.raises(InputError, match="no page has been shown"):
        views.image("v1")
    views.show(NAME, 1)
    views.show(NAME, 2)
    with pytest.raises(InputError, match=r"no view 'v7'\. There are: v1, v2\."):
        views.crop("v7", (0, 0, 1, 1))
    with pytest.raises(BadBoxError, match="reaches outside"):
        views.crop("v1", (0, 0, 9000, 10))
    with pytest.raises(PageOutOfRangeError):
        views.show(NAME, 9)
    with pytest.raises(UnknownDocumentError):
        views.show("nothing.pdf", 1)
    assert len(views.shown) == 2


def test_a_view_reads_the_words_inside_it_that_a_reader_can_see(views):
    page = views.show(NAME, 1)
    assert views.read(page.id).splitlines() == [
        "The red square is to the right.",
        "It is thirty points wide.",
        "Far below stands another line.",
    ]
    top = views.crop(page.id, (0, 0.05, 1, 0.14), "fraction")
    assert views.read(top.id) == "The red square is to the right."


def test_a_view_without_text_is_read_by_ocr(views):
    scan = views.show(NAME, 4)
    crop = views.crop(scan.id, (0.05, 0.15, 0.95, 0.28), "fraction")
    assert views.text(crop.id) == ""
    assert "4711" in views.read(crop.id)


def test_the_table_in_a_view_comes_as_markdown(views):
    page = views.show(NAME, 3)
    crop = views.crop(page.id, (0.1, 0.18, 0.85, 0.31), "fraction")
    for view in (page, crop):
        table = views.table(view.id)
        assert "| North | 10.5 | 12.5 |" in table
    assert views.table(views.show(NAME, 1).id) == ""
