"""Nothing from a document steers the terminal, and nothing is lost on the way."""

import json
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from pagehop.apps.printing import citation_line, clean, place, say_json, shorten, table
from pagehop.apps.search import hit_lines
from pagehop.tools.evidence import Citation
from pagehop.tools.retrieval.channel import Hit

STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(exclude_categories=[])))
@example("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\")
@example("\x1b[2J\x9b31mred\x1bP+q544e\x1b\\")
@example("invoice\u202egpj.exe")
def test_no_printed_character_steers_a_terminal(text):
    assert not [
        mark
        for mark in clean(text)
        if mark not in "\n\t" and unicodedata.category(mark) in STEERING
    ]


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_harmless_text_is_printed_as_it_is(text):
    assert clean(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("\x9b31m \x7f \u2028 \u202e \U000e0041")
def test_json_keeps_every_character_and_prints_none_that_steers(text):
    import contextlib
    import io

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        say_json({"quote": text})
    line = printed.getvalue()
    assert json.loads(line) == {"quote": text}
    assert not [m for m in line.rstrip("\n") if unicodedata.category(m) in STEERING]


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_a_shortened_text_is_one_line_and_begins_the_same(text, limit):
    line = shorten(text, limit)
    assert "\n" not in line
    assert len(line) <= limit + 2
    assert " ".join(text.split()).startswith(line.removesuffix(" …"))


def test_a_printed_label_is_named_only_where_it_differs():
    assert place("a.pdf", 3, "iii") == 'a.pdf, page 3 (printed "iii")'
    assert place("a.pdf", 3, "3") == place("a.pdf", 3, None) == "a.pdf, page 3"


def test_a_citation_says_where_how_exactly_and_what():
    cited = Citation(
        id="c1",
        document="deck.pdf",
        document_id="d",
        page=12,
        page_label="10",
        bbox=(0.1, 0.2, 0.3, 0.4),
        modality="table",
        quote="Cloud\n1,214",
        verified=True,
    )
    assert citation_line(cited) == '[c1] deck.pdf, page 12 (printed "10"), table: "Cloud 1,214"'


def test_a_citation_without_a_box_and_one_of_a_tool_say_so():
    shared = {"quote": "x", "verified": False}
    page = Citation(id="c1", document="a.pdf", document_id="d", page=2, modality="figure", **shared)
    tool = Citation(
        id="c2", document="", document_id="tool:rate", page=0, modality="tool", **shared
    )
    assert citation_line(page) == '[c1] a.pdf, page 2, figure, page only (not verified): "x"'
    assert citation_line(tool) == '[c2] tool rate (not verified): "x"'


def test_columns_stand_below_each_other():
    lines = list(table([("a.pdf", 7), ("long.pdf", 1200)], ("document", "pages")))
    assert lines == ["document  pages", "a.pdf         7", "long.pdf   1200"]


def test_a_blank_page_that_was_only_named_is_one_line():
    hit = Hit(
        document="blank.pdf",
        document_id="d" * 32,
        page=1,
        page_label=None,
        bbox=None,
        modality="page",
        score=1.5,
        text="",
    )
    assert list(hit_lines(1, hit)) == ["  1  blank.pdf, page 1, page  1.500  (named)"]
