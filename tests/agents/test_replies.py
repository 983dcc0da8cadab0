"""A typed reply comes back as its type, or as a named error after one repair."""

import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from pagehop.agents.budget import Budget
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.records import as_record, from_record
from pagehop.agents.model.schemas import ImageReply, PlanReply, SummaryReply, TextReply
from pagehop.agents.replying.parsing import UnfitError, parse
from pagehop.agents.replying.replies import ask
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import (
    ContentRefusedError,
    ContextTooLongError,
    InvalidReplyError,
    RequestRefusedError,
)


class Verdict(BaseModel):
    """What is decided."""

    ok: bool
    reasons: list[str] = []


class Finding(BaseModel):
    """One thing found."""

    page: int
    quote: str
    box: list[float] | None = None


class Report(BaseModel):
    """All of whose fields may be left out."""

    findings: list[Finding] = []
    answer: str = ""
    confidence: float = 0.0


class NoToolsError(Exception):
    status_code = 400


class TooLongError(Exception):
    """As the OpenAI-compatible servers say it."""

    status_code = 400
    body = {"code": "context_length_exceeded"}  # noqa: RUF012 - as their clients have it


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
        'I thought of {this} and of {"that": 1}, but: {"ok": true, "reasons": []} {"no": false}',
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


def cut_off(content="", **fields):
    return AIMessage(content=content, response_metadata={"finish_reason": "length"}, **fields)


def called(args, name="Report"):
    return AIMessage(content="", tool_calls=[{"name": name, "args": args, "id": "1"}])


FOUND = {"findings": [{"page": 3, "quote": "ninety"}], "answer": "90", "confidence": 0.5}
TOLD = json.dumps(FOUND)


@pytest.mark.parametrize(
    "reply",
    [
        called(FOUND),
        called(FOUND, "functions.report"),
        called(FOUND, "json"),
        called({"Report": FOUND}),
        called({"arguments": FOUND}),
        called({"arguments": TOLD}),
        called({"properties": FOUND}),
        called({"name": "Report", "parameters": FOUND}),
        called({"type": "function", "function": {"name": "Report", "arguments": TOLD}}),
        called({**FOUND, "findings": json.dumps(FOUND["findings"])}),
        called({**FOUND, "answer": 90}),
        called({**FOUND, "confidence": "0.5"}),
        called({**FOUND, "thought": "It stands on page 3."}),
        called({"findings": [{"page": "3", "quote": "ninety", "box": None}], **FOUND}),
        TOLD,
        json.dumps([FOUND]),
        json.dumps(TOLD),
        json.dumps({"report": FOUND}),
        f"<think>Is it {{}} or {json.dumps({'answer': '80'})}?</think>{TOLD}",
        f"So it is ninety.\n</think>\n{TOLD}",
        f"First I thought {json.dumps({'answer': '80'})}, but it is:\n```json\n{TOLD}\n```",
        AIMessage([{"type": "reasoning", "reasoning": '{"answer": "1"}'}, "", TOLD]),
        AIMessage([{"type": "thinking", "thinking": "{"}, {"type": "text", "text": TOLD}]),
    ],
    ids=lambda reply: str(reply)[:60],
)
def test_what_is_meant_without_a_doubt_is_understood(reply):
    message = AIMessage(reply) if isinstance(reply, str) else reply
    assert parse(message, Report) == Report.model_validate(FOUND)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no JSON object"),
        ("```json\n```", "no JSON object"),
        ("{'answer': '90'}", "no JSON object"),
        ('{"answer": "90",}', "no JSON object"),
        ('{"answer": "90"', "no JSON object"),
        ('{"findings": [{"page": 3, "quote": "a"}], "answer": "9', "no JSON object"),
        ('{"findings": [{"page": 3, "quote": "a", "box": null}],, "answer": "90"}', "fields"),
        ("{findings: [{" + '"page": 3, "quote": "a"}]}', "fields"),
        ("{}", "does not have its fields `findings`, `answer`, `confidence`"),
        ('{"answer": "90", "confidence": NaN}', "infinite or none at all"),
        ('{"confidence": 1e999}', "infinite or none at all"),
        ('{"answer": ["90"]}', "field `answer`: Input should be a valid string"),
        ('{"answer": true}', "field `answer`: Input should be a valid string"),
        ('{"findings": [{"page": "three", "quote": "a"}]}', "field `findings.0.page`"),
        ('{"findings": "none"}', "field `findings`: Input should be a valid list"),
        ('{"findings": [null]}', "field `findings.0`"),
        (called({}), "does not have its fields"),
        (called({"page": 3, "quote": "a"}), "does not have its fields"),
        (
            AIMessage("", additional_kwargs={"refusal": "I cannot read that."}),
            "declined to answer: 'I cannot read that.'",
        ),
        (AIMessage([{"type": "refusal", "refusal": "No."}]), "declined to answer: 'No.'"),
        (AIMessage("No", response_metadata={"stop_reason": "refusal"}), "declined to answer"),
        (cut_off("I have to think"), "no JSON object in it. It was cut off: write less."),
        (cut_off(f"{TOLD} and better: " + TOLD[:-9]), "cut off"),
    ],
    ids=lambda reply: str(reply)[:60],
)
def test_nothing_is_guessed(reply, reason):
    message = AIMessage(reply) if isinstance(reply, str) else reply
    with pytest.raises(UnfitError) as unfit:
        parse(message, Report)
    assert reason in str(unfit.value)


