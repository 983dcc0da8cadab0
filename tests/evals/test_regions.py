"""What of the gold boxes is shown: by hand, and the laws that keep anyone from cheating."""

from itertools import pairwise
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from pagehop.evals.cases import Case
from pagehop.evals.overlap import covered
from pagehop.evals.question import Question
from pagehop.evals.regions import covered_share, hit_share, overlap, shown_area
from pagehop.evals.runs import Outcome

FIRST, SECOND = ("deck", 1), ("deck", 2)
edges = st.integers(0, 10).map(lambda tenth: tenth / 10)
boxes = st.tuples(edges, edges, edges, edges).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)
shown = st.lists(st.tuples(st.sampled_from([FIRST, SECOND]), boxes), max_size=8)


def case_of(regions) -> Case:
    question = Question(id="q", text="?", set="s", documents=("deck",))
    return Case(
        question=question, documents=frozenset({"deck"}), gold=frozenset(regions), regions=regions
    )


def outcome_of(regions) -> Outcome:
    return Outcome(pages=(), seconds=0.0, regions=tuple(regions))


GOLD = case_of({FIRST: ((0.0, 0.0, 0.4, 0.5),), SECOND: ((0.0, 0.0, 0.2, 0.5),)})


def test_the_share_is_that_of_the_area_over_all_pages():
    outcome = outcome_of([(FIRST, (0.0, 0.0, 0.2, 1.0)), (SECOND, (0.0, 0.0, 1.0, 1.0))])
    assert isclose(covered_share(GOLD, outcome, 1), 0.1 / 0.3)
    assert isclose(covered_share(GOLD, outcome, 2), 0.2 / 0.3)


def test_a_box_on_another_page_covers_nothing():
    gold = case_of({FIRST: ((0.0, 0.0, 0.4, 0.5),)})
    assert covered_share(gold, outcome_of([(SECOND, (0.0, 0.0, 1.0, 1.0))]), 5) == 0


def test_a_box_is_hit_when_half_of_both_is_common():
    gold = case_of({FIRST: ((0.0, 0.0, 0.4, 0.4), (0.6, 0.6, 1.0, 1.0))})
    near = outcome_of([(FIRST, (0.0, 0.0, 0.4, 0.5))])
    whole = outcome_of([(FIRST, (0.0, 0.0, 1.0, 1.0))])
    assert hit_share(gold, near, 5) == 0.5
    assert hit_share(gold, whole, 5) == 0


def test_without_gold_boxes_there_is_nothing_to_measure():
    assert covered_share(case_of({}), outcome_of([]), 5) is None
    assert hit_share(case_of({}), outcome_of([]), 5) is None


@given(found=shown)
def test_the_share_is_never_more_than_one_and_never_falls_with_more_boxes(found):
    shares = [covered_share(GOLD, outcome_of(found), k) for k in range(len(found) + 1)]
    assert all(0 <= share <= 1 for share in shares)
    assert all(low <= high + 1e-9 for low, high in pairwise(shares))


@given(found=shown)
def test_boxes_never_count_twice(found):
    again = outcome_of([*found, *found])
    assert isclose(
        covered_share(GOLD, again, 16), covered_share(GOLD, outcome_of(found), 8), abs_tol=1e-9
    )
    assert shown_area(again, 16) <= 2 + 1e-9


@given(gold=st.lists(boxes, min_size=1, max_size=3), found=st.lists(boxes, max_size=4))
def test_gold_boxes_over_each_other_count_once(gold, found):
    assert isclose(covered([*gold, *gold], found), covered(gold, found), abs_tol=1e-9)


@given(a=boxes, b=boxes)
def test_overlap_is_a_share_and_the_same_both_ways(a, b):
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert isclose(overlap(a, b), overlap(b, a))
