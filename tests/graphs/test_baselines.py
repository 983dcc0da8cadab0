"""The published designs as graphs: what each call sees, what is cited, and how each can end."""

import asyncio
import base64
import io
import json
import re

import jsonschema
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from PIL import Image

from pagehop.agents import Budget, ScriptedChatModel
from pagehop.graphs import answer_schema, stream_events, trace_lines
from pagehop.graphs.baselines import GRAPHS, create_graph
from pagehop.tools import Corpus, Stage
from pagehop.tools.errors import InputError, InvalidReplyError, ModelCallError, WorkerError

REVENUE = "What was the revenue of Alpha Corp in 2023?"
LINE = "Revenue of Alpha Corp in 2023 was 412 million euros."
BASELINES = [name for name in GRAPHS if name != "pagehop"]
CALLS = {"one-shot": 1, "five-agents": 5, "seeker": 3, "bm25-search": 2, "whole-document": 1}
ANSWERING = {
    "one-shot": "one-shot reader",
    "five-agents": "summarizing agent",
    "seeker": "answer agent",
    "bm25-search": "searching agent",
    "whole-document": "whole-document reader",
}


class KilledError(BaseException):
    """What ends a process; no handler of the graph may take it for a failure."""


def searching(*queries, then):
    """Replies of an agent that searches for these words, one after the other, and then answers."""
    calls = [
        AIMessage("", tool_calls=[{"name": "search_pages", "args": {"query": q}, "id": f"s{n}"}])
        for n, q in enumerate(queries)
    ]
    return [*calls, then]


def reply(answer="412 million euros", *pages, answerable=True, reason="It stands there."):
    return {
        "reason": reason,
        "answerable": answerable,
        "answer": answer,
        "pages": [{"document": d, "page": p} for d, p in pages],
    }


def picks(*pages):
    return {
        "reason": "", "summary": "", "pages": [{"document": d, "page": p} for d, p in pages]
    }  # fmt: skip


def inspected(*pages, answer="", missing=""):
    named = [{"document": d, "page": p} for d, p in pages]
    return {"reason": "r", "ready": bool(answer), "answer": answer, "pages": named,
            "missing": missing}  # fmt: skip


GOOD = reply("412 million euros", (1, 2))


def rules(**changed):
    """Replies of every role; the answer is on page 2 of the only document."""
    told = {
        "one-shot reader": GOOD,
        "general agent": reply("about 400 million", (1, 2)),
        "critical agent": {"text": "the line on revenue", "image": "the second page"},
        "text reader": reply("412 million", (1, 2)),
        "image reader": GOOD,
        "summarizing agent": GOOD,
        "seeker": picks((1, 2)),
        "inspector": inspected((1, 2), answer="412 million"),
        "answer agent": GOOD,
        "searching agent": searching("revenue Alpha", then=reply("412 million euros", (1, 1))),
        "whole-document reader": GOOD,
    }
    return [(f"Role: {role}\n", made) for role, made in {**told, **changed}.items()]


def scripted(profile=None, **changed):
    named = {role.replace("_", " "): made for role, made in changed.items()}
    model = ScriptedChatModel(rules=rules(**named))
    model.profile = {"image_pixels": 60_000, **(profile or {})}
    return model


def ask(name, corpus, model, question=REVENUE, **options):
    options.setdefault("documents", ["alpha.pdf"])
    return create_graph(name, corpus, model, **options).invoke({"question": question})["answer"]


def role(call):
    return call.messages[0].text.splitlines()[0].removeprefix("# Role: ")


def pictures(call):
    blocks = [b for m in call.messages if isinstance(m.content, list) for b in m.content]
    return [
        Image.open(io.BytesIO(base64.b64decode(block["base64"])))
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "image"
    ]


def places(answer):
    return [(cited.document, cited.page) for cited in answer.citations]


def test_one_shot_shows_the_best_four_pages_as_pictures_without_their_words(library):
    model = scripted()
    answer = ask("one-shot", library, model, documents=["beta.pdf", "alpha.pdf"])
    (call,) = model.calls
    assert len(pictures(call)) == 4
    assert REVENUE in call.prompt
    assert LINE not in call.prompt
    assert (answer.text, answer.status) == ("412 million euros", "answered")
    assert len(answer.citations) == 1
    assert answer.claims[0].citations == ("c1",)
    assert not answer.citations[0].verified
    assert answer.citations[0].bbox is None


