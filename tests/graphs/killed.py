"""A program to be killed: it asks one question and writes a line for every model call.

Arguments: corpus folder, log file, thread id, seconds a call takes. It prints the answer as JSON.
"""

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"

from pagehop.agents import ScriptedChatModel
from pagehop.agents.budget import STANDARD
from pagehop.graphs import create_document_agent
from pagehop.tools import Corpus

QUESTION = "Where are Alpha's headquarters, what was its revenue, and who is the mayor there?"
PLAN = {
    "sub_questions": [
        {"id": "q1", "question": "Where are the headquarters of Alpha Corp?"},
        {"id": "q2", "question": "What was the revenue of Alpha Corp in 2023?"},
        {"id": "q3", "question": "Who is the mayor of {q1}?", "depends_on": ["q1"]},
    ],
    "reply": "",
}
for hop in PLAN["sub_questions"]:
    hop["modalities"] = ["text"]
QUOTES = {
    "headquarters": ("The headquarters of Alpha Corp are in Lisbon.", "Lisbon"),
    "revenue": ("Revenue of Alpha Corp in 2023 was 412 million euros.", "412 million euros"),
    "mayor of Lisbon": ("The mayor of Lisbon is Carlos Moedas.", "Carlos Moedas"),
}


def main(corpus, log, thread, pause):
    def asked(messages):
        return messages[1].text.partition("sub-question>>")[2].partition("<<end")[0]

    def logged(reply):
        def told(messages):
            role = messages[0].text.partition("\n")[0]
            long = 3 if "revenue" in asked(messages) else 1  # readers do not end together
            time.sleep(long * float(pause))
            made = reply(messages) if callable(reply) else reply
            with Path(log).open("a") as file:  # written when the call has finished
                file.write(f"{role} {asked(messages).strip()}\n")
            return made

        return told

    def read(messages):
        for key, (quote, answer) in QUOTES.items():
            if key in asked(messages):
                hits = messages[1].text
                number = next(
                    n for n in range(1, 20)
                    if quote in hits.partition(f"hit {n}>>")[2].partition("<<end")[0]
                )  # fmt: skip
                found = {"hit": number, "quote": quote, "confidence": 0.9}
                return {"findings": [found], "answer": answer, "confidence": 0.9}
        return {"findings": [], "answer": "", "confidence": 0}

    def summarize(messages):
        lines = [x for x in messages[1].text.splitlines() if x.startswith("e") and '] "' in x]
        claims = [{"text": x.split('"')[1], "evidence": [x.split()[0]]} for x in lines]
        return {"answerable": True, "answer": "Lisbon, Moedas.", "claims": claims}

    model = ScriptedChatModel(
        rules=[
            ("Role: planner", logged(PLAN)),
            ("Role: text agent", logged(read)),
            ("Role: critic", logged({"ruling": "sufficient", "gaps": [], "reason": ""})),
            ("Role: summarizer", logged(summarize)),
        ]
    )
    every_role = replace(STANDARD, planner="always", critic="always")
    agent = create_document_agent(Corpus(corpus), model, effort=every_role, checkpointer=True)
    config = {"configurable": {"thread_id": thread}}
    print("asking", flush=True)  # noqa: T201
    answer = agent.invoke({"question": QUESTION}, config)["answer"]
    print(json.dumps(answer.as_dict()), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
