"""Every model call is counted, kept within the budget, tried again sensibly, and remembered."""

import json
import threading
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk

from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Patience
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.deadline import current_deadline
from pagehop.agents.calling.failures import may_pass_later, status_of
from pagehop.agents.calling.records import as_record, call_key, from_record
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import (
    BudgetSpentError,
    InputError,
    MissingKeyError,
    ModelCallError,
    RequestRefusedError,
)
from pagehop.tools.evidence import Usage

QUICK = Patience(attempts=3, backoff=0.001)


class Shelf:
    """A journal in memory that keeps what a file would: text."""

    def __init__(self):
        self.kept = {}

    def get(self, key):
        return json.loads(self.kept[key]) if key in self.kept else None

    def put(self, key, reply):
        self.kept[key] = json.dumps(reply)


class ProviderError(Exception):
    """As providers raise it: the status is an attribute."""

    def __init__(self, message, status_code):
        super().__init__(message)
        self.status_code = status_code


def ask(calls, model, text="What?", role="planner"):
    return calls.invoke(model, [HumanMessage(text)], role=role)


def picture(data="aGk="):
    return {"type": "image", "base64": data, "mime_type": "image/jpeg"}


def test_calls_tokens_and_pictures_are_counted():
    model = ScriptedChatModel(script=["one two", "three"])
    calls = Calls(Budget(), spent=Usage(rounds=2, model_calls=5, input_tokens=10, seconds=1.0))
    calls.invoke(model, [SystemMessage("be kind"), HumanMessage("a b c")], role="planner")
    calls.invoke(model, [HumanMessage([picture(), picture("bm8=")])], role="image agent")
    usage = calls.usage
    assert (usage.rounds, usage.model_calls, usage.images) == (2, 7, 2)
    assert (usage.input_tokens, usage.output_tokens) == (15, 3)
    assert 1.0 <= usage.seconds < 2.0


def test_no_call_is_made_when_the_model_calls_are_spent():
    model = ScriptedChatModel(script=["yes"] * 5)
    calls = Calls(Budget(model_calls=2))
    ask(calls, model, "a")
    assert calls.remaining()
    ask(calls, model, "b")
    assert not calls.remaining()
    with pytest.raises(BudgetSpentError, match="all 2 model calls are spent"):
        ask(calls, model, "c")
    assert len(model.calls) == 2


def test_no_call_is_made_when_the_tokens_are_spent():
    calls = Calls(Budget(tokens=6))
    model = ScriptedChatModel(script=["one two three"] * 3)
    ask(calls, model, "a b c")
    with pytest.raises(BudgetSpentError, match="all 6 tokens"):
        ask(calls, model, "d")


@pytest.mark.parametrize(
    "wrong", [{"rounds": 0}, {"model_calls": -1}, {"tokens": -1}, {"seconds": float("nan")}]
)
def test_what_is_no_budget_is_refused(wrong):
    with pytest.raises(InputError, match="no budget"):
        Budget(**wrong)


def test_seconds_of_an_earlier_process_count():
    calls = Calls(Budget(seconds=10), spent=Usage(seconds=10.5))
    with pytest.raises(BudgetSpentError, match="all 10 seconds"):
        ask(calls, ScriptedChatModel(script=["late"]))


def test_a_call_that_hangs_is_given_up_when_the_time_is_spent():
    free = threading.Event()

    def hang(messages):
        free.wait(5)
        return "too late"

    calls = Calls(Budget(seconds=0.2))
    started = time.monotonic()
    with pytest.raises(BudgetSpentError, match="waited for the model"):
        ask(calls, ScriptedChatModel(script=[hang]))
    assert time.monotonic() - started < 2
    free.set()
    assert calls.usage.model_calls == 1


class Breaking(ScriptedChatModel):
    """Streams what it counts first, as some providers do, and then breaks off, so many times."""

    streaming: bool = True
    breaks: int = 2

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        counted = {"input_tokens": 40, "output_tokens": 1, "total_tokens": 41}
        yield ChatGenerationChunk(message=AIMessageChunk("The", usage_metadata=counted))
        if self.breaks > 0:
            self.breaks -= 1
            raise ConnectionResetError
        yield ChatGenerationChunk(message=AIMessageChunk(" end", usage_metadata=None))