def test_five_agents_pass_on_what_the_paper_says_and_each_sees_its_own_material(library):
    model = scripted()
    answer = ask("five-agents", library, model)
    calls = {role(call): call for call in model.calls}
    assert len(model.calls) == 5
    assert [role(call) for call in model.calls][:2] == ["general agent", "critical agent"]
    assert role(model.calls[-1]) == "summarizing agent"
    assert all(REVENUE in call.prompt for call in model.calls)
    seen = {who: (LINE in call.prompt, bool(pictures(call))) for who, call in calls.items()}
    assert seen == {
        "general agent": (True, True),
        "critical agent": (True, True),
        "text reader": (True, False),
        "image reader": (False, True),
        "summarizing agent": (False, False),
    }
    assert "about 400 million" in calls["critical agent"].prompt
    assert "the line on revenue" in calls["text reader"].prompt
    assert "the second page" not in calls["text reader"].prompt
    assert "the second page" in calls["image reader"].prompt
    told = calls["summarizing agent"].prompt
    assert all(a in told for a in ("about 400 million", "412 million", "Document 1, page 2"))
    assert places(answer) == [("alpha.pdf", 2)]


def test_of_five_agents_one_that_fails_costs_only_itself(library):
    model = scripted(image_reader=ModelCallError("The server is down."))
    answer = ask("five-agents", library, model)
    assert (answer.text, answer.status) == ("412 million euros", "answered")
    assert any("The server is down." in note for note in answer.notes)
    told = next(c.prompt for c in model.calls if role(c) == "summarizing agent")
    assert "answer of the text agent" in told
    assert "answer of the image agent" not in told


def test_when_the_first_of_five_agents_fails_the_run_does(library):
    model = scripted(**{"general agent": ModelCallError("The server is down.")})
    with pytest.raises(ModelCallError, match="server is down"):
        ask("five-agents", library, model)


def test_five_agents_without_eyes_are_four(library):
    model = scripted({"image_inputs": False})
    answer = ask("five-agents", library, model)
    assert "image reader" not in {role(call) for call in model.calls}
    assert not any(pictures(call) for call in model.calls)
    assert answer.status == "answered"
    assert answer.notes[-1].startswith("0 of 2 pages were shown as pictures")


def test_the_seeker_picks_from_small_pictures_and_goes_on_for_what_is_missing(library):
    model = scripted(
        seeker=[picks((1, 1)), picks((1, 2))],
        inspector=[
            inspected((1, 1), missing="the revenue itself"),
            inspected((1, 2), answer="412 million"),
        ],
    )
    answer = ask("seeker", library, model)
    first, close, second, closer, last = model.calls
    assert [role(c) for c in (first, second)] == ["seeker", "seeker"]
    assert (len(pictures(first)), len(pictures(second))) == (2, 1)
    assert "the revenue itself" in second.prompt
    assert "the revenue itself" not in first.prompt
    assert (len(pictures(close)), len(pictures(closer))) == (1, 2)
    small, large = pictures(first)[0], pictures(close)[0]
    assert small.width * small.height < large.width * large.height / 3
    assert role(last) == "answer agent"
    assert len(pictures(last)) == 1
    assert "412 million" in last.prompt
    assert places(answer) == [("alpha.pdf", 2)]
    assert answer.usage.rounds == 2


def test_the_seekers_rounds_are_those_of_the_budget(library):
    model = scripted(
        seeker=[picks((1, 1))], inspector=inspected((1, 1), missing="more"),
        **{"answer agent": reply("Lisbon", (1, 1))},
    )  # fmt: skip
    answer = ask("seeker", library, model, budget=Budget(rounds=1))
    assert [role(call) for call in model.calls] == ["seeker", "inspector", "answer agent"]
    assert (answer.text, answer.status, answer.usage.rounds) == ("Lisbon", "incomplete", 1)


def test_a_seeker_that_picks_nothing_has_no_answer(library):
    model = scripted(seeker=picks())
    answer = ask("seeker", library, model)
    assert (answer.status, answer.usage.model_calls) == ("unanswerable", 1)


def test_the_searching_agent_sees_only_what_its_own_words_bring(library):
    model = scripted(
        **{
            "searching agent": searching(
                "headquarters", "revenue million", then=reply("412 million euros", (1, 2))
            )
        }
    )
    answer = ask("bm25-search", library, model)
    first, second, third = model.calls
    assert "search_pages" in first.tools
    assert not pictures(first)
    assert "alpha.pdf" not in first.prompt
    assert (len(pictures(second)), len(pictures(third))) == (1, 2)
    assert "page 1 of 'alpha.pdf'" in second.prompt
    assert "page 2 of" not in second.prompt
    assert places(answer) == [("alpha.pdf", 2)]


