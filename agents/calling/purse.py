"""What a run may still spend, and the receipt of what it has spent.

A call goes in when the most that it can cost fits beside all that are in flight. Where it does
not, it waits its turn until those have landed, and then goes in alone while anything is left.
So no limit is ever overrun by more than one call, and no caller waits for ever: first come is
first served, and whoever is at the head goes in or is refused when the last call has landed.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TypeVar

from pagehop.agents.budget import Budget
from pagehop.agents.calling.prices import DECIMALS, Price
from pagehop.tools.errors import BudgetSpentError
from pagehop.tools.evidence import RoleUsage, Usage

Charged = TypeVar("Charged", Usage, RoleUsage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a call has cost, or one attempt at it."""

    calls: int = 0
    failed: int = 0  # attempts that brought no reply
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    money: float | None = 0.0  # None: the price is not known
    estimated: bool = False  # the tokens are not the provider's count


@dataclass(eq=False, slots=True, kw_only=True)
class Ticket:
    """A call that was let in: who asks, and the most that it can cost."""

    role: str
    input_tokens: int = 0
    output_tokens: int = 0
    price: Price | None = None
    asked: bool = False  # whether the model was asked at all


class Purse:
    """The budget of one run. Safe in threads.

    Args:
        budget: what the run may cost. Rounds are the graph's to count.
        spent: what it has cost before, in earlier processes.
    """

    def __init__(self, budget: Budget, spent: Usage) -> None:
        self.budget = budget
        self._spent = spent
        self._began = time.monotonic() - spent.seconds
        self.deadline = self._began + budget.seconds  # of time.monotonic()
        self._changed = threading.Condition()
        self._waiting: deque[Ticket] = deque()
        self._open: set[Ticket] = set()  # let in, and their calls not yet counted
        self._flying: set[Ticket] = set()  # of those, the ones that ask at this moment
        self._finer = 1.0  # how many times our bound a provider has counted

    @property
    def usage(self) -> Usage:
        """What the run has cost so far, earlier processes included."""
        with self._changed:
            return replace(self._spent, seconds=self._seconds())

    def remaining(self) -> bool:
        """Whether the budget still has a call in it."""
        with self._changed:
            return not (self._exhausted() or self._no_call_left())

    def enter(self, ticket: Ticket) -> None:
        """Let a call in, or another attempt at it; or wait until its turn comes.

        Raises:
            BudgetSpentError: no call, token, money or second is left.
        """
        with self._changed:
            self._waiting.append(ticket)
            try:
                while not self._may_go(ticket):
                    left = max(0.0, self.deadline - time.monotonic())
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
            self._open.add(ticket)
            self._flying.add(ticket)

    def pause(self, ticket: Ticket, cost: Cost) -> None:
        """Count an attempt that brought no reply; the call is not in flight any more."""
        with self._changed:
            self._flying.discard(ticket)
            self._add(ticket.role, cost)
            self._changed.notify_all()

    def leave(self, ticket: Ticket, cost: Cost) -> None:
        """Count a call that has ended."""
        with self._changed:
            self._flying.discard(ticket)
            self._open.discard(ticket)
            if not cost.estimated and ticket.input_tokens:
                self._finer = max(self._finer, cost.input_tokens / ticket.input_tokens)
            self._add(ticket.role, cost)
            self._changed.notify_all()

    def count(self, role: str, cost: Cost) -> None:
        """Count what was paid for before, or cost nothing."""
        with self._changed:
            self._add(role, cost)

    def _may_go(self, ticket: Ticket) -> bool:
        used = "" if ticket in self._open else self._no_call_left()
        reason = used or self._exhausted()
        if reason:
            raise BudgetSpentError(f"The {ticket.role} may not ask the model: {reason}.")
        return self._waiting[0] is ticket and self._fits(ticket)

    def _no_call_left(self) -> str:
        if self._spent.model_calls + len(self._open) < self.budget.model_calls:
            return ""
        return f"all {self.budget.model_calls} model calls are spent"

    def _exhausted(self) -> str:
        """What is used up, of everything but calls; empty while nothing is."""
        budget, spent = self.budget, self._spent
        if spent.input_tokens + spent.output_tokens >= budget.tokens:
            return f"all {budget.tokens} tokens are spent"
        if budget.money is not None and spent.money is None:
            return "what it has cost so far has no known price, and money is limited"
        if budget.money is not None and (spent.money or 0.0) >= budget.money:
            return f"all the money, {budget.money:g}, is spent"
        if self._seconds() >= budget.seconds:
            return f"all {budget.seconds:g} seconds are spent"
        return ""

    def _fits(self, ticket: Ticket) -> bool:
        """Whether the call cannot overrun a limit together with those in flight."""
        if not self._flying:
            return True  # alone, it may
        spent, flying = self._spent, (*self._flying, ticket)
        tokens = sum(self._most(each)[0] for each in flying)
        if spent.input_tokens + spent.output_tokens + tokens > self.budget.tokens:
            return False
        money = sum(self._most(each)[1] for each in flying)
        limit = self.budget.money
        return limit is None or (spent.money or 0.0) + money <= limit

    def _most(self, ticket: Ticket) -> tuple[float, float]:
        """The most that a call can cost, in tokens and in money."""
        into = ticket.input_tokens * self._finer
        money = ticket.price.of(int(into), ticket.output_tokens) if ticket.price else 0.0
        return into + ticket.output_tokens, money

    def _seconds(self) -> float:
        return time.monotonic() - self._began

    def _add(self, role: str, cost: Cost) -> None:
        spent = self._spent
        roles = {one.role: one for one in spent.roles}
        if cost.calls or cost.failed:
            roles[role] = _charged(roles.get(role, RoleUsage(role=role)), cost)
        self._spent = replace(
            _charged(spent, cost),
            failed_calls=spent.failed_calls + cost.failed,
            cached_calls=spent.cached_calls + cost.cached,
            estimated=spent.estimated or cost.estimated,
            roles=tuple(roles[name] for name in sorted(roles)),
        )


def _charged(usage: Charged, cost: Cost) -> Charged:
    """The counters that a run and each of its roles have, with that cost added."""
    money = None
    if usage.money is not None and cost.money is not None:
        money = round(usage.money + cost.money, DECIMALS)
    return replace(
        usage,
        model_calls=usage.model_calls + cost.calls,
        input_tokens=usage.input_tokens + cost.input_tokens,
        output_tokens=usage.output_tokens + cost.output_tokens,
        images=usage.images + cost.images,
        money=money,
    )
