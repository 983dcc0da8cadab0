"""The whole graph against a real server: what it is sent, and what the receipt says of it."""

import shutil
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from pagehop.agents import Budget, Price
from pagehop.agents.abilities import abilities_of
from pagehop.agents.budget import STANDARD
from pagehop.agents.calling.cache import REPLY_FILE
from pagehop.graphs import create_document_agent
from pagehop.graphs.baselines import create_graph
from pagehop.tools import Corpus
from pagehop.tools.errors import InputError, UnknownPriceError
from tests.agents.openai_server import CutOff, OpenAIServer, Refuse, Say, saying

QUESTION = "What was the revenue of Alpha Corp in 2023?"
QUOTES = {"evenue": ("Revenue of Alpha Corp in 2023 was 412 million euros.", "412 million euros")}
EVERY_ROLE = replace(STANDARD, planner="always", critic="always")


@pytest.fixture
def serve():
    """Starts a server with a script; closes it after the test."""
    with ExitStack() as stack:
        yield lambda *script, **settings: stack.enter_context(OpenAIServer(*script, **settings))


@pytest.fixture
def reader(model, plan):
    """Answers for every role to the question on revenue."""
    asked = plan(("q1", "What was the revenue in 2023?"), modalities=("text", "figure"))
    return saying(model(plan=asked, quotes=QUOTES, answer="412 million euros"))


@pytest.fixture
def own_library(library, tmp_path):
    """A copy of the library that a test may write into."""
    shutil.copytree(library.path, tmp_path / "corpus")
    with Corpus(tmp_path / "corpus") as corpus:
        yield corpus


def ask(corpus, model, **options):
    agent = create_document_agent(corpus, model, **{"effort": EVERY_ROLE, **options})
    with closing(agent):
        return agent.invoke({"question": QUESTION})["answer"]


def test_an_answer_comes_over_http_with_a_receipt_that_adds_up(serve, library, reader):
    server = serve(answer=reader)
    answer = ask(library, server.model())
    assert (answer.text, answer.status) == ("412 million euros", "answered")
    usage = answer.usage
    assert usage.model_calls == len(server.requests)
    assert (usage.input_tokens, usage.output_tokens) == (
        11 * usage.model_calls, 7 * usage.model_calls
    )  # fmt: skip
    assert usage.images == sum(len(request.pictures) for request in server.requests) > 0
    for counter in ("model_calls", "input_tokens", "output_tokens", "images"):
        assert sum(getattr(role, counter) for role in usage.roles) == getattr(usage, counter)
    assert {"planner", "summarizer"} < {role.role for role in usage.roles}
    assert (usage.money, usage.failed_calls, usage.estimated) == (0, 0, False)


PAGES = [{"document": 1, "page": 2}]
FOUND = {"reason": "", "answerable": True, "answer": "412 million euros", "pages": PAGES}
ROLES = {
    "searching agent": FOUND,
    "whole-document reader": FOUND,
    "seeker": {"reason": "", "summary": "", "pages": PAGES},
    "inspector": {"reason": "", "ready": True, "answer": "412", "pages": PAGES, "missing": ""},
    "answer agent": FOUND,
}


def designed(request):
    """Replies of the designs that are compared with; a search comes before its answer."""
    if "search_pages" in request.tools:
        if all(message["role"] != "tool" for message in request.body["messages"]):
            return Say(calls=[("search_pages", {"query": "revenue"})], finish="tool_calls")
        return Say(fields=FOUND | {"pages": [{"document": 1, "page": 1}]})
    role = next(role for role in ROLES if f"# Role: {role}\n" in request.prompt)
    return Say(fields=ROLES[role])


def objects(schema):
    """All objects of a JSON schema."""
    inner = schema.values() if isinstance(schema, dict) else schema
    found = [schema] if isinstance(schema, dict) and schema.get("type") == "object" else []
    return found + [o for s in inner if isinstance(s, dict | list) for o in objects(s)]


@pytest.mark.parametrize("sees", [True, False])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("name", ["seeker", "bm25-search", "whole-document"])
def test_a_published_design_goes_over_http_with_any_model_that_it_takes(
    serve, library, name, held, sees
):
    server = serve(answer=designed)
    model = server.model()
    model.profile = {"structured_output": held, "image_inputs": sees, "image_pixels": 60_000}
    if name == "seeker" and not sees:
        with pytest.raises(InputError, match="takes none"):
            create_graph(name, library, model)
        return
    with closing(create_graph(name, library, model, documents=["alpha.pdf"])) as agent:
        answer = agent.invoke({"question": QUESTION})["answer"]
    assert (answer.text, answer.status) == ("412 million euros", "answered")
    assert any(request.pictures for request in server.requests) == sees
    forms = [request.body["response_format"]["json_schema"] for request in server.requests
             if "response_format" in request.body]  # fmt: skip
    assert bool(forms) == (held and name != "bm25-search"), "beside tools the reply is one of them"
    for made in (made for form in forms for made in objects(form["schema"])):
        assert made["additionalProperties"] is False, "what strict providers ask for"
        assert made["required"] == list(made["properties"])