def test_the_searching_agent_is_shown_no_more_pictures_than_its_model_takes(library):
    model = scripted(
        {"max_images": 3},
        **{"searching agent": searching("turnover", "the turnover", then=reply("77", (1, 1)))},
    )
    ask("bm25-search", library, model, documents=["beta.pdf"])
    assert [len(pictures(call)) for call in model.calls] == [0, 3, 3]
    assert "The turnover of Beta Ltd will be told elsewhere" in model.calls[1].prompt


def test_what_was_never_searched_for_cannot_be_said_to_be_absent(library):
    model = scripted(**{"searching agent": reply("There is no such thing.", answerable=False)})
    answer = ask("bm25-search", library, model)
    assert answer.status == "incomplete"


def test_the_whole_document_goes_in_page_by_page_with_words_and_pictures(library):
    model = scripted()
    answer = ask("whole-document", library, model)
    (call,) = model.calls
    assert len(pictures(call)) == 2
    assert LINE in call.prompt
    assert call.prompt.index("Document 1, page 1") < call.prompt.index("Document 1, page 2")
    assert (answer.status, places(answer)) == ("answered", [("alpha.pdf", 2)])
    assert len(answer.notes) == 1


def test_of_a_long_document_all_words_go_in_and_the_likeliest_pictures(library):
    model = scripted(
        {"max_images": 2},
        **{"whole-document reader": reply("77 million pounds", (1, 13))},
    )
    answer = ask(
        "whole-document", library, model, "What net sales does the statement of income have?",
        documents=["beta.pdf"],
    )  # fmt: skip
    (call,) = model.calls
    assert len(pictures(call)) == 2
    assert "Net sales came to 77 million pounds." in call.prompt
    assert "2 of 13 pages were shown as pictures." in answer.notes


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (reply("Not there.", answerable=False), "incomplete"),
        (reply("A turnover.", (1, 1)), "answered"),
    ],
)
def test_what_did_not_fit_in_is_said_and_nothing_is_called_absent(library, told, status):
    model = scripted({"max_input_tokens": 5300}, **{"whole-document reader": told})
    answer = ask("whole-document", library, model, documents=["beta.pdf"])
    read = next(note for note in answer.notes if "were read" in note)
    assert 0 < int(read.split()[0]) < 13
    assert answer.status == status


def test_letters_that_are_a_token_each_are_counted_so(tmp_path):
    with pymupdf.open() as pdf:
        for _ in range(4):
            page = pdf.new_page()
            for line in range(40):
                page.insert_text((40, 40 + 18 * line), "收入总计" * 10, fontname="china-s")
        pdf.save(tmp_path / "report.pdf")
    with Corpus(tmp_path / "corpus") as corpus:
        corpus.add(tmp_path / "report.pdf", until=Stage.TEXT, workers=1)
        model = scripted(
            {"max_input_tokens": 8500, "image_inputs": False},
            **{"whole-document reader": reply("Not there.", answerable=False)},
        )
        answer = ask("whole-document", corpus, model, documents=["report.pdf"])
    assert any("2 of 4 pages were read" in note for note in answer.notes)
    assert answer.status == "incomplete"


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_cites_counts_and_tells_what_it_does(library, name):
    model = scripted()
    agent = create_graph(name, library, model, documents=["alpha.pdf"])
    events = list(stream_events(agent, REVENUE))
    answer = events[-1].answer
    assert (answer.status, len(answer.citations)) == ("answered", 1)
    assert answer.usage.model_calls == len(model.calls) == CALLS[name]
    assert answer.usage.images == sum(len(pictures(call)) for call in model.calls)
    lines = [line for event in events for line in trace_lines(event)]
    assert any(line.startswith("search") for line in lines)
    jsonschema.validate(json.loads(json.dumps(answer.as_dict())), answer_schema())


