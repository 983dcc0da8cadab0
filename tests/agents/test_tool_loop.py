"""A model that works with tools ends with its reply, whatever it does on the way."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from pagehop.agents.budget import Budget
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.records import image_count
from pagehop.agents.replying.fitting import GONE_WITH_TOOLS
from pagehop.agents.replying.tool_loop import ENOUGH, STEPS, ToolLoop
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import BudgetSpentError, ContextTooLongError, InvalidReplyError


class Report(BaseModel):
    """What was found."""

    answer: str


class RefusedError(Exception):
    status_code = 400


class TooLongError(Exception):
    status_code = 413


@tool
def look_up(word: str) -> str:
    """What a word means."""
    return f"{word} is a colour"


@tool
def draw(word: str) -> list[dict]:
    """A picture of a word."""
    return [
        {"type": "text", "text": f"here is {word}"},
        {"type": "image", "base64": f"{word}=", "mime_type": "image/png"},
    ]


@tool
def fail(word: str) -> str:
    """Never works."""
    raise OSError(f"no {word} today")


def calling(name, number=0, word="red", **fields):
    call = {"name": name, "args": {"word": word}, "id": f"call_{number}"}
    return AIMessage(content="", tool_calls=[call], **fields)


def run(*script, calls=None, **settings):
    """What came of the work, the model, and the loop."""
    model = ScriptedChatModel(script=list(script))
    model.profile = settings or None
    loop = ToolLoop(
        calls=calls or Calls(Budget()), model=model, schema=Report, role="reader",
        tools=[look_up, draw, fail], mark="0123456789ab",
    )  # fmt: skip
    return loop.run([HumanMessage("Which colour?")]), model, loop


def results(model):
    """The results that the last call was shown."""
    return [m for m in model.calls[-1].messages if isinstance(m, ToolMessage)]


DONE = Report(answer="red")


def test_it_works_and_replies():
    report, model, loop = run(calling("look_up"), DONE)
    assert report == DONE
    assert model.calls[0].tools == ("look_up", "draw", "fail", "Report")
    assert "red is a colour" in results(model)[0].text
    assert [outcome.name for outcome in loop.outcomes] == ["look_up"]


def test_an_unknown_tool_is_told_with_those_there_are():
    report, model, loop = run(calling("google"), DONE)
    assert report == DONE
    assert (
        "There is no tool 'google'; there are ['look_up', 'draw', 'fail']" in results(model)[0].text
    )
    assert loop.outcomes == []


def test_a_failure_is_a_result():
    _, model, loop = run(calling("fail"), DONE)
    assert "failure of fail" in results(model)[0].text
    assert "no red today" in results(model)[0].text
    assert loop.outcomes[0].ok is False


def test_the_same_call_is_not_carried_out_twice():
    report, model, loop = run(calling("look_up"), calling("look_up", 1), DONE)
    assert report == DONE
    assert "Not done again" in results(model)[1].text
    assert len(loop.outcomes) == 1


def test_a_second_repeat_ends_the_work():
    again = [calling("look_up", number) for number in range(3)]
    report, model, loop = run(*again, DONE)
    assert report == DONE
    assert len(loop.outcomes) == 1
    assert model.calls[3].prompt.endswith(ENOUGH)
    assert model.calls[3].tools == ("Report",), "no tools any more"


def test_a_model_that_never_stops_is_asked_for_its_reply():
    steps = [calling("look_up", number, word=f"word{number}") for number in range(STEPS)]
    report, model, loop = run(*steps, DONE)
    assert report == DONE
    assert len(loop.outcomes) == STEPS
    assert ENOUGH in model.calls[-1].prompt


def test_a_model_that_never_replies_ends_in_a_named_error():
    def always(messages):
        return calling("look_up", len(messages), word=f"word{len(messages)}")

    with pytest.raises(InvalidReplyError):
        run(*[always] * 20)


def test_a_model_that_always_asks_for_more_stays_within_its_budget():
    calls = Calls(Budget(model_calls=3))
    with pytest.raises(BudgetSpentError):
        run(*[lambda m: calling("look_up", word=str(len(m)))] * 20, calls=calls)
    assert calls.usage.model_calls == 3


def test_more_calls_than_allowed_are_not_carried_out():
    many = [{"name": "look_up", "args": {"word": f"w{n}"}, "id": f"i{n}"} for n in range(9)]
    _, model, loop = run(AIMessage("", tool_calls=many), DONE)
    assert len(loop.outcomes) == 6
    told = [result.text for result in results(model)]
    assert len(told) == 9
    assert all("Not done: at most 6 calls at once." in text for text in told[6:])


@pytest.mark.parametrize("name", ["Report", "report", "functions.Report"])
def test_calls_beside_the_reply_are_not_carried_out(name):
    last = {"name": name, "args": {"answer": "red"}, "id": "2"}
    both = AIMessage("", tool_calls=[*calling("look_up").tool_calls, last])
    report, _, loop = run(both)
    assert report == DONE
    assert loop.outcomes == []


def test_a_reply_in_words_ends_it_too():
    assert run(calling("look_up"), 'So: {"answer": "red"}')[0] == DONE


def test_arguments_that_are_no_json_are_told_and_those_of_the_reply_mended():
    broken = [{"name": "look_up", "args": '{"word": "r', "id": "1", "error": None}]
    _, model, loop = run(AIMessage("", invalid_tool_calls=broken), DONE)
    assert "no valid JSON" in results(model)[0].text
    assert loop.outcomes == []
    torn = [{"name": "Report", "args": '{"answer": "r', "id": "1", "error": None}]
    report, model, _ = run(AIMessage("", invalid_tool_calls=torn), DONE)
    assert report == DONE
    assert len(model.calls) == 2


def test_the_last_call_of_a_message_that_was_cut_off_is_not_carried_out():
    cut = calling("look_up", word="re", response_metadata={"finish_reason": "length"})
    _, model, loop = run(cut, DONE)
    assert "your message was cut off" in results(model)[0].text
    assert loop.outcomes == []


@pytest.mark.parametrize("ids", [(None, None), ("", ""), ("same", "same")])
def test_results_are_matched_to_calls_even_where_a_server_gives_no_ids(ids):
    words = ("red", "blue")
    calls = [
        {"name": "look_up", "args": {"word": word}, "id": id_}
        for word, id_ in zip(words, ids, strict=True)
    ]
    _, model, _ = run(AIMessage("", tool_calls=calls), DONE)
    sent = next(m for m in model.calls[1].messages if isinstance(m, AIMessage))
    given = [call["id"] for call in sent.tool_calls]
    assert len(set(given)) == 2
    assert [result.tool_call_id for result in results(model)] == given


def test_halves_of_characters_in_arguments_do_not_travel_on():
    _, model, _ = run(calling("look_up", word="r\ud83d"), DONE)
    json.dumps([m.model_dump() for m in model.calls[1].messages], ensure_ascii=False).encode()


def test_a_call_never_carries_more_pictures_than_the_model_takes():
    steps = [calling("draw", number, word=f"w{number}") for number in range(5)]
    _, model, _ = run(*steps, DONE, max_images=2)
    assert [image_count(call.messages) for call in model.calls] == [0, 1, 2, 2, 2, 2]
    assert model.calls[-1].prompt.count(GONE_WITH_TOOLS) == 3
    last = [str(m.content) for m in model.calls[-1].messages][-4:]
    assert "w4=" in last[-1]
    assert "w3=" in last[0]


def test_a_picture_that_is_gone_can_be_shown_again():
    words = ["red", "green", "blue", "red"]
    steps = [calling("draw", number, word=word) for number, word in enumerate(words)]
    _, model, loop = run(*steps, DONE, max_images=2)
    assert len(loop.outcomes) == 4
    _, model, loop = run(*steps, DONE, max_images=3)
    assert len(loop.outcomes) == 3
    assert "Not done again" in results(model)[3].text


def test_pictures_stand_where_the_model_takes_them():
    _, model, _ = run(calling("draw"), DONE, image_tool_message=True)
    assert image_count(results(model)) == 1
    _, model, _ = run(calling("draw"), DONE, image_tool_message=False)
    assert image_count(results(model)) == 0
    assert image_count(model.calls[-1].messages) == 1


def test_old_results_are_shortened_before_the_context_is_full():
    @tool
    def recite(word: str) -> str:
        """A long text."""
        return f"{word} " * 900

    model = ScriptedChatModel(
        script=[calling("recite", n, word=f"verse{n}") for n in range(5)] + [DONE]
    )
    model.profile = {"max_input_tokens": 4_000}
    loop = ToolLoop(
        calls=Calls(Budget()), model=model, schema=Report, role="reader",
        tools=[recite], mark="0123456789ab",
    )  # fmt: skip
    assert loop.run([HumanMessage("Recite.")]) == DONE
    lengths = [len(result.text) for result in results(model)]
    assert max(len(call.prompt) for call in model.calls) < 4 * 4_000
    assert lengths[0] < lengths[-1]
    assert lengths[-1] > 5_000, "the newest is whole"


def test_a_model_that_finds_it_too_long_is_asked_with_half_of_it_once():
    long = calling("look_up", word="red " * 1500)
    report, model, _ = run(long, TooLongError("too long"), DONE)
    assert report == DONE
    assert len(results(model)[0].text) < 3_000
    with pytest.raises(ContextTooLongError):
        run(long, TooLongError("too long"), TooLongError("too long"))


def test_a_server_that_takes_no_tools_is_asked_without_and_never_offered_them_again():
    calls = Calls(Budget())
    model = ScriptedChatModel(script=[RefusedError(), RefusedError(), *['{"answer": "red"}'] * 2])
    loop = ToolLoop(
        calls=calls, model=model, schema=Report, role="reader", tools=[look_up], mark="0" * 12
    )
    assert loop.run([HumanMessage("?")]) == DONE
    assert loop.run([HumanMessage("?!")]) == DONE
    assert [call.tools for call in model.calls] == [("look_up", "Report"), ("Report",), (), ()]


names = st.sampled_from(["look_up", "draw", "fail", "google", "Report", ""])
given_args = st.fixed_dictionaries(
    {}, optional={"word": st.sampled_from("ab"), "answer": st.just("a")}
)
ids = st.sampled_from(["1", "2", "", None])
moves = st.builds(
    lambda words, calls, broken, finish: AIMessage(
        content=words,
        tool_calls=[{"name": name, "args": args, "id": id_} for name, args, id_ in calls],
        invalid_tool_calls=[
            {"name": name, "args": "{", "id": id_, "error": None} for name, id_ in broken
        ],
        response_metadata={"finish_reason": finish},
    ),
    st.sampled_from(["", "Let me see.", '{"answer": "a"}', '{"answer": ']),
    st.lists(st.tuples(names, given_args, ids), max_size=3),
    st.lists(st.tuples(names, ids), max_size=2),
    st.sampled_from(["stop", "length"]),
)


def check_conversation(messages):
    """Each call of a tool has its one result right after it, as providers insist."""
    for place, message in enumerate(messages):
        if isinstance(message, AIMessage):
            due = [call["id"] for call in (*message.tool_calls, *message.invalid_tool_calls)]
            there = messages[place + 1 : place + 1 + len(due)]
            assert all(due)
            assert [getattr(result, "tool_call_id", None) for result in there] == due
    kinds = [message.type for message in messages]
    assert ("human", "human") not in pairwise(kinds)


@settings(max_examples=40, deadline=None)
@given(st.lists(moves, min_size=STEPS + 2, max_size=STEPS + 2), st.integers(1, 3))
def test_whatever_a_model_does_it_ends_in_a_reply_or_a_named_error(script, most):
    model = ScriptedChatModel(script=script)
    model.profile = {"max_images": most}
    loop = ToolLoop(
        calls=Calls(Budget()), model=model, schema=Report, role="reader",
        tools=[look_up, draw, fail], mark="0123456789ab",
    )  # fmt: skip
    try:
        assert loop.run([HumanMessage("Which?")]).answer == "a"
    except InvalidReplyError:
        assert model.calls
    for call in model.calls:
        check_conversation(call.messages)
        assert image_count(call.messages) <= most
