"""Streaming: what the agents do while they do it, then the answer."""

import sys
import tempfile
from pathlib import Path

from pagehop.graphs import Final, create_document_agent, stream_events, trace_lines
from pagehop.tools import Corpus, Stage

PAPERS = Path(__file__).parents[1] / "samples"
QUESTION = "Which datasets is ProgramFC evaluated on, and which datasets is LOGIC-LM evaluated on?"


def main(folder: str) -> None:
    """Ask one question over two papers, and tell its way."""
    with Corpus(folder) as corpus:
        corpus.add(PAPERS, until=Stage.TEXT)  # text alone: the quickest stage
        for event in stream_events(create_document_agent(corpus), QUESTION):
            print(*trace_lines(event), sep="\n")
            if isinstance(event, Final):
                print(event.answer.text)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
