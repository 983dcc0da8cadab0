"""A corpus with a visual model: chosen once, searched by words and crops, erased with the rest."""

import pymupdf
import pytest

from pagehop.tools import Corpus, Stage
from pagehop.tools.errors import MixedSpacesError, UnknownModelError
from pagehop.tools.retrieval.channel import Query, Scope

WORDS = ("Total revenue in 2023", "Wind and solar power", "Employees by region")


@pytest.fixture(scope="module")
def corpus(tiny, tmp_path_factory):
    """Two documents, one to be removed."""
    folder = tmp_path_factory.mktemp("seen")
    for name, pages in (("report", WORDS), ("deck", WORDS[:1])):
        with pymupdf.open() as pdf:
            for number, text in enumerate(pages):
                page = pdf.new_page(width=400, height=500)
                page.insert_text((40, 60 + 40 * number), f"{name}: {text}", fontsize=16)
                left = 60 * number + (30 if name == "deck" else 0)
                page.draw_rect((40 + left, 250, 160 + left, 420), fill=(0.9, 0.2 * number, 0.1))
            pdf.save(folder / f"{name}.pdf")
    models = [str(tiny / "neomme"), str(tiny / "clip")]
    with Corpus(folder / "corpus", visual=models) as corpus:
        report = corpus.add(folder / "report.pdf", folder / "deck.pdf", until=Stage.TEXT)
        assert not report.failed
        yield corpus


def test_pages_are_encoded_when_they_are_added(corpus):
    assert {"visual", "picture"} <= set(corpus.retriever.channels)
    assert not [said for said in corpus.check() if "encoded" in said]


@pytest.mark.parametrize("name", ["visual", "picture"])
def test_a_page_is_found_by_its_own_picture(corpus, name):
    identity = corpus.document("report.pdf").id
    for number in (1, 2, 3):
        query = Query(text="", image=corpus.image("report.pdf", number, dpi=147))
        best = corpus.retriever.channels[name].search(query, Scope(), 1)[0]
        assert (best.document_id, best.page) == (identity, number)


def test_a_crop_is_read_and_shown(corpus):
    hit = corpus.search("", 1, image=corpus.image("report.pdf", 2, dpi=60))[0]
    assert (hit.document, hit.page) == ("report.pdf", 2)


def test_the_choice_holds_at_the_next_opening_and_another_is_refused(corpus, tiny):
    with Corpus(corpus.path) as again:
        assert {"visual", "picture"} <= set(again.retriever.channels)
        assert again.search("revenue", channels=["visual"])
    with (
        Corpus(corpus.path, visual=str(tiny / "colpali")) as other,
        pytest.raises(MixedSpacesError, match="pagehop encode --visual"),
    ):
        other.search("revenue", channels=["visual"])
    with (
        Corpus(corpus.path, visual="who/knows") as unknown,
        pytest.raises(UnknownModelError, match="hf download who/knows"),
    ):
        unknown.search("revenue")


def test_a_removed_document_leaves_no_vector(corpus):
    identity = corpus.document("deck.pdf").id
    assert [hit for hit in corpus.search("revenue", channels=["visual"]) if hit.page == 1]
    corpus.remove("deck.pdf")
    found = corpus.search("revenue", channels=["visual", "picture"])
    assert {hit.document for hit in found} == {"report.pdf"}
    files = [path for path in corpus.path.rglob("*") if path.is_file()]
    assert not [path for path in files if identity.encode() in path.read_bytes()]
