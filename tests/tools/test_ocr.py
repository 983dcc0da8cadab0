"""Pages and figures without text are read, with boxes where the words stand."""

from io import BytesIO

import pymupdf
import pytest

from pagehop.tools.boxes import share_inside
from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.passages import cut_passages
from pagehop.tools.corpus.reading import Job
from pagehop.tools.corpus.records import Page, Stage

TABLE = (("Segment", "2022", "2023"), ("Cloud", "1000", "1214"), ("Devices", "870", "655"))


@pytest.fixture(scope="module")
def farm():
    with Farm(1) as farm:
        yield farm


def slide():
    """A page with a title, a sentence and a table, and where its words stand."""
    document = pymupdf.open()
    page = document.new_page(width=720, height=540)
    page.insert_text((60, 80), "Quarterly results", fontsize=32)
    page.insert_text((60, 140), "Turnover rose to 73 million euros in spring.", fontsize=18)
    for r, row in enumerate(TABLE):
        for c, text in enumerate(row):
            page.insert_text((80 + 180 * c, 240 + 40 * r), text, fontsize=18)
    return document


def as_picture(document, path):
    """The same page with no text in it."""
    shown = pymupdf.open()
    page = shown.new_page(width=720, height=540)
    page.insert_image(page.rect, pixmap=document[0].get_pixmap(dpi=110))
    shown.save(path)
    return path


def read(farm, path, kind="pdf", stage=Stage.OCR, regions=()):
    job = Job(
        document_id="d", path=path, kind=kind, stage=stage, pages=(1,), regions={1: tuple(regions)}
    )
    (found,) = farm.read([job])
    return found


@pytest.fixture(scope="module")
def scan(farm, tmp_path_factory):
    return read(farm, as_picture(slide(), tmp_path_factory.mktemp("ocr") / "scan.pdf"))


def test_a_page_without_text_is_read_whole(scan):
    assert scan.whole
    assert "Quarterly results" in scan.text
    assert "73 million euros" in scan.text


def test_words_are_boxed_where_they_stand(scan):
    true = {w[4]: pymupdf.Rect(w[:4]) for w in slide()[0].get_text("words")}
    close = 0
    for word in scan.words:
        if word.text in true:
            rect = true[word.text]
            middle = ((word.bbox[0] + word.bbox[2]) * 360, (word.bbox[1] + word.bbox[3]) * 270)
            close += pymupdf.Rect(rect.x0 - 15, rect.y0 - 5, rect.x1 + 15, rect.y1 + 5).contains(
                middle
            )
    assert close >= 12


def test_the_regions_of_a_picture_are_found_with_its_words(scan):
    assert scan.regions
    assert any("Quarterly results" in region.text for region in scan.regions)


def test_passages_are_cut_from_what_was_read(scan):
    page = Page(
        document_id="d",
        number=1,
        label=None,
        width=720,
        height=540,
        stage=Stage.OCR,
        text=scan.text,
    )
    passages = cut_passages(page, scan.words, scan.regions)
    text = " ".join(passage.text for passage in passages)
    assert "Turnover rose to 73 million euros" in text
    assert "1214" in text
    assert all(passage.boxes for passage in passages)


def test_a_page_of_pictures_has_no_regions_before(farm, tmp_path):
    path = as_picture(slide(), tmp_path / "scan.pdf")
    assert read(farm, path, stage=Stage.LAYOUT).regions == ()


def test_a_picture_file_is_read(farm, tmp_path):
    slide()[0].get_pixmap(dpi=96).save(tmp_path / "a.png")
    found = read(farm, tmp_path / "a.png", kind="image")
    assert found.whole
    assert "Quarterly results" in found.text


def test_a_page_with_text_is_not_read_again_but_its_silent_figures_are(farm, tmp_path):
    from PIL import Image, ImageDraw, ImageFont

    chart = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(chart)
    draw.text((80, 150), "Kestrel output", fill="black", font=ImageFont.load_default(60))
    buffer = BytesIO()
    chart.save(buffer, "PNG")
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    page.insert_textbox((50, 50, 550, 300), "Words that can be read by anybody. " * 20, fontsize=11)
    page.insert_image((100, 400, 500, 600), stream=buffer.getvalue())
    document.save(tmp_path / "a.pdf")
    figure, paragraph = (100 / 600, 0.5, 500 / 600, 0.75), (0.05, 0.05, 0.95, 0.4)
    found = read(farm, tmp_path / "a.pdf", regions=[(3, figure), (5, paragraph)])
    assert not found.whole
    assert found.words == ()
    assert list(found.figures) == [3]
    assert [word.text for word in found.figures[3]] == ["Kestrel", "output"]
    assert all(share_inside(word.bbox, figure) > 0.99 for word in found.figures[3])


def test_an_empty_page_gives_nothing(farm, tmp_path):
    document = pymupdf.open()
    document.new_page()
    document.save(tmp_path / "a.pdf")
    found = read(farm, tmp_path / "a.pdf")
    assert (found.words, found.regions, dict(found.figures)) == ((), (), {})


def test_a_box_of_a_page_is_read_on_request(farm, tmp_path):
    path = as_picture(slide(), tmp_path / "scan.pdf")
    words = farm.ocr(path, 1, clip=(0.05, 0.05, 0.7, 0.2))
    assert " ".join(word.text for word in words) == "Quarterly results"
    assert all(word.bbox[3] <= 0.2 for word in words)


def test_a_table_in_a_picture_is_read_on_request(farm, tmp_path):
    path = as_picture(slide(), tmp_path / "scan.pdf")
    table = farm.table(path, 1, clip=(0.05, 0.38, 0.9, 0.65))
    read = tuple(
        tuple(cell.casefold() for cell in row) for row in table.cells
    )  # "c" for "C" is OCR's
    assert read == tuple(tuple(cell.casefold() for cell in row) for row in TABLE)
    assert "| cloud | 1000 | 1214 |" in table.markdown.casefold()
