"""Regions, captions, tables: on real papers, and as laws on made-up words."""

from pathlib import Path

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.grid import as_markdown, grid_from_words, rows_of
from pagehop.tools.corpus.reading import Job
from pagehop.tools.corpus.reading_order import reading_order
from pagehop.tools.corpus.records import Region, Stage, Word
from pagehop.tools.corpus.regions import caption_label, fill_regions, words_by_region

PAPER = Path(__file__).parents[2] / "samples" / "2023.acl-long.386.pdf"


@pytest.fixture(scope="module")
def farm():
    with Farm(1) as farm:
        yield farm


def layout(farm, path, *pages):
    job = Job(document_id="d", path=path, kind="pdf", stage=Stage.LAYOUT, pages=pages)
    return {read.page: read.regions for read in farm.read([job])}


@pytest.fixture(scope="module")
def regions(farm):
    return layout(farm, PAPER, 2, 8)


def test_a_figure_has_its_caption_and_label(regions):
    figure = next(region for region in regions[2] if region.kind == "figure")
    assert figure.label == "Figure 1"
    assert figure.caption.startswith("Figure 1: Overview")


def test_a_table_has_its_rows(regions):
    tables = [region for region in regions[8] if region.kind == "table"]
    assert [table.label for table in tables] == ["Table 2", "Table 3"]
    errors = {row[0]: row[1:] for row in tables[0].cells}
    assert errors["Semantic error"] == ("29%", "38%", "77%")
    assert "| Semantic error | 29% | 38% | 77% |" in tables[0].markdown
    row = [r[0] for r in tables[0].cells].index("Semantic error")
    assert all(box is not None for box in tables[0].cell_boxes[row])


def test_columns_are_read_one_after_the_other(regions):
    sides = [
        region.bbox[0] > 0.5
        for region in regions[8]
        if region.kind in ("text", "heading") and region.bbox[2] - region.bbox[0] < 0.5
    ]
    assert sides == sorted(sides)
    assert [region.order for region in regions[8]] == list(range(len(regions[8])))


def test_regions_have_the_text_inside_them(regions):
    heading = next(region for region in regions[8] if region.kind == "heading")
    assert heading.text == "4.4 Closed-Book Fact-Checking"


def test_a_second_reading_says_the_same(regions):
    with Farm(2) as other:
        assert layout(other, PAPER, 8, 2) == regions


def test_a_page_shown_turned_is_read_as_shown(farm, regions, tmp_path):
    paper, turned = pymupdf.open(PAPER), pymupdf.open()
    page = turned.new_page(width=842, height=595)
    page.show_pdf_page(page.rect, paper, 7, rotate=90)
    page.set_rotation(90)
    turned.save(tmp_path / "a.pdf")
    (found,) = layout(farm, tmp_path / "a.pdf", 1).values()
    assert [(r.kind, r.text) for r in found] == [(r.kind, r.text) for r in regions[8]]


def test_a_ruled_table_keeps_lines_of_one_cell_together(farm, tmp_path):
    document = pymupdf.open()
    page = document.new_page(width=500, height=500)
    page.insert_text((50, 60), "Table 1: Who does what in the project, and when it is due.")
    rows = [
        ("Task", "Owner"),
        ("Collect the\nsource files", "Ann\nand Bob"),
        ("Write the\nreport", "Eve"),
    ]
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            box = pymupdf.Rect(
                50 + 200 * column, 80 + 50 * number, 250 + 200 * column, 130 + 50 * number
            )
            page.draw_rect(box)
            inside = (box.x0 + 4, box.y0 + 4, box.x1 - 4, box.y1 - 4)
            page.insert_textbox(inside, text, fontsize=12)
    page.insert_textbox(
        (50, 300, 450, 480), "The plan is followed by everybody. " * 12, fontsize=11
    )
    document.save(tmp_path / "a.pdf")
    tables = [r for r in layout(farm, tmp_path / "a.pdf", 1)[1] if r.kind == "table"]
    assert [table.cells for table in tables] == [
        (
            ("Task", "Owner"),
            ("Collect the source files", "Ann and Bob"),
            ("Write the report", "Eve"),
        )
    ]
    assert tables[0].label == "Table 1"


def test_the_table_of_a_box_can_be_asked_for(farm, regions):
    table = next(region for region in regions[8] if region.label == "Table 3")
    read = farm.table(PAPER, 8, clip=table.bbox)
    assert read.cells == table.cells
    assert farm.table(PAPER, 8, clip=(0.4, 0.93, 0.6, 0.94)) is None


sizes = st.tuples(st.integers(2, 6), st.integers(2, 5))