def test_of_several_objects_the_last_that_fits_counts():
    drafts = '{"answer": "80"} no: {"answer": "90"} as {"page": 3, "quote": "ninety"} says'
    assert parse(AIMessage(drafts), Report).answer == "90"


def test_a_draft_is_not_taken_for_a_reply_that_does_not_fit_the_case():
    def check(report):
        if report.answer == "90":
            raise ValueError("90 stands on no page.")

    with pytest.raises(UnfitError, match="90 stands on no page"):
        parse(AIMessage('{"answer": "80"} or rather {"answer": "90"}'), Report, check)


def test_nulls_are_fields_left_out():
    reply = called({"findings": None, "answer": None, "confidence": 1})
    assert parse(reply, Report) == Report(confidence=1)
    with pytest.raises(UnfitError, match=r"field `ok`: Field required"):
        parse(called({"ok": None, "reasons": None}, "Verdict"), Verdict)


def test_the_last_call_of_a_reply_that_was_cut_off_is_not_trusted():
    """LangChain has completed its arguments where it was streamed."""
    guessed = {"name": "Report", "args": {"answer": "9"}, "id": "1"}
    with pytest.raises(UnfitError, match="cut off"):
        parse(cut_off(tool_calls=[guessed]), Report)
    whole = {"name": "Report", "args": FOUND, "id": "2"}
    assert parse(cut_off(tool_calls=[whole, guessed]), Report).answer == "90"


def test_what_was_cut_off_is_asked_for_again_and_shorter():
    model = ScriptedChatModel(script=[cut_off(TOLD[:-1] + " " * 9000), Report(answer="90")])
    assert ask(Calls(Budget()), model, [HumanMessage("?")], Report, role="critic").answer == "90"
    again = model.calls[1].prompt
    assert "It was cut off: write less." in again
    assert len(again) < 3000


def test_a_refusal_is_named_in_the_error():
    refusal = AIMessage("", additional_kwargs={"refusal": "I cannot read that."})
    model = ScriptedChatModel(script=[refusal, refusal])
    with pytest.raises(InvalidReplyError, match=r"declined to answer: 'I cannot read that\.'"):
        asked(model)


def test_halves_of_characters_are_neither_kept_nor_sent_back():
    broken = AIMessage('{"ok": "\\ud83d", "reasons": "x\ud83d"}')
    model = ScriptedChatModel(script=[broken, {"ok": True, "reasons": ["a\ud83d"]}])
    assert asked(model).reasons == ["a\ufffd"]
    model.calls[1].prompt.encode()


def test_each_way_that_is_refused_gives_place_to_the_next_and_is_not_tried_again():
    script = [NoToolsError("no schemas"), NoToolsError("no tools"), '{"ok": true}', '{"ok": false}']
    model = ScriptedChatModel(script=script, profile={"structured_output": True})
    calls = Calls(Budget())
    assert asked(model, calls).ok is True
    assert asked(model, calls).ok is False
    ways = [("words" if "JSON schema" in call.prompt else "bound") for call in model.calls]
    assert ways == ["bound", "bound", "words", "words"]
    assert calls.usage.model_calls == 4


def test_a_way_is_not_given_up_for_a_request_that_no_way_makes_good():
    model = ScriptedChatModel(script=[NoToolsError("bad"), NoToolsError("bad"), Verdict(ok=True)])
    calls = Calls(Budget())
    with pytest.raises(RequestRefusedError):
        asked(model, calls)
    assert asked(model, calls).ok is True
    assert model.calls[2].tools == ("Verdict",)


def test_words_that_ask_for_json_join_the_message_before_them():
    model = ScriptedChatModel(script=['{"ok": 5}', '{"ok": true}'], tool_calling=False)
    assert asked(model).ok is True
    kinds = [[message.type for message in call.messages] for call in model.calls]
    assert kinds == [["human"], ["human", "ai", "human"]]


