"""What a local model writes is taken apart the same way however it comes in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk

from pagehop.agents.local.pieces import Pieces, StopStrings

CROP = {
    "type": "function",
    "function": {
        "name": "crop",
        "parameters": {
            "type": "object",
            "properties": {"view": {"type": "string"}, "zoom": {"type": "integer"}},
        },
    },
}
CALL = '{"name": "crop", "arguments": {"view": "v1"}}'
scraps = st.sampled_from(
    ["<think>", "</think>", "<tool_call>", "</tool_call>", CALL, "{", " ", "\n", "a", "word ", "<",
     "tool_call>", "</", '"}', "<function=crop>", "</function>", "<parameter=view>", "</parameter>"]
)  # fmt: skip


def taken(texts, *, tools=(CROP,), thinking=False):
    pieces = Pieces(tools, thinking=thinking, salt="s")
    found = [piece for text in texts for piece in pieces.feed(text)]
    return [*found, *pieces.rest()]


def words(found, kind="text"):
    return "".join(piece.text for piece in found if piece.kind == kind)


def calls(found):
    """The calls as LangChain reads them: (name, arguments), or what is broken as it stands."""
    chunks = [piece.call for piece in found if piece.call]
    message = AIMessageChunk(content="", tool_call_chunks=chunks)
    assert len(message.tool_calls) + len(message.invalid_tool_calls) == len(chunks)
    good = [(call["name"], call["args"]) for call in message.tool_calls]
    return good, [broken["args"] for broken in message.invalid_tool_calls]


def same(found):
    return words(found), words(found, "reasoning"), [piece.call for piece in found if piece.call]


@given(st.lists(scraps, max_size=12), st.data())
def test_it_makes_no_difference_where_a_reply_is_cut(parts, data):
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert same(taken(pieces)) == same(taken([text]))


@given(st.text(alphabet="ab<think>/{}\n ", max_size=40))
def test_without_marks_nothing_but_outer_white_space_is_lost(text):
    if "<think>" not in text:
        assert words(taken([text], tools=())) == text.strip()


@given(st.lists(st.sampled_from(["a", "ab", "abc", "END", "EN", "D", "\n"]), max_size=12))
def test_a_stop_string_ends_a_reply_wherever_it_is_cut(parts):
    stops = StopStrings(["END", "abcab"])
    passed = "".join(stops.feed(part) for part in parts) + stops.rest()
    text = "".join(parts)
    places = [at for stop in ("END", "abcab") if (at := text.find(stop)) >= 0]
    assert passed == (text[: min(places)] if places else text)
    assert stops.met == bool(places)


def test_a_call_between_marks_is_a_call_and_the_words_before_it_are_words():
    found = taken([f"I look.\n<tool_call>\n{CALL}\n</tool_call>"])
    assert words(found) == "I look."
    assert calls(found) == ([("crop", {"view": "v1"})], [])


def test_calls_as_elements_take_the_types_of_the_tool():
    body = "<function=crop>\n<parameter=view>\n1\n</parameter>\n<parameter=zoom>2</parameter>\n"
    found = taken([f"<tool_call>{body}</function></tool_call>"])
    assert calls(found) == ([("crop", {"view": "1", "zoom": 2})], [])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "crop the first",
        '{"name": "crop", "arguments": {"view": "v1"}',
        '{"name": "crop", "arguments": [1]}',
        '{"name": "", "arguments": {}}',
        '{"name": "crop", "view": "v1"}',
        '{"name": "crop", "arguments": {}, "note": 1}',
        "[1, 2]",
        "<function=crop><parameter=zoom>two</parameter></function>",
        "<function=crop>zoom<parameter=zoom>2</parameter></function>",
        "{" * 5000,
    ],
)
def test_a_malformed_call_stays_a_failed_call(body):
    good, broken = calls(taken([f"<tool_call>{body}</tool_call>"]))
    assert not good
    assert len(broken) == 1
    assert broken[0].endswith(body)


def test_a_call_that_is_cut_off_is_no_call():
    good, broken = calls(taken(['<tool_call>\n{"name": "crop", "arguments": {"view": "v']))
    assert not good
    assert '"view": "v' in broken[0]


def test_a_reply_that_is_nothing_but_a_call_is_one_if_there_is_such_a_tool():
    as_llama = json.dumps({"name": "crop", "parameters": {"view": "v1"}})
    assert calls(taken([as_llama])) == ([("crop", {"view": "v1"})], [])
    other = json.dumps({"name": "delete", "parameters": {}})
    assert words(taken([other])) == other
    assert words(taken([as_llama], tools=())) == as_llama


def test_without_tools_on_offer_nothing_is_a_call():
    text = f"<tool_call>{CALL}</tool_call>"
    assert words(taken([text], tools=())) == text


def test_thoughts_are_kept_apart():
    found = taken(["<think>Hm. <tool_call></think>\n\nTwelve."])
    assert (words(found, "reasoning"), words(found)) == ("Hm. <tool_call>", "Twelve.")
    begun = taken(["so twelve</think>Twelve."], thinking=True)
    assert (words(begun, "reasoning"), words(begun)) == ("so twelve", "Twelve.")


def test_the_same_call_has_the_same_id_and_two_calls_have_two():
    twice = [piece.call["id"] for piece in taken([f"<tool_call>{CALL}</tool_call>" * 2])]
    assert len(set(twice)) == 2
    assert twice == [piece.call["id"] for piece in taken([f"<tool_call>{CALL}</tool_call>" * 2])]
