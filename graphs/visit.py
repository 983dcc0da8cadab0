"""One call of the agent: what is run, with which services, and what stays of it on disk.

With a checkpointer and a thread id a call is durable: the question is stored before the first
step, the thread is held while it runs, and the end is a row of our own. Inside another graph
(`checkpoint_ns` is set) the run is that graph's to store and to resume.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config, merge_configs
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, StateSnapshot

from pagehop.agents.budget import STANDARD, Budget, Effort
from pagehop.agents.calling.cache import ReplyCache
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.prices import Prices
from pagehop.agents.calling.traffic import Traffic
from pagehop.agents.team import Team
from pagehop.graphs.conversation import asked
from pagehop.graphs.lease import Lease
from pagehop.graphs.runs import Run, RunFile, Runs
from pagehop.graphs.saver import MARK, CorpusSaver
from pagehop.graphs.services import Services
from pagehop.tools import Corpus
from pagehop.tools.errors import EmptyQuestionError, InputError
from pagehop.tools.evidence import Answer, Usage

if TYPE_CHECKING:
    from pagehop.graphs.agent import DocumentAgent

UNFINISHED = ("running", "failed")  # a killed run is still called running
STEPS_A_ROUND = 60  # three a wave, twelve waves at most, and the rest; never reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an agent was made of; services are made from it for each run."""

    corpus: Corpus
    team_of: Callable[[Calls], Team]
    budget: Budget
    runs: RunFile
    effort: Effort = STANDARD
    prices: Prices | None = None
    traffic: Traffic | None = None
    cache: ReplyCache | None = None
    documents: tuple[str, ...] | None = None
    max_concurrency: int = 8


