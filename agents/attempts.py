"""One model call that is tried again while that may help, and given up when time is out."""

import contextvars
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from pagehop.agents.failures import as_pagehop_error, asked_delay, may_pass_later
from pagehop.tools.errors import BudgetSpentError, ModelCallError, PagehopError

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0  # seconds between two attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a busy provider is waited for."""

    attempts: int = 4
    backoff: float = 1.0  # seconds before the second attempt; doubled for each further one


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call: who asks whom, and by when it must be answered."""

    runner: Runnable[Any, Any]  # the model, with tools or a schema bound to it
    model: object
    role: str
    deadline: float  # of time.monotonic()
    patience: Patience

    def reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """Ask until it works, the provider says no, attempts are used up or time is.

        Raises:
            BudgetSpentError: the time ran out meanwhile.
            MissingKeyError, RequestRefusedError, ModelCallError: as `as_pagehop_error`.
        """
        for attempt in range(1, self.patience.attempts + 1):
            try:
                return _message(self._in_time(lambda: self.runner.invoke(list(messages))))
            except PagehopError:
                raise
            except Exception as error:
                pause = self._pause(attempt, error)
                last = attempt == self.patience.attempts or pause >= self._left()
                if last or not may_pass_later(error):
                    raise as_pagehop_error(
                        error, role=self.role, model=self.model, attempts=attempt
                    ) from error
                logger.info("the %s waits %.1f s: %s", self.role, pause, type(error).__name__)
                time.sleep(pause)
        raise AssertionError  # the last attempt returns or raises

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def _pause(self, attempt: int, error: BaseException) -> float:
        doubled: float = self.patience.backoff * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311
        return min(LONGEST_PAUSE, max(doubled, asked_delay(error)))

    def _in_time(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - a reply's shape
        """The call's result, if it comes before the deadline.

        It runs in a thread of its own, since a blocking call cannot be interrupted; one that
        is late is left behind, and whatever it still brings is dropped.
        """
        done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        context = contextvars.copy_context()  # callbacks of the graph travel in it

        def work() -> None:
            try:
                done.put((context.run(call), None))
            except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
                done.put((None, error))

        threading.Thread(target=work, name=f"pagehop-{self.role}", daemon=True).start()
        try:
            result, error = done.get(timeout=self._left())
        except queue.Empty:
            raise BudgetSpentError(
                f"The {self.role} waited for the model until all seconds of the budget were spent."
            ) from None
        if error is not None:
            raise error
        return result


def _message(reply: Any) -> AIMessage:  # noqa: ANN401 - a reply, or what a schema's runner gives
    """The raw message of a reply, with or without a schema around it."""
    raw = reply.get("raw") if isinstance(reply, Mapping) else reply
    if isinstance(raw, AIMessage):
        return raw
    raise ModelCallError(f"The model gave a {type(raw).__name__} where a message was expected.")
