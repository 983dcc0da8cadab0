"""A part of a page as a query: its own words, and what its document says of it."""

import pymupdf
import pytest

from pagehop.agents import Budget, Calls, ScriptedChatModel
from pagehop.agents.model.looking.crop_reader import CropReader, CropReply
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from pagehop.tools.errors import (
    BadBoxError,
    BadPictureError,
    InputError,
    PageOutOfRangeError,
    UnknownDocumentError,
)
from pagehop.tools.toolbox import run_tool, similar_tool
from pagehop.tools.vision import Views

ROWS = (("", "2021", "2022"), ("Antwerp", "41,210", "43,008"), ("Piraeus", "17,455", "16,920"))
YEARBOOK = "harbours_2022_yearbook.pdf"
CAPTION = "Table 4: Mooring winches by quay"
MENTION = "As Table 4 shows, most winches are of the hydraulic type."
GRID = (0.1, 0.3, 0.9, 0.47)  # around the table of page 1, without its caption
PROSE = (
    "The annual meeting was held in May and was attended by forty members.",
    "The minutes were approved. The board thanked the staff for their work.",
)


def _yearbook():
    pdf = pymupdf.open()
    page = pdf.new_page(width=400, height=500)
    page.insert_text((50, 60), "Equipment of the harbours", fontsize=15)
    page.insert_text((50, 90), MENTION, fontsize=9)
    page.insert_text((50, 145), CAPTION, fontsize=9)
    for row, cells in enumerate(ROWS):
        for column, cell in enumerate(cells):
            page.insert_text((60 + column * 100, 170 + row * 24), cell, fontsize=11)
    for line in range(4):
        page.draw_line((50, 154 + line * 24), (350, 154 + line * 24))
    for x in (50, 150, 250, 350):
        page.draw_line((x, 154), (x, 226))
    return pdf


def _letter():
    """A page on something else, one on winches, and one that is a scan."""
    pdf = pymupdf.open()
    for lines in (PROSE, ("The mooring winches on the quay need oil.",)):
        page = pdf.new_page(width=400, height=500)
        for number, line in enumerate(lines):
            page.insert_text((40, 90 + 30 * number), line, fontsize=10)
    drawn = pymupdf.open()
    drawn.new_page(width=400, height=200).insert_text((40, 90), "LOCK GATE PLAN", fontsize=30)
    page = pdf.new_page(width=400, height=500)
    page.insert_image((0, 100, 400, 300), pixmap=drawn[0].get_pixmap(dpi=150))
    return pdf


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("harbours")
    for name, pdf in ((YEARBOOK, _yearbook()), ("letter.pdf", _letter())):
        pdf.save(folder / name)
        pdf.close()
    with Corpus(folder / "corpus") as corpus:
        files = (folder / YEARBOOK, folder / "letter.pdf")
        assert not corpus.add(*files, until=Stage.LAYOUT, workers=1).failed
        yield corpus


def test_a_table_is_known_by_its_words_its_caption_and_what_mentions_it(corpus):
    crop = corpus.crop(YEARBOOK, 1, GRID)
    assert {"Antwerp", "43,008"} <= set(crop.text.split())
    assert "Mooring" not in crop.text
    assert CAPTION in crop.about
    assert MENTION in crop.about
    assert "Antwerp; Piraeus" in crop.about
    assert crop.of == "harbours yearbook"
    assert crop.picture.mode == "RGB"
    assert crop.picture.width == pytest.approx(1_600, abs=2)


def test_it_is_found_first_and_elsewhere_by_its_caption(corpus):
    crop = corpus.crop(YEARBOOK, 1, GRID)
    first = corpus.find(image=crop).hits[0]
    assert (first.document, first.page) == (YEARBOOK, 1)
    places = {(corpus.document(YEARBOOK).id, 1)}
    elsewhere = corpus.find(image=crop, without=places).hits[0]
    assert (elsewhere.document, elsewhere.page) == ("letter.pdf", 2)


