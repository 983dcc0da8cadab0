"""So many calls at once, so many a minute, first come first served, and never past the deadline."""

import math
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage

from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Patience
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.traffic import MINUTE, Slot, Traffic, Window
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import BudgetSpentError, InputError

calls_a_minute = st.none() | st.floats(1, 10)
tokens_a_minute = st.none() | st.integers(1, 5000)


@given(
    calls_a_minute,
    tokens_a_minute,
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 30)), max_size=40),
)
def test_no_minute_has_more_than_its_limits(calls, tokens, arrivals):
    window, now, started = Window(calls, tokens), 0, []
    for size, later in arrivals:
        now += later
        wait = window.wait(size, now)
        assert 0 <= wait <= MINUTE
        now += wait
        assert window.wait(size, now) == 0, "it would have to wait again"
        window.add(Slot(size), now)
        started.append((now, size))
    for begin, _ in started:
        minute = [(at, size) for at, size in started if begin <= at < begin + MINUTE]
        assert calls is None or len(minute) <= math.floor(calls)
        alone = len(minute) == 1
        assert tokens is None or alone or sum(size for _, size in minute) <= tokens


def test_what_was_counted_takes_the_place_of_the_estimate():
    window, slot = Window(None, 1000), Slot(900)
    window.add(slot, 0.0)
    assert window.wait(500, 1.0) == 59.0
    slot.tokens = 100
    assert window.wait(500, 1.0) == 0


def flights(model, traffic, runs, threads):
    """How many calls of several runs were in flight at once, at most."""
    asked = [Calls(Budget(), traffic=traffic) for _ in range(runs)]

    def work(number):
        asked[number % runs].invoke(model, [HumanMessage(str(number))], role="planner")

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(10)
    assert sum(calls.usage.model_calls for calls in asked) == threads


@pytest.mark.parametrize("concurrent", [1, 3])
def test_runs_share_the_places_of_their_agent(concurrent):
    flying, most, lock = 0, 0, threading.Lock()

    def answer(messages):
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        time.sleep(0.01)
        with lock:
            flying -= 1
        return "ok"

    flights(ScriptedChatModel(rules=[("", answer)]), Traffic(concurrent), runs=3, threads=12)
    assert most == concurrent


def test_waiting_for_a_turn_ends_with_the_seconds_and_the_model_is_not_asked():
    model = ScriptedChatModel(script=["one", "two"])
    calls = Calls(Budget(seconds=0.2), traffic=Traffic(per_minute=1))
    calls.invoke(model, [HumanMessage("a")], role="planner")
    started = time.monotonic()
    with pytest.raises(BudgetSpentError, match="waited for its turn"):
        calls.invoke(model, [HumanMessage("b")], role="planner")
    assert time.monotonic() - started < 1
    assert len(model.calls) == calls.usage.model_calls == 1


def test_a_call_waits_without_a_place_between_its_attempts():
    order = []

    def answer(messages):
        order.append(messages[0].text)
        if order == ["first"]:
            raise ConnectionResetError
        return "ok"

    traffic = Traffic(1)
    model = ScriptedChatModel(rules=[("", answer)])
    calls = Calls(Budget(), traffic=traffic, patience=Patience(attempts=2, backoff=0.3))
    slow = threading.Thread(
        target=calls.invoke, args=(model, [HumanMessage("first")]), kwargs={"role": "planner"}
    )
    slow.start()
    while not order:
        time.sleep(0.001)
    calls.invoke(model, [HumanMessage("second")], role="planner")
    slow.join(5)
    assert order == ["first", "second", "first"]


@pytest.mark.parametrize("limits", [(0,), (8, 0.5), (8, None, 0), (8, float("nan"))])
def test_traffic_that_lets_nothing_through_is_refused(limits):
    with pytest.raises(InputError, match="lets no call through"):
        Traffic(*limits)
