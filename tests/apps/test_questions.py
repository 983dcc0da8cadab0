"""ask and chat, as a person and as a program use them; no model, no key."""

import json
from contextlib import closing

import jsonschema
import pytest
from PIL import Image

from pagehop.graphs import answer_schema
from pagehop.graphs.runs import RUN_FILE, Runs
from tests.apps.program import run_here

FOUNDED = "When was Alder Mills founded, and when was Birch Looms founded?"


def test_an_answer_is_printed_with_its_citations(here):
    asked = here("ask", FOUNDED)
    assert asked.code == 0, asked.err
    assert "1912" in asked.out
    assert "1931" in asked.out
    assert '[c1] alder.pdf, page 1, text: "Alder Mills was founded in 1912' in asked.out
    assert "birch.pdf, page 1" in asked.out


def test_the_json_is_valid_the_figures_are_written_and_the_trace_stays_off_stdout(here, library):
    asked = here("ask", FOUNDED, "--json", "--trace", "--figures", "figures")
    answer = json.loads(asked.out)
    jsonschema.validate(answer, answer_schema())
    assert (asked.code, answer["status"]) == (0, "answered")
    assert {citation["document"] for citation in answer["citations"]} == {"alder.pdf", "birch.pdf"}
    assert all(citation["bbox"] and citation["verified"] for citation in answer["citations"])
    for word in ("plan", "search", "route", "text agent", "critic", "verified"):
        assert word in asked.err
    pictures = sorted((library / "figures").glob("*.png"))
    assert len(pictures) == len(answer["citations"])
    with Image.open(pictures[0]) as picture:
        assert picture.height > picture.width > 300


def test_an_unanswerable_question_ends_with_code_3_and_valid_json(here):
    asked = here("ask", "What is the boiling point of tungsten carbide?", "--json")
    answer = json.loads(asked.out)
    jsonschema.validate(answer, answer_schema())
    assert (asked.code, answer["status"]) == (3, "unanswerable")


PRICED = ("--model", "openai:x@https://models.example.com/v1", "--money", "1")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--effort", "lazy"), "quick, standard, thorough"),
        (("--graph", "nowhere"), "five-agents"),
        (("--graph", "one-shot"), "needs a chat model"),
        (PRICED, "--price"),
        (("--model", "local:/no/where"), "/no/where"),
        (("--model", "openai:x@ftp://y"), "openai:MODEL@http"),
    ],
)
def test_an_effort_a_graph_a_price_or_a_model_that_cannot_be_is_said_in_one_line(
    here, options, said
):
    asked = here("ask", FOUNDED, *options)
    assert asked.code == 2
    assert said in asked.err
    assert len(asked.err.strip().splitlines()) == 1
    assert not asked.out


@pytest.mark.parametrize("effort", ["quick", "thorough"])
def test_every_effort_answers_without_a_model_too(here, effort):
    asked = here("ask", FOUNDED, "--effort", effort)
    assert asked.code == 0, asked.err
    assert "1912" in asked.out


def test_an_answer_cut_short_by_its_budget_ends_with_code_3(here):
    asked = here("ask", FOUNDED, "--json", "--seconds", "0")
    assert asked.code == 3
    assert json.loads(asked.out)["status"] == "incomplete"


def test_only_the_named_documents_are_asked(here):
    for narrowed in (["birch.pdf"], ["--in", "birch.pdf"]):
        asked = here("ask", FOUNDED, *narrowed, "--json")
        cited = {citation["document"] for citation in json.loads(asked.out)["citations"]}
        assert cited == {"birch.pdf"}


def test_a_question_may_bring_its_documents(library, tmp_path):
    asked = run_here("ask", "When was Birch Looms founded?", library / "birch.pdf", cwd=tmp_path)
    assert asked.code == 0, asked.err
    assert "1931" in asked.out


def test_a_chat_in_a_pipe_understands_a_follow_up(pagehop):
    talk = "/sources\nWhen was Alder Mills founded?\n\nAnd Birch Looms?\n/sources\n/new\n/what\n"
    chat = pagehop("chat", stdin=talk)
    assert chat.code == 0, chat.err
    assert "no answer with citations yet" in chat.err
    assert chat.out.index("1912") < chat.out.index("1931")
    assert "birch.pdf, page 1" in chat.out
    assert "A new conversation: chat-" in chat.err
    assert "/quit: leave" in chat.err


def test_a_question_that_is_answered_leaves_nothing_a_conversation_stays(here, library):
    asked = here("ask", "How many employees did Alder Mills have in 2023?")
    assert asked.code == 0
    here("ask", "Who is the chief executive of Alder Mills?", "--thread", "kept")
    with closing(Runs(library / "corpus" / RUN_FILE)) as runs:
        rows = runs.row("SELECT group_concat(DISTINCT thread) FROM runs", ())
        steps = runs.row("SELECT group_concat(DISTINCT thread_id) FROM checkpoints", ())
    assert "kept" in rows[0]
    assert "ask-" not in rows[0]
    assert "ask-" not in steps[0]
