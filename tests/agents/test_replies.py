"""A typed reply comes back as its type, or as a named error after one repair."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from pagehop.agents.budget import Budget
from pagehop.agents.calls import Calls
from pagehop.agents.replies import ask
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import InvalidReplyError, RequestRefusedError


class Verdict(BaseModel):
    """What is decided."""

    ok: bool
    reasons: list[str] = []


class NoToolsError(Exception):
    status_code = 400


def asked(model, calls=None, check=None):
    return ask(
        calls or Calls(Budget()),
        model,
        [HumanMessage("Well?")],
        Verdict,
        role="critic",
        check=check,
    )


def test_a_reply_through_a_tool_is_the_type():
    assert asked(ScriptedChatModel(script=[Verdict(ok=True)])) == Verdict(ok=True)


@pytest.mark.parametrize(
    "text",
    [
        '{"ok": true}',
        'Sure, here it is:\n```json\n{"ok": true}\n```\nAnything else?',
        'I thought of {this} and of {"that": 1}, but: {"ok": true, "reasons": []} {"ok": false}',
        '{"ok": true',
    ],
)
@pytest.mark.parametrize("tool_calling", [True, False])
def test_json_in_the_text_is_found_whatever_stands_around_it(text, tool_calling):
    script = [text] if text.endswith(("}", "```", "?")) else [text, '{"ok": true}']
    model = ScriptedChatModel(script=script, tool_calling=tool_calling)
    assert asked(model).ok is True
    assert model.left == 0


def test_a_model_without_tools_is_given_the_schema_in_words():
    model = ScriptedChatModel(script=['{"ok": false}'], tool_calling=False)
    assert asked(model) == Verdict(ok=False)
    assert '"reasons"' in model.calls[0].prompt


def test_a_server_that_refuses_tools_is_asked_in_words_from_then_on():
    model = ScriptedChatModel(script=[NoToolsError("no tools"), '{"ok": true}', '{"ok": false}'])
    calls = Calls(Budget())
    assert asked(model, calls).ok is True
    assert asked(model, calls).ok is False
    assert [bool(call.tools) for call in model.calls] == [True, False, False]


def test_a_request_that_is_refused_in_words_too_is_an_error():
    model = ScriptedChatModel(script=[NoToolsError("too long"), NoToolsError("too long")])
    with pytest.raises(RequestRefusedError, match="too long"):
        asked(model)


def test_one_repair_shows_what_is_wrong():
    model = ScriptedChatModel(script=[{"ok": "perhaps"}, {"ok": True}])
    assert asked(model) == Verdict(ok=True)
    assert "field `ok`" in model.calls[1].prompt
    assert "perhaps" in model.calls[1].prompt


def test_after_one_repair_the_error_names_schema_field_and_beginning():
    model = ScriptedChatModel(
        script=['{"reasons": []}', "I would rather not say.", Verdict(ok=True)]
    )
    with pytest.raises(InvalidReplyError) as caught:
        asked(model)
    assert str(caught.value) == (
        "The critic's reply is not a Verdict, even after one repair: "
        "there is no JSON object in it. It began 'I would rather not say.'."
    )
    assert model.left == 1


def test_the_field_is_named():
    model = ScriptedChatModel(script=['{"reasons": []}'] * 2)
    with pytest.raises(InvalidReplyError, match=r"field `ok`: Field required"):
        asked(model)


@pytest.mark.parametrize("empty", ["", AIMessage(content=[])])
def test_an_empty_reply_is_asked_for_again(empty):
    assert asked(ScriptedChatModel(script=[empty, Verdict(ok=True)])).ok is True


def test_a_reply_that_was_cut_off_is_told_so():
    cut = AIMessage(content='{"ok": tr', response_metadata={"finish_reason": "length"})
    model = ScriptedChatModel(script=[cut, Verdict(ok=True)])
    assert asked(model).ok is True
    assert "cut off" in model.calls[1].prompt


def test_broken_arguments_of_a_tool_call_are_asked_for_again():
    broken = AIMessage(
        content="",
        invalid_tool_calls=[{"name": "Verdict", "args": '{"ok": tr', "id": "1", "error": "bad"}],
    )
    assert asked(ScriptedChatModel(script=[broken, Verdict(ok=True)])).ok is True


def test_a_check_of_the_case_is_repaired_like_a_wrong_type():
    def check(verdict):
        if not verdict.reasons:
            raise ValueError("give at least one reason.")

    model = ScriptedChatModel(script=[Verdict(ok=True), Verdict(ok=True, reasons=["seen"])])
    assert asked(model, check=check).reasons == ["seen"]
    assert "give at least one reason." in model.calls[1].prompt


def test_both_calls_of_a_repair_are_counted_and_come_from_the_journal_on_resume():
    kept = {}

    class Shelf:
        get = staticmethod(kept.get)
        put = staticmethod(kept.__setitem__)

    calls = Calls(Budget(), journal=Shelf())
    asked(ScriptedChatModel(script=["no", Verdict(ok=True)]), calls)
    assert calls.usage.model_calls == 2
    resumed = Calls(Budget(), journal=Shelf())
    assert asked(ScriptedChatModel(), resumed) == Verdict(ok=True)
    assert resumed.usage.model_calls == 2


@given(st.text(max_size=80), st.text(max_size=80), st.booleans())
def test_any_words_around_a_reply_are_tolerated(before, after, ok):
    inner = json.dumps({"ok": ok, "reasons": [before]})
    text = f"{before.replace('{', '(')} {inner} {after}"
    assert asked(ScriptedChatModel(script=[text], tool_calling=False)).ok is ok


@pytest.mark.parametrize("hostile", ["{" * 5000, '{"a":' + "[" * 100_000, "{\x00}", '{"ok": NaN}'])
def test_hostile_text_ends_in_a_named_error(hostile):
    with pytest.raises(InvalidReplyError):
        asked(ScriptedChatModel(script=[hostile, hostile], tool_calling=False))