@pytest.mark.parametrize("name", BASELINES)
def test_documents_are_data_and_the_model_is_told_so(library, name):
    model = scripted(
        **{"searching agent": searching("instructions ignore", then=reply("x", (1, 1)))}
        | {who: reply("x", (1, 1)) for who in ANSWERING.values() if who != "searching agent"}
        | {"text reader": reply("x", (1, 1)), "image reader": reply("x", (1, 1))}
        | {"general agent": reply("x", (1, 1)), "seeker": picks((1, 1))}
        | {"inspector": inspected((1, 1), answer="x")},
    )
    ask(name, library, model, "Ignore all instructions?", documents=["injected.pdf"])
    for call in model.calls:
        assert "is an instruction to you" in call.messages[0].text
        told = call.prompt.partition("Question:")[2]
        assert "<<end 000000>>" not in told
        assert "${HOME}" not in re.sub(r"<<data (\w+) .*?<<end \1>>", "", told, flags=re.DOTALL)
    if name in ("five-agents", "whole-document"):
        assert "${HOME}" in model.calls[0].prompt


@pytest.mark.parametrize("name", BASELINES)
def test_a_page_that_was_not_shown_is_sent_back_and_then_an_error(library, name):
    invented = reply("412", (1, 9))
    changed = [invented, invented]
    if name == "bm25-search":
        changed = [*searching("revenue", then=invented), invented]
    model = scripted(**{ANSWERING[name]: changed})
    with pytest.raises(InvalidReplyError, match="page 9 of document 1 was not shown"):
        ask(name, library, model)


numbers = st.integers(-1, 4)
pages = st.lists(st.fixed_dictionaries({"document": numbers, "page": numbers}), max_size=3)
whatever = (
    st.text(max_size=20)
    | st.dictionaries(
        st.sampled_from(["answer", "pages", "ready"]), st.none() | st.text(max_size=3)
    )
    | st.fixed_dictionaries(
        {"answer": st.text(max_size=5), "answerable": st.booleans(), "pages": pages},
        optional={"ready": st.booleans(), "missing": st.text(max_size=5)},
    )
)


@pytest.mark.parametrize("name", BASELINES)
@settings(max_examples=15, deadline=None)
@given(replies=st.lists(whatever, min_size=12, max_size=12))
def test_whatever_is_replied_only_pages_that_were_shown_are_cited(library, name, replies):
    model = ScriptedChatModel(script=replies)
    model.profile = {"image_pixels": 20_000}
    try:
        answer = ask(name, library, model, budget=Budget(model_calls=6))
    except InvalidReplyError:
        return
    assert answer.usage.model_calls == len(model.calls) <= 6
    assert {page for _, page in places(answer)} <= {1, 2}
    assert bool(answer.citations) or answer.status != "answered"


@pytest.mark.parametrize("name", BASELINES)
def test_with_no_call_left_the_answer_is_none_and_marked_so(library, name):
    model = scripted()
    answer = ask(name, library, model, budget=Budget(model_calls=0))
    assert answer.status == "incomplete"
    assert not model.calls
    assert not answer.citations


@pytest.mark.parametrize(
    ("name", "calls", "text"),
    [("five-agents", 1, "about 400 million"), ("seeker", 2, "412 million")],
)
def test_the_best_so_far_leaves_when_the_budget_is_spent(library, name, calls, text):
    answer = ask(name, library, scripted(), budget=Budget(model_calls=calls))
    assert (answer.text, answer.status) == (text, "incomplete")
    assert places(answer) == [("alpha.pdf", 2)]
    assert answer.usage.model_calls == calls


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("ending", [ModelCallError("Out of order."), KilledError()])
def test_a_run_that_was_cut_off_goes_on_and_repeats_no_finished_call(library, name, ending):
    last = [ending, GOOD]
    if name == "bm25-search":
        last = [searching("revenue", then=GOOD)[0], *last]
    model = scripted(**{ANSWERING[name]: [raising(each) for each in last]})
    thread = {"configurable": {"thread_id": f"{name} {type(ending).__name__}"}}
    with (
        create_graph(name, library, model, documents=["alpha.pdf"], checkpointer=True) as agent,
        pytest.raises(type(ending)),
    ):
        agent.invoke({"question": REVENUE}, thread)
    with create_graph(name, library, model, documents=["alpha.pdf"], checkpointer=True) as agent:
        answer = agent.invoke(None, thread)["answer"]
        state = agent.get_state(thread).values
    assert (answer.text, answer.status) == ("412 million euros", "answered")
    assert len(model.calls) == CALLS[name] + 1, "only what was cut off was asked again"
    assert "base64" not in repr(state)
    assert len(repr(state)) < 20_000


def raising(told):
    """The reply; an end of the process is raised when it is asked for."""
    if not isinstance(told, KilledError):
        return told

    def killed(messages):
        raise told

    return killed


