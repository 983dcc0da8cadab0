"""Questions are taken apart by their words, and no further than they ask for."""

import pytest

from pagehop.agents.extractive.answer_form import asked_noun, form_of, looks_of
from pagehop.agents.extractive.contextualizer import contextualize
from pagehop.agents.extractive.planner import plan
from pagehop.agents.team import Turn

ATLAS, BOREAS = "atlas.pdf", "boreas_2022.pdf"
OPENINGS = {
    ATLAS: "ATLAS-7: a planner for rovers. We present ATLAS-7. Atlas-7 plans routes.",
    BOREAS: "BoreasNet learns the wind. BoreasNet is trained on 40 years of weather.",
}


def asked(question, documents=(ATLAS, BOREAS), openings=OPENINGS):
    return [
        (sub.question, sub.documents, sub.depends_on)
        for sub in plan(question, documents, openings).sub_questions
    ]


@pytest.mark.parametrize(
    "said", ["Hello!", "hi there", "Thanks a lot.", "thank you", "Good morning"]
)
def test_a_greeting_needs_no_search(said):
    made = plan(said, (ATLAS,), {})
    assert made.sub_questions == ()
    assert made.reply


@pytest.mark.parametrize(
    "question",
    [
        "What is the total revenue in 2022?",
        "What is the change in revenue between 2021 and 2022?",
        "Who wrote the preface, and when did she do it?",
        "Which table shows the results that surprised the authors?",
        "What colour is the line that crosses all others in the chart?",
        "Which option do readers like more? Answer A or B.",
        "What does the paper say about rain and wind?",
        "The Fen Star was built in the yard that was first opened when?",
    ],
)
def test_a_plain_question_is_one_search(question):
    assert [sub[0] for sub in asked(question)] == [question]


def test_two_questions_in_one_sentence_are_two():
    assert asked("How many staff work in Oslo, and which city has the largest office?") == [
        ("How many staff work in Oslo?", (), ()),
        ("Which city has the largest office?", (), ()),
    ]


def test_two_documents_named_by_what_they_call_themselves_are_asked_apart():
    assert asked("Which optimiser do ATLAS-7 and BoreasNet use?") == [
        ("Which optimiser do ATLAS-7 use?", (ATLAS,), ()),
        ("Which optimiser do BoreasNet use?", (BOREAS,), ()),
    ]
    assert asked("Which optimiser does Atlas-7 use, and which data set does BoreasNet use?") == [
        ("Which optimiser does Atlas-7 use?", (ATLAS,), ()),
        ("Which data set does BoreasNet use?", (BOREAS,), ()),
    ]


def test_both_papers_means_each_of_them():
    question = "Which limitations do both papers name?"
    assert asked(question) == [
        (f"{question} ({ATLAS})", (ATLAS,), ()),
        (f"{question} ({BOREAS})", (BOREAS,), ()),
    ]
    assert len(asked(question, [f"{n}.pdf" for n in range(30)])) == 1


def test_a_document_named_by_its_file_is_searched_alone():
    assert asked("What is the budget in boreas_2022.pdf?")[0][1] == (BOREAS,)


def test_a_name_that_stands_in_one_opening_is_no_reason_to_search_only_there():
    assert asked("How fast is BoreasNet?") == [("How fast is BoreasNet?", (), ())]


def test_the_year_in_which_something_happened_is_found_first():
    for question in (
        "In the year in which the dam was opened, what share of power came from wind?",
        "What share of power came from wind in the year in which the dam was opened?",
    ):
        assert asked(question) == [
            ("What is the year in which the dam was opened?", (), ()),
            ("What share of power came from wind in {q1}?", (), ("q1",)),
        ]


def test_that_year_depends_on_the_first_part():
    assert asked("When was the dam opened, and what was the rainfall in that year?") == [
        ("When was the dam opened?", (), ()),
        ("What was the rainfall in {q1}?", (), ("q1",)),
    ]


def test_a_thing_told_by_a_clause_is_found_first():
    assert asked("How many people work at the company that makes Teflon?") == [
        ("Which company makes Teflon?", (), ()),
        ("How many people work at {q1}?", (), ("q1",)),
    ]


def test_the_sides_of_a_comparison_are_asked_apart():
    questions = [q for q, *_ in asked("Which is taller, Mount Kenya or Mount Meru?")]
    assert questions == ["Which is taller: Mount Kenya?", "Which is taller: Mount Meru?"]
    questions = [q for q, *_ in asked("What is the difference in height between Kenya and Meru?")]
    assert questions == ["What is the height for Kenya?", "What is the height for Meru?"]


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("How many rovers are there?", "number"),
        ("What percentage of users pay?", "number"),
        ("Which temperature is used?", "number"),
        ("When was it built?", "date"),
        ("In what year did it open?", "date"),
        ("Who is the chairman?", "name"),
        ("Is the model open?", "yes/no"),
        ("List the sensors.", "list"),
        ("What are the three phases?", "list"),
        ("Why does it rain?", "free"),
    ],
)
def test_the_form_of_the_answer_is_in_the_words(question, form):
    assert form_of(question) == form


def test_tables_and_figures_are_hints():
    assert looks_of("What does the bar chart on slide 3 show?") == ("figure", "page")
    assert looks_of("Which table lists the costs?") == ("table",)
    assert looks_of("How old is the firm?") == ()


def test_the_asked_noun_ends_before_the_verb():
    assert asked_noun("How many square miles does it cover?") == ("square", "miles")
    assert asked_noun("Which dataset uses Prover9?") == ("dataset",)


FIRST = Turn(question="What was the revenue of Acme in 2021?", answer="1,000 million")


@pytest.mark.parametrize(
    ("follow_up", "standalone"),
    [
        ("And in 2022?", "What was the revenue of Acme in 2022?"),
        ("What about 2022?", "What was the revenue of Acme in 2022?"),
        ("And for Globex?", "What was the revenue of Globex in 2021?"),
        ("How many people does it employ?", "How many people does Acme employ?"),
        ("Who are its owners?", "Who are Acme's owners?"),
        ("Who led that company in 2022?", "Who led Acme in 2022?"),
        ("How much rain fell in that year?", "How much rain fell in 2021?"),
        ("When was the Eiffel Tower built?", "When was the Eiffel Tower built?"),
        (
            "Does the report name Globex, and what does it say?",
            "Does the report name Globex, and what does it say?",
        ),
    ],
)
def test_a_follow_up_is_understood_from_the_turn_before(follow_up, standalone):
    assert contextualize(follow_up, [FIRST]) == standalone


def test_the_second_one_is_the_second_that_was_named():
    turn = Turn(question="How old is Acme?", answer="It was founded in 1900.")
    both = Turn(question="Which is larger, Acme or Globex?", answer="Globex")
    assert "Globex" in contextualize("What about the second one?", [both, turn][:1])


def test_a_chain_of_follow_ups_goes_back_to_the_first_question():
    turns = [FIRST, Turn(question="And in 2022?", answer="1,214 million")]
    assert contextualize("And in 2023?", turns) == "What was the revenue of Acme in 2023?"


def test_without_a_chat_a_question_stays_as_it_is():
    assert contextualize("And in 2022?", []) == "And in 2022?"
