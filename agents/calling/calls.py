"""The one door to a chat model: every call is counted, kept within the budget, and remembered.

A run that was killed asks the same things again when it resumes; a call that had finished is
then answered from the journal, and the model is not asked twice.
"""

import hashlib
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from pagehop.agents.abilities import abilities_of
from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Asking, Patience
from pagehop.agents.calling.bounds import most_tokens, reply_limit, tokens_of
from pagehop.agents.calling.failures import model_name
from pagehop.agents.calling.journal import Cache, Journal, run_secret
from pagehop.agents.calling.prices import Price, Prices, check_prices, money_of, price_of
from pagehop.agents.calling.purse import Cost, Purse, Ticket
from pagehop.agents.calling.raw import worth_keeping
from pagehop.agents.calling.records import (
    as_record,
    call_key,
    from_record,
    image_count,
    settings_of,
)
from pagehop.agents.calling.traffic import Traffic
from pagehop.tools.evidence import Usage

logger = logging.getLogger(__name__)


class Calls:
    """The model calls of one run: counted, within the budget, journalled. Safe in threads.

    `usage` starts at `spent`: what the run's checkpoint knows of an earlier process. A reply
    from the journal was paid for by a step whose update was not saved, so it is counted when
    it is first taken out, once; it is given even when the budget is spent. A reply from the
    cache costs nothing. A call counts once however often it had to be tried; what each attempt
    has cost counts.

    Args:
        budget: what the run may cost. Rounds are the graph's to count.
        spent: what it has cost before.
        journal: where replies of this run are kept.
        patience: how long a provider is waited for that is busy or not reached.
        prices: of the models' tokens, for `Usage.money` and a budget of money.
        traffic: how much is asked at once, shared with other runs.
        cache: where replies of all runs are kept; a call that is found there is not made.
    """

    def __init__(  # noqa: PLR0913 - all but one are optional and named
        self,
        budget: Budget,
        *,
        spent: Usage | None = None,
        journal: Journal | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        prices: Prices | None = None,
        traffic: Traffic | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.budget = budget
        self._purse = Purse(budget, spent or Usage())
        self._journal = journal
        self._patience = patience
        self._prices = prices
        self._traffic = traffic or Traffic()
        self._cache = cache
        self._lock = threading.Lock()
        self._counted: set[str] = set()  # keys whose cost is in `usage`
        self._secret = ""
        self.refused: set[tuple[int, str]] = set()  # ids of models, and ways of asking they refused

    @property
    def usage(self) -> Usage:
        """What the run has cost so far, earlier processes included."""
        return self._purse.usage

    def remaining(self) -> bool:
        """Whether the budget still has a call in it."""
        return self._purse.remaining()

    def mark(self, *parts: str) -> str:
        """A mark for data in a prompt that the data cannot know: 12 hex digits.

        It is made from a secret of the run and from the parts, so that a resumed run asks
        word for word what it asked before, and finds its replies in the journal. With a cache
        the secret is the cache's, so that another run asks so, too.
        """
        told = "\x1f".join(parts).encode(errors="replace")
        return hashlib.blake2b(told, key=self._run_secret().encode(), digest_size=6).hexdigest()

    def invoke(
        self,
        model: BaseChatModel,
        messages: Sequence[BaseMessage],
        *,
        role: str,
        runner: Runnable[Any, Any] | None = None,
        asks: str = "",
    ) -> AIMessage:
        """Ask the model, or take its reply from the journal or the cache.

        Where the call might overrun the budget together with those in flight, it waits for
        them first (see `Purse`).

        Args:
            model: who is asked.
            messages: what is asked.
            role: on whose behalf; part of the journal's key and of error messages.
            runner: the model with tools or a reply schema bound to it; None: the model as it is.
            asks: those tools and that schema as text, part of the journal's key.

        Raises:
            BudgetSpentError: no call, token, money or second is left, or the time ran out
                meanwhile.
            UnknownPriceError: money is limited, and the model's price is not known.
            MissingKeyError: the provider refused the key.
            ContextTooLongError: it is more than the model can take.
            ContentRefusedError: a filter of the provider held it back.
            RequestRefusedError: the provider rejects the request as it stands.
            ModelCallError: the provider could not be reached, or failed.
        """
        key = call_key(role, model_name(model), messages, asks)
        price = price_of(model, self._prices)
        known = self._from_journal(key, price, role, messages, asks)
        if known is None:
            known = self._from_cache(key, model, role)
        if known is not None:
            return known
        check_prices(self.budget, (model,), self._prices)
        ticket = Ticket(
            role=role,
            input_tokens=most_tokens(messages, asks, pixels=abilities_of(model).pixels),
            output_tokens=reply_limit(model),
            price=price,
        )
        self._purse.enter(ticket)
        asking = Asking(
            runner=runner or model,
            model=model,
            messages=messages,
            asks=asks,
            purse=self._purse,
            ticket=ticket,
            patience=self._patience,
            traffic=self._traffic,
        )
        try:
            reply = asking.reply()
        except BaseException:
            calls = int(ticket.asked)  # not asked: the time ran out while it waited for its turn
            self._purse.leave(ticket, Cost(calls=calls, images=calls * image_count(messages)))
            raise
        with self._lock:
            self._counted.add(key)
        self._purse.leave(ticket, _cost(reply, messages, asks, price))
        self._keep(key, model, reply)
        return reply

    def _keep(self, key: str, model: BaseChatModel, reply: AIMessage) -> None:
        if self._journal is not None:
            self._journal.put(key, as_record(reply))
        if self._cache is not None and worth_keeping(reply):
            self._cache.put(self._lasting(key, model), as_record(reply), secret=self._run_secret())

    def _from_journal(
        self, key: str, price: Price | None, role: str, messages: Sequence[BaseMessage], asks: str
    ) -> AIMessage | None:
        reply = _read(self._journal.get(key), key) if self._journal is not None else None
        if reply is not None and self._first_time(key):
            self._purse.count(role, _cost(reply, messages, asks, price))
        return reply

    def _from_cache(self, key: str, model: BaseChatModel, role: str) -> AIMessage | None:
        if self._cache is None:
            return None
        reply = _read(self._cache.get(self._lasting(key, model)), key)
        if reply is not None and self._first_time(key):
            self._purse.count(role, Cost(cached=1))
        return reply

    def _first_time(self, key: str) -> bool:
        with self._lock:
            known = key in self._counted
            self._counted.add(key)
        return not known

    def _lasting(self, key: str, model: BaseChatModel) -> str:
        """The key in the cache: other settings of a model give other replies."""
        told = f"{key} {settings_of(model)}".encode(errors="replace")
        return hashlib.blake2b(told, digest_size=16).hexdigest()

    def _run_secret(self) -> str:
        with self._lock:
            if not self._secret:
                self._secret = run_secret(self._journal, self._cache)
            return self._secret


def _cost(
    reply: AIMessage, messages: Sequence[BaseMessage], asks: str, price: Price | None
) -> Cost:
    into, out, estimated = tokens_of(reply, messages, asks)
    return Cost(
        calls=1,
        input_tokens=into,
        output_tokens=out,
        images=image_count(messages),
        money=money_of(price, (into, out), reply),
        estimated=estimated,
    )


def _read(record: Mapping[str, Any] | None, key: str) -> AIMessage | None:
    reply = from_record(record) if record is not None else None
    if record is not None and reply is None:
        logger.warning("the kept reply %s cannot be read; the model is asked again", key)
    return reply
