"""How much is asked of providers at once and per minute, by all runs of an agent together."""

import math
import threading
import time
from collections import deque
from dataclasses import dataclass

from pagehop.tools.errors import BudgetSpentError, InputError

MINUTE = 60.0


@dataclass(eq=False, slots=True)
class Slot:
    """A place in the traffic: one attempt at a call."""

    tokens: int  # about; as counted once the reply is there
    started: float = 0.0  # of time.monotonic()


class Window:
    """What was asked in the last minute, against limits on it. Times are seconds of one clock.

    Args:
        calls: at most so many in any minute; None: no limit.
        tokens: at most so many in any minute; a call that is larger goes alone.
    """

    def __init__(self, calls: float | None, tokens: float | None) -> None:
        self._calls = math.inf if calls is None else calls
        self._tokens = math.inf if tokens is None else tokens
        self._recent: deque[Slot] = deque()  # by the time they started

    def wait(self, tokens: int, now: float) -> float:
        """Seconds until a call of so many tokens may start; 0 when it may now."""
        while self._recent and self._recent[0].started <= now - MINUTE:
            self._recent.popleft()
        count, used = len(self._recent), sum(slot.tokens for slot in self._recent)
        passes = 0.0
        for slot in self._recent:
            if count + 1 <= self._calls and used + tokens <= self._tokens:
                break
            count, used = count - 1, used - slot.tokens
            passes = slot.started + MINUTE - now
        return passes

    def add(self, slot: Slot, now: float) -> None:
        """Let it start."""
        slot.started = now
        self._recent.append(slot)


class Traffic:
    """A setting of an agent, shared by all its runs: who may ask a provider now, and who waits.

    Waiting counts as seconds of a question's budget. First come is first served. One object
    may be given to several agents that share an account.

    Args:
        concurrent: calls at once.
        per_minute: calls that start in any minute; None: no limit.
        tokens_per_minute: tokens in any minute, in and out; None: no limit. A call counts
            with what goes in, about, until its reply tells.

    Raises:
        InputError: a limit under which no call could ever be made.
    """

    def __init__(
        self,
        concurrent: int = 8,
        per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        limits = (concurrent, per_minute, tokens_per_minute)
        if not all(limit is None or limit >= 1 for limit in limits):
            raise InputError(
                f"Traffic of {concurrent} calls at once, {per_minute} calls and "
                f"{tokens_per_minute} tokens a minute lets no call through: each limit is at "
                "least 1, or None."
            )
        self.concurrent = concurrent
        self._window = Window(per_minute, tokens_per_minute)
        self._changed = threading.Condition()
        self._waiting: deque[Slot] = deque()
        self._flying = 0

    def enter(self, tokens: int, deadline: float) -> Slot:
        """Wait for a turn.

        Args:
            tokens: what goes in, about.
            deadline: of time.monotonic().

        Raises:
            BudgetSpentError: the deadline came first.
        """
        slot = Slot(tokens)
        with self._changed:
            self._waiting.append(slot)
            try:
                while (pause := self._pause(slot)) > 0:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise BudgetSpentError(
                            "All seconds of the budget were spent while a call waited for its "
                            "turn. More calls at once, or a minute, are a setting of Traffic."
                        )
                    self._changed.wait(min(left, pause, threading.TIMEOUT_MAX))
                self._window.add(slot, time.monotonic())
                self._flying += 1
            finally:
                self._waiting.remove(slot)
                self._changed.notify_all()
        return slot

    def leave(self, slot: Slot, tokens: int = 0) -> None:
        """The attempt is over; `tokens`: what the provider counted, 0 where it did not."""
        with self._changed:
            slot.tokens = tokens or slot.tokens
            self._flying -= 1
            self._changed.notify_all()

    def _pause(self, slot: Slot) -> float:
        """Seconds until the slot may be looked at again; 0: it is its turn."""
        if self._waiting[0] is not slot or self._flying >= self.concurrent:
            return math.inf  # somebody will say so
        return self._window.wait(slot.tokens, time.monotonic())
