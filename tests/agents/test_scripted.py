"""The scripted model is a real chat model that says what it was told to say."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langchain_tests.unit_tests import ChatModelUnitTests
from pydantic import BaseModel

from pagehop.agents import ScriptedChatModel
from pagehop.tools.errors import ModelCallError


class Fruit(BaseModel):
    """A fruit."""

    name: str
    grams: int = 0


@tool
def weigh(name: str) -> int:
    """Weigh a fruit."""
    return len(name)


class TestStandard(ChatModelUnitTests):
    @property
    def chat_model_class(self):
        return ScriptedChatModel

    @property
    def chat_model_params(self):
        return {"script": ["Hello."]}


def test_a_script_is_said_in_order_and_then_ends_loudly():
    model = ScriptedChatModel(script=["one", "two"])
    assert [model.invoke("x").text, model.invoke("y").text] == ["one", "two"]
    assert model.left == 0
    with pytest.raises(ModelCallError, match=r"script of 2 replies has ended.*'z'"):
        model.invoke("z")


def test_the_first_rule_that_fits_replies():
    model = ScriptedChatModel(
        rules=[(("Role: critic", "2023"), "both"), ("2023", ["first", "second"]), ("", "any")]
    )
    asked = ["Role: critic 2023", "in 2023", "2023 again", "else"]
    assert [model.invoke(text).text for text in asked] == ["both", "first", "second", "any"]
    with pytest.raises(ModelCallError, match="used up"):
        model.invoke("2023")


def test_a_function_replies_to_what_was_asked():
    model = ScriptedChatModel(script=[lambda messages: messages[-1].text.upper()])
    assert model.invoke("loud").text == "LOUD"


def test_an_exception_is_raised():
    with pytest.raises(TimeoutError, match="late"):
        ScriptedChatModel(script=[TimeoutError("late")]).invoke("x")


@pytest.mark.parametrize("reply", [Fruit(name="fig"), {"name": "fig"}])
def test_a_structured_reply_fits_however_it_is_asked_for(reply):
    model = ScriptedChatModel(script=[reply] * 3)
    assert model.with_structured_output(Fruit).invoke("x") == Fruit(name="fig")
    called = model.bind_tools([weigh, Fruit]).invoke("x").tool_calls
    assert [call["name"] for call in called] == ["Fruit"]
    assert Fruit.model_validate_json(model.invoke("x").text) == Fruit(name="fig")


def test_tool_calls_of_a_message_are_passed_on_and_the_script_is_not_changed():
    call = {"name": "weigh", "args": {"name": "fig"}, "id": "1"}
    reply = AIMessage(content="", tool_calls=[call])
    said = ScriptedChatModel(script=[reply]).bind_tools([weigh]).invoke("x")
    assert said.tool_calls[0]["args"] == {"name": "fig"}
    assert reply.usage_metadata is None


def test_words_are_streamed_and_make_the_same_message():
    model = ScriptedChatModel(script=["one two  three", Fruit(name="fig")])
    pieces = list(model.stream("count to three"))
    assert [piece.text for piece in pieces[:3]] == ["one ", "two  ", "three"]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    assert whole.text == "one two  three"
    assert whole.usage_metadata["input_tokens"] == 3
    assert whole.usage_metadata["output_tokens"] == 3
    (streamed,) = [p for p in model.bind_tools([Fruit]).stream("x") if p.tool_call_chunks]
    assert streamed.tool_calls[0]["args"] == {"name": "fig", "grams": 0}


def test_calls_are_recorded_with_their_tools():
    model = ScriptedChatModel(script=["a", "b"])
    model.bind_tools([weigh]).invoke([HumanMessage("first")])
    model.invoke("second")
    assert [(call.prompt, call.tools) for call in model.calls] == [
        ("first", ("weigh",)),
        ("second", ()),
    ]


def test_a_model_without_tools_says_so():
    model = ScriptedChatModel(script=["x"], tool_calling=False)
    with pytest.raises(NotImplementedError):
        model.bind_tools([weigh])
