"""A conversation is cut to what a model takes: pictures and data, never our own words."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from pagehop.agents.abilities import Abilities
from pagehop.agents.calling.bounds import rough_tokens
from pagehop.agents.calling.records import image_count
from pagehop.agents.prompting import data_block
from pagehop.agents.replying.fitting import GONE, GONE_WITH_TOOLS, LEAST, fit

MARK = "0123456789ab"
WHOLE = re.compile(rf"<<data {MARK} [^\n]*>>\n.*?\n<<end {MARK}>>", re.DOTALL)


def text(words):
    return {"type": "text", "text": words}


def picture(name):
    return {"type": "image", "base64": name, "mime_type": "image/png"}


def data(length, title="hit"):
    return data_block("x" * length, MARK, title)


def shown(messages):
    """The names of the pictures that are left."""
    blocks = [b for m in messages if isinstance(m.content, list) for b in m.content]
    return [block["base64"] for block in blocks if block["type"] == "image"]


def a_look(asked, *steps):
    """A conversation that began with pictures, and in which each step showed more of them."""
    told = [SystemMessage("Look."), HumanMessage([text("Which?"), *map(picture, asked)])]
    for number, step in enumerate(steps):
        call = {"name": "crop", "args": {"number": number}, "id": f"c{number}"}
        told += [
            AIMessage("", tool_calls=[call]),
            ToolMessage([text(data(1000, "result of crop"))], tool_call_id=f"c{number}"),
            HumanMessage([text("Pictures:"), *map(picture, step)]),
        ]
    return told


def test_what_fits_is_left_as_it_is():
    told = a_look("ab", "c", "d")
    assert fit(told, Abilities(images_per_call=4)) == told


def test_pictures_of_older_results_go_first_then_the_least_of_the_hits_then_the_newest():
    told = a_look("ab", "cd", "ef")
    left = {
        most: "".join(shown(fit(told, Abilities(images_per_call=most)))) for most in range(1, 7)
    }
    assert left == {6: "abcdef", 5: "abdef", 4: "abef", 3: "aef", 2: "ef", 1: "f"}


def test_a_picture_that_is_gone_leaves_a_line_where_it_stood():
    fitted = fit(a_look("a", "b", "c"), Abilities(images_per_call=2))
    assert fitted[4].content == [text("Pictures:"), text(GONE_WITH_TOOLS)]
    asked = [HumanMessage([text("Picture v1:"), picture("a"), picture("b")])]
    (fitted,) = fit(asked, Abilities(images_per_call=1))
    assert fitted.content == [text("Picture v1:"), picture("a"), text(GONE)]


def test_a_model_that_takes_no_pictures_is_sent_none():
    assert shown(fit(a_look("a", "b"), Abilities(images=False))) == []


def test_pictures_in_results_are_counted_too():
    told = a_look("a")
    call = {"name": "crop", "args": {}, "id": "c"}
    told += [
        AIMessage("", tool_calls=[call]),
        ToolMessage([text("v2"), picture("b")], tool_call_id="c"),
        AIMessage("", tool_calls=[call]),
        ToolMessage([text("v3"), picture("c")], tool_call_id="c"),
    ]
    assert shown(fit(told, Abilities(images_per_call=2))) == ["a", "c"]


def test_the_oldest_results_are_shortened_first():
    told = a_look("", "", "", "")
    for place in (3, 6, 9):
        told[place].content = [text(data(8000))]
    room = rough_tokens(told) - 1500
    fitted = fit(told, Abilities(context=int(room / 0.9) + 1))
    lengths = [len(str(fitted[place].text)) for place in (3, 6, 9)]
    assert lengths[0] < LEAST + 150
    assert lengths[1:] == [len(data(8000))] * 2
    assert "(cut here; it was 8000 characters)" in fitted[3].text
    assert WHOLE.fullmatch(str(fitted[3].text))


def test_then_the_longest_blocks_of_what_was_asked_and_our_own_words_never():
    ours = "Answer the question. " * 20
    asked = f"{ours}{data(400)}\n{data(30_000)}\n{data(20_000)}\n{ours}"
    (fitted,) = fit([HumanMessage(asked)], Abilities(context=5_000))
    words = str(fitted.content)
    assert rough_tokens([fitted]) <= 4_500
    assert words.startswith(f"{ours}{data(400)}\n<<data")
    assert words.endswith(f"<<end {MARK}>>\n{ours}")
    lengths = [len(block) for block in WHOLE.findall(words)]
    assert lengths[1] == lengths[2] > 5_000


def test_pictures_of_older_results_go_before_data_is_cut_and_one_picture_always_stays():
    told = a_look("ab", "c", "d")
    told[1].content.append(text(data(4000)))
    spoken = {
        context: (shown(fitted), "cut here" in str(fitted[1].content))
        for context in (6_000, 5_200, 3_800, 2_000, 100)
        if (fitted := fit(told, Abilities(context=context)))
    }
    assert spoken == {
        6_000: (["a", "b", "c", "d"], False),
        5_200: (["a", "b", "d"], False),
        3_800: (["a", "b", "d"], True),
        2_000: (["d"], True),
        100: (["d"], True),
    }


def test_what_cannot_be_cut_stays_too_long():
    told = [HumanMessage("Why? " * 1000)]
    assert fit(told, Abilities(context=100)) == told


blocks = st.lists(st.integers(0, 3000).map(data) | st.text(max_size=50), max_size=4).map("\n".join)
pictures = st.text("abcdefgh", max_size=4)
looks = st.builds(
    lambda asked, words, steps: [
        *a_look(asked, *(shown for shown, _ in steps)),
        HumanMessage(words),
        *(ToolMessage([text(told)], tool_call_id="c") for _, told in steps),
    ],
    pictures,
    blocks,
    st.lists(st.tuples(pictures, blocks), max_size=4),
)


@settings(deadline=None)
@given(looks, st.integers(1, 9), st.integers(1, 8000))
def test_any_conversation_fits_or_has_nothing_left_to_cut(told, most, context):
    fitted = fit(told, Abilities(images_per_call=most, context=context))
    assert image_count(fitted) <= most
    assert [message.type for message in fitted] == [message.type for message in told]
    room = int(context * 0.9)
    longest = max((len(b) for m in fitted for b in WHOLE.findall(str(m.text))), default=0)
    assert rough_tokens(fitted) <= room or longest <= LEAST + 150
    for before, after in zip(told, fitted, strict=True):
        ours = [WHOLE.sub("", str(m.text)).replace(GONE_WITH_TOOLS, "") for m in (before, after)]
        assert ours[0] == ours[1].replace(GONE, "")
        assert len(WHOLE.findall(str(before.text))) == len(WHOLE.findall(str(after.text)))