class Visit:
    """One call of `stream` or `astream`, from the input to the last row."""

    def __init__(
        self,
        agent: "DocumentAgent",
        given: Any,  # noqa: ANN401 whatever a caller passes in
        config: RunnableConfig | None,
        options: Mapping[str, Any],
    ) -> None:
        self.agent = agent
        self.input: Any = given
        self.config: RunnableConfig = {**config} if config else {}
        self.options = dict(options)
        self._lease: Lease | None = None
        self._run: Run | None = None
        self._seen: set[str] = set()  # ids of the documents whose text the thread may hold
        merged = ensure_config(merge_configs(agent.config, config))
        self._conf = merged.get("configurable", {})
        if isinstance(given, Command) or given is None:
            self._question = None
        else:
            self._question = asked(given)

    def open(self) -> None:
        """Hold the thread, store the question, and make what the run works with.

        Raises:
            ThreadBusyError: another run holds the thread.
            EmptyQuestionError: nothing is there to go on with.
        """
        thread = self._thread()
        spent = Usage()
        if thread is None:
            self._start_fresh()
        else:
            self._lease = Lease(self.agent.setup.corpus.path / "locks", thread)
            spent = self._open_run(thread)
        self._configure()
        self.options["context"] = self._services(spent)
        if self.agent.checkpointer:
            self.options.setdefault("durability", "sync")

    def end(self) -> None:
        """Store the answer, if the run has come to one; a run that waits for a person has not."""
        if self._run is None:
            return
        saved = self._saved(self._run.thread)
        answer = saved.values.get("answer")
        if self._is_of(saved, self._run) and not saved.tasks and isinstance(answer, Answer):
            self.agent.setup.runs().end(self._run, answer)
            if isinstance(self.agent.checkpointer, CorpusSaver):
                self.agent.checkpointer.forget_steps(self._run.thread, self._run.id)

    def fail(self, error: Exception) -> None:
        """Store why the run failed; what only pauses it leaves it unfinished."""
        if self._run is not None and not isinstance(error, GraphBubbleUp):
            self.agent.setup.runs().fail(self._run, error)

    def close(self) -> None:
        """Let the next one run on the thread.

        A document that was removed while the run held its text takes the thread with it: what
        the run has written since would stay.
        """
        if self._lease is None:
            return
        try:
            thread, setup = self._thread(), self.agent.setup
            there = {document.id for document in setup.corpus.documents()} if self._seen else set()
            if thread is not None and self._seen - there:
                setup.runs().erase(thread)
        finally:
            self._lease.release()
            self._lease = None

    def _thread(self) -> str | None:
        """The thread id, if this call is durable and our own to store."""
        thread = self._conf.get("thread_id")
        nested = bool(self._conf.get("checkpoint_ns"))
        if thread is None or nested or not self.agent.checkpointer:
            return None
        try:
            str(thread).encode()
        except UnicodeEncodeError:
            raise InputError(f"The thread id {thread!r} is no text that can be stored.") from None
        return str(thread)

    def _start_fresh(self) -> None:
        if self._question is not None:
            question, messages = self._question
            self.input = {"question": question, "messages": messages}

    def _open_run(self, thread: str) -> Usage:
        """Decide between a new run and going on with one; returns what that has cost already."""
        runs = self.agent.setup.runs()
        last = runs.last(thread)
        self._seen.update(runs.touched(thread))
        if self._conf.get("checkpoint_id"):  # a fork of the past is LangGraph's own affair
            self._start_fresh()
            return Usage()
        if self._question is not None and not _same(last, self._question[0]):
            self._run = runs.start(thread, *self._question)
            self._start_fresh()
            return Usage()
        return self._resume(runs, last, thread)

    def _resume(self, runs: Runs, last: Run | None, thread: str) -> Usage:
        saved = self._saved(thread)
        if last is None:
            if not saved.values and not saved.tasks:
                raise EmptyQuestionError(f"Nothing has been asked on the thread {thread!r} yet.")
            return Usage()
        if last.status not in UNFINISHED:
            return Usage()
        if last.status == "failed":
            runs.resume(last)
        self._run = last
        if not self._is_of(saved, last):  # killed before its first checkpoint
            self.input = {"question": last.question, "messages": list(last.messages)}
            return Usage()
        self.input = self.input if isinstance(self.input, Command) else None
        spent = saved.values.get("usage") if "usage" in saved.values else None
        return spent or Usage()

    def _services(self, spent: Usage) -> Services:
        setup, run = self.agent.setup, self._run
        journal = None if run is None else setup.runs().journal(run)
        calls = Calls(
            setup.budget,
            spent=spent,
            journal=journal,
            prices=setup.prices,
            traffic=setup.traffic,
            cache=setup.cache,
        )

        def seen(documents: tuple[str, ...]) -> None:
            if run is not None and documents:
                self._seen.update(documents)
                setup.runs().touch(run.thread, documents)

        return Services(
            corpus=setup.corpus,
            team=setup.team_of(calls),
            calls=calls,
            budget=setup.budget,
            effort=setup.effort,
            documents=setup.documents,
            seen=seen,
        )

    def _configure(self) -> None:
        bound: RunnableConfig = self.agent.config or {}
        setup = self.agent.setup
        defaults = {
            "recursion_limit": STEPS_A_ROUND * (setup.budget.rounds + 1),
            "max_concurrency": setup.max_concurrency,
        }
        for name, value in defaults.items():
            if name not in bound:
                self.config.setdefault(name, value)  # type: ignore[misc]
        if self._run is not None:
            self.config["metadata"] = {**(self.config.get("metadata") or {}), MARK: self._run.id}

    def _saved(self, thread: str) -> StateSnapshot:
        return self.agent.get_state({"configurable": {"thread_id": thread}})

    @staticmethod
    def _is_of(saved: StateSnapshot, run: Run) -> bool:
        metadata: Mapping[str, Any] = saved.metadata or {}
        return metadata.get(MARK) == run.id


def _same(last: Run | None, question: str) -> bool:
    """Whether it is the question that was left unfinished: asked again, it goes on."""
    return last is not None and last.status in UNFINISHED and last.question == question