def test_what_is_too_long_is_asked_once_more_with_half_of_it():
    data = "<<data 0123456789ab hit>>\n" + "word " * 2000 + "\n<<end 0123456789ab>>"
    model = ScriptedChatModel(script=[TooLongError("too long"), Verdict(ok=True)])
    verdict = ask(Calls(Budget()), model, [HumanMessage(f"?\n{data}\nReply.")], Verdict, role="r")
    assert verdict.ok is True
    first, second = (call.prompt for call in model.calls)
    assert len(second) < len(first) / 2
    assert second.endswith("<<end 0123456789ab>>\nReply.")


def test_what_is_still_too_long_is_a_named_error():
    model = ScriptedChatModel(script=[TooLongError("too long")] * 2)
    with pytest.raises(ContextTooLongError):
        asked(model)
    assert model.left == 1, "there is nothing that could be cut"


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["findings", "answer", "confidence", "hit", "view", "quote", "seen", "box", "x",
                 "sub_questions", "id", "question", "claims", "text", "evidence", "arguments"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip
arguments = st.dictionaries(st.sampled_from(["findings", "answer", "claims", "x"]), json_like)
texts = st.lists(
    st.sampled_from(["{", "}", "[", '"', ":", ",", "\\", "null", "NaN", "<think>", "</think>",
                     "```", "\n", "'", '"answer"', '"findings"', "\ud83d", "1e999", "words "])
    | st.text(max_size=5)
    | json_like.map(json.dumps)
    | json_like.map(lambda value: json.dumps(value)[:-1]),
    max_size=12,
).map("".join)  # fmt: skip
ends = st.sampled_from([{}, {"finish_reason": "length"}, {"stop_reason": "refusal"}])
random_replies = st.builds(
    lambda text, blocks, args, broken, end: AIMessage(
        content=[{"type": "text", "text": text}, {"type": "reasoning"}] if blocks else text,
        tool_calls=[{"name": n, "args": a, "id": str(at)} for at, (n, a) in enumerate(args)],
        invalid_tool_calls=[{"name": None, "args": a, "id": "9", "error": None} for a in broken],
        response_metadata=end,
    ),
    texts,
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["TextReply", "crop", ""]), arguments), max_size=2),
    st.lists(texts | st.none(), max_size=1),
    ends,
)
SCHEMAS = [TextReply, ImageReply, PlanReply, SummaryReply, Verdict, Report]


@settings(max_examples=200, deadline=None)
@given(random_replies, st.sampled_from(SCHEMAS))
def test_any_reply_is_the_type_or_unfit_for_it(reply, schema):
    def check(typed):
        schema.model_validate(typed.model_dump(), strict=True)
        json.dumps(typed.model_dump(), ensure_ascii=False).encode()
        if getattr(typed, "answer", "") == "x":
            raise ValueError("x is no answer.")

    with contextlib.suppress(UnfitError):
        check(parse(reply, schema, check))


@settings(max_examples=60, deadline=None)
@given(random_replies)
def test_any_reply_ends_as_the_type_or_in_a_named_error_and_from_the_journal_the_same(reply):
    def outcome(message):
        model = ScriptedChatModel(script=[message, message])
        try:
            return ask(Calls(Budget()), model, [HumanMessage("?")], TextReply, role="reader")
        except (InvalidReplyError, ContentRefusedError) as error:
            return str(error)

    assert outcome(reply) == outcome(from_record(as_record(reply)))


@settings(max_examples=60, deadline=None)
@given(random_replies.filter(lambda reply: not reply.invalid_tool_calls))
def test_a_streamed_reply_is_read_as_a_whole_one(reply):
    def outcome(**settings):
        model = ScriptedChatModel(script=[reply, reply])
        model = model.bind(**settings) if settings else model
        try:
            return parse(model.invoke("?"), TextReply)
        except UnfitError as unfit:
            return str(unfit)

    assert outcome(stream=True) == outcome()


def test_a_reply_of_a_megabyte_is_read_in_a_moment():
    report = {"findings": [{"page": 1, "quote": "q" * 90}] * 9000, "answer": "90"}
    began = time.process_time()
    assert parse(AIMessage(json.dumps(report)), Report).answer == "90"
    assert time.process_time() - began < 2


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.booleans())
def test_any_words_around_a_reply_are_tolerated(before, after, ok):
    inner = json.dumps({"ok": ok, "reasons": [before]})
    text = f"{before.replace('{', '(')} {inner} {after}"
    assert asked(ScriptedChatModel(script=[text], tool_calling=False)).ok is ok


@pytest.mark.parametrize("hostile", ["{" * 5000, '{"a":' + "[" * 100_000, "{\x00}", '{"ok": NaN}'])
def test_hostile_text_ends_in_a_named_error(hostile):
    with pytest.raises(InvalidReplyError):
        asked(ScriptedChatModel(script=[hostile, hostile], tool_calling=False))
