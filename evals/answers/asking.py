"""Asking: every question once, several at a time, each answer kept when it comes."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from pagehop.evals.answers.trial import Setting, Trial, answered, failed
from pagehop.evals.cases import Case
from pagehop.graphs.state import Asked
from pagehop.tools import Corpus

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from pagehop.graphs import DocumentAgent

logger = logging.getLogger(__name__)

Step: TypeAlias = Callable[[Case], Trial]
_LISTENING = 0.2  # seconds between looks at Ctrl-C


class Agents:
    """The agents of one setting, one for each set of documents that is asked about.

    The model is shared. Use it as a context manager; it closes the agents.

    Raises:
        InputError: no such graph or effort.
    """

    def __init__(self, corpus: Corpus, setting: Setting, model: "BaseChatModel | None") -> None:
        self._corpus = corpus
        self._setting = setting
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

        setting = self._setting
        return create_graph(
            setting.graph, self._corpus, self._model, documents=documents, effort=setting.effort
        )

    def __enter__(self) -> "Agents":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the agents."""
        for agent in self._made.values():
            agent.close()


def each(cases: Sequence[Case], step: Step, *, jobs: int, keep: Callable[[Trial], None]) -> None:
    """Take the step for every case, so many at a time; what comes is kept in this thread.

    Ctrl-C ends it at once: what was kept stays, questions under way are left.

    Raises:
        Exception: as `step`; the rest is left then.
    """
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Trial | BaseException] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                ended.put(step(waiting.get_nowait()))
            except queue.Empty:
                return
            except BaseException as error:  # noqa: BLE001  raised where the caller is
                ended.put(error)

    for number in range(max(1, min(jobs, len(cases)))):
        # Threads that do not hold up the end of the program: a model may take minutes to reply.
        threading.Thread(target=work, name=f"asking-{number}", daemon=True).start()
    try:
        for _ in cases:
            keep(_next(ended))
    finally:
        stop.set()


def _next(ended: "queue.SimpleQueue[Trial | BaseException]") -> Trial:
    while True:
        try:
            found = ended.get(timeout=_LISTENING)
        except queue.Empty:
            continue
        if isinstance(found, BaseException):
            raise found
        return found
