"""Models by name are loaded without a network, or refused in one line that says what to do."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from langchain_core.messages import HumanMessage

from pagehop.agents import ScriptedChatModel, load_model
from pagehop.agents.budget import Budget
from pagehop.agents.calling.attempts import Patience
from pagehop.agents.calling.bounds import reply_limit
from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.loading import REPLY_TOKENS, ROLES, models_by_role, name_of
from pagehop.agents.model.schemas import PlannedQuestion, PlanReply
from pagehop.agents.replying.replies import ask
from pagehop.tools.errors import (
    InvalidReplyError,
    MissingKeyError,
    ModelCallError,
    UnknownModelError,
)


@pytest.fixture(autouse=True)
def no_network(socket_disabled):
    """Whatever tries to reach anything fails."""


@pytest.fixture
def no_keys(monkeypatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_chat_model_is_passed_through():
    model = ScriptedChatModel()
    assert load_model(model) is model


@pytest.mark.parametrize("name", ["gpt-5-mini", "", "openai:", ":x", "   "])
def test_a_name_without_provider_is_refused_and_never_guessed(name):
    with pytest.raises(UnknownModelError) as error:
        load_model(name)
    assert "provider:model" in one_line(error)


def test_what_is_no_model_is_refused():
    with pytest.raises(UnknownModelError, match="this is a int"):
        load_model(3)


def test_an_unknown_provider_is_refused(no_keys):
    with pytest.raises(UnknownModelError) as error:
        load_model("opnai:gpt-5-mini")
    assert "no model provider 'opnai'" in one_line(error)
    assert "openai" in one_line(error)


def test_a_missing_key_names_its_variable(no_keys):
    with pytest.raises(MissingKeyError) as error:
        load_model("openai:gpt-5-mini")
    assert "OPENAI_API_KEY" in one_line(error)


def test_a_provider_that_is_not_installed_says_what_to_install():
    with pytest.raises(UnknownModelError) as error:
        load_model("anthropic:claude-x")
    assert "pip install 'pagehop[anthropic]'" in one_line(error)
    with pytest.raises(UnknownModelError) as error:
        load_model("mistralai:large")
    assert "pip install langchain-mistralai" in one_line(error)


def test_a_model_is_loaded_without_asking_anybody(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    model = load_model("openai:gpt-5-mini")
    assert model.model_name == "gpt-5-mini"
    assert model.max_retries == 0
    assert reply_limit(model) == REPLY_TOKENS


def test_one_model_serves_every_role():
    model = ScriptedChatModel()
    assert models_by_role(model) == dict.fromkeys(ROLES, model)
    assert models_by_role({"planner": model}) == dict.fromkeys(ROLES, model)


def test_roles_that_are_left_out_take_the_default():
    one, two = ScriptedChatModel(model_name="one"), ScriptedChatModel(model_name="two")
    models = models_by_role({"default": one, "image": two})
    assert {role for role, model in models.items() if model is two} == {"image"}
    assert name_of({"default": one, "image": two, "critic": one}) == "one, two"


def test_two_models_and_no_default_is_refused():
    one, two = ScriptedChatModel(), ScriptedChatModel()
    with pytest.raises(UnknownModelError, match=r"No model is named for .*critic.*'default'"):
        models_by_role({"text": one, "image": two})


@pytest.mark.parametrize("mapping", [{}, {"painter": "x"}])
def test_an_unknown_role_is_refused(mapping):
    with pytest.raises(UnknownModelError, match="the roles are contextualizer, planner"):
        models_by_role(mapping)


def test_importing_agents_loads_nothing_heavy():
    program = (
        "import sys, pagehop.agents, pagehop.agents.calling.calls as c\n"
        "heavy = ('torch', 'langgraph', 'langchain', 'langchain_openai', 'transformers', 'PIL')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


class Server(ThreadingHTTPServer):
    """An OpenAI-compatible server on the loopback that says what it was told to say."""

    daemon_threads = True

    def __init__(self, *replies):
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies = list(replies)
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(json.loads(body))
        status, reply = self.server.replies.pop(0)
        answer = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def said(content="", **call):
    message = {"role": "assistant", "content": content}
    if call:
        ((name, args),) = call.items()
        function = {"name": name, "arguments": json.dumps(args)}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    return 200, {
        "id": "x", "object": "chat.completion", "created": 1, "model": "bridge",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }  # fmt: skip


def failed(status, message):
    return status, {"error": {"message": message, "type": "x", "code": "x"}}


@pytest.fixture
def serve(monkeypatch, socket_enabled):
    servers = []

    def start(*replies):
        server = Server(*replies)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-only-123456")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        return server, load_model("openai:bridge")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def plan_of(model, calls):
    return ask(calls, model, [HumanMessage("Plan!")], PlanReply, role="planner")


PLAN = {"sub_questions": [{"id": "q1", "question": "Who?"}], "reply": ""}


def test_a_real_provider_client_gives_a_typed_reply_and_its_usage(serve):
    server, model = serve(said(PlanReply=PLAN))
    calls = Calls(Budget())
    assert plan_of(model, calls).sub_questions == [PlannedQuestion(id="q1", question="Who?")]
    assert (calls.usage.input_tokens, calls.usage.output_tokens) == (11, 7)
    tool = server.asked[0]["tools"][0]["function"]
    assert tool["name"] == "PlanReply"
    assert set(tool["parameters"]["required"]) == {"sub_questions", "reply"}


def test_a_busy_server_is_asked_again_and_one_that_stays_busy_is_an_error(serve):
    busy = failed(429, "slow down")
    server, model = serve(busy, said(PlanReply=PLAN), busy, busy)
    calls = Calls(Budget(), patience=Patience(attempts=2, backoff=0.001))
    assert plan_of(model, calls).sub_questions
    with pytest.raises(ModelCallError, match=r"after 2 attempts: \w*RateLimitError.*slow down"):
        plan_of(model, calls)
    assert len(server.asked) == 4


def test_a_server_without_tools_is_asked_in_words(serve):
    server, model = serve(failed(400, "tools are not supported"), said(json.dumps(PLAN)))
    assert plan_of(model, Calls(Budget())).sub_questions[0].question == "Who?"
    assert "tools" not in server.asked[1]
    assert "JSON schema" in server.asked[1]["messages"][-1]["content"]


def test_a_bad_reply_of_a_real_client_is_repaired_once_and_then_named(serve):
    _, model = serve(said(PlanReply={"sub_questions": 3}), said("no"))
    with pytest.raises(InvalidReplyError, match="The planner's reply is not a PlanReply"):
        plan_of(model, Calls(Budget()))


def test_a_refused_key_of_a_real_client_is_named_without_the_key(serve):
    _, model = serve(failed(401, "Incorrect API key provided: sk-loopback-only-123456"))
    with pytest.raises(MissingKeyError) as error:
        plan_of(model, Calls(Budget()))
    assert "sk-loopback" not in one_line(error)


def test_a_server_that_is_not_there_is_tried_and_named(serve):
    server, model = serve()
    server.shutdown()
    server.server_close()
    calls = Calls(Budget(), patience=Patience(attempts=2, backoff=0.001))
    with pytest.raises(ModelCallError, match=r"after 2 attempts: \w*ConnectionError"):
        plan_of(model, calls)
