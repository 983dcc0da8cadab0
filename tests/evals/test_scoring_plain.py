"""Our own rule, on answers as they are given."""

from dataclasses import replace

import pytest

from pagehop.evals.scoring import plain
from pagehop.evals.scoring.score import NOT_ANSWERABLE
from tests.evals.test_scoring import asked


def right(form, expected, said, text="What is it?"):
    return plain.score(asked(expected, form, text), (said,)).right


@pytest.mark.parametrize(
    ("form", "expected", "said"),
    [
        ("Int", "310", "310 employees"),
        ("Int", "310", "In 2023 there were 310 employees."),
        ("Int", "4", "Four"),
        ("Numeric", "Four", "4 methods"),
        ("Int", "1862", "1,862"),
        ("Float", "29.6%", "29.6 percent"),
        ("Float", "29.6%", "0.296"),
        ("Float", "48.2", "48.2 million euros"),
        ("Numeric", "$14,435 million", "14,435"),
        ("Numeric", "$3.25 billion", "$3,250 million"),
        ("Float", "93.86", "About 93.9 days"),
        ("Numeric", "2015", "2015"),
        ("", "$8.70", "8.7 billion dollars"),
    ],
)
def test_a_number_is_right(form, expected, said):
    assert right(form, expected, said)


@pytest.mark.parametrize(
    ("form", "expected", "said"),
    [
        ("Int", "310", "311"),  # a count is exact
        ("Int", "310", "about 31"),
        ("Numeric", "2015", "2014"),  # so is a year
        ("Float", "29.6%", "31%"),
        ("Float", "12.5", "1,250"),  # no percentage on either side
        ("Int", "3", "many"),
        ("Int", "3", ""),
    ],
)
def test_a_number_is_wrong(form, expected, said):
    assert not right(form, expected, said)


def test_a_number_that_the_question_gives_is_not_the_answer():
    text = "How many of the 12 mills had closed by page 3?"
    assert right("Int", "5", "Of the 12 mills, 5 had closed.", text)
    assert right("Int", "12", "All 12.", text)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("Bluebird Award", "the Bluebird award"),
        ("Appota", "Appota has more fans."),
        ("Crème brûlée", "creme brulee"),
        ("Ambient light sensor", "An ambient light senser"),
        ("Rest for half an hour, then measure", "First rest for half an hour and then measure it"),
    ],
)
def test_a_text_is_right(expected, said):
    assert right("Str", expected, said)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("increase", "decrease"),
        ("Figure 3 in red", "Figure 4 in red"),  # the number differs
        ("Appota", "Appota, Instagram, Facebook and Twitter are all named on the same slide here"),
        ("red", NOT_ANSWERABLE),
    ],
)
def test_a_text_is_wrong(expected, said):
    assert not right("Str", expected, said)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (["Ghent", "Lille"], "Lille and Ghent"),
        (["Ghent", "Lille"], "- Lille\n- Ghent"),
        (["Ghent", "Lille"], "['lille', 'ghent']"),
        (["red and blue", "green"], "green, red and blue"),
        (["Table 4.1. Sites", "Table 4.2. Soils"], "Table 4.1. Sites; Table 4.2. Soils"),
    ],
)
def test_a_list_is_right_in_any_order_and_form(expected, said):
    assert right("List", expected, said)


@pytest.mark.parametrize("said", ["Ghent", "Ghent, Lille, Bruges", "Ghent and Bruges"])
def test_a_list_with_an_item_less_or_more_is_wrong_but_worth_something(said):
    found = plain.score(asked(["Ghent", "Lille"], "List"), (said,))
    assert not found.right
    assert 0 < found.value < 1


def test_yes_and_no_are_the_first_word():
    assert right("Yes/No", "Yes", "Yes, since 2017.")
    assert not right("Yes/No", "No", "Yes, there is no other.")


def test_an_unanswerable_question_wants_to_be_declined():
    question = replace(asked("Not answerable", "None"), answerable=False)
    assert plain.score(question, (NOT_ANSWERABLE,)).right
    assert not plain.score(question, ("42",)).right


def test_any_accepted_answer_will_do():
    assert right("Str", {"car", "automobile"}, "An automobile")
