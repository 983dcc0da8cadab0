"""Metrics against cases worked out by hand, and the laws they keep."""

from math import isclose, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.evals import metrics

rankings = st.lists(st.integers(0, 12), max_size=12)
golds = st.sets(st.integers(0, 12), min_size=1, max_size=5)
depths = st.integers(1, 12)
AT_K = (metrics.recall, metrics.all_found, metrics.reciprocal_rank, metrics.ndcg)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (metrics.recall, 2 / 3),
        (metrics.all_found, 0.0),
        (metrics.reciprocal_rank, 1 / 2),
        (
            metrics.ndcg,
            (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / log2(4)),
        ),
    ],
)
def test_metrics_are_what_they_are_by_hand(metric, expected):
    found = ["x", "a", "y", "b", "z"]
    assert isclose(metric(found, {"a", "b", "c"}, 5), expected)


def test_all_is_found_only_when_the_last_piece_is():
    assert metrics.all_found(["a", "x", "b"], {"a", "b"}, 2) == 0
    assert metrics.all_found(["a", "x", "b"], {"a", "b"}, 3) == 1


def test_precision_is_the_gold_among_what_was_kept():
    assert metrics.precision(["a", "x", "y", "a"], {"a", "b"}) == 1 / 3
    assert metrics.precision([], {"a"}) == 0


@pytest.mark.parametrize("metric", AT_K)
@given(found=rankings, gold=golds, k=depths)
def test_a_metric_is_a_share(metric, found, gold, k):
    assert 0 <= metric(found, gold, k) <= 1


@pytest.mark.parametrize("metric", AT_K)
@given(gold=golds, rest=rankings, k=depths)
def test_a_metric_is_one_on_the_ideal_ranking_where_all_gold_fits(metric, gold, rest, k):
    if len(gold) <= k:
        assert isclose(metric([*sorted(gold), *rest], gold, k), 1)


@pytest.mark.parametrize("metric", [metrics.recall, metrics.all_found, metrics.reciprocal_rank])
@given(found=rankings, gold=golds, k=depths)
def test_a_longer_look_never_finds_less(metric, found, gold, k):
    assert metric(found, gold, k) <= metric(found, gold, k + 1)


@pytest.mark.parametrize("metric", AT_K)
@given(found=rankings, gold=golds, k=depths)
def test_what_is_found_twice_counts_once(metric, found, gold, k):
    assert metric([one for one in found for _ in range(2)], gold, k) == metric(found, gold, k)
