"""How the agents work together: a question as a LangGraph state machine.

The names below are loaded when they are first used, so that importing the package is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagehop.graphs.agent import DocumentAgent as DocumentAgent
    from pagehop.graphs.create import create_document_agent as create_document_agent
    from pagehop.graphs.events import Event as Event
    from pagehop.graphs.events import Final as Final
    from pagehop.graphs.events import stream_events as stream_events
    from pagehop.graphs.runs import forget_document as forget_document
    from pagehop.graphs.schema import answer_schema as answer_schema
    from pagehop.graphs.trace import clean as clean
    from pagehop.graphs.trace import trace_lines as trace_lines

_HOMES = {
    "DocumentAgent": "agent",
    "Event": "events",
    "Final": "events",
    "answer_schema": "schema",
    "clean": "trace",
    "create_document_agent": "create",
    "forget_document": "runs",
    "stream_events": "events",
    "trace_lines": "trace",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  (type checkers read the imports above)


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names."""
    return __all__
