"""Fusion: the laws that any blend of rankings must keep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.channel import Match
from pagehop.tools.retrieval.fusion import Ballot, blend, boosted, ranked, reciprocal

METHODS = pytest.mark.parametrize("fuse", [blend, reciprocal])
PLACES = [(document, page) for document in "ab" for page in (1, 2, 3)]


def ballot(scores, weight=1.0, floor=None):
    matches = [
        Match(document_id=document, page=page, score=score)
        for (document, page), score in sorted(scores.items(), key=lambda one: (-one[1], one[0]))
    ]
    return Ballot(matches, weight, floor)


score_maps = st.dictionaries(
    st.sampled_from(PLACES), st.integers(1, 1_000).map(lambda n: n / 10), max_size=6
)
ballots = st.builds(
    ballot, score_maps, st.sampled_from([0.35, 0.65, 1.0]), st.sampled_from([None, 0.0])
)
elections = st.dictionaries(st.sampled_from(["lexical", "dense", "visual"]), ballots, min_size=1)


@METHODS
@given(score_maps, st.sampled_from([None, 0.0]))
def test_one_list_alone_keeps_its_order(fuse, scores, floor):
    only = ballot(scores, floor=floor)
    assert ranked(fuse({"lexical": only})) == [(one.document_id, one.page) for one in only.matches]


@METHODS
@given(elections)
def test_the_order_of_the_channels_never_matters(fuse, election):
    assert fuse(election) == fuse(dict(reversed(election.items())))


@METHODS
@given(elections)
def test_scores_are_between_0_and_1(fuse, election):
    assert all(0 <= score <= 1 + 1e-9 for score in fuse(election).values())


@METHODS
@given(elections, st.sampled_from(PLACES), st.sampled_from(["lexical", "dense", "visual"]))
def test_a_page_put_on_top_by_a_channel_never_falls(fuse, election, place, name):
    before = ranked(fuse(election))
    was = election.get(name, ballot({}))
    scores = {(one.document_id, one.page): one.score for one in was.matches}
    scores[place] = max(scores.values(), default=0.0) + 1
    after = ranked(fuse(election | {name: ballot(scores, was.weight, was.floor)}))
    if place in before and name in election:
        assert after.index(place) <= before.index(place)


@given(elections, st.dictionaries(st.sampled_from(PLACES), st.just(1.0)))
def test_a_page_the_question_points_at_comes_before_all_it_does_not(election, boosts):
    order = ranked(boosted(blend(election), boosts))
    pointed = [place in boosts for place in order]
    assert pointed == sorted(pointed, reverse=True) or any(
        score == 1.0 for score in blend(election).values()
    )


def test_a_page_that_matches_nothing_and_the_worst_match_are_told_apart_by_the_floor():
    scores = {("a", 1): 10.0, ("a", 2): 9.9}
    assert blend({"lexical": ballot(scores, floor=0.0)})["a", 2] == pytest.approx(0.99)
    assert blend({"dense": ballot(scores)})["a", 2] == 0.0


def test_equal_scores_go_to_the_earlier_document_and_page():
    assert ranked({("b", 1): 0.5, ("a", 2): 0.5, ("a", 1): 0.5}) == [("a", 1), ("a", 2), ("b", 1)]
