"""Typed replies over real HTTP: the best way that the server takes, and what comes of each."""

from contextlib import ExitStack

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

from pagehop.agents.budget import Budget
from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.schemas import PlanReply, SummaryReply, TextReply
from pagehop.agents.replying.replies import ask
from pagehop.agents.replying.tool_loop import ToolLoop
from pagehop.tools.errors import InvalidReplyError
from tests.agents.openai_server import OpenAIServer, Refuse, Say

FIELDS = {"findings": [], "answer": "blue", "confidence": 0.9}
TEXT = '{"findings": [], "answer": "blue", "confidence": 0.9}'


@tool
def look_up(word: str) -> str:
    """What a word means."""
    return f"{word} is a colour"


@pytest.fixture
def serve():
    """Starts a server with a script; closes it after the test."""
    with ExitStack() as stack:
        yield lambda *script: stack.enter_context(OpenAIServer(*script))


def model_of(server, *, schema=True, **settings):
    model = server.model(**settings)
    model.profile = {"structured_output": schema, "tool_calling": True}
    return model


def asked(server, calls=None, schema=TextReply, **settings):
    model = settings.pop("model", None) or model_of(server, **settings)
    return ask(calls or Calls(Budget()), model, [HumanMessage("Which?")], schema, role="reader")


streamed = pytest.mark.parametrize("streaming", [False, True])


@streamed
def test_a_native_schema_is_strict_and_its_reply_the_type(serve, streaming):
    server = serve(Say(fields=FIELDS))
    assert asked(server, streaming=streaming) == TextReply(**FIELDS)
    (request,) = server.requests
    form = request.body["response_format"]["json_schema"]
    assert (form["name"], form["strict"], request.tools) == ("TextReply", True, ())
    assert request.streamed is streaming


@pytest.mark.parametrize("schema", [TextReply, PlanReply, SummaryReply])
def test_every_object_of_a_strict_schema_is_closed_and_requires_all_its_fields(serve, schema):
    server = serve(Say(fields={}), Say(fields={}))
    with pytest.raises(InvalidReplyError):
        asked(server, schema=schema)
    form = server.requests[0].body["response_format"]["json_schema"]["schema"]
    for part in (form, *form.get("$defs", {}).values()):
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])


@streamed
@pytest.mark.parametrize("schema", [True, False])
def test_a_reply_that_was_cut_off_is_not_completed_but_asked_for_again(serve, streaming, schema):
    cut = '{"findings": [], "answer": "bl'
    calls = [] if schema else [("TextReply", {"findings": [], "answer": "bl"})]
    first = Say(text=cut if schema else "", calls=calls, finish="length")
    server = serve(first, Say(fields=FIELDS))
    model = model_of(server, schema=schema, streaming=streaming)
    assert asked(server, model=model).answer == "blue"
    assert len(server.requests) == 2
    assert "It was cut off: write less." in server.requests[1].prompt


def test_a_server_without_schemas_is_asked_by_a_tool_and_without_tools_in_words(serve):
    server = serve(
        Refuse(status=400, message="response_format is not supported"),
        Refuse(status=400, message="tools are not supported"),
        Say(text=TEXT),
        Say(text=TEXT),
    )
    calls, model = Calls(Budget()), model_of(server)
    assert asked(server, calls, model=model).answer == "blue"
    assert asked(server, calls, model=model).answer == "blue"
    forms = [("response_format" in r.body, bool(r.tools)) for r in server.requests]
    assert forms == [(True, False), (False, True), (False, False), (False, False)]


def test_a_tool_is_forced_where_there_is_no_native_schema(serve):
    server = serve(Say(fields=FIELDS))
    assert asked(server, model=model_of(server, schema=False)).answer == "blue"
    assert server.requests[0].tools == ("TextReply",)
    assert server.requests[0].body["tool_choice"]["function"]["name"] == "TextReply"


@streamed
def test_after_results_of_tools_the_reply_is_asked_for_by_a_tool(serve, streaming):
    looks = [Say(calls=[("look_up", {"word": "sky"})]) for _ in range(3)]
    server = serve(*looks, Say(fields=FIELDS))
    loop = ToolLoop(
        calls=Calls(Budget()), model=model_of(server, streaming=streaming), schema=TextReply,
        role="reader", tools=[look_up], mark="0123456789ab",
    )  # fmt: skip
    assert loop.run([HumanMessage("Which?")]).answer == "blue"
    assert [outcome.content for outcome in loop.outcomes] == ["sky is a colour"]
    assert server.requests[-1].tools == ("TextReply",)
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert roles == ["user", *["assistant", "tool"] * 3, "user"]
