"""The document prior and the cascade: near-identical documents, told apart without drowning one."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.cascade import reordered
from pagehop.tools.retrieval.channel import Match, Query, Scope
from pagehop.tools.retrieval.fusion import ranked
from pagehop.tools.retrieval.naming.directory import Directory
from pagehop.tools.retrieval.naming.pointing import point
from pagehop.tools.retrieval.ranking import Asked
from pagehop.tools.retrieval.signals.documents import DocumentSignal, together
from pagehop.tools.retrieval.signals.leading import leading

REPORTS = {
    f"{company}_{year}_10K.pdf": f"{spelt}\nFORM 10-K\nFor the fiscal year ended June 30, {year}"
    for company, spelt in (("3M", "3M COMPANY"), ("BESTBUY", "BEST BUY CO., INC."))
    for year in range(2016, 2024)
}


@dataclass
class Shelf:
    """Documents and their first pages, as a catalogue shows them."""

    heads: dict[str, str]  # name -> text of page 1; the name is the id too
    changes: int = 0
    reads: list[str] = field(default_factory=list)

    def generation(self):
        return self.changes

    def documents(self):
        return tuple(
            Document(
                id=name,
                names=(name,),
                kind="pdf",
                page_count=3,
                title="",
                bytes=1,
                outcome="indexed",
            )
            for name in sorted(self.heads)
        )

    def page_digests(self):
        return {(name, 1): head for name, head in self.heads.items()}

    def openings(self, documents, length):
        self.reads += documents
        return {one: self.heads[one][:length] for one in documents if one in self.heads}


def asked_of(shelf, question, matches=()):
    documents = {one.id: one for one in shelf.documents()}
    return Asked(
        query=Query(text=question), scope=Scope(), documents=documents, lists={"lexical": matches}
    )


def first(shelf, question):
    """The document that comes first when all their pages score alike."""
    scores = {(name, page): 0.5 for name in shelf.heads for page in (1, 2, 3)}
    added = DocumentSignal(Directory(shelf)).scores(asked_of(shelf, question), scores)
    return ranked({place: scores[place] + added.get(place, 0.0) for place in scores})[0][0]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("What was 3M's capital expenditure in FY2018?", "3M_2018_10K.pdf"),
        ("How did Best Buy do between fiscal 2020 and fiscal 2021?", "BESTBUY_2021_10K.pdf"),
        ("What is the total debt of Bestbuy for FY19?", "BESTBUY_2019_10K.pdf"),
    ],
)
def test_of_near_identical_reports_the_asked_company_and_year_comes_first(question, meant):
    assert first(Shelf(REPORTS), question) == meant


@pytest.mark.parametrize("year", [2016, 2023])
def test_files_with_names_that_say_nothing_are_told_apart_by_their_first_page(year):
    named = {name: f"{number:016x}.pdf" for number, name in enumerate(REPORTS)}
    shelf = Shelf({named[name]: head for name, head in REPORTS.items()})
    assert (
        first(shelf, f"What did Best Buy pay for rent in {year}?")
        == named[f"BESTBUY_{year}_10K.pdf"]
    )


def test_with_one_company_alone_the_year_still_decides():
    shelf = Shelf({name: head for name, head in REPORTS.items() if name.startswith("3M")})
    assert first(shelf, "What was the net income of 3M in 2019?") == "3M_2019_10K.pdf"


def test_a_quarter_says_which_report_is_meant_where_nobody_is_named():
    quarters = {
        f"{company}_2024Q{quarter}_10Q.pdf": ""
        for company in ("ALDER", "BIRCH")
        for quarter in (1, 2)
    }
    shelf = Shelf({"ALDER_2024_10K.pdf": "", **quarters})
    signal, places = DocumentSignal(Directory(shelf)), {(name, 1): 0.5 for name in shelf.heads}
    quarter = signal.scores(asked_of(shelf, "Did cash fall in the second quarter of 2024?"), places)
    assert {name for (name, _), more in quarter.items() if more > 0.4} == {
        "ALDER_2024Q2_10Q.pdf", "BIRCH_2024Q2_10Q.pdf",
    }  # fmt: skip
    year = signal.scores(asked_of(shelf, "Did cash fall in 2024?"), places)
    assert max(year.values()) < 0.1  # any text tells years, of other documents too


def test_the_prior_is_soft_a_page_that_fits_much_better_still_wins():
    shelf = Shelf(REPORTS)
    places = {("BESTBUY_2016_10K.pdf", 1): 3.0, ("3M_2018_10K.pdf", 1): 0.1}
    added = DocumentSignal(Directory(shelf)).scores(asked_of(shelf, "3M in 2018"), places)
    assert ranked({one: places[one] + added.get(one, 0.0) for one in places})[0][0].startswith("B")


def test_all_pages_of_a_document_get_the_same_and_one_document_gets_nothing():
    shelf = Shelf(REPORTS)
    places = {("3M_2018_10K.pdf", page): page / 10 for page in (1, 2, 3)}
    signal = DocumentSignal(Directory(shelf))
    assert len(set(signal.scores(asked_of(shelf, "3M in 2018"), places).values())) == 1
    alone = asked_of(shelf, "3M in 2018")
    only = replace(alone, documents={"3M_2018_10K.pdf": alone.documents["3M_2018_10K.pdf"]})
    assert signal.scores(only, places) == {}


def test_a_document_whose_pages_fit_together_is_raised_by_its_length_not_its_bulk():
    shelf = Shelf({"short.pdf": "", "long.pdf": ""})
    documents = {one.id: one for one in shelf.documents()}
    documents["long.pdf"] = replace(documents["long.pdf"], page_count=300)
    matches = [Match(document_id="short.pdf", page=page, score=2.0) for page in (1, 2)]
    matches += [Match(document_id="long.pdf", page=page, score=0.5) for page in range(1, 40)]
    fits = together(matches, documents)
    assert fits["short.pdf"] == 1.0 > fits["long.pdf"] > 0


def test_a_new_document_is_known_at_once_and_a_removed_one_no_more():
    shelf = Shelf(dict(REPORTS))
    directory = Directory(shelf)
    assert "ZEBRA_2020.pdf" not in directory.names("What did Zebra or 3M say?")
    shelf.heads["ZEBRA_2020.pdf"] = ""
    del shelf.heads["3M_2018_10K.pdf"]
    shelf.changes += 1
    found = directory.names("What did Zebra or 3M say?")
    assert "ZEBRA_2020.pdf" in found
    assert "3M_2018_10K.pdf" not in found


def test_first_pages_are_read_once_a_generation():
    shelf = Shelf(REPORTS)
    directory = Directory(shelf)
    directory.heads("3M", REPORTS)
    directory.names("Best Buy")
    assert len(shelf.reads) == len(REPORTS)


def test_a_page_number_in_a_crowd_of_documents_points_nowhere_until_one_is_searched():
    shelf = Shelf({f"{number:03}.pdf": "" for number in range(60)})
    known = {one.id: one for one in shelf.documents()}
    assert not point("What is on page 2?", known, NoPages(), Scope()).pages
    alone = {"007.pdf": known["007.pdf"]}
    assert set(point("What is on page 2?", alone, NoPages(), Scope()).pages) == {("007.pdf", 2)}


class NoPages:
    """A view of documents of which only the number of pages is known."""

    def pages(self, _document):
        return ()

    def regions(self, _document):
        return ()

    def passages(self, _document):
        return ()


places = st.tuples(st.sampled_from("abcd"), st.integers(1, 6))
score_maps = st.dictionaries(places, st.integers(0, 50).map(float), max_size=20)


@given(score_maps, score_maps, st.integers(0, 4))
def test_the_cascade_moves_pages_within_their_documents_alone(scores, inner, count):
    within = {
        document: {place: score for place, score in inner.items() if place[0] == document}
        for document in leading(scores, count)
    }
    after = reordered(scores, within)
    assert [document for document, _ in ranked(scores)] == [document for document, _ in after]
    assert list(after.values()) == sorted(scores.values(), reverse=True)
    for document, found in within.items():
        shown = [place for place in after if place[0] == document]
        assert (
            shown
            == [
                *ranked(found),
                *(p for p in ranked(scores) if p[0] == document and p not in found),
            ][: len(shown)]
        )


@given(score_maps)
def test_the_cascade_without_a_search_within_changes_nothing(scores):
    assert ranked(reordered(scores, {})) == ranked(scores)
    alone = {d: {p: s for p, s in scores.items() if p[0] == d} for d in leading(scores, 9)}
    assert list(reordered(scores, alone)) == ranked(scores)
