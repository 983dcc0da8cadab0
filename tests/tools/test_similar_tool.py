"""The tool find_similar: from a part of a picture to where its like stands on other pages."""

import pymupdf
import pytest

from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from pagehop.tools.toolbox import run_tool, similar_tool
from pagehop.tools.vision import Views

SALES = ("Harbour dues by port", "Antwerp 41,210", "Rotterdam 52,870", "Piraeus 17,455")
OTHER = ("Staff by grade", "Pilots 310", "Engineers 122", "Clerks 88")
TABLE = [0.05, 0.08, 0.7, 0.36]  # around the lines of a page


def write(path, *pages):
    with pymupdf.open() as pdf:
        for lines in pages:
            page = pdf.new_page(width=400, height=500)
            for number, line in enumerate(lines):
                page.insert_text((40, 70 + 30 * number), line, fontsize=14)
        pdf.save(path)
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ports")
    files = (
        write(folder / "yearbook.pdf", OTHER, SALES),
        write(folder / "letter.pdf", SALES, ("Dear reader", "This is a letter on nothing.")),
    )
    with Corpus(folder / "corpus") as corpus:
        assert not corpus.add(*files, until=Stage.TEXT, workers=1).failed
        yield corpus


@pytest.fixture
def views(corpus):
    views = Views(corpus)
    views.show("letter.pdf", 1)
    views.crop("v1", TABLE)
    return views


def test_the_like_of_a_crop_is_found_elsewhere_and_becomes_a_view(corpus, views):
    found = run_tool(similar_tool(views, corpus), {"view": "v2"})
    assert found.ok, found.content
    best, *_, last = found.content.splitlines()
    assert best.startswith("v3 is page 2 of 'yearbook.pdf', box [")
    assert "Rotterdam 52,870" in found.content
    assert last == "Crop one of these views to see it."
    assert (views.view("v3").document, views.view("v3").page) == ("yearbook.pdf", 2)
    assert "page 1 of 'letter.pdf'" not in found.content, "the page itself is no find"


def test_words_say_what_should_be_different(corpus, views):
    asked = {"view": "v2", "words": "staff by grade: pilots, engineers, clerks"}
    found = run_tool(similar_tool(views, corpus), asked)
    assert "page 1 of 'yearbook.pdf'" in found.content


def test_documents_that_are_not_on_offer_are_not_searched(corpus, views):
    tool = similar_tool(views, corpus, ["letter.pdf"])
    found = run_tool(tool, {"view": "v2", "words": "harbour dues"})
    assert found.ok, found.content
    assert "yearbook" not in found.content


def test_a_view_that_was_not_shown_is_told(corpus, views):
    missing = run_tool(similar_tool(views, corpus), {"view": "v9"})
    assert not missing.ok
    assert "There are: v1, v2." in missing.content
