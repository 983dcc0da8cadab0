"""No limit is overrun by more than one call, however many threads ask at once."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage

from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Patience
from pagehop.agents.calling.bounds import most_tokens
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.prices import Price
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import BudgetSpentError, UnknownPriceError
from pagehop.tools.evidence import RoleUsage, Usage

REPLY = 60  # tokens at most, as the model's profile says
AT_MOST = most_tokens([HumanMessage("question 00")])
PRICE = Price(input=1000.0, output=4000.0)


def spoken(read, written):
    counted = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
    return AIMessage("ok", usage_metadata=counted)


def model_of(answer):
    return ScriptedChatModel(rules=[("", answer)], profile={"max_output_tokens": REPLY})


def ask_in_threads(calls, model, count, threads=8):
    """Every question once, from so many threads; how each ended."""
    left, ends = list(range(count)), []

    def work():
        while left:
            try:
                number = left.pop()
            except IndexError:
                return
            try:
                calls.invoke(model, [HumanMessage(f"question {number:02}")], role="planner")
                ends.append("asked")
            except BudgetSpentError:
                ends.append("refused")

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert not any(worker.is_alive() for worker in workers), "somebody waits for ever"
    return ends


costs = st.tuples(st.integers(0, AT_MOST), st.integers(1, REPLY), st.sampled_from((0, 0, 1)))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(costs, min_size=1, max_size=20),
    st.integers(0, 20),
    st.integers(0, 1500),
    st.none() | st.floats(0, 2),
)
def test_calls_from_eight_threads_overrun_no_limit_by_more_than_one(costs, most, tokens, money):
    failed, lock = set(), threading.Lock()

    def answer(messages):
        number = int(messages[-1].text.split()[-1])
        read, written, faults = costs[number]
        with lock:
            first = number not in failed
            failed.add(number)
        time.sleep(0.0002 * (number % 3))
        if faults and first:
            raise ConnectionResetError  # it is taken to have cost what went in
        return spoken(read, written)

    calls = Calls(
        Budget(model_calls=most, tokens=tokens, money=money),
        prices={"scripted": PRICE},
        patience=Patience(attempts=2, backoff=0.0001),
    )
    ends = ask_in_threads(calls, model_of(answer), len(costs))
    usage = calls.usage

    assert len(ends) == len(costs)
    assert usage.model_calls <= most
    one = AT_MOST + max(written for _, written, _ in costs)
    assert usage.input_tokens + usage.output_tokens <= tokens + one
    if money is not None:
        dear = PRICE.of(AT_MOST, REPLY)
        assert usage.money <= money + dear + 1e-9
    if "refused" in ends:
        assert not calls.remaining()


def test_calls_fly_together_while_the_most_they_can_cost_fits():
    together = threading.Barrier(4, timeout=5)

    def answer(messages):
        together.wait()
        return spoken(10, 5)

    calls = Calls(Budget(tokens=4 * (AT_MOST + REPLY)))
    assert ask_in_threads(calls, model_of(answer), 4, threads=4) == ["asked"] * 4


def test_a_call_that_may_overrun_waits_for_those_in_flight_and_then_goes_alone():
    flying, most, lock = 0, 0, threading.Lock()

    def answer(messages):
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        time.sleep(0.005)
        with lock:
            flying -= 1
        return spoken(20, 5)

    calls = Calls(Budget(tokens=AT_MOST + REPLY))
    ends = ask_in_threads(calls, model_of(answer), 8)
    assert most == 1
    assert ends.count("asked") == -(-(AT_MOST + REPLY) // 25)
    assert calls.usage.input_tokens + calls.usage.output_tokens < AT_MOST + REPLY + 25


def test_waiting_for_others_ends_when_the_seconds_do():
    free, begun = threading.Event(), threading.Event()

    def answer(messages):
        begun.set()
        free.wait(5)
        return spoken(1, 1)

    calls = Calls(Budget(tokens=AT_MOST + REPLY, seconds=0.3))
    model = model_of(answer)
    ends = []

    def first():
        with pytest.raises(BudgetSpentError, match="waited for the model"):
            calls.invoke(model, [HumanMessage("question 01")], role="planner")
        ends.append("late")

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(5)
    started = time.monotonic()
    with pytest.raises(BudgetSpentError, match=r"all 0\.3 seconds"):
        calls.invoke(model, [HumanMessage("question 02")], role="planner")
    assert time.monotonic() - started < 1
    thread.join(5)
    free.set()
    assert ends == ["late"]


def test_a_provider_that_counts_finer_widens_the_bound_of_the_next_calls():
    most, flying, lock = 0, 0, threading.Lock()

    def answer(messages):
        nonlocal most, flying
        with lock:
            flying += 1
            most = max(most, flying)
        time.sleep(0.005)
        with lock:
            flying -= 1
        return spoken(10 * AT_MOST, 1)

    calls = Calls(Budget(tokens=30 * AT_MOST))
    model = model_of(answer)
    calls.invoke(model, [HumanMessage("question 99")], role="planner")
    ask_in_threads(calls, model, 8)
    assert most == 1
    assert calls.usage.input_tokens == 30 * AT_MOST


def test_money_is_counted_by_role_and_limits_the_run():
    calls = Calls(Budget(money=0.05), prices={"scripted": PRICE})
    model = model_of(lambda messages: spoken(10, 5))
    for role in ("planner", "text agent"):
        calls.invoke(model, [HumanMessage(role)], role=role)
    usage = calls.usage
    assert usage.money == 0.06
    assert usage.roles == (
        RoleUsage(role="planner", model_calls=1, input_tokens=10, output_tokens=5, money=0.03),
        RoleUsage(role="text agent", model_calls=1, input_tokens=10, output_tokens=5, money=0.03),
    )
    with pytest.raises(BudgetSpentError, match=r"all the money, 0\.05, is spent"):
        calls.invoke(model, [HumanMessage("more")], role="critic")


class Hosted(ScriptedChatModel):
    """A scripted model that does not count as one of ours: its price is not known to be nothing."""


def test_money_is_unknown_once_a_price_is_and_then_no_limit_on_it_is_taken():
    model = Hosted(script=[spoken(10, 5)] * 2)
    calls = Calls(Budget())
    calls.invoke(model, [HumanMessage("a")], role="planner")
    assert calls.usage.money is None
    assert calls.usage.roles[0].money is None
    with pytest.raises(UnknownPriceError, match=r"no price is known for scripted"):
        Calls(Budget(money=1.0)).invoke(model, [HumanMessage("a")], role="planner")
    resumed = Calls(Budget(money=1.0), spent=Usage(money=None), prices={"scripted": PRICE})
    with pytest.raises(BudgetSpentError, match="no known price"):
        resumed.invoke(model, [HumanMessage("a")], role="planner")


def test_a_receipt_is_the_same_whoever_finishes_first():
    def receipt(threads):
        answer = model_of(lambda messages: spoken(int(messages[-1].text.split()[-1]) + 1, 3))
        calls = Calls(Budget(), prices={"scripted": Price(input=0.15, output=0.6)})
        ask_in_threads(calls, answer, 30, threads=threads)
        usage = calls.usage
        return usage.model_calls, usage.input_tokens, usage.output_tokens, usage.money, usage.roles

    assert receipt(1) == receipt(8)
