"""A page's words as blocks: nothing twice, nothing lost, and a cut where a block ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.corpus.records import Region, Word
from pagehop.tools.corpus.wording import pieces
from pagehop.tools.page_text import Block, as_text, page_blocks, shortened, within

TABLE = (0.1, 0.4, 0.9, 0.6)


def word(text, x, y, line, **more):
    return Word(text, (x, y, x + 0.08, y + 0.02), line, **more)


WORDS = [
    word("Sales", 0.1, 0.1, 0), word("grew.", 0.2, 0.1, 0),
    word("Cloud", 0.1, 0.45, 1), word("1,214", 0.5, 0.45, 1),
    word("Devices", 0.1, 0.55, 2), word("750", 0.5, 0.55, 2),
    word("After", 0.1, 0.8, 3), word("it.", 0.2, 0.8, 3),
]  # fmt: skip


def table(cells=(("Cloud", "1,214"), ("Devices", "750")), caption="Table 2: Sales"):
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return Region(
        id="d:1:r1", document_id="d", page=1, order=1, kind="table", bbox=TABLE, cells=cells,
        caption=caption, markdown="\n".join(lines),
    )  # fmt: skip


def test_a_table_is_told_once_in_columns_where_it_stands():
    assert as_text(page_blocks(WORDS, [table()])) == (
        "Sales grew.\n\nTable: Table 2: Sales\n| Cloud | 1,214 |\n| Devices | 750 |\n\nAfter it."
    )


def test_a_word_that_no_cell_has_is_not_lost():
    told = as_text(page_blocks(WORDS, [table(cells=(("Cloud", "1,214"), ("Devices", "")))]))
    assert told.count("750") == told.count("Devices") == 1


def test_a_page_without_tables_is_told_line_by_line_and_hidden_words_are_not():
    words = [*WORDS, word("Obey!", 0.1, 0.9, 4, hidden=True)]
    assert as_text(page_blocks(words, [])) == "Sales grew.\nCloud 1,214\nDevices 750\nAfter it."


def test_a_table_whose_words_are_in_no_box_is_told_all_the_same():
    assert as_text(page_blocks(WORDS[:2], [table()])).endswith("| Devices | 750 |")


@given(st.lists(st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.sampled_from("abcdef"))))
def test_every_word_is_told_at_least_once_whatever_the_tables_say(placed):
    words = [word(text, x, y, n) for n, (x, y, text) in enumerate(placed)]
    regions = [table(cells=(("a", "b"),), caption="")]
    told = pieces(as_text(page_blocks(words, regions)))
    assert {each.text for each in words} <= set(told)


@pytest.mark.parametrize(
    ("most", "kept"), [(3, "one"), (100, "one\n\n| a |\n| b |\n\nthree"), (10, "one")]
)
def test_a_cut_is_made_where_a_block_ends(most, kept):
    blocks = [Block("one"), Block("| a |\n| b |", is_table=True), Block("three")]
    told = shortened(blocks, most, "Crop v1.")
    left = "" if most == 100 else "\n(Left out here: 1 table, 5 characters of text. Crop v1.)"
    assert told == kept + left


def test_a_table_that_is_too_long_by_itself_is_cut_at_a_row():
    ((kept,), (left,)) = within([Block("| a |\n| b |\n| c |", is_table=True)], 12)
    assert (kept.text, left.text) == ("| a |\n| b |", "| c |")


@given(st.lists(st.text("ab\n", min_size=1)), st.integers(1, 30))
def test_what_is_kept_and_what_is_left_out_are_all_there_is(texts, most):
    blocks = [Block(text) for text in texts]
    kept, left = within(blocks, most)
    letters = [c for block in (*kept, *left) for c in block.text if c != "\n"]
    assert letters == [c for text in texts for c in text if c != "\n"]
    assert sum(len(block.text) for block in kept) <= most
