"""From a question on the command line to an Answer: the graph is loaded here, and only here."""

import hashlib
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from pagehop.apps.printing import tell
from pagehop.tools.errors import PagehopError, ThreadBusyError

if TYPE_CHECKING:
    from pagehop.agents.budget import Budget
    from pagehop.agents.calling.prices import Price
    from pagehop.tools import Corpus
    from pagehop.tools.evidence import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The effort, and the budget as far as the person named one."""

    effort: str = "standard"

    rounds: int | None = None
    model_calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    money: float | None = None

    def budget(self) -> "Budget":
        """The effort's budget, with what was named in its place.

        Raises:
            InputError: there is no such effort.
        """
        from pagehop.agents.budget import effort_of

        named = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(effort_of(named.pop("effort")).budget, **named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for every question of one command."""

    documents: tuple[str, ...] = ()  # ids; empty: all of the corpus
    model: str | None = None
    graph: str = "pagehop"
    price: tuple[float, float] | None = None  # of a million tokens of the model, in and out
    limits: Limits = field(default_factory=Limits)
    trace: bool = False


class Conversation:
    """Questions on one thread: each is answered knowing the turns before it.

    Without a thread, a question stands alone: it has a thread made of its own words, so that
    the same command goes on with a run that was stopped or failed. Nothing of it stays after.
    """

    def __init__(self, corpus: "Corpus", settings: Settings, thread: str | None = None) -> None:
        from pagehop.graphs.baselines import create_graph

        self.thread = thread
        self._settings = settings
        self._agent = create_graph(
            settings.graph,
            corpus,
            settings.model,
            effort=settings.limits.effort,
            budget=settings.limits.budget(),
            prices=_prices(settings),
            documents=settings.documents or None,
            checkpointer=True,
        )

    def ask(self, question: str) -> "Answer":
        """The answer to one question; what happens on the way is told on stderr if wanted."""
        if self.thread is not None:
            return self._answer(question, self.thread)
        thread, runs = self._thread_of(question), self._agent.setup.runs()
        last = runs.last(thread)
        if last is not None and last.status not in ("running", "failed"):
            runs.erase(thread)  # killed between its end and its erasure
        failed = last is not None and last.status == "failed"
        try:
            answer = self._answer(None if failed else question, thread)
        except ThreadBusyError:  # the same was asked a moment ago, by somebody else
            thread = f"{thread}-{uuid.uuid4().hex[:8]}"
            answer = self._answer(question, thread)
        runs.erase(thread)
        return answer

    def _answer(self, question: str | None, thread: str) -> "Answer":
        """Ask, or with no question go on with what was asked."""
        from pagehop.graphs import Final, stream_events, trace_lines

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
        settings = self._settings
        asked = "\x1f".join(
            (question.strip(), settings.model or "", settings.graph, *settings.documents)
        )
        return "ask-" + hashlib.blake2b(asked.encode(errors="replace"), digest_size=8).hexdigest()

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        """Close what the agent keeps on disk."""
        self._agent.close()


def _prices(settings: Settings) -> "dict[str, Price] | None":
    """The price that was named, as that of the model that was named."""
    from pagehop.agents.calling.prices import Price

    if settings.price is None or settings.model is None:
        return None
    name = settings.model.partition("@")[0]  # without the URL of a server
    return {name: Price(input=settings.price[0], output=settings.price[1])}


def new_thread() -> str:
    """An id for a conversation, short enough to be typed."""
    return f"chat-{uuid.uuid4().hex[:8]}"
