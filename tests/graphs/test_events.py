"""What a run tells while it runs."""

from dataclasses import replace

from pagehop.agents.budget import STANDARD
from pagehop.graphs import Final, clean, create_document_agent, stream_events, trace_lines
from pagehop.graphs.events import Checked, Criticised, Drafted, Failed, Found, Planned, Reported

EVERY_ROLE = replace(STANDARD, planner="always", critic="always")
QUOTES = {
    "headquarters": ("The headquarters of Alpha Corp are in Lisbon.", "Lisbon"),
    "mayor of Lisbon": ("The mayor of Lisbon is Carlos Moedas.", "Carlos Moedas"),
}


def test_events_tell_the_way_of_a_question_and_end_with_the_answer(library, model, plan):
    two = plan(("q1", "Where are the headquarters?"), ("q2", "Who is the mayor of {q1}?", "q1"))
    scripted = model(plan=two, quotes=QUOTES, answer="Moedas")
    agent = create_document_agent(library, scripted, effort=EVERY_ROLE)
    events = list(stream_events(agent, "Who is the mayor where Alpha sits?"))
    kinds = [type(event) for event in events]
    wave = [Found, Reported, Planned]
    assert kinds == [Planned, *wave, *wave, Criticised, Drafted, Checked, Final]
    assert events[-1].answer.text == "Moedas"
    lines = [line for event in events for line in trace_lines(event)]
    assert any(line.startswith("search     q2 Who is the mayor of Lisbon?") for line in lines)
    assert any("alpha.pdf p. 1: The headquarters" in line for line in lines)
    assert lines[-1].startswith("answer     answered, 2 citations, 1 rounds")


def test_a_failure_is_an_event(library, model, plan):
    scripted = model(plan=plan(("q1", "Where are the headquarters?")), quotes=QUOTES)
    scripted.rules = [("Role: text agent", ValueError("fell\x1b[31m over")), *scripted.rules]
    agent = create_document_agent(library, scripted, effort=EVERY_ROLE)
    failed = [e for e in stream_events(agent, "Where?") if isinstance(e, Failed)]
    assert failed
    assert all("\x1b" not in line for event in failed for line in trace_lines(event))


def test_the_extractive_team_tells_its_way_too(library):
    events = list(stream_events(create_document_agent(library), "Who is the mayor of Lisbon?"))
    assert isinstance(events[-1], Final)
    assert all(line == clean(line) for event in events for line in trace_lines(event))


def test_no_control_character_of_a_document_reaches_the_terminal():
    told = clean("a\x1b[2Jb\x00c\u202ed\u2066e\U000e0041f\x9bg\nh")
    assert told == "a [2Jb c d e f g h"