@given(sizes, st.randoms(use_true_random=False))
def test_words_on_a_grid_are_a_table(size, random):
    rows, columns = size
    expected = tuple(tuple(f"{r}{c}x" for c in range(columns)) for r in range(rows))
    words = [
        Word(text, (0.1 + 0.15 * c, 0.1 + 0.05 * r, 0.18 + 0.15 * c, 0.12 + 0.05 * r), r)
        for r, row in enumerate(expected)
        for c, text in enumerate(row)
    ]
    random.shuffle(words)
    assert grid_from_words(words).cells == expected


def test_signs_stand_with_their_numbers():
    texts = [
        ("", "", "2023", "", "", "2022", ""),
        ("Sales", "$", "10", "", "$", "8", ""),
        ("Change", "", "3", "%", "", "4", "%"),
    ]
    words = [
        Word(text, (0.1 + 0.12 * c, 0.1 * r, 0.18 + 0.12 * c, 0.1 * r + 0.03), r)
        for r, row in enumerate(texts)
        for c, text in enumerate(row)
        if text
    ]
    cells = grid_from_words(words).cells
    assert cells[1][1:] == ("$ 10", "$ 8")
    assert cells[2][1:] == ("3 %", "4 %")


def test_words_that_form_no_table_give_none():
    line = [Word(w, (0.1 + 0.02 * n, 0.1, 0.115 + 0.02 * n, 0.12), 0) for n, w in enumerate("abc")]
    assert grid_from_words(line) is None
    assert grid_from_words([]) is None
    assert rows_of(line) == [line]


def test_bars_in_cells_do_not_break_markdown():
    assert as_markdown([["a|b", "c"], ["1", "2"]]) == "| a\\|b | c |\n| --- | --- |\n| 1 | 2 |"


edges = st.integers(0, 98).map(lambda n: n / 100)
boxes = st.tuples(edges, edges, st.integers(1, 60), st.integers(1, 40)).map(
    lambda b: (b[0], b[1], min(1.0, b[0] + b[2] / 100), min(1.0, b[1] + b[3] / 100))
)


@given(st.lists(boxes, max_size=25))
def test_every_box_is_read_once(found):
    assert sorted(reading_order(found)) == list(range(len(found)))


@given(st.integers(1, 6), st.integers(1, 6), st.randoms(use_true_random=False))
def test_two_columns_under_a_title_are_read_down_then_across(left, right, random):
    title = [(0.1, 0.02, 0.9, 0.08)]
    columns = [(0.1, 0.1 + 0.12 * n, 0.45, 0.2 + 0.12 * n) for n in range(left)]
    columns += [(0.55, 0.1 + 0.12 * n, 0.9, 0.2 + 0.12 * n) for n in range(right)]
    expected = title + columns
    shuffled = random.sample(expected, len(expected))
    assert [shuffled[n] for n in reading_order(shuffled)] == expected


@pytest.mark.parametrize(
    ("caption", "label"),
    [
        ("Figure 3: Revenue", "Figure 3"),
        ("Fig. 3a. Revenue", "Figure 3a"),
        ("TABLE 12 | Sales", "Table 12"),
        ("Table A.1: More", "Table A.1"),
        ("Exhibit 4.2 Plan", "Exhibit 4.2"),
        ("Chart 7", "Chart 7"),
        ("Figures are in millions", ""),
        ("Tablespoons 3", ""),
        ("See Table 3", ""),
        ("", ""),
    ],
)
def test_labels_are_read_from_captions(caption, label):
    assert caption_label(caption) == label


def region(order, kind, bbox, text=""):
    return Region(
        id=f"r{order}", document_id="d", page=1, order=order, kind=kind, bbox=bbox, text=text
    )


def test_each_caption_goes_to_the_nearest_of_its_kind():
    filled = fill_regions(
        [
            region(0, "table", (0.1, 0.1, 0.9, 0.3)),
            region(1, "caption", (0.1, 0.31, 0.9, 0.34), "Table 1: Sales"),
            region(2, "text", (0.1, 0.4, 0.9, 0.43), "Figure 2. The plant"),
            region(3, "figure", (0.1, 0.45, 0.9, 0.7)),
            region(4, "figure", (0.1, 0.8, 0.9, 0.9)),
        ],
        [],
    )
    assert [r.label for r in filled] == ["Table 1", "", "", "Figure 2", ""]
    assert filled[2].kind == "caption"


def test_a_word_belongs_to_the_smallest_region_around_it():
    page, inner = region(0, "figure", (0.0, 0.0, 1.0, 1.0)), region(1, "text", (0.1, 0.1, 0.4, 0.2))
    words = [
        Word("inner", (0.2, 0.12, 0.3, 0.15), 0),
        Word("outer", (0.6, 0.6, 0.7, 0.65), 1),
        Word("hidden", (0.2, 0.12, 0.3, 0.15), 2, hidden=True),
    ]
    inside = words_by_region([page, inner], words)
    assert {order: [w.text for w in own] for order, own in inside.items()} == {
        0: ["outer"],
        1: ["inner"],
        -1: [],
    }
