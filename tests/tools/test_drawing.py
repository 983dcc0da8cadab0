"""What is cited is marked where it stands, and stays legible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_book import DARK_LINE, NAME, SQUARE, make_book
from PIL import Image

from pagehop.tools.corpus.quotes import locate
from pagehop.tools.errors import StorageError, UnknownDocumentError
from pagehop.tools.evidence import Answer, Citation
from pagehop.tools.vision import cited_page, draw_boxes, save_figures
from pagehop.tools.vision.figures import figure_name


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    with make_book(tmp_path_factory.mktemp("book")) as corpus:
        yield corpus


def cite(book, quote, page, **changed):
    found = locate(quote, book.words(NAME, page))
    facts = {
        "id": "c1",
        "document": NAME,
        "document_id": book.document(NAME).id,
        "page": page,
        "bbox": found.bbox if found else None,
        "boxes": found.boxes if found else (),
        "modality": "text",
        "quote": quote,
        "verified": True,
        "corpus": str(book.path),
    }
    return Citation(**{**facts, **changed})


def grey(image):
    return np.asarray(image.convert("L")).astype(int)


def inside(image, box):
    """The pixels of a picture in a box."""
    width, height = image.size
    x0, y0, x1, y1 = (
        round(edge * side) for edge, side in zip(box, (width, height) * 2, strict=True)
    )
    return np.asarray(image.convert("RGB")).astype(int)[y0:y1, x0:x1]


fractions = st.floats(0, 1)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.lists(st.tuples(fractions, fractions, fractions, fractions), max_size=4),
    st.text(max_size=20),
)
def test_any_boxes_can_be_drawn_on_any_picture(width, height, corners, label):
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    picture = Image.new("RGB", (width, height), "white")
    drawn = draw_boxes(picture, boxes, label=label)
    assert drawn.size == (width, height)
    assert picture.getextrema() == ((255, 255),) * 3  # the original is left alone


def test_the_mark_lies_over_the_quote_and_nowhere_else(corpus):
    citation = cite(corpus, "It is thirty points wide.", 1)
    before = corpus.image(NAME, 1, dpi=110).convert("RGB")
    after = citation.image()
    changed = np.abs(np.asarray(before).astype(int) - np.asarray(after).astype(int)).sum(axis=2)
    rows, columns = np.nonzero(changed > 30)
    x0, y0, x1, y1 = citation.bbox
    assert rows.min() / after.height > y0 - 0.05
    assert rows.max() / after.height < y1 + 0.05
    assert columns.min() / after.width > x0 - 0.2
    assert columns.max() / after.width < x1 + 0.2
    blue = inside(after, citation.bbox)[..., 2]
    assert np.median(blue) < 200  # yellow


@pytest.mark.parametrize(
    ("page", "quote"), [(1, "The red square is to the right."), (2, DARK_LINE)]
)
def test_text_under_the_mark_stays_legible(corpus, page, quote):
    citation = cite(corpus, quote, page)
    before = inside(corpus.image(NAME, page, dpi=110), citation.bbox).mean(axis=2)
    after = inside(cited_page(citation, dpi=110), citation.bbox).mean(axis=2)
    spread = [np.percentile(p, 99) - np.percentile(p, 1) for p in (before, after)]
    assert spread[1] > 0.6 * spread[0]


def test_the_outline_is_brighter_than_a_dark_page_and_darker_than_a_light_one():
    box = (0.3, 0.4, 0.7, 0.6)
    for ground, brighter in (("#101422", True), ("white", False)):
        picture = Image.new("RGB", (600, 400), ground)
        for boxes in ((), (box,)):
            outline = grey(draw_boxes(picture, boxes, bbox=box))[200, 172:180]  # left of the box
            strongest = outline.max() if brighter else outline.min()
            assert abs(strongest - grey(picture)[0, 0]) > 80


def test_a_figure_keeps_its_own_colours(corpus):
    citation = cite(corpus, "", 1, bbox=SQUARE, modality="figure")
    red, green, blue = inside(cited_page(citation, dpi=110), SQUARE)[5:-5, 5:-5].mean(axis=(0, 1))
    assert red > 235
    assert max(green, blue) < 30


def test_a_page_without_a_known_box_gets_a_frame_and_no_mark(corpus):
    citation = cite(corpus, "", 1, modality="page")
    before, after = corpus.image(NAME, 1, dpi=110).convert("RGB"), cited_page(citation, dpi=110)
    assert not np.array_equal(grey(before)[:40], grey(after)[:40])
    middle = (0.1, 0.1, 0.9, 0.95)
    assert np.array_equal(inside(before, middle), inside(after, middle))


def test_figures_are_written_one_a_citation(corpus, tmp_path):
    answer = Answer(
        question="?",
        text="!",
        status="answered",
        citations=(
            cite(corpus, "It is thirty points wide.", 1),
            Citation(
                id="c2", document="", document_id="tool:rate", page=0, modality="tool",
                quote="1.1", verified=True, corpus=str(corpus.path),
            ),
            cite(corpus, DARK_LINE, 2, id="c3"),
        ),
    )  # fmt: skip
    paths = save_figures(answer, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "c1-picture-book.pdf-p1.png",
        "c3-picture-book.pdf-p2.png",
    ]
    for path in paths:
        with Image.open(path) as image:
            assert image.width > 500


@given(st.text(max_size=300), st.text(min_size=1, max_size=5))
def test_no_document_name_leads_out_of_the_folder(name, id_):
    citation = Citation(
        id=id_, document=name, document_id="d", page=3, modality="text", quote="", verified=True
    )
    made = figure_name(citation)
    assert not set(made) & set("/\\\0\n")
    assert not made.startswith(".")
    assert made.endswith("-p3.png")
    assert len(made.encode()) <= 255


def test_a_tool_has_no_page(corpus):
    citation = Citation(
        id="c1", document="", document_id="tool:rate", page=0, modality="tool", quote="1.1",
        verified=True, corpus=str(corpus.path),
    )  # fmt: skip
    with pytest.raises(UnknownDocumentError, match="a tool has no page"):
        citation.image()


def test_a_corpus_that_is_gone_is_not_made_again(corpus, tmp_path):
    citation = cite(corpus, DARK_LINE, 2, corpus=str(tmp_path / "gone"))
    with pytest.raises(UnknownDocumentError, match="moved or deleted"):
        citation.image()
    assert not (tmp_path / "gone").exists()
    with pytest.raises(UnknownDocumentError):
        cite(corpus, DARK_LINE, 2, document_id="0" * 32).image()


def test_a_folder_that_cannot_be_written_is_a_clear_error(corpus, tmp_path):
    (tmp_path / "file").write_text("in the way")
    citations = (cite(corpus, DARK_LINE, 2),)
    answer = Answer(question="?", text="!", status="answered", citations=citations)
    with pytest.raises(StorageError, match="cannot be written"):
        save_figures(answer, tmp_path / "file")


def test_an_answer_without_citations_has_no_figures(tmp_path):
    answer = Answer(question="?", text="none", status="unanswerable")
    assert save_figures(answer, tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
