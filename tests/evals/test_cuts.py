"""What a cut keeps, against a fixed number of pages."""

from math import isclose

from pagehop.evals.cases import Case
from pagehop.evals.cuts import curve, kept
from pagehop.evals.question import Question
from pagehop.evals.runs import DEPTH, Outcome


def case_of(name: str, *gold: int) -> Case:
    return Case(
        question=Question(id=name, text="?", set="s", documents=("deck",)),
        documents=frozenset({"deck"}),
        gold=frozenset(("deck", page) for page in gold),
        regions={},
    )


def outcome_of(*pages: int) -> Outcome:
    return Outcome(pages=tuple(("deck", page) for page in pages), seconds=0.0)


# The gold of one question is first, that of the other third.
CASES = [case_of("sure", 1), case_of("unsure", 3)]
WHOLE = {"sure": outcome_of(*range(1, 11)), "unsure": outcome_of(*range(1, 11))}


def test_a_cut_that_keeps_few_pages_where_it_is_sure_saves_some():
    cut = {"sure": outcome_of(1), "unsure": outcome_of(1, 2, 3)}
    found = kept(CASES, cut, WHOLE)
    assert (found.mean, found.recall) == (2, 1)
    assert isclose(found.precision, (1 + 1 / 3) / 2)
    assert (found.fixed, found.saved) == (3, 1)


def test_a_cut_that_loses_the_gold_costs_pages():
    cut = {"sure": outcome_of(1, 2), "unsure": outcome_of(1, 2)}
    found = kept(CASES, cut, WHOLE)
    assert (found.recall, found.fixed, found.saved) == (0.5, 1, -1)


def test_the_whole_ranking_saves_nothing():
    found = kept(CASES, WHOLE, WHOLE)
    assert found.mean == DEPTH
    assert found.fixed == 3


def test_recall_grows_along_the_curve():
    assert curve(CASES, WHOLE)[:5] == [0, 0.5, 0.5, 1, 1]


def test_without_labelled_pages_there_is_nothing_to_keep():
    assert kept([case_of("none")], {"none": outcome_of(1)}, {"none": outcome_of(1)}) is None
