"""A tool of your own: the agents call it, and the answer cites what it said.

The model here is a scripted one, so that the example runs without a key. With a real one, the
call is `create_document_agent(corpus, "openai:gpt-5-mini", tools=[shelf])`, and that is all.
"""

import re
import sys
import tempfile
from pathlib import Path

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool

from pagehop.agents import ScriptedChatModel
from pagehop.graphs import create_document_agent
from pagehop.tools import Corpus, Stage

PAPERS = Path(__file__).parents[1] / "samples"


@tool
def shelf(title: str) -> str:
    """Where a printed copy of a paper stands in our library."""
    return {"Logic-LM": "Logic-LM: room 2, shelf 14"}.get(title, f"There is no copy of {title}.")


def summarize(messages: list[BaseMessage]) -> dict[str, object]:
    """Answer with a claim that cites the first evidence of the list."""
    evidence = re.search(r"\be[0-9a-f]{8}\b", messages[-1].text)[0]
    claim = {"text": "The copy stands in room 2, shelf 14.", "evidence": [evidence]}
    return {"answerable": True, "answer": "In room 2, on shelf 14.", "claims": [claim]}


SCRIPT = [
    ("Role: planner", {"sub_questions": [{"id": "q1", "question": "Where is Logic-LM?"}]}),
    (
        "Role: text agent",
        [
            AIMessage("", tool_calls=[{"name": "shelf", "args": {"title": "Logic-LM"}, "id": "1"}]),
            {"findings": [], "answer": "room 2, shelf 14", "confidence": 1.0},
        ],
    ),
    ("Role: image agent", {"findings": [], "answer": "", "confidence": 0.0}),
    ("Role: critic", {"ruling": "sufficient"}),
    ("Role: summarizer", summarize),
]


def main(folder: str) -> None:
    """Ask one question that only the tool can answer."""
    with Corpus(folder) as corpus:
        corpus.add(PAPERS, until=Stage.TEXT)  # text alone: the quickest stage
        model = ScriptedChatModel(rules=SCRIPT)
        agent = create_document_agent(corpus, model, tools=[shelf])
        answer = agent.invoke({"question": "Where is our copy of the Logic-LM paper?"})["answer"]
    print(answer.text)
    for citation in answer.citations:
        print(f"[{citation.id}] {citation.document_id}: {citation.quote}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
