"""JSON objects are found in any text, whole ones alone, in time that grows with its length."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagehop.agents.replying.json_text import (
    check_finite,
    cleaned,
    objects_in,
    spoken,
    storable,
    whole,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=5), values, max_size=4)
prose = st.text(max_size=40).map(lambda text: text.replace("{", "(").replace('"', "'"))


@settings(deadline=None)
@given(st.lists(st.tuples(prose, objects), max_size=4), prose)
def test_every_object_is_found_whatever_prose_stands_around_it(pieces, after):
    text = "".join(before + json.dumps(entry) for before, entry in pieces) + after
    found = objects_in(text)
    assert json.dumps(found.found) == json.dumps([entry for _, entry in pieces])
    assert not found.torn


@settings(deadline=None)
@given(objects, st.data())
def test_nothing_of_an_object_that_is_cut_short_is_taken(entry, data):
    text = json.dumps({"first": entry})
    cut = data.draw(st.integers(0, len(text) - 1))
    found = objects_in(f"Here: {text[:cut]}")
    assert found.found == ()
    assert found.torn or cut < len('{"'), "a brace alone may be prose"


@settings(deadline=None)
@given(st.text())
def test_any_text_at_all_is_read(text):
    for found in objects_in(spoken(text)).found:
        assert isinstance(found, dict)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('<think>{"a": 1}</think>{"a": 2}', '{"a": 2}'),
        ('  <thinking>\nso\n</thinking>\n{"a": 2}', '\n{"a": 2}'),
        ('Let me see {"a": 1}\n</think>\n\n{"a": 2}', '\n\n{"a": 2}'),
        ('<think>it never ends {"a": 1}', ""),
        ('{"a": "a </think> in words"}', '{"a": "a </think> in words"}'),
        ('{"a": "<think>"}', '{"a": "<think>"}'),
    ],
)
def test_thinking_is_left_out(text, left):
    assert spoken(text) == left


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2]", [1, 2]),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('"words"', "words"),
        ("one, two", None),
        ("[1, 2", None),
        ("[" * 100_000, None),
    ],
)
def test_a_whole_text_is_json_or_not(text, value):
    assert whole(text) == value


def test_json_in_a_json_string_is_read():
    assert objects_in(json.dumps(json.dumps({"a": 1}))).found == ({"a": 1},)


def test_line_breaks_inside_of_strings_are_understood():
    assert objects_in('{"a": "one\ntwo"}').found == ({"a": "one\ntwo"},)


@pytest.mark.parametrize(
    "hostile",
    [
        "{" * 1_000_000,
        '{"a":' * 200_000,
        '{"a":[' * 150_000,
        '{"a":{},' * 120_000,
        '{"' * 500_000,
        '{"a":1}' * 140_000,
        '{"a": "' + "x" * 1_000_000,
        '{"a": ' + "1" * 1_000_000,
    ],
)
def test_a_megabyte_takes_seconds_at_most(hostile):
    began = time.process_time()
    objects_in(hostile)
    assert time.process_time() - began < 3


def test_halves_of_characters_are_replaced_and_whole_ones_kept():
    assert storable("a\ud83db") == "a\ufffdb"
    assert storable("\ud83d\ude00") == "\U0001f600"
    assert cleaned({"\ud800": ["\udfff", 1, None]}) == {"\ufffd": ["\ufffd", 1, None]}


@settings(deadline=None)
@given(values)
def test_what_is_cleaned_can_be_stored(value):
    json.dumps(cleaned(value), ensure_ascii=False).encode()


def test_what_is_nested_too_deeply_is_dropped():
    deep = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert cleaned(deep) == {}
    check_finite(deep)
    while deep:  # taken apart by hand: letting go of it at once would recurse too
        deep = deep["a"]


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": [1, {"b": -Infinity}]}', '{"a": 1e999}'])
def test_numbers_that_are_none_are_noticed(text):
    (found,) = objects_in(text).found
    with pytest.raises(ValueError, match="NaN"):
        check_finite(found)
