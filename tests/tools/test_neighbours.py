"""Neighbours: a page beside pages that fit is worth a little more."""

from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.fusion import ranked
from pagehop.tools.retrieval.ranking import Asked, adjusted
from pagehop.tools.retrieval.signals.neighbours import Neighbours

ASKED = Asked(query=Query(text="rent"), scope=Scope(), documents={}, lists={})


def after(scores):
    return adjusted([Neighbours()], ASKED, scores)


def test_of_two_equal_pages_the_one_beside_a_page_that_fits_goes_first():
    scores = {("a", 3): 0.9, ("a", 4): 0.5, ("a", 9): 0.5}
    assert ranked(after(scores)) == [("a", 3), ("a", 4), ("a", 9)]


def test_a_page_of_another_document_is_no_neighbour():
    assert after({("a", 3): 0.9, ("b", 4): 0.5}) == {("a", 3): 0.9, ("b", 4): 0.5}


def test_a_page_that_the_question_names_lifts_its_neighbours_no_more_than_one_that_fits_best():
    named = after({("a", 3): 2.5, ("a", 4): 0.1})
    assert named["a", 4] == after({("a", 3): 1.0, ("a", 4): 0.1})["a", 4]


def test_the_best_page_stays_the_best():
    scores = {("a", 3): 0.6, ("a", 4): 0.59, ("a", 5): 0.58}
    assert ranked(after(scores))[0] == ("a", 3)
    assert after(scores)["a", 4] < after(scores)["a", 3] == 0.6


places = st.tuples(st.sampled_from("ab"), st.integers(1, 9))


@given(st.dictionaries(places, st.floats(0, 1)))
def test_no_page_is_added_and_none_moves_by_more_than_a_small_share(scores):
    moved = after(scores)
    assert moved.keys() == scores.keys()
    assert all(0 <= moved[place] - scores[place] <= 0.15 + 1e-9 for place in scores)
