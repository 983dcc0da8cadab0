"""Passages hold the page's words, in pieces that can be found and pointed at."""

from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.boxes import share_inside
from pagehop.tools.corpus.passages import MOST, cut_passages
from pagehop.tools.corpus.records import Page, Region, Stage, Word
from pagehop.tools.corpus.table_rows import header_rows, table_rows

PAGE = Page(
    document_id="d", number=3, label=None, width=600, height=800, stage=Stage.LAYOUT, text="",
    outline=("Chapter",),
)  # fmt: skip


def words_of(text, top=0.1, first=0, left=0.1):
    """Ten words a line."""
    return tuple(
        Word(part, spot(n % 10, n // 10, top, left), first + n // 10)
        for n, part in enumerate(text.split())
    )


def spot(column, line, top, left):
    x, y = left + 0.04 * column, top + 0.01 * line
    return (x, y, x + 0.035, y + 0.008)


def region(order, kind, top, bottom, text="", **more):
    return Region(
        id=f"d:3:r{order}", document_id="d", page=3, order=order, kind=kind,
        bbox=(0.05, top, 0.95, bottom), text=text, **more,
    )  # fmt: skip


def numbered(count):
    return " ".join(f"w{n}" for n in range(count))


@given(st.integers(0, 900))
def test_no_word_is_lost_and_no_passage_too_long(count):
    words = words_of(numbered(count), top=0.0)
    passages = cut_passages(PAGE, words, ())
    assert {w for passage in passages for w in passage.text.split()} == {w.text for w in words}
    assert all(len(passage.text.split()) <= MOST for passage in passages)
    assert [passage.id for passage in passages] == [f"d:3:p{n}" for n in range(len(passages))]


@given(st.integers(200, 900))
def test_parts_of_a_long_run_overlap(count):
    first, second, *_ = cut_passages(PAGE, words_of(numbered(count), top=0.0), ())
    assert set(first.text.split()[-20:]) <= set(second.text.split())


def test_a_part_ends_where_a_sentence_ends():
    text = numbered(130) + " end. " + numbered(200)
    first, *_ = cut_passages(PAGE, words_of(text), ())
    assert first.text.endswith("end.")


def test_cutting_twice_gives_the_same():
    words = words_of(numbered(500))
    assert cut_passages(PAGE, words, ()) == cut_passages(PAGE, words, ())


def test_boxes_are_the_lines_of_the_passage():
    (passage,) = cut_passages(PAGE, words_of(numbered(25)), ())
    assert len(passage.boxes) == 3
    assert passage.boxes[0][1] == 0.1
    assert passage.heading == ("Chapter",)


def test_hidden_words_are_in_no_passage():
    words = (*words_of("seen"), Word("unseen", (0.5, 0.5, 0.6, 0.51), 9, hidden=True))
    assert [passage.text for passage in cut_passages(PAGE, words, ())] == ["seen"]
    assert cut_passages(PAGE, words[1:], ()) == ()


def test_short_regions_go_together_until_a_heading_comes():
    regions = [
        region(0, "text", 0.1, 0.15),
        region(1, "text", 0.2, 0.25),
        region(2, "heading", 0.3, 0.32),
        region(3, "text", 0.35, 0.4),
    ]
    words = (
        *words_of("one two", 0.11, 0),
        *words_of("three four", 0.21, 1),
        *words_of("Second part", 0.305, 2),
        *words_of("five six", 0.36, 3),
    )
    first, second = cut_passages(PAGE, words, regions)
    assert (first.text, first.heading) == ("one two\nthree four", ("Chapter",))
    assert (second.text, second.heading) == ("Second part\nfive six", ("Chapter", "Second part"))


def test_running_headers_are_left_out_unless_there_is_nothing_else():
    regions = [region(0, "header", 0.0, 0.05), region(1, "text", 0.1, 0.2)]
    header, text = words_of("Annual Report", 0.01, 0), words_of("the text", 0.11, 1)
    assert [p.text for p in cut_passages(PAGE, (*header, *text), regions)] == ["the text"]
    assert [p.text for p in cut_passages(PAGE, header, regions)] == ["Annual Report"]


def test_words_in_no_region_are_not_lost():
    words = (*words_of("inside", 0.11, 0), *words_of("stray", 0.8, 1))
    passages = cut_passages(PAGE, words, [region(0, "text", 0.1, 0.2)])
    assert " ".join(p.text for p in passages).split() == ["inside", "stray"]


def table(rows):
    cells = [("", "2023", "2022"), *((f"Row {n}", f"{n}00", f"{n}50") for n in range(1, rows + 1))]
    boxes = [
        [(0.1 + 0.2 * c, 0.3 + 0.01 * r, 0.2 + 0.2 * c, 0.308 + 0.01 * r) for c in range(3)]
        for r in range(len(cells))
    ]
    return region(
        1, "table", 0.3, 0.9, "…", caption="Table 4: Sales by row", label="Table 4",
        cells=tuple(cells), cell_boxes=tuple(map(tuple, boxes)),
    )  # fmt: skip


def test_rows_of_a_table_say_what_their_numbers_are():
    (passage,) = cut_passages(PAGE, (), [table(2)])
    assert passage.text.splitlines() == [
        "Table 4: Sales by row",
        "Row 1 | 2023: 100; 2022: 150",
        "Row 2 | 2023: 200; 2022: 250",
    ]
    assert (passage.kind, passage.region_id) == ("table", "d:3:r1")
    assert [box[1] for box in passage.boxes] == [0.31, 0.32]


def test_a_long_table_is_cut_between_rows_and_keeps_its_name():
    passages = cut_passages(PAGE, (), [table(60)])
    assert len(passages) > 1
    assert all(p.text.startswith("Table 4: Sales by row\n") for p in passages)
    assert sum(len(p.boxes) for p in passages) == 60


def test_text_is_never_cut_across_a_table():
    regions = [region(0, "text", 0.1, 0.15), table(1), region(2, "text", 0.92, 0.95)]
    words = (*words_of("before", 0.11, 0), *words_of("after", 0.93, 5))
    passages = cut_passages(PAGE, words, regions)
    assert [(p.kind, p.text.splitlines()[-1]) for p in passages] == [
        ("text", "before"),
        ("table", "Row 1 | 2023: 100; 2022: 150"),
        ("text", "after"),
    ]


def test_a_table_without_cells_is_still_found():
    (passage,) = cut_passages(
        PAGE, words_of("loose numbers 1 2 3", 0.4), [region(0, "table", 0.3, 0.6)]
    )
    assert (passage.kind, passage.text) == ("table", "loose numbers 1 2 3")


def test_a_figure_is_its_caption_and_its_labels():
    figure = region(0, "figure", 0.2, 0.5, caption="Figure 1: Growth", label="Figure 1")
    caption = region(1, "caption", 0.52, 0.55, "Figure 1: Growth")
    words = (*words_of("Q1 Q2 Q3", 0.3, 0), *words_of("Figure 1: Growth", 0.53, 1))
    (passage,) = cut_passages(PAGE, words, [figure, caption])
    assert (passage.kind, passage.text) == ("figure", "Figure 1: Growth\nQ1 Q2 Q3")
    assert all(share_inside(box, figure.bbox) == 1 for box in passage.boxes)


def test_a_figure_that_says_nothing_is_no_passage():
    assert cut_passages(PAGE, (), [region(0, "figure", 0.2, 0.5)]) == ()


def test_the_header_of_a_table_ends_where_numbers_begin():
    assert header_rows((("", "Year ended"), ("", "2023"), ("Sales", "$ 1,200"))) == 2
    assert header_rows((("Name", "Role"), ("Ann", "Editor"), ("Bob", "Author"))) == 1
    assert header_rows((("Sales", "1,200"), ("Costs", "(900)"))) == 1
    assert table_rows((("Name", "Role"), ("Ann", "Editor")), ()) == [("Ann | Role: Editor", None)]
    assert table_rows((("only", "header"),), ()) == []