def test_what_a_broken_stream_has_counted_counts():
    calls = Calls(Budget(), patience=QUICK)
    assert ask(calls, Breaking(streaming=True)).text == "The end"
    usage = calls.usage
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (120, 3, False)
    assert (usage.model_calls, usage.failed_calls) == (1, 2)


def test_a_model_can_know_when_its_reply_is_of_no_more_use():
    ends = []
    model = ScriptedChatModel(script=[lambda messages: ends.append(current_deadline()) or "ok"])
    ask(Calls(Budget(seconds=7), spent=Usage(seconds=2)), model)
    assert 3 < ends[0] - time.monotonic() < 5
    assert current_deadline() is None


def test_threads_at_once_never_overrun_the_calls():
    model = ScriptedChatModel(rules=[("", lambda messages: time.sleep(0.01) or "ok")])
    calls = Calls(Budget(model_calls=7))
    outcomes = []

    def work(number):
        try:
            ask(calls, model, f"question {number}")
            outcomes.append("asked")
        except BudgetSpentError:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["asked"] * 7 + ["refused"] * 13
    assert len(model.calls) == 7


def test_a_failed_call_and_each_role_stand_in_the_receipt():
    model = ScriptedChatModel(script=[ProviderError("busy", 503), "one", "two words"])
    calls = Calls(Budget(), patience=QUICK)
    ask(calls, model, "a b", role="planner")
    calls.invoke(model, [HumanMessage([picture()])], role="image agent")
    usage = calls.usage
    assert (usage.model_calls, usage.failed_calls) == (2, 1)
    image, planner = usage.roles
    assert (image.role, image.model_calls, image.images, image.output_tokens) == (
        "image agent", 1, 1, 2
    )  # fmt: skip
    assert (planner.role, planner.model_calls, planner.input_tokens) == ("planner", 1, 2)
    assert not usage.estimated


@pytest.mark.parametrize(
    "fault",
    [
        ProviderError("slow down", 429),
        ProviderError("overloaded", 529),
        ProviderError("timeout", 408),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        TimeoutError("late"),
        ConnectionResetError("gone"),
    ],
)
def test_a_busy_or_unreachable_provider_is_asked_again(fault):
    model = ScriptedChatModel(script=[fault, fault, "there"])
    calls = Calls(Budget(), patience=QUICK)
    assert ask(calls, model).text == "there"
    assert len(model.calls) == 3
    assert calls.usage.model_calls == 1


def test_attempts_end_in_one_line_with_the_provider_s_words():
    model = ScriptedChatModel(script=[ProviderError("over\nloaded", 503)] * 3)
    with pytest.raises(ModelCallError) as caught:
        ask(Calls(Budget(), patience=QUICK), model, role="critic")
    assert str(caught.value) == (
        "The critic could not ask 'scripted' after 3 attempts: ProviderError: over loaded"
    )


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_refused_request_is_not_repeated(status):
    model = ScriptedChatModel(script=[ProviderError("bad request", status), "never"])
    with pytest.raises(RequestRefusedError, match=f"bad request .status {status}"):
        ask(Calls(Budget(), patience=QUICK), model)
    assert len(model.calls) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_a_missing_key_and_its_message_is_not_repeated(status):
    secret = "sk-abc123def456ghi789"
    model = ScriptedChatModel(script=[ProviderError(f"Incorrect API key: {secret}", status)])
    with pytest.raises(MissingKeyError) as caught:
        ask(Calls(Budget()), model)
    assert secret not in str(caught.value)
    assert str(status) in str(caught.value)


def test_no_key_stands_in_an_error():
    secret = "sk-proj-abc123def456"
    model = ScriptedChatModel(script=[ProviderError(f"header Bearer {secret} is odd", 400)])
    with pytest.raises(RequestRefusedError) as caught:
        ask(Calls(Budget()), model)
    assert secret not in str(caught.value)
    assert "is odd" in str(caught.value)


def test_a_programming_error_is_typed_and_not_repeated():
    model = ScriptedChatModel(script=[KeyError("colour"), "never"])
    with pytest.raises(ModelCallError, match="KeyError: 'colour'"):
        ask(Calls(Budget(), patience=QUICK), model)
    assert len(model.calls) == 1


