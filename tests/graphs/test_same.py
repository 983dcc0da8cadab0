"""The same model and the same question give the same answer, whoever finishes first."""

import random
import time
from dataclasses import replace

from pagehop.agents import ScriptedChatModel
from pagehop.agents.budget import STANDARD
from pagehop.graphs import create_document_agent

MANY = [
    ("q1", "Where are the headquarters of Alpha Corp?"),
    ("q2", "Who is the mayor of Lisbon?"),
    ("q3", "Who is the mayor of Oslo?"),
    ("q4", "What was the revenue of Alpha Corp in 2023?"),
    ("q5", "Who is the mayor of {q1}?", "q1"),
]
QUOTES = {
    "headquarters": ("The headquarters of Alpha Corp are in Lisbon.", "Lisbon"),
    "mayor of Lisbon": ("The mayor of Lisbon is Carlos Moedas.", "Carlos Moedas"),
    "mayor of Oslo": ("The mayor of Oslo is Anne Lindboe.", "Anne Lindboe"),
    "evenue": ("Revenue of Alpha Corp in 2023 was 412 million euros.", "412 million euros"),
}
GAP = {"kind": "breadth", "sub_question": "q4", "query": "turnover of Alpha", "reason": "sure?"}


def late(model, seed):
    """The same model, each reply after a while of its own."""
    chance = random.Random(seed)

    def after(reply):
        def told(messages):
            time.sleep(chance.random() * 0.03)
            return reply(messages) if callable(reply) else reply

        return told

    return ScriptedChatModel(
        rules=[
            (text, [after(one) for one in reply] if isinstance(reply, list) else after(reply))
            for text, reply in model.rules
        ]
    )


def run(library, model):
    effort = replace(STANDARD, planner="always", critic="always")
    agent = create_document_agent(library, model, effort=effort)
    *_, last = agent.stream({"question": "Who governs where?"}, stream_mode="values")
    return last


def plain(answer):
    """All of an answer but its seconds."""
    record = answer.as_dict()
    del record["usage"]["seconds"]
    return record


def test_two_runs_give_the_same_answer_ledger_and_receipt(library, model, plan):
    critic = [
        {"ruling": "gaps", "gaps": [GAP], "reason": "not sure"},
        {"ruling": "sufficient", "gaps": [], "reason": ""},
    ]
    scripted = model(plan=plan(*MANY, modalities=()), quotes=QUOTES, critic=critic)
    runs = [run(library, late(scripted, seed)) for seed in (1, 2)]
    first, second = (plain(last["answer"]) for last in runs)
    assert first == second
    assert first["usage"]["model_calls"] > 10
    assert runs[0]["ledger"] == runs[1]["ledger"]
    assert runs[0]["searches"] == runs[1]["searches"]
    assert [hop["answer"] for hop in first["plan"]] == [
        "Lisbon", "Carlos Moedas", "Anne Lindboe", "412 million euros", "Carlos Moedas",
    ]  # fmt: skip