@pytest.mark.parametrize(("pictures", "pixels"), [(3, 200_000), (8, 1_500_000)])
def test_no_call_has_more_or_larger_pictures_than_the_model_takes(
    serve, library, reader, pictures, pixels
):
    server = serve(answer=reader)
    model = server.model()
    model.profile = {"max_images": pictures, "image_pixels": pixels}
    ask(library, model)
    sent = [request.pictures for request in server.requests if request.pictures]
    assert sent
    assert max(map(len, sent)) <= abilities_of(model).images_per_call == pictures
    assert max(width * height for sizes in sent for width, height in sizes) <= pixels


def test_a_question_that_is_in_the_cache_makes_no_call(serve, own_library, reader):
    server = serve(answer=reader)
    first = ask(own_library, server.model(), cache=True)
    made = len(server.requests)
    assert made == first.usage.model_calls > 0
    second = ask(own_library, server.model(), cache=True)
    assert len(server.requests) == made
    assert (second.text, second.claims, second.citations) == (
        first.text, first.claims, first.citations
    )  # fmt: skip
    assert second.usage.model_calls == second.usage.input_tokens == 0
    assert second.usage.cached_calls == made


def test_a_document_that_leaves_takes_the_cache_with_it(serve, own_library, reader):
    ask(own_library, serve(answer=reader).model(), cache=True)
    kept = own_library.path / REPLY_FILE
    assert b"412 million" in b"".join(p.read_bytes() for p in kept.parent.glob(f"{REPLY_FILE}*"))
    own_library.remove("alpha.pdf")
    left = b"".join(p.read_bytes() for p in kept.parent.glob(f"{REPLY_FILE}*"))
    assert b"412 million" not in left


def test_a_server_that_is_busy_now_and_then_is_asked_again(serve, library, reader):
    turns = iter(range(1000))

    def now_and_then(request):
        turn = next(turns)
        wait = (("Retry-After", "0.01"),)
        if turn % 3 == 1:
            return Refuse(status=429 if turn % 2 else 503, message="busy", headers=wait)
        return reader(request)

    server = serve(answer=now_and_then)
    answer = ask(library, server.model())
    assert (answer.text, answer.status) == ("412 million euros", "answered")
    usage = answer.usage
    assert usage.failed_calls > 0
    assert usage.model_calls + usage.failed_calls == len(server.requests)
    assert usage.input_tokens == 11 * usage.model_calls


def test_a_bad_request_is_a_failure_and_never_asked_twice(serve, library, reader):
    def refusing(request):
        if "Role: text agent" in request.prompt:
            return Refuse(status=400, message="too many cooks")
        return reader(request)

    server = serve(answer=refusing)
    answer = ask(library, server.model())
    refused = [str(r.body) for r in server.requests if "Role: text agent" in r.prompt]
    assert len(refused) == len(set(refused))  # in other words, perhaps, but not the same again
    assert answer.status != "answered"
    assert any("too many cooks" in note for note in answer.notes)


def test_streamed_calls_are_counted_even_when_one_is_cut_off(serve, library, reader):
    server = serve(CutOff(text='{"sub_questions": [], "reply": ""}', pieces=2), answer=reader)
    agent = create_document_agent(library, server.model(stream_usage=True), effort=EVERY_ROLE)
    answer = None
    for mode, part in agent.stream({"question": QUESTION}, stream_mode=["messages", "values"]):
        if mode == "values":
            answer = part.get("answer") or answer
    assert all(request.streamed for request in server.requests)
    assert answer.text == "412 million euros"
    usage = answer.usage
    assert (usage.failed_calls, usage.model_calls) == (1, len(server.requests) - 1)
    assert usage.input_tokens > 11 * usage.model_calls  # and what was on its way
    assert usage.estimated


def test_a_budget_of_tokens_ends_the_work_and_the_answer_says_so(serve, library, reader):
    def dear(request):
        said = reader(request)
        return replace(said, tokens=(900, 100)) if isinstance(said, Say) else said

    server = serve(answer=dear)
    answer = ask(library, server.model(), budget=Budget(tokens=2500))
    assert len(server.requests) == 3
    assert answer.usage.input_tokens + answer.usage.output_tokens == 3000
    assert answer.status == "incomplete"


def test_a_budget_of_money_needs_prices_before_anything_is_asked(serve, library, reader):
    server = serve(answer=reader)
    hosted = server.model()
    hosted.root_client.base_url = "https://models.example/v1"
    hosted.openai_api_base = "https://models.example/v1"
    with pytest.raises(UnknownPriceError, match="no price is known for served"):
        create_document_agent(library, hosted, budget=Budget(money=0.5))
    priced = {"served": Price(input=1000, output=1000)}
    answer = ask(library, server.model(), budget=Budget(money=0.04), prices=priced)
    assert answer.usage.money == 0.054  # three calls of 18 tokens: the third was let in
    assert (answer.status, len(server.requests)) == ("incomplete", 3)
