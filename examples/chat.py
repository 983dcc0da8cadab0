"""A chat: the second question is understood from the first. No model and no key is needed."""

import sys
import tempfile
from pathlib import Path

from pagehop.graphs import create_document_agent
from pagehop.tools import Corpus, Stage

PAPERS = Path(__file__).parents[1] / "samples"
QUESTIONS = (
    "Which symbolic solvers does LOGIC-LM use?",
    "And on which datasets is it evaluated?",
)


def main(folder: str) -> None:
    """Ask two questions on one thread."""
    thread = {"configurable": {"thread_id": "example"}}
    with Corpus(folder) as corpus:
        corpus.add(PAPERS, until=Stage.TEXT)  # text alone: the quickest stage
        with create_document_agent(corpus, checkpointer=True) as agent:  # kept in the corpus folder
            for question in QUESTIONS:
                answer = agent.invoke({"question": question}, thread)["answer"]
                print(f"> {question}\n{answer.text}")
                for citation in answer.citations:
                    print(f"  [{citation.id}] {citation.document}, page {citation.page}")
            understood = agent.get_state(thread).values["standalone"]
            print(f"The second question was understood as: {understood}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
