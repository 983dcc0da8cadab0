"""The maker of near-identical filings: what is varied, what stays, which copies there are."""

import sys
from pathlib import Path

import pytest

from pagehop.tools import Corpus, Stage
from pagehop.tools.errors import InputError
from tests.apps.program import write_pdf

PAGES = (
    ("ALDER MILLS INC.", "Form 10-K", "For the fiscal year ended June 30, 2018"),
    ("Alder Mills had sales of $12,345 in 2018", "and of $11,004 in 2017, or 7.1% more: 12,345."),
)


@pytest.fixture(scope="module")
def maker():
    """The module of the benchmark, which stands beside the script that uses it."""
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    import filings_corpus

    sys.path.remove(folder)
    return filings_corpus


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filings")
    names = ("ALDERMILLS_2018_10K.pdf", "BIRCH_2020Q2_EARNINGS.pdf", "minutes.pdf")
    with Corpus(folder / "corpus") as corpus:
        paths = [write_pdf(folder / one, ((*PAGES[0], one[:5]), PAGES[1])) for one in names]
        corpus.add(*paths, until=Stage.TEXT, workers=1)
        yield corpus


@pytest.fixture(scope="module")
def made(maker, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "corpus"
    maker.make(source, folder, lambda done, of: None)
    with Corpus(folder) as corpus:
        yield corpus


def text(corpus, name):
    return " ".join(page.text for page in corpus.catalogue.pages(corpus.document(name).id))


def test_there_is_a_copy_for_every_year_and_other_company_and_none_of_what_is_no_filing(made):
    assert {one.name for one in made.documents()} == {
        *(f"ALDERMILLS_{year}_10K.pdf" for year in range(2016, 2021)),
        *(f"BIRCH_{year}Q2_EARNINGS.pdf" for year in range(2018, 2023)),
        *(f"BIRCH_{year}_10K.pdf" for year in (2017, 2018, 2019)),
    }


def test_a_real_filing_is_as_it_was(made, source):
    name = "ALDERMILLS_2018_10K.pdf"
    assert made.document(name).id == source.document(name).id
    assert text(made, name) == text(source, name)


def test_a_copy_has_other_years_and_numbers_and_agrees_with_itself(made):
    read = text(made, "ALDERMILLS_2020_10K.pdf")
    assert "June 30, 2020" in read
    assert "2018" not in read
    assert "12,345" not in read
    sales = read.split("sales of $")[1].split()[0]
    assert len(sales) == len("12,345")
    assert f"more: {sales}." in read


def test_a_copy_for_another_company_has_its_name_wherever_it_stands(made):
    read = text(made, "BIRCH_2018_10K.pdf")
    assert "alder mills" not in read.lower()
    assert "Birch had sales" in read


def test_passages_and_regions_are_those_of_the_copy(made):
    document = made.document("ALDERMILLS_2020_10K.pdf")
    passages = made.catalogue.passages(document.id)
    assert passages
    assert all(one.id.startswith(document.id) for one in passages)
    pages = {page.number: page.text for page in made.catalogue.pages(document.id)}
    assert all(one.text.split()[0] in pages[one.page] for one in passages)


def test_the_copies_are_the_same_every_time(made, maker, source, tmp_path):
    maker.make(source, tmp_path / "again", lambda done, of: None)
    with Corpus(tmp_path / "again") as again:
        assert list(again.catalogue.dump()) == list(made.catalogue.dump())


def test_a_corpus_without_filings_is_refused_with_what_it_has(maker, tmp_path):
    path = write_pdf(tmp_path / "minutes.pdf", PAGES)
    with Corpus(tmp_path / "corpus") as corpus:
        corpus.add(path, until=Stage.TEXT, workers=1)
        with pytest.raises(InputError, match=r"no filing.*minutes\.pdf"):
            maker.make(corpus, tmp_path / "made", lambda done, of: None)
    assert not (tmp_path / "made").exists()
