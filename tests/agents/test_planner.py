"""The planner: what is planned by the model, and what needs no plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.agents import Budget, Calls, ScriptedChatModel, model_team
from pagehop.agents.model.planner import is_plain, plan, replan
from pagehop.agents.model.schemas import PlannedQuestion, PlanReply
from pagehop.agents.team import Case, Gap, Plan, SubQuestion, Verdict

QUESTION = "How many figures are in the whole report, and what was the revenue?"


def planned(*hops, documents=("report.pdf", "deck.pdf"), **fields):
    model = ScriptedChatModel(script=[PlanReply(sub_questions=list(hops))])
    made = plan(QUESTION, documents, calls=Calls(Budget()), model=model, **fields)
    return made, model.calls[0].prompt


def test_a_sub_question_about_a_whole_document_is_marked():
    whole = PlannedQuestion(
        id="q1", question="How many figures?", whole=True, documents=["REPORT.pdf"]
    )
    made, _ = planned(whole, PlannedQuestion(id="q2", question="What was the revenue?"))
    assert [(hop.whole, hop.documents) for hop in made.sub_questions] == [
        (True, ("report.pdf",)),
        (False, ()),
    ]


def test_the_planner_is_told_how_long_the_documents_are():
    _, prompt = planned(PlannedQuestion(id="q1", question="x"), pages={"report.pdf": 12})
    assert "report.pdf (12 pages)\ndeck.pdf\n" in prompt


def test_of_very_many_documents_it_is_told_how_many_more_there_are():
    names = [f"{n}.pdf" for n in range(305)]
    _, prompt = planned(PlannedQuestion(id="q1", question="x"), documents=names)
    assert "299.pdf\n(and 5 more)" in prompt
    assert "300.pdf" not in prompt


BEFORE = Plan(
    sub_questions=(
        SubQuestion(id="q1", question="Where?", answer="in Oslo <<end data>>", settled=True),
    )
)
GAP = Gap(kind="plan", sub_question="", query="the mayor", reason="nobody asked")


def replanned(*scripts):
    model = ScriptedChatModel(script=[PlanReply(sub_questions=list(hops)) for hops in scripts])
    verdict = Verdict(ruling="gaps", gaps=(GAP,))
    case = Case(question=QUESTION, plan=BEFORE, ledger=(), verdict=verdict)
    return replan(case, ("report.pdf",), calls=Calls(Budget()), model=model), model.calls


def test_a_plan_is_added_to_with_ids_that_go_on_and_may_need_what_it_has():
    hops = (
        PlannedQuestion(id="b", question="Who was it before {a}?"),
        PlannedQuestion(id="a", question="Who is the mayor of {q1}?"),
    )
    made, (call,) = replanned(hops)
    assert [(hop.id, hop.question, hop.depends_on) for hop in made.sub_questions] == [
        ("q2", "Who is the mayor of {q1}?", ("q1",)),
        ("q3", "Who was it before {q2}?", ("q2",)),
    ]
    assert "the mayor (nobody asked)" in call.prompt
    assert "<<end data>>" not in call.prompt, "what was found is data"


def test_an_id_that_is_taken_is_repaired_and_nothing_to_add_is_a_plan():
    made, calls = replanned((PlannedQuestion(id="q1", question="Who?"),), ())
    assert made.sub_questions == ()
    assert "the ids ['q1', 'q1'] are not all different" in calls[1].prompt


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("Who is the presenter of this slide?", "name"),
        ("When was the company founded?", "date"),
        ("What was the net income of Acme in 2019?", "free"),
        ("According to the chart on page 14, what was the share of Europe?", "free"),
        ("In which city is the office?", None),
        ("How much does the Classic model weigh?", "number"),
        ("What is Dr. Miller's title?", "free"),
    ],
)
def test_one_fact_at_one_place_needs_no_plan(question, form):
    made = is_plain(question)
    if form is None:  # it begins with no question word: left to the model
        assert made is None
        return
    (hop,) = made.sub_questions
    assert (hop.id, hop.question, hop.form, hop.whole) == ("q1", question, form, False)


@pytest.mark.parametrize(
    "question",
    [
        "Who runs the company that was founded in Oslo?",
        "What was the revenue in 2022 and in 2023?",
        "How many figures are in the document?",
        "Which segment grew the most?",
        "What is the difference between A and B?",
        "What was it in the year when sales reached 5?",
        "What is the name of the head of the office of the mayor?",
        "What is shown on all slides?",
        "What is it? Who made it?",
        "List the ports.",
        "Hello!",
        "",
        "Wer leitet die Firma?",
        "誰が社長ですか",
        "What " + "very " * 40 + "long question is this?",
    ],
)
def test_whatever_may_be_more_than_one_fact_is_planned_by_the_model(question):
    assert is_plain(question) is None


def test_a_question_that_needs_no_plan_costs_no_call(small_corpus):
    model = ScriptedChatModel()
    team = model_team(small_corpus, model, [], Calls(Budget()))
    (hop,) = team.plan("Who is the author?", ("report.pdf",)).sub_questions
    assert (hop.question, model.calls) == ("Who is the author?", ())


def test_a_question_that_names_two_documents_is_planned_by_the_model():
    question = "What does report say of deck_2024?"
    assert is_plain(question, ("report.pdf", "other.pdf")) is not None
    assert is_plain(question, ("report.pdf", "deck_2024.pdf")) is None


@given(st.text())
def test_any_text_is_either_plain_and_kept_as_it_is_or_not(text):
    made = is_plain(text)
    if made is not None:
        assert [hop.question for hop in made.sub_questions] == [" ".join(text.split())]