def test_the_image_agent_finds_the_like_of_a_table_by_its_caption(corpus):
    views = Views(corpus)
    views.show(YEARBOOK, 1, GRID)
    found = run_tool(similar_tool(views, corpus), {"view": "v1"})
    assert found.ok, found.content
    assert found.content.startswith("v2 is page 2 of 'letter.pdf'")


def test_of_prose_nothing_is_told_but_itself(corpus):
    crop = corpus.crop("letter.pdf", 1)
    assert crop.text.splitlines() == list(PROSE)
    assert crop.about == ""


def test_a_part_that_the_corpus_has_not_read_is_read_now(corpus):
    crop = corpus.crop("letter.pdf", 3, (0.0, 0.2, 1.0, 0.6))
    assert "LOCK GATE PLAN" in crop.text


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (("letter.pdf", 9), PageOutOfRangeError, "pages 1 to 3"),
        (("nowhere.pdf", 1), UnknownDocumentError, "nowhere"),
        (("letter.pdf", 1, (2.0, 0.5, 3.0, 0.9)), BadBoxError, "box"),
        (("letter.pdf", 1, (0.5, 0.5, 0.501, 0.9)), BadPictureError, "too little"),
        (("letter.pdf", None, GRID), InputError, "on which page"),
    ],
)
def test_what_is_no_part_of_a_page_is_one_clear_error(corpus, asked, error, said):
    with pytest.raises(error, match=said) as caught:
        corpus.crop(*asked)
    assert "\n" not in str(caught.value)


ACL, EMNLP = "2023.acl-long.386.pdf", "2023.findings-emnlp.248.pdf"


@pytest.fixture(scope="module")
def papers(demo):
    with Corpus(demo[0] / "corpus") as papers:
        yield papers


def shown(papers, document, page, label):
    (region,) = (one for one in papers.regions(document, page) if one.label == label)
    return region


@pytest.mark.slow
def test_every_captioned_table_and_figure_of_the_papers_finds_its_own_page_first(papers):
    regions = [one for d in (ACL, EMNLP) for one in papers.regions(d) if one.label and one.caption]
    regions = [one for one in regions if one.kind in ("table", "figure")]
    assert len(regions) > 10
    for one in regions:
        crop = papers.crop(one.document_id, one.page, one.bbox)
        hit = papers.find(k=1, image=crop).hits[0]
        assert (hit.document_id, hit.page) == (one.document_id, one.page), one.caption


@pytest.mark.slow
def test_a_picture_of_a_table_of_the_papers_finds_its_page_and_with_words_another(papers):
    table = shown(papers, EMNLP, 7, "Table 2")
    crop = papers.crop(papers.image(EMNLP, 7, clip=table.bbox))
    assert crop.about == "", "a file is no known page"
    hit = papers.find(k=1, image=crop).hits[0]
    assert (hit.document, hit.page) == (EMNLP, 7)
    own = {(table.document_id, 7)}
    other = papers.find("by size of reasoning depth", 1, image=crop, without=own).hits[0]
    assert (other.document, other.page) == (EMNLP, 8)


@pytest.mark.slow
def test_what_a_model_reads_leads_to_the_other_paper_where_the_words_name_it(papers):
    figure = shown(papers, ACL, 2, "Figure 1")
    crop = papers.crop(ACL, 2, figure.bbox)
    own, words = {(figure.document_id, 2)}, "but of Logic-LM"
    assert papers.find(words, 1, image=crop, without=own).hits[0].document == ACL
    seen = CropReply(
        title="Overview of the framework",
        labels=["Problem Formulator", "Symbolic", "Interpreter"],
        subject="A diagram of how a problem becomes a program that is run to answer it.",
    )
    reader = CropReader(Calls(Budget()), ScriptedChatModel(script=[seen]))
    hit = papers.find(words, 1, image=reader.read(crop, words), without=own).hits[0]
    assert hit.document == EMNLP
    assert hit.page in (1, 3), "its two overviews"