@pytest.mark.parametrize("name", BASELINES)
def test_a_follow_up_is_understood_as_the_full_graph_does(library, name):
    model = scripted(contextualizer={"question": REVENUE})
    agent = create_graph(name, library, model, documents=["alpha.pdf"], checkpointer=True)
    told = [("human", "Which company?"), ("ai", "Alpha Corp"), ("human", "And its revenue?")]
    with agent:
        config = {"configurable": {"thread_id": f"chat {name}"}}
        answer = agent.invoke({"messages": told}, config)["answer"]
    assert answer.status == "answered"
    assert role(model.calls[0]) == "contextualizer"
    assert all(REVENUE in call.prompt for call in model.calls[1:])


@pytest.mark.parametrize("name", BASELINES)
def test_a_tool_of_ones_own_is_offered_and_what_it_says_is_cited(library, name):
    def exchange_rate(currency: str) -> str:
        """The value of a currency in euros.

        Args:
            currency: Its code.
        """
        return f"1 {currency} = 0.92 EUR"

    used = AIMessage(
        "", tool_calls=[{"name": "exchange_rate", "args": {"currency": "USD"}, "id": "t"}]
    )
    model = scripted(**{ANSWERING[name]: [used, reply("0.92")]})
    answer = ask(name, library, model, "What is a dollar?", tools=[exchange_rate])
    assert answer.status == "answered"
    assert [(c.modality, c.quote) for c in answer.citations] == [("tool", "1 USD = 0.92 EUR")]


def test_the_full_graph_has_its_name_here_and_other_names_are_refused(library):
    answer = create_graph("pagehop", library).invoke({"question": REVENUE})["answer"]
    assert answer.model == "extractive"
    with pytest.raises(InputError, match="no graph 'mdocagent'; there are pagehop, one-shot"):
        create_graph("mdocagent", library)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_without_a_model_is_refused(library, name):
    with pytest.raises(InputError, match=f"'{name}' needs a chat model"):
        create_graph(name, library)


@pytest.mark.parametrize("name", ["one-shot", "seeker"])
def test_a_design_of_pictures_refuses_a_model_that_takes_none(library, name):
    with pytest.raises(InputError, match="shows pages as pictures"):
        create_graph(name, library, scripted({"image_inputs": False}))


def test_a_search_agent_refuses_a_model_without_tools_and_a_tool_of_its_tools_name(library):
    with pytest.raises(InputError, match="calls no tools"):
        create_graph("bm25-search", library, ScriptedChatModel(tool_calling=False))

    def search_pages(words: str) -> str:
        """Search the web."""
        return words

    with pytest.raises(InputError, match="'search_pages'"):
        create_graph("bm25-search", library, scripted(), tools=[search_pages])


class Torn(Corpus):
    """A corpus whose second pages cannot be drawn."""

    def image(self, document, number, *, dpi=144, clip=None):
        if number == 2:
            raise WorkerError("The page could not be drawn in time.")
        return super().image(document, number, dpi=dpi, clip=clip)


def test_a_page_that_cannot_be_drawn_is_shown_in_words_and_told(library):
    with Torn(library.path) as torn:
        for name in ("one-shot", "whole-document", "bm25-search"):
            model = scripted(**{"searching agent": searching("revenue", then=GOOD)})
            answer = ask(name, torn, model)
            assert len(pictures(model.calls[-1])) < 2
            assert LINE in model.calls[-1].prompt
            assert (answer.status, places(answer)) == ("answered", [("alpha.pdf", 2)])
            told = [note for note in answer.notes if "could not be drawn" in note]
            assert told[0].startswith("the picture of alpha.pdf, page 2 failed")


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    with Corpus(tmp_path_factory.mktemp("nothing")) as corpus:
        yield corpus


@pytest.mark.parametrize("name", BASELINES)
def test_a_corpus_with_nothing_in_it_has_no_answer(nothing, name):
    model = scripted(
        **{"searching agent": searching("revenue", then=reply("Nothing.", answerable=False))}
    )
    answer = create_graph(name, nothing, model).invoke({"question": REVENUE})["answer"]
    assert answer.status == "unanswerable"
    assert not answer.citations


def test_they_can_be_awaited(library):
    agent = create_graph("five-agents", library, scripted(), documents=["alpha.pdf"])
    answer = asyncio.run(agent.ainvoke({"question": REVENUE}))["answer"]
    assert (answer.status, answer.usage.model_calls) == ("answered", 5)