def test_the_status_is_found_wherever_a_provider_keeps_it():
    class Response:
        status_code = 429
        headers = None

    error = RuntimeError("wrapped")
    error.response = Response()
    assert status_of(error) == 429
    outer = ValueError("outer")
    outer.__cause__ = error
    assert may_pass_later(outer)
    assert status_of(ValueError("none")) is None


def test_a_resumed_run_takes_its_replies_from_the_journal():
    shelf = Shelf()
    first = ScriptedChatModel(script=["one two", "three"])
    calls = Calls(Budget(), journal=shelf)
    ask(calls, first, "a")
    ask(calls, first, "b")
    again = ScriptedChatModel(script=["new"])
    resumed = Calls(Budget(), journal=shelf)
    assert [ask(resumed, again, text).text for text in "abc"] == ["one two", "three", "new"]
    assert len(again.calls) == 1
    assert resumed.usage.model_calls == 3
    assert resumed.usage.output_tokens == 4


def test_a_journalled_reply_is_counted_once_and_given_even_without_budget():
    shelf = Shelf()
    ask(Calls(Budget(), journal=shelf), ScriptedChatModel(script=["paid"]))
    resumed = Calls(Budget(model_calls=0), journal=shelf)
    unused = ScriptedChatModel()
    assert ask(resumed, unused).text == "paid"
    assert ask(resumed, unused).text == "paid"
    assert resumed.usage.model_calls == 1
    with pytest.raises(BudgetSpentError):
        ask(resumed, unused, "something new")


def test_a_failed_call_is_not_in_the_journal():
    shelf = Shelf()
    model = ScriptedChatModel(script=[ProviderError("no", 400), "yes"])
    calls = Calls(Budget(), journal=shelf)
    with pytest.raises(RequestRefusedError):
        ask(calls, model)
    assert ask(calls, model).text == "yes"


def test_a_damaged_journal_entry_is_asked_again(caplog):
    shelf = Shelf()
    calls = Calls(Budget(), journal=shelf)
    ask(calls, ScriptedChatModel(script=["old"]))
    (key,) = shelf.kept
    shelf.put(key, {"content": 3, "tool_calls": "no"})
    resumed = Calls(Budget(), journal=shelf)
    assert ask(resumed, ScriptedChatModel(script=["new"])).text == "new"
    assert "cannot be read" in caplog.text


def test_a_reply_comes_back_from_the_journal_as_it_was():
    reply = AIMessage(
        content=[{"type": "text", "text": "hm"}],
        tool_calls=[{"name": "crop", "args": {"box": [1, 2, 3, 4]}, "id": "call_1"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        response_metadata={"finish_reason": "stop"},
    )
    back = from_record(json.loads(json.dumps(as_record(reply))))
    assert back == reply


def test_a_reply_with_revivable_looking_content_stays_plain_data():
    evil = {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {"command": "x"}}
    reply = AIMessage(content="", tool_calls=[{"name": "t", "args": evil, "id": "1"}])
    assert from_record(as_record(reply)).tool_calls[0]["args"] == evil


@given(st.text(), st.text(), st.text())
def test_a_key_depends_on_role_model_question_and_tools(role, text, asks):
    key = call_key(role, "m", [HumanMessage(text)], asks)
    assert key == call_key(role, "m", [HumanMessage(text, id="other")], asks)
    assert key != call_key(role + "x", "m", [HumanMessage(text)], asks)
    assert key != call_key(role, "n", [HumanMessage(text)], asks)
    assert key != call_key(role, "m", [HumanMessage(text + "x")], asks)
    assert key != call_key(role, "m", [HumanMessage(text)], asks + "x")
    assert key != call_key(role, "m", [SystemMessage(text)], asks)


def test_a_key_depends_on_the_picture():
    one, two = [HumanMessage([picture("aGk=")])], [HumanMessage([picture("bm8=")])]
    assert call_key("r", "m", one, "") == call_key("r", "m", list(one), "")
    assert call_key("r", "m", one, "") != call_key("r", "m", two, "")


def test_marks_are_the_same_for_a_resumed_run_and_unknown_to_any_other():
    shelf = Shelf()
    calls = Calls(Budget(), journal=shelf)
    assert calls.mark("text", "a") == Calls(Budget(), journal=shelf).mark("text", "a")
    assert calls.mark("text", "a") != calls.mark("text", "b")
    assert calls.mark("text", "a") != Calls(Budget()).mark("text", "a")
