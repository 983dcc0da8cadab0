"""A model behind a server that is named by its URL: all roles ask it, and OpenAI's key stays."""

import asyncio

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from pagehop.agents import load_model
from pagehop.agents.abilities import Abilities, abilities_of
from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Patience
from pagehop.agents.calling.calls import Calls
from pagehop.graphs import create_document_agent
from pagehop.tools.errors import ModelCallError, UnknownModelError
from tests.agents.openai_server import OpenAIServer, Refuse, Say

QUOTE = "Total revenue in 2023 was 1,964 million."
REPLIES = {
    "StandaloneReply": {"question": "What was the total revenue in 2023, once more?"},
    "PlanReply": {"sub_questions": [{"id": "q1", "question": "total revenue 2023"}], "reply": ""},
    "WordsReply": {"words": "total revenue 2023"},
    "TextReply": {"findings": [{"hit": 1, "quote": QUOTE}], "answer": "", "confidence": 0.0},
    "ImageReply": {"pages": [], "findings": [], "answer": "", "confidence": 0.0},
    "VerdictReply": {"ruling": "sufficient", "gaps": [], "reason": ""},
    "SummaryReply": {"answerable": False, "answer": "It does not say.", "claims": []},
}


@pytest.fixture(autouse=True)
def settings_of_openai(monkeypatch):
    """All that a person may have set for OpenAI's own service."""
    monkeypatch.delenv("PAGEHOP_SERVER_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-alone")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-openai-alone")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-openai-alone")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-own: header-of-openai-alone")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/of-openai-alone")


def named(server, model="served"):
    return load_model(f"openai:{model}@{server.url}")


def everything(request):
    return f"{request.headers} {request.body}"


def reply_of(request):
    """The typed reply that is asked for; nonsense to whoever asks for more."""
    name = next((tool for tool in request.tools if tool in REPLIES), "")
    return Say(calls=[(name, REPLIES[name])]) if name else Say(text="no")


def test_the_server_gets_its_own_key_or_none_and_nothing_of_openais(monkeypatch):
    with OpenAIServer(Say(text="one"), Say(text="two"), Say(text="three")) as server:
        model = named(server, "qwen3-vl:4b")
        assert model.invoke("Say it.").text == "one"
        assert asyncio.run(model.ainvoke("Say it.")).text == "two"
        monkeypatch.setenv("PAGEHOP_SERVER_KEY", "key-of-the-server")
        assert "".join(chunk.text for chunk in named(server).stream("Say it.")) == "three"
        sent = server.requests
    assert [request.headers["authorization"] for request in sent] == [
        "Bearer none",
        "Bearer none",
        "Bearer key-of-the-server",
    ]
    assert sent[0].body["model"] == "qwen3-vl:4b"
    assert not [request for request in sent if "of-openai-alone" in everything(request)]


def test_a_name_that_openai_uses_too_says_nothing_of_what_the_server_can_do():
    model = load_model("openai:gpt-5@http://127.0.0.1:9/v1")
    assert model.profile is None
    assert abilities_of(model) == Abilities()


def test_a_stream_is_counted_too():
    with OpenAIServer(Say(text="one two", tokens=(5, 2))) as server:
        parts = list(named(server).stream("Say it."))
    assert sum(part.usage_metadata["total_tokens"] for part in parts if part.usage_metadata) == 7


def test_a_server_that_does_not_run_is_tried_again_and_named():
    with OpenAIServer() as server:
        url, model = server.url, named(server)
    calls = Calls(Budget(), patience=Patience(attempts=2, backoff=0.001))
    with pytest.raises(ModelCallError) as error:
        calls.invoke(model, [], role="planner")
    assert f"after 2 attempts: ConnectionError: There is no answer from {url}." in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(ConnectionError, match="There is no answer"):
        asyncio.run(model.ainvoke("Say it."))
    with pytest.raises(ConnectionError, match="There is no answer"):
        list(model.stream("Say it."))


@pytest.mark.parametrize(
    "name",
    [
        "openai:served@127.0.0.1:8000/v1",
        "openai:served@localhost",
        "openai:@http://127.0.0.1:8000/v1",
        "openai:served@http://",
        "openai:served@http:///v1",
        "openai:served@http://me:secret@127.0.0.1:8000/v1",
        "openai:served@http://127.0.0.1:8000/v1?key=secret",
        "openai:served@ftp://127.0.0.1/v1",
        "openai:http://127.0.0.1:8000/v1",
        "anthropic:served@http://127.0.0.1:8000/v1",
    ],
)
def test_what_may_be_meant_as_a_server_never_goes_to_a_hosted_service(name, socket_disabled):
    with pytest.raises(UnknownModelError, match="openai:MODEL@http://HOST:PORT/v1") as error:
        load_model(name)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_one_model_named_is_asked_by_every_role_and_nobody_else_is(small_corpus):
    with OpenAIServer(answer=reply_of) as server:
        agent = create_document_agent(
            small_corpus,
            f"openai:served@{server.url}",
            checkpointer=InMemorySaver(),
            effort="thorough",
        )
        config = {"configurable": {"thread_id": "t"}}
        first = agent.invoke({"question": "What was the total revenue in 2023?"}, config)["answer"]
        again = agent.invoke({"question": "And once more?"}, config)["answer"]
        asked = {tool for request in server.requests for tool in request.tools}
    assert set(REPLIES) <= asked, set(REPLIES) - asked
    roles = {role.role for answer in (first, again) for role in answer.usage.roles}
    assert {
        "contextualizer",
        "planner",
        "text agent",
        "image agent",
        "critic",
        "summarizer",
    } <= roles
    made = first.usage.model_calls + again.usage.model_calls
    assert made == len(server.requests)
    assert first.status != "answered"


def test_a_server_that_knows_no_such_model_says_so():
    refusal = Refuse(status=404, message="model 'served' not found")
    with (
        OpenAIServer(refusal) as server,
        pytest.raises(ModelCallError, match="model 'served' not found"),
    ):
        Calls(Budget()).invoke(named(server), [], role="planner")
