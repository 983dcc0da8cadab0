"""Means, intervals and comparisons over documents."""

import random
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.evals.resampling import Sample

values = st.lists(
    st.tuples(st.sampled_from("abcd"), st.floats(0, 1, allow_nan=False)), min_size=1, max_size=20
)


def sample_of(pairs) -> Sample:
    return Sample([value for _, value in pairs], [group for group, _ in pairs])


def test_each_document_counts_once_in_the_macro_mean_and_each_question_in_the_micro_mean():
    sample = Sample([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"])
    assert sample.macro().mean == 0.5
    assert sample.micro().mean == 0.75
    assert sample.macro().count == sample.micro().count == 4


def test_one_document_tells_nothing_of_others_so_its_interval_has_no_width():
    estimate = Sample([0.0, 1.0], ["a", "a"]).macro()
    assert (estimate.mean, estimate.low, estimate.high) == (0.5, 0.5, 0.5)


@given(values)
def test_a_difference_by_question_is_that_of_the_micro_means(pairs):
    one, other = sample_of(pairs), sample_of([(group, 1 - value) for group, value in pairs])
    found = one.less_by_question(other)
    assert isclose(found.mean, one.micro().mean - other.micro().mean, abs_tol=1e-9)


def test_a_document_with_more_questions_weighs_more_by_question():
    mine = Sample([1.0, 1.0, 1.0, 0.0], ["a", "a", "a", "b"])
    theirs = Sample([0.0, 0.0, 0.0, 1.0], ["a", "a", "a", "b"])
    assert mine.less_by_question(theirs).mean == 0.5
    assert mine.less(theirs).mean == 0
    with pytest.raises(ValueError, match="give the same ones"):
        mine.less_by_question(Sample([1.0], ["a"]))


def test_an_interval_holds_the_mean_of_all_documents_about_as_often_as_it_says():
    draw = random.Random(7)
    held = 0
    for _ in range(100):
        shares = [draw.betavariate(2, 2) for _ in range(30)]  # of documents; 0.5 in the mean
        estimate = Sample(shares, range(30)).macro()
        held += estimate.low <= 0.5 <= estimate.high
    assert 88 <= held <= 100


def test_a_planted_better_configuration_wins():
    draw = random.Random(1)
    groups = [number // 4 for number in range(120)]
    worse = [float(draw.random() < 0.5) for _ in groups]
    better = [min(1.0, value + (draw.random() < 0.3)) for value in worse]
    difference = Sample(better, groups).less(Sample(worse, groups))
    assert difference.low > 0
    assert difference.won > 0.99


def test_chance_alone_does_not_win():
    draw = random.Random(3)
    groups = list(range(60))
    one, other = ([float(draw.random() < 0.5) for _ in groups] for _ in range(2))
    difference = Sample(one, groups).less(Sample(other, groups))
    assert difference.low < 0 < difference.high


def test_samples_of_other_questions_are_not_compared():
    with pytest.raises(ValueError, match="question by question"):
        Sample([1.0], ["a"]).less(Sample([1.0], ["b"]))


@given(pairs=values)
def test_an_interval_lies_among_the_values_and_is_the_same_each_time(pairs):
    estimate = sample_of(pairs).macro()
    seen = [value for _, value in pairs]
    assert min(seen) - 1e-9 <= estimate.low <= estimate.high <= max(seen) + 1e-9
    assert sample_of(pairs).macro() == estimate


@given(pairs=values, seed=st.integers(0, 9))
def test_a_comparison_turned_round_is_the_same_with_the_other_sign(pairs, seed):
    draw = random.Random(seed)
    ours = sample_of(pairs)
    theirs = Sample([draw.random() for _ in pairs], ours.groups)
    there, back = ours.less(theirs), theirs.less(ours)
    assert isclose(there.mean, -back.mean, abs_tol=1e-9)
    assert isclose(there.won, 1 - back.won, abs_tol=1e-9)


@given(pairs=values)
def test_nothing_is_better_than_itself(pairs):
    difference = sample_of(pairs).less(sample_of(pairs))
    assert (difference.mean, difference.low, difference.high, difference.won) == (0, 0, 0, 0.5)
