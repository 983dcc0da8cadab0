"""Asking: every question once, several at a time, each answer kept when it comes."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pagehop.agents.calling.prices import Prices
from pagehop.agents.calling.traffic import Traffic
from pagehop.evals.answers.trial import Setting, Trial, answered, failed
from pagehop.evals.cases import Case
from pagehop.graphs.state import Asked
from pagehop.tools import Corpus

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from pagehop.graphs import DocumentAgent

logger = logging.getLogger(__name__)

Step: TypeAlias = Callable[[Case], Trial]
_LISTENING = 0.2  # seconds


class Agents:
    """The agents of one setting, one for each set of documents that is asked about.

    They share the model and its traffic. Use it as a context manager; it closes the agents.

    Args:
        corpus: what is asked about.
        setting: which graph, and how hard it works.
        model: for every role; None: none.
        prices: of the model; without, what a hosted one costs is unknown.

    Raises:
        InputError: no such graph or effort, or the graph needs another model.
    """

    def __init__(
        self,
        corpus: Corpus,
        setting: Setting,
        model: "BaseChatModel | None",
        prices: Prices | None = None,
    ) -> None:
        self._corpus = corpus
        self._setting = setting
        self._shared = {"effort": setting.effort, "prices": prices, "traffic": Traffic()}
        self._lock = threading.Lock()
        self._made: dict[frozenset[str], DocumentAgent] = {}
        self._model = model
        self._agent(frozenset())  # now, so that what is wrong is said before any question

    def ask(self, case: Case) -> Trial:
        """Ask one question; an error becomes a trial that failed."""
        question, start = case.question, time.perf_counter()
        agent = self._agent(frozenset() if self._setting.pooled else case.documents)
        try:
            answer = agent.invoke(Asked(question=question.text))["answer"]
        except Exception as error:  # noqa: BLE001  one failed question is a trial of its own kind
            logger.info("the question %s failed: %s", question.id, error)
            spent = time.perf_counter() - start
            return failed(question.id, question.text, self._setting, error, spent)
        spent = time.perf_counter() - start
        return answered(question.id, question.text, self._setting, answer, spent)

    def _agent(self, documents: frozenset[str]) -> "DocumentAgent":
        with self._lock:
            if documents not in self._made:
                self._made[documents] = self._make(sorted(documents) or None)
            return self._made[documents]

    def _make(self, documents: Sequence[str] | None) -> "DocumentAgent":
        from pagehop.graphs.baselines import create_graph

        graph = self._setting.graph
        return create_graph(graph, self._corpus, self._model, documents=documents, **self._shared)

    def __enter__(self) -> "Agents":
        return self

    def __exit__(self, *_: object) -> None:
        """Close the agents."""
        for agent in self._made.values():
            agent.close()


def each(cases: Sequence[Case], step: Step, *, jobs: int, keep: Callable[[Trial], None]) -> None:
    """Take the step for every case, so many at a time; what comes is kept in this thread.

    Ctrl-C starts no further one; those under way are waited for and kept, for they use what
    the caller closes next. Another Ctrl-C leaves them.

    Raises:
        Exception: as `step`; no further one is started then.
    """
    workers = _Workers(cases, step, jobs)
    try:
        for _ in cases:
            keep(workers.next())
    finally:
        for trial in workers.end():
            keep(trial)


class _Workers:
    """Threads that take steps. They do not hold up the end of the program."""

    def __init__(self, cases: Sequence[Case], step: Step, jobs: int) -> None:
        self._step = step
        self._waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Trial | BaseException] = queue.SimpleQueue()
        self._stop = threading.Event()
        for case in cases:
            self._waiting.put(case)
        self._threads = [
            threading.Thread(target=self._work, name=f"asking-{number}", daemon=True)
            for number in range(max(1, min(jobs, len(cases))))
        ]
        for thread in self._threads:
            thread.start()

    def next(self) -> Trial:
        """The next trial that ended; waits for it. Raises what its step raised."""
        while True:
            try:
                found = self._ended.get(timeout=_LISTENING)  # without a limit it is deaf to Ctrl-C
            except queue.Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            return found

    def end(self) -> list[Trial]:
        """Start no further step and wait for those under way; the trials that nobody took."""
        self._stop.set()
        if not self._waiting.empty():
            logger.warning("Waiting for what is under way. Ctrl-C again leaves it.")
        for thread in self._threads:
            thread.join()
        left = []
        while not self._ended.empty():
            left.append(self._ended.get())
        return [one for one in left if isinstance(one, Trial)]

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                case = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self._ended.put(self._step(case))
            except BaseException as error:  # noqa: BLE001  raised where it is waited for
                self._ended.put(error)
