"""From a question on the command line to an Answer: the graph is loaded here, and only here."""

import hashlib
import itertools
import uuid
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from pagehop.apps.printing import tell
from pagehop.tools.errors import PagehopError

if TYPE_CHECKING:
    from pagehop.agents.calls import Budget
    from pagehop.tools import Corpus
    from pagehop.tools.evidence import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The budget as far as the person named one."""

    rounds: int | None = None
    model_calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None

    def budget(self) -> "Budget":
        """The default budget, with what was named in its place."""
        from pagehop.agents.calls import Budget

        return Budget(**{name: value for name, value in asdict(self).items() if value is not None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for every question of one command."""

    documents: tuple[str, ...] = ()  # ids; empty: all of the corpus
    model: str | None = None
    limits: Limits = field(default_factory=Limits)
    trace: bool = False


class Conversation:
    """Questions on one thread: each is answered knowing the turns before it.

    Without a thread, a question stands alone: it has a thread made of its own words, so that
    the same command goes on with a run that was stopped.
    """

    def __init__(self, corpus: "Corpus", settings: Settings, thread: str | None = None) -> None:
        from pagehop.graphs import create_document_agent

        self.thread = thread
        self._settings = settings
        self._agent = create_document_agent(
            corpus,
            settings.model,
            budget=settings.limits.budget(),
            documents=settings.documents or None,
            checkpointer=True,
        )

    def ask(self, question: str) -> "Answer":
        """The answer to one question; what happens on the way is told on stderr if wanted."""
        from pagehop.graphs import Final, stream_events, trace_lines

        thread = self.thread or self._thread_of(question)
        answer: Answer | None = None
        for event in stream_events(self._agent, question, {"configurable": {"thread_id": thread}}):
            if self._settings.trace:
                for line in trace_lines(event):
                    tell(line)
            if isinstance(event, Final):
                answer = event.answer
        if answer is None:
            raise PagehopError(f"The run on the thread {thread!r} ended without an answer.")
        return answer

    def _thread_of(self, question: str) -> str:
        """The thread of this very command: its stopped run, or a new one."""
        settings = self._settings
        asked = "\x1f".join((question.strip(), settings.model or "", *settings.documents))
        stem = "ask-" + hashlib.blake2b(asked.encode(), digest_size=5).hexdigest()
        runs = self._agent.setup.runs()
        for number in itertools.count(1):
            thread = f"{stem}-{number}"
            last = runs.last(thread)
            if last is None or last.status == "running":
                return thread
        raise AssertionError

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what the agent keeps on disk."""
        self._agent.close()


def new_thread() -> str:
    """An id for a conversation, short enough to be typed."""
    return f"chat-{uuid.uuid4().hex[:8]}"
