"""One model call that is tried again while that may help, and given up when time is out."""

import contextvars
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import ensure_config, merge_configs

from pagehop.agents.calling.bounds import counted_tokens, rough_tokens
from pagehop.agents.calling.deadline import answered_by
from pagehop.agents.calling.delays import asked_delay
from pagehop.agents.calling.failures import as_pagehop_error, may_pass_later
from pagehop.agents.calling.meter import Meter
from pagehop.agents.calling.purse import Purse, Ticket
from pagehop.agents.calling.raw import broken_off, raw_message, refused_by_filter, salvaged
from pagehop.agents.calling.traffic import Traffic
from pagehop.tools.errors import BudgetSpentError, ContentRefusedError, PagehopError

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0  # seconds between two attempts, unless the provider asks for more


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a busy provider is waited for."""

    attempts: int = 4
    backoff: float = 1.0  # seconds before the second attempt; doubled for each further one


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One call: who asks whom, and what it may take."""

    runner: Runnable[Any, Any]  # the model, with tools or a schema bound to it
    model: object
    messages: Sequence[BaseMessage]
    asks: str
    purse: Purse
    ticket: Ticket  # of a call that the purse has let in
    patience: Patience
    traffic: Traffic

    def reply(self) -> AIMessage:
        """Ask until it works, the provider says no, attempts are used up or the budget is.

        What failed attempts cost is counted here; what the reply costs is not.

        Raises:
            BudgetSpentError: the time ran out, or the failed attempts took the rest.
            MissingKeyError, RequestRefusedError, ModelCallError: as `as_pagehop_error`.
        """
        for attempt in count(1):
            if attempt > 1:
                self.purse.enter(self.ticket)
            meter = Meter()
            try:
                return self._attempt(meter)
            except Exception as error:
                kept = salvaged(error)
                if kept is not None:
                    return kept
                cost = meter.cost_of(error, self.messages, self.asks, self.ticket.price)
                self.purse.pause(self.ticket, cost)
                if isinstance(error, PagehopError):
                    raise
                self._wait(attempt, error)
        raise AssertionError  # it returns or raises

    def _attempt(self, meter: Meter) -> AIMessage:
        reply = raw_message(self._in_time(meter))
        if broken_off(reply, streamed=meter.partial is not None):
            raise ConnectionAbortedError("The stream ended before the reply did.")
        if refused_by_filter(reply):
            raise ContentRefusedError(
                f"A content filter held back the reply to the {self.ticket.role}."
            )
        return reply

    def _wait(self, attempt: int, error: Exception) -> None:
        """Sleep until the next attempt; where there is to be none, raise our error for it."""
        role = self.ticket.role
        pause = self._pause(attempt, error)
        last = attempt >= self.patience.attempts or pause >= self._left()
        if last or not may_pass_later(error):
            raise as_pagehop_error(error, role=role, model=self.model, attempts=attempt) from error
        logger.info("the %s waits %.1f s: %s", role, pause, type(error).__name__)
        time.sleep(pause)

    def _left(self) -> float:
        return max(0.0, self.purse.deadline - time.monotonic())

    def _pause(self, attempt: int, error: BaseException) -> float:
        doubled: float = self.patience.backoff * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311
        return max(min(LONGEST_PAUSE, doubled), asked_delay(error))

    def _in_time(self, meter: Meter) -> Any:  # noqa: ANN401 - a reply's shape
        """What the runner gives, if it comes before the deadline.

        It runs in a thread of its own, since a blocking call cannot be interrupted; one that
        is late is left behind, and whatever it still brings is dropped.
        """
        slot = self.traffic.enter(rough_tokens(self.messages, self.asks), self.purse.deadline)
        meter.started = self.ticket.asked = True
        done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        context = contextvars.copy_context()  # callbacks of the graph travel in it

        def work() -> None:
            tokens = 0
            try:
                result = context.run(self._invoke, meter)
                tokens = sum(counted_tokens(raw_message(result)) or ())
                done.put((result, None))
            except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
                done.put((None, error))
            finally:
                self.traffic.leave(slot, tokens)

        threading.Thread(target=work, name=f"pagehop-{self.ticket.role}", daemon=True).start()
        return self._taken(done.get)

    def _invoke(self, meter: Meter) -> Any:  # noqa: ANN401 - a reply's shape
        config = merge_configs(ensure_config(), {"callbacks": [meter]})
        with answered_by(self.purse.deadline):
            return self.runner.invoke(list(self.messages), config)

    def _taken(self, get: Callable[..., tuple[Any, BaseException | None]]) -> Any:  # noqa: ANN401
        try:
            result, error = get(timeout=min(self._left(), threading.TIMEOUT_MAX))
        except queue.Empty:
            raise BudgetSpentError(
                f"The {self.ticket.role} waited for the model until all seconds of the budget "
                "were spent."
            ) from None
        if error is not None:
            raise error
        return result
