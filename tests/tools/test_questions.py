"""What of a question is searched for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.words.questions import stressed, without_instructions


@pytest.mark.parametrize(
    "instruction",
    [
        "Round your answer to two decimal places.",
        "round the answer to 1 decimal",
        "Please give your answer to the nearest hundred, such as 100, 200 or 300...",
        "Answer in millions.",
        "Your answer should be in English.",
        'Write the answer in list format, e.g., ["Jan", "Feb"]',
        "Return me an integer.",
        'List all the names in the list format, for example ["a", "b"]',
        "Format the date as YYYY-MM in your answer.",
    ],
)
def test_how_to_answer_is_left_out(instruction):
    question = "What share of visitors came by train?"
    assert without_instructions(f"{question} {instruction}") == question


@pytest.mark.parametrize(
    "question",
    [
        "List all sections that describe the setup.",
        "Give the reasons why the bridge was closed.",
        "Who wrote the report on noise?",
        "What did the council answer to the letter of May?",
        "How are decimals rounded, and which format is used?",
        "Round your answer.",
        "In which year did the number of members round 500?",
    ],
)
def test_what_is_asked_stays(question):
    assert without_instructions(question) == question


@given(st.text())
def test_nothing_is_added_and_something_is_left(text):
    left = without_instructions(text)
    assert set(left.split()) <= set(text.split())
    assert bool(left.strip()) == bool(text.strip())


def test_the_beginning_of_a_sentence_is_no_name():
    assert stressed("Which boats are blue? Name them.") == frozenset()
    assert stressed("Which boats does Lena own?") == {"lena"}


@pytest.mark.parametrize("quoted", ['"old town"', "'old town'", "\u201cold town\u201d"])
def test_quoted_words_are_stressed_with_the_pairs_they_form(quoted):
    assert {"old", "town", "old town"} <= stressed(f"the map of the {quoted} walls")


def test_an_apostrophe_quotes_nothing():
    assert stressed("the boat's colour and the boats' owners") == frozenset()
