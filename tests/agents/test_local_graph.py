"""The whole graph runs on models in folders: on some that know the answer, on one that does not.

All are tiny ones of the real classes. Of those that know, one writes a plan, the other an object
that is a reply of every other role, whatever they are asked; the rest is random.
"""

import json
import shutil

import pymupdf
import pytest
from langgraph.checkpoint.memory import InMemorySaver

from pagehop.agents.budget import Budget
from pagehop.graphs import create_document_agent
from pagehop.tools import Corpus
from tests.agents.tiny_vlm import make_qwen3_vl, make_smolvlm, teach

MAKERS = {"qwen3-vl": make_qwen3_vl, "smolvlm": make_smolvlm}
QUESTION = "What was the total revenue in 2023?"
PLAIN = "What was the revenue in 2023?"
QUOTE = "Total revenue in 2023 was 1,964 million."
ROLES = {"planner", "text agent", "image agent", "summarizer"}
PLAN = {"sub_questions": [{"id": "q1", "question": QUESTION}], "reply": ""}
KNOWN = {
    "findings": [{"hit": 1, "quote": QUOTE, "view": "v1", "seen": QUOTE, "confidence": 0.9}],
    "answer": "1,964 million",
    "confidence": 0.9,
    "ruling": "sufficient",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    pdf = pymupdf.open()
    page = pdf.new_page(width=400, height=500)
    page.insert_text((50, 80), QUOTE, fontsize=11)
    page = pdf.new_page(width=400, height=500)
    page.draw_rect(pymupdf.Rect(120, 300, 160, 330), color=None, fill=(1, 0, 0))
    page.insert_text((100, 345), "North 42 units", fontsize=8)
    pdf.save(folder / "report.pdf")
    with Corpus(folder / "corpus") as corpus:
        corpus.add(folder / "report.pdf", workers=1)
        yield corpus


@pytest.fixture(scope="module", params=MAKERS)
def family(request, tmp_path_factory):
    """A random checkpoint of a family."""
    return MAKERS[request.param](tmp_path_factory.mktemp("model") / "random")


def writes(family, folder, reply):
    """A copy of it that writes this, whatever it is asked."""
    shutil.copytree(family, folder)
    return f"local:{teach(folder, json.dumps(reply))}"


def asked(corpus, model, question=QUESTION, **settings):
    """The answer, and the ledger that it was made from."""
    agent = create_document_agent(corpus, model, checkpointer=InMemorySaver(), **settings)
    config = {"configurable": {"thread_id": "t"}}
    answer = agent.invoke({"question": question}, config)["answer"]
    return answer, agent.get_state(config).values["ledger"]


def test_local_models_answer_and_their_citation_is_checked(corpus, family, tmp_path):
    """The first run fills the ledger; the second one's weights know the id of its entry."""
    planner = writes(family, tmp_path / "planner", PLAN)
    rest = writes(family, tmp_path / "first", KNOWN | {"answerable": False})
    first, ledger = asked(corpus, {"planner": planner, "default": rest})
    assert first.status != "answered"  # an answer without evidence is none
    found = next(one for one in ledger if one.quote == QUOTE)
    claim = {"text": QUOTE, "evidence": [found.id]}
    rest = writes(family, tmp_path / "second", KNOWN | {"claims": [claim]})
    answer, _ = asked(corpus, {"planner": planner, "default": rest})
    assert (answer.status, answer.text) == ("answered", "1,964 million")
    cited = answer.citations[0]
    assert (cited.document, cited.page, cited.verified) == ("report.pdf", 1, True)
    assert {role.role for role in answer.usage.roles} >= ROLES
    assert answer.usage.images > 0
    assert answer.usage.input_tokens > 1000


def test_a_model_that_knows_nothing_leaves_an_answer_that_says_so(corpus, family):
    """One name is the model of every role; a plain question goes round without a plan."""
    answer, ledger = asked(corpus, f"local:{family}", question=PLAIN)
    assert answer.status == "incomplete"
    assert not ledger
    assert not answer.claims
    assert answer.model == f"local:{family}"
    told = " ".join(answer.notes)
    for who in ("text agent", "image agent"):
        assert f"the {who} on q1 failed: InvalidReplyError" in told
    assert answer.usage.images > 0
    assert answer.usage.output_tokens > 0
    assert answer.usage.model_calls == sum(role.model_calls for role in answer.usage.roles)


def test_a_plan_that_is_none_is_told_and_the_question_is_asked_as_it_is(corpus, family):
    answer, _ = asked(corpus, f"local:{family}")
    assert answer.status == "incomplete"
    assert any("The planner's reply is not a PlanReply" in note for note in answer.notes)
    assert [hop.question for hop in answer.plan] == [answer.question]


def test_local_models_keep_the_budget(corpus, family, tmp_path):
    models = {
        "planner": writes(family, tmp_path / "planner", PLAN),
        "default": writes(family, tmp_path / "rest", KNOWN | {"answerable": False}),
    }
    answer, _ = asked(corpus, models, budget=Budget(model_calls=2))
    assert answer.usage.model_calls <= 2
    assert answer.status != "answered"
