"""Strata: of regions, no kind fills the first where the route asked for others too."""

from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.strata import FIRST, stratified

KINDS = ("text", "table", "figure")
regions = st.lists(st.sampled_from(KINDS), max_size=30)
wanted = st.sets(st.sampled_from((*KINDS, "page")))


@given(regions, wanted)
def test_the_first_hold_one_of_each_kind_that_there_is(kinds, wanted):
    first = {kinds[at] for at in stratified(kinds, wanted)[:FIRST]}
    assert first >= wanted & set(kinds)


@given(regions, wanted)
def test_every_region_keeps_one_place(kinds, wanted):
    assert sorted(stratified(kinds, wanted)) == list(range(len(kinds)))


@given(regions, wanted)
def test_of_one_kind_the_better_region_stays_before_the_worse(kinds, wanted):
    order = stratified(kinds, wanted)
    for kind in set(kinds):
        of_kind = [at for at in order if kinds[at] == kind]
        assert of_kind == sorted(of_kind)


@given(regions, wanted)
def test_what_has_its_kinds_is_left_as_it_is(kinds, wanted):
    order = stratified(kinds, wanted)
    assert stratified([kinds[at] for at in order], wanted) == list(range(len(kinds)))


@given(regions)
def test_the_best_region_stays_the_best(kinds):
    assert stratified(kinds, KINDS)[:1] == list(range(len(kinds)))[:1]


def test_what_comes_in_goes_last_of_the_first_and_what_it_displaces_next():
    kinds = ["text", "text", "text", "table", "text", "text", "text", "figure"]
    assert stratified(kinds, {"text", "table", "figure"}) == [0, 1, 2, 3, 7, 4, 5, 6]
