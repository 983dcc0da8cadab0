"""The one door to a chat model: every call is counted, kept within the budget, and remembered.

A run that was killed asks the same things again when it resumes; a call that had finished is
then answered from the journal, and the model is not asked twice.
"""

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from pagehop.agents.attempts import Asking, Patience
from pagehop.agents.budget import Budget
from pagehop.agents.failures import model_name
from pagehop.agents.records import (
    as_record,
    call_key,
    from_record,
    image_count,
    rough_tokens,
    tokens_of,
)
from pagehop.tools.errors import BudgetSpentError
from pagehop.tools.evidence import Usage

logger = logging.getLogger(__name__)

SECRET = "marks"  # noqa: S105 - the journal's key for what marks are made from, not a password


class Journal(Protocol):
    """Replies of finished model calls of one run, by a key made of what was asked."""

    def get(self, key: str) -> Mapping[str, object] | None:
        """The reply of that call, or None."""
        ...

    def put(self, key: str, reply: Mapping[str, object]) -> None:
        """Remember a reply; it is on disk when this returns."""
        ...


class Calls:
    """The model calls of one run: counted, within the budget, journalled. Safe in threads.

    `usage` starts at `spent`: what the run's checkpoint knows of an earlier process. A reply
    from the journal was paid for by a step whose update was not saved, so it is counted when
    it is first taken out, once; it is given even when the budget is spent. A call counts once
    however often it had to be tried.

    Args:
        budget: what the run may cost. Rounds are the graph's to count.
        spent: what it has cost before.
        journal: where replies are kept.
        patience: how long a provider is waited for that is busy or not reached.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        spent: Usage | None = None,
        journal: Journal | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self.budget = budget
        self._spent = spent or Usage()
        self._before = self._spent.seconds
        self._journal = journal
        self._patience = patience
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._flying: dict[object, int] = {}  # calls in flight -> their rough tokens
        self._counted: set[str] = set()  # keys whose cost is in `usage`
        self._secret = b""
        self.plain_speakers: set[int] = set()  # ids of models that refused tools and schemas

    @property
    def usage(self) -> Usage:
        """What the run has cost so far, earlier processes included."""
        with self._lock:
            return replace(self._spent, seconds=self._seconds())

    def remaining(self) -> bool:
        """Whether the budget still has a call in it."""
        with self._lock:
            return not self._exhausted()

    def mark(self, *parts: str) -> str:
        """A mark for data in a prompt that the data cannot know: 12 hex digits.

        It is made from a secret of the run and from the parts, so that a resumed run asks
        word for word what it asked before, and finds its replies in the journal.
        """
        told = "\x1f".join(parts).encode(errors="replace")
        return hashlib.blake2b(told, key=self._run_secret(), digest_size=6).hexdigest()

    def invoke(
        self,
        model: BaseChatModel,
        messages: Sequence[BaseMessage],
        *,
        role: str,
        runner: Runnable[Any, Any] | None = None,
        asks: str = "",
    ) -> AIMessage:
        """Ask the model, or take its reply from the journal.

        Args:
            model: who is asked.
            messages: what is asked.
            role: on whose behalf; part of the journal's key and of error messages.
            runner: the model with tools or a reply schema bound to it; None: the model as it is.
            asks: those tools and that schema as text, part of the journal's key.

        Raises:
            BudgetSpentError: no call, token or second is left, or the time ran out meanwhile.
            MissingKeyError: the provider refused the key.
            RequestRefusedError: the provider rejects the request as it stands.
            ModelCallError: the provider could not be reached, or failed.
        """
        key = call_key(role, model_name(model), messages, asks)
        known = self._from_journal(key, messages)
        if known is not None:
            return known
        ticket = self._reserve(role, messages)
        try:
            reply = Asking(
                runner=runner or model,
                model=model,
                role=role,
                deadline=self._started + self.budget.seconds - self._before,
                patience=self._patience,
            ).reply(messages)
        except BaseException:
            self._land(ticket, key, messages, None)
            raise
        self._land(ticket, key, messages, reply)
        if self._journal is not None:
            self._journal.put(key, as_record(reply))
        return reply

    def _from_journal(self, key: str, messages: Sequence[BaseMessage]) -> AIMessage | None:
        record = self._journal.get(key) if self._journal is not None else None
        reply = from_record(record) if record is not None else None
        if record is not None and reply is None:
            logger.warning("the journal's reply %s cannot be read; the model is asked again", key)
        if reply is not None:
            with self._lock:
                if key not in self._counted:
                    self._count(key, messages, reply)
        return reply

    def _reserve(self, role: str, messages: Sequence[BaseMessage]) -> object:
        ticket = object()
        with self._lock:
            reason = self._exhausted()
            if reason:
                raise BudgetSpentError(f"The {role} may not ask the model: {reason}.")
            self._flying[ticket] = rough_tokens(messages)
        return ticket

    def _land(
        self, ticket: object, key: str, messages: Sequence[BaseMessage], reply: AIMessage | None
    ) -> None:
        with self._lock:
            del self._flying[ticket]
            self._count(key, messages, reply)

    def _count(self, key: str, messages: Sequence[BaseMessage], reply: AIMessage | None) -> None:
        if reply is not None:
            self._counted.add(key)
        tokens = tokens_of(reply) if reply is not None else (0, 0)
        self._spent = replace(
            self._spent,
            model_calls=self._spent.model_calls + 1,
            input_tokens=self._spent.input_tokens + tokens[0],
            output_tokens=self._spent.output_tokens + tokens[1],
            images=self._spent.images + image_count(messages),
        )

    def _exhausted(self) -> str:
        """Why no further call may start; empty while one may. Called with the lock held."""
        budget, spent = self.budget, self._spent
        if spent.model_calls + len(self._flying) >= budget.model_calls:
            return f"all {budget.model_calls} model calls are spent"
        tokens = spent.input_tokens + spent.output_tokens + sum(self._flying.values())
        if tokens >= budget.tokens:
            return f"all {budget.tokens} tokens are spent"
        if self._seconds() >= budget.seconds:
            return f"all {budget.seconds:g} seconds are spent"
        return ""

    def _seconds(self) -> float:
        return self._before + time.monotonic() - self._started

    def _run_secret(self) -> bytes:
        with self._lock:
            if not self._secret:
                kept = self._journal.get(SECRET) if self._journal is not None else None
                text = str(kept["secret"]) if kept else secrets.token_hex(16)
                if self._journal is not None and not kept:
                    self._journal.put(SECRET, {"secret": text})
                self._secret = text.encode()
            return self._secret
