"""Calls over real HTTP, with LangChain's own client: what is asked again, counted, and refused."""

import threading
import time
from contextlib import ExitStack, closing

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Patience
from pagehop.agents.calling.cache import ReplyCache
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.prices import Price
from pagehop.agents.calling.traffic import Traffic
from pagehop.agents.replying.replies import ask as ask_for
from pagehop.tools.errors import (
    BudgetSpentError,
    ContentRefusedError,
    ContextTooLongError,
    ModelCallError,
    RequestRefusedError,
)
from tests.agents.openai_server import CutOff, OpenAIServer, Raw, Refuse, Say

QUICK = Patience(attempts=3, backoff=0.01)
ASKED = "What is the colour of the sky?"
INTO = 8  # our estimate of its tokens


class Colour(BaseModel):
    """A colour."""

    name: str


@pytest.fixture
def serve():
    """Starts a server with a script; closes it after the test."""
    with ExitStack() as stack:
        yield lambda *script, **settings: stack.enter_context(OpenAIServer(*script, **settings))


def ask(server, calls, **settings):
    return calls.invoke(server.model(**settings), [HumanMessage(ASKED)], role="planner")


def counted(calls):
    usage = calls.usage
    return usage.input_tokens, usage.output_tokens, usage.estimated


@pytest.mark.parametrize("streaming", [False, True])
def test_a_reply_and_what_the_provider_counts_come_through(serve, streaming):
    server, calls = serve(Say(text="It is blue.")), Calls(Budget())
    reply = ask(server, calls, streaming=streaming, stream_usage=True)
    assert reply.text == "It is blue."
    assert counted(calls) == (11, 7, False)
    assert server.requests[0].streamed is streaming
    assert calls.usage.money == 0


@pytest.mark.parametrize("streaming", [False, True])
def test_tokens_that_nobody_counts_are_estimated(serve, streaming):
    calls = Calls(Budget())
    ask(serve(Say(text="It is blue.", tokens=None)), calls, streaming=streaming)
    assert counted(calls) == (INTO, 3, True)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_busy_server_is_asked_again_with_a_growing_pause(serve, status):
    busy = Refuse(status=status)
    server = serve(busy, busy, Say(text="It is blue."))
    calls = Calls(Budget(), patience=Patience(attempts=3, backoff=0.1))
    assert ask(server, calls).text == "It is blue."
    first, second, third = (request.at for request in server.requests)
    assert second - first >= 0.05
    assert third - second >= 0.1
    usage = calls.usage
    assert (usage.model_calls, usage.failed_calls, usage.input_tokens) == (1, 2, 11)


def test_the_server_s_own_delay_is_kept(serve):
    server = serve(Refuse(status=429, headers=(("Retry-After", "0.4"),)), Say(text="ok"))
    ask(server, Calls(Budget(), patience=QUICK))
    assert server.requests[1].at - server.requests[0].at >= 0.4


def test_a_delay_beyond_the_budget_is_not_waited_for(serve):
    server = serve(Refuse(status=429, message="slow down", headers=(("Retry-After", "3600"),)))
    started = time.monotonic()
    with pytest.raises(ModelCallError, match="slow down"):
        ask(server, Calls(Budget(), patience=QUICK))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refuse(status=400, message="messages: field required"), RequestRefusedError),
        (Refuse(status=404, message="no such model"), RequestRefusedError),
        (Refuse(status=400, code="context_length_exceeded"), ContextTooLongError),
        (Refuse(status=400, message="exceeds the available context size"), ContextTooLongError),
        (Refuse(status=413, message="too large"), ContextTooLongError),
        (Refuse(status=400, code="content_filter"), ContentRefusedError),
        (Say(finish="content_filter"), ContentRefusedError),
        (Refuse(status=429, code="insufficient_quota"), ModelCallError),
    ],
    ids=str,
)
def test_a_bad_request_is_asked_once_and_named(serve, refusal, kind):
    server, calls = serve(refusal, Say(text="never")), Calls(Budget(), patience=QUICK)
    with pytest.raises(kind) as caught:
        ask(server, calls)
    assert type(caught.value) is kind
    assert len(server.requests) == 1
    assert (calls.usage.model_calls, calls.usage.failed_calls) == (1, 1)


@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_that_is_cut_off_is_counted_and_asked_again(serve, politely):
    cut = CutOff(text="It is blue as far", pieces=4, politely=politely)
    server, calls = serve(cut, Say(text="It is blue.")), Calls(Budget(), patience=QUICK)
    reply = ask(server, calls, streaming=True, stream_usage=True)
    assert reply.text == "It is blue."
    assert len(server.requests) == 2
    assert counted(calls) == (INTO + 11, 3 + 7, True)  # "It is blue " was on its way
    assert calls.usage.failed_calls == 1


