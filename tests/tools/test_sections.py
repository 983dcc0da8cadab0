"""Sections: pages under one heading are kept together when a question is about a section."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.corpus.records import Document, Page, Passage, Stage
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.fusion import ranked
from pagehop.tools.retrieval.ranking import Asked, adjusted
from pagehop.tools.retrieval.signals.sections import Sections

OUTLINE = {4: ("Engines",), 5: ("Engines",), 6: ("Engines", "Sensors"), 7: ("Engines", "Sensors")}
HEADINGS = {1: ("Boats",), 2: ("Boats", "Sails"), 3: ("Boats", "Sails"), 8: ("Index",)}
DEPTH = 12  # pages


@dataclass(frozen=True)
class Book:
    """Boats on pages 1 to 3 by the headings, engines on 4 to 7 by the outline."""

    outline: dict
    headings: dict

    def pages(self, document_id):
        return [
            Page(
                document_id=document_id,
                number=number,
                label=None,
                width=1,
                height=1,
                stage=Stage.LAYOUT,
                text="",
                outline=self.outline.get(number, ()),
            )
            for number in range(1, DEPTH + 1)
        ]

    def generation(self):
        return 1

    def passages(self, document_id):
        return [
            Passage(
                id=f"{document_id}:{number}:p0",
                document_id=document_id,
                page=number,
                kind="text",
                text="",
                heading=path,
            )
            for number, path in self.headings.items()
        ]


def document(name):
    return Document(
        id=name, names=(name,), kind="pdf", page_count=DEPTH, title="", bytes=1, outcome="indexed"
    )


def after(scores, *, granularity="section", documents=("a",), book=None):
    asked = Asked(
        query=Query(text="Summarize it"),
        scope=Scope(),
        documents={name: document(name) for name in documents},
        lists={},
        granularity=granularity,
    )
    return adjusted([Sections(book or Book(OUTLINE, HEADINGS))], asked, scores)


def pages(scores):
    return [page for _, page in ranked(scores)]


def test_of_two_equal_pages_the_one_in_the_section_that_fits_goes_first():
    scores = {("a", 2): 0.9, ("a", 3): 0.3, ("a", 9): 0.31}
    assert pages(after(scores)) == [2, 3, 9]


def test_sections_are_known_by_the_outline_too():
    scores = {("a", 6): 0.9, ("a", 7): 0.3, ("a", 9): 0.31}
    assert pages(after(scores)) == [6, 7, 9]


def test_a_page_gains_by_the_smallest_part_that_fits_or_by_what_it_is_part_of():
    gained = after({("a", number): 0.9 if number in (6, 7) else 0.1 for number in range(1, 9)})
    assert 0.1 < gained["a", 5] < 0.1 + 0.3 * 0.9  # of the whole, which fits less than its part


@pytest.mark.parametrize("granularity", ["region", "page", "document"])
def test_a_question_about_something_else_moves_nothing(granularity):
    scores = {("a", 2): 0.9, ("a", 3): 0.3, ("a", 9): 0.31}
    assert after(scores, granularity=granularity) == scores


def test_among_many_documents_it_is_the_search_within_each_that_sees_sections():
    scores = {("a", 2): 0.9, ("a", 3): 0.3, ("b", 9): 0.31}
    assert after(scores, documents=("a", "b")) == scores


def test_what_is_longer_than_half_the_document_is_no_section():
    whole = Book(dict.fromkeys(range(1, DEPTH + 1), ("The book",)), {})
    scores = {("a", 2): 0.9, ("a", 3): 0.3}
    assert after(scores, book=whole) == scores


@given(st.dictionaries(st.tuples(st.just("a"), st.integers(1, DEPTH)), st.floats(0, 3)))
def test_no_page_is_added_none_falls_and_the_best_stays_the_best(scores):
    moved = after(scores)
    assert moved.keys() == scores.keys()
    assert all(0 <= moved[place] - scores[place] <= 0.3 + 1e-9 for place in scores)
    assert pages(moved)[:1] == pages(scores)[:1]
