"""The cut: how many pages are kept is the beginning of the ranking, within bounds."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.cut import kept
from pagehop.tools.retrieval.mixture import mixture, upper_share

METHODS = pytest.mark.parametrize("method", ["fixed", "ratio", "mixture"])
rankings = st.lists(st.floats(-2, 3, allow_nan=False), max_size=40).map(
    lambda some: sorted(some, reverse=True)
)


@METHODS
@given(rankings, st.integers(-3, 60), st.integers(-3, 20))
def test_what_is_kept_stays_within_its_bounds(method, scores, most, least):
    count = kept(scores, method, most, least)
    assert 0 <= count <= min(max(most, 0), len(scores))
    assert count >= min(least, most, len(scores))


@METHODS
@given(rankings, st.integers(1, 10), st.floats(0.1, 50))
def test_scores_twice_as_large_keep_as_many(method, scores, most, factor):
    usual = [round(score, 3) for score in scores]
    power = 2.0 ** round(factor / 10)  # exact, so that no comparison falls the other way
    assert kept(usual, method, most) == kept([score * power for score in usual], method, most)


@given(rankings, st.integers(0, 20), st.integers(0, 20))
def test_by_ratio_a_higher_bound_only_lengthens_what_is_kept(scores, first, second):
    low, high = sorted((first, second))
    assert kept(scores, "ratio", low) <= kept(scores, "ratio", high)
    assert kept(scores, "ratio", 20, low) <= kept(scores, "ratio", 20, high)


def test_by_ratio_half_of_the_best_score_is_the_border():
    assert kept([1.0, 0.9, 0.5, 0.49, 0.48], "ratio", 10, least=1) == 3


def test_two_clear_groups_are_parted_between_them():
    draw = random.Random(3)
    for good in (1, 4, 7):
        scores = sorted(
            [draw.gauss(1.0, 0.03) for _ in range(good)]
            + [draw.gauss(0.2, 0.03) for _ in range(20 - good)],
            reverse=True,
        )
        assert kept(scores, "mixture", 10, least=1) == good


def test_scores_that_are_all_alike_are_all_kept():
    assert kept([0.4] * 20, "mixture", 10, least=1) == 10
    assert mixture([0.4] * 20) is None
    assert mixture([0.1, 0.2, 0.3]) is None


@given(st.lists(st.floats(-5, 5, allow_nan=False), min_size=4, max_size=40))
def test_a_mixture_does_not_depend_on_the_order_and_its_shares_are_whole(scores):
    found = mixture(scores)
    assert found == mixture(list(reversed(scores)))
    if found:
        low, high = found
        assert low.mean <= high.mean
        assert low.share + high.share == pytest.approx(1.0)
        assert all(0 <= upper_share(low, high, score) <= 1 for score in scores)
