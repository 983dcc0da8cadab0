"""How the agents work together: a question as a LangGraph state machine."""

from pagehop.graphs.agent import DocumentAgent
from pagehop.graphs.create import create_document_agent
from pagehop.graphs.events import Event, Final, stream_events
from pagehop.graphs.schema import answer_schema
from pagehop.graphs.trace import clean, trace_lines

__all__ = [
    "DocumentAgent",
    "Event",
    "Final",
    "answer_schema",
    "clean",
    "create_document_agent",
    "stream_events",
    "trace_lines",
]