def test_a_stream_that_is_always_cut_off_ends_in_an_error_with_its_costs(serve):
    server, calls = serve(*[CutOff()] * 3), Calls(Budget(), patience=QUICK)
    with pytest.raises(ModelCallError, match="after 3 attempts"):
        ask(server, calls, streaming=True)
    assert (calls.usage.model_calls, calls.usage.failed_calls) == (1, 3)
    assert calls.usage.input_tokens == 3 * INTO


def test_attempts_that_were_paid_for_are_not_repeated_beyond_the_budget(serve):
    server, calls = serve(*[CutOff()] * 3), Calls(Budget(tokens=INTO + 1), patience=QUICK)
    with pytest.raises(BudgetSpentError, match="tokens are spent"):
        ask(server, calls, streaming=True)
    assert len(server.requests) == 1


def test_a_reply_whose_connection_breaks_is_asked_again(serve):
    calls = Calls(Budget(), patience=QUICK)
    assert ask(serve(CutOff(), Say(text="ok")), calls).text == "ok"
    assert counted(calls) == (INTO + 11, 7, True)


def test_an_error_inside_a_good_status_is_an_error_all_the_same(serve):
    wrong = Raw(body=b'{"error": {"code": 502, "message": "bad upstream"}}')
    calls = Calls(Budget(), patience=QUICK)
    assert ask(serve(wrong, Say(text="ok")), calls).text == "ok"
    overloaded = b'data: {"error": {"message": "busy", "type": "overloaded_error"}}\n\n'
    server = serve(Raw(body=overloaded, kind="text/event-stream"), Say(text="ok"))
    assert ask(server, Calls(Budget(), patience=QUICK), streaming=True).text == "ok"


EMPTY = b'{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": %s}'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (Raw(body=b"{not json"), "JSONDecodeError"),
        (Raw(body=b"<html>Bad gateway</html>", kind="text/html"), "Bad gateway"),
        (Raw(body=EMPTY % b"[]"), "its reply holds no choice"),
        (Raw(body=EMPTY % b"null"), "its reply holds no choice"),
    ],
    ids=["garbage", "a web page", "no choice", "null"],
)
def test_nonsense_is_a_named_error(serve, body, told):
    with pytest.raises(ModelCallError, match=told) as caught:
        ask(serve(body), Calls(Budget(), patience=QUICK))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_a_typed_reply_that_was_cut_short_is_mended(serve, method):
    short = Say(text='{"na', finish="length")
    server, calls = serve(short, Say(fields={"name": "blue"})), Calls(Budget())
    model = server.model()
    model.profile = {"tool_calling": method == "function_calling", "structured_output": True}
    found = ask_for(calls, model, [HumanMessage(ASKED)], Colour, role="planner")
    assert found == Colour(name="blue")
    assert "cut off" in server.requests[1].prompt
    assert counted(calls) == (22, 14, False)


@pytest.mark.parametrize("streaming", [False, True])
def test_calls_of_tools_come_through(serve, streaming):
    @tool
    def look(page: int) -> str:
        """Look at a page."""
        return str(page)

    server = serve(Say(calls=[("look", {"page": 3})], finish="tool_calls"))
    model = server.model(streaming=streaming)
    calls = Calls(Budget())
    reply = calls.invoke(
        model, [HumanMessage(ASKED)], role="planner", runner=model.bind_tools([look])
    )
    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [("look", {"page": 3})]
    assert server.requests[0].tools == ("look",)


def test_a_server_that_does_not_answer_is_given_up_when_the_time_is_out(serve):
    server, calls = serve(Say(text="late", after=5)), Calls(Budget(seconds=0.4))
    started = time.monotonic()
    with pytest.raises(BudgetSpentError, match="waited for the model"):
        ask(server, calls)
    assert time.monotonic() - started < 2
    assert counted(calls) == (INTO, 0, True)  # the provider is at work on it


def test_a_client_that_is_told_to_wait_less_asks_again(serve):
    server, calls = (
        serve(Say(text="late", after=5), Say(text="ok")),
        Calls(Budget(), patience=QUICK),
    )
    assert ask(server, calls, timeout=0.2).text == "ok"


def test_traffic_bounds_what_the_server_sees_at_once(serve):
    server = serve(answer=lambda request: Say(text="ok", after=0.05))
    calls, model = Calls(Budget(), traffic=Traffic(2)), server.model()

    def work(number):
        calls.invoke(model, [HumanMessage(str(number))], role="planner")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(server.requests) == 6
    assert server.most_at_once == 2


def test_a_call_in_the_cache_never_reaches_the_server(serve, tmp_path):
    server = serve(Say(text="It is blue."))
    with closing(ReplyCache(tmp_path / "kept")) as cache:
        for _ in range(3):
            calls = Calls(Budget(), cache=cache, prices={"served": Price(input=1, output=1)})
            assert ask(server, calls).text == "It is blue."
    assert len(server.requests) == 1
    assert (calls.usage.cached_calls, calls.usage.model_calls, calls.usage.money) == (1, 0, 0)
