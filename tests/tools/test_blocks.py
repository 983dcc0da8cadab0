"""Blocks: the box shown for a hit never spans more than one place on its page."""

import pytest
from channel_contract import REPORT, enter
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.boxes import area, enclose, intersection, share_inside
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Passage, Region
from pagehop.tools.retrieval.assembly import Parts
from pagehop.tools.retrieval.blocks import Block, PageLayout, told
from pagehop.tools.retrieval.channel import Match
from pagehop.tools.retrieval.retriever import Retriever
from pagehop.tools.retrieval.words.channel import LexicalChannel

LINE = 0.04  # of the page: the distance of lines
LEFT, RIGHT = (0.05, 0.47), (0.53, 0.95)


def line(at, column=LEFT):
    """The `at`th line of a column, from the top."""
    return (column[0], round(at * LINE, 4), column[1], round(at * LINE + 0.03, 4))


def passage(order, boxes, *, kind="text", text="words", region_id=None):
    return Passage(
        id=f"{REPORT}:1:p{order}",
        document_id=REPORT,
        page=1,
        kind=kind,
        text=text,
        boxes=tuple(boxes),
        region_id=region_id,
    )


def region(order, kind, bbox, text=""):
    return Region(
        id=f"{REPORT}:1:r{order}",
        document_id=REPORT,
        page=1,
        order=order,
        kind=kind,
        bbox=bbox,
        text=text,
    )


@st.composite
def pages(draw):
    """Two columns of lines, cut into passages in reading order."""
    lines = [line(at) for at in range(20)] + [line(at, RIGHT) for at in range(20)]
    cuts = sorted(draw(st.sets(st.integers(1, len(lines) - 1), max_size=8)))
    return [
        passage(order, lines[start:stop])
        for order, (start, stop) in enumerate(
            zip([0, *cuts], [*cuts, len(lines)], strict=True),
        )
    ]


@given(pages())
def test_a_block_is_around_its_lines_and_holds_next_to_nothing_of_another_passage(passages):
    layout = PageLayout(passages, ())
    for one in passages:
        blocks = layout.blocks(one)
        assert [box for block in blocks for box in block.boxes] == list(one.boxes)
        for block in blocks:
            assert block.bbox == enclose(block.boxes)
            foreign = [box for other in passages if other is not one for box in other.boxes]
            shared = [intersection(block.bbox, box) for box in foreign]
            assert sum(area(part) for part in shared if part) <= 0.03 * area(block.bbox)


def test_a_passage_that_goes_on_in_the_next_column_is_shown_as_two_blocks():
    over = [line(18), line(19), line(0, RIGHT), line(1, RIGHT)]
    rest = [line(at) for at in range(18)] + [line(at, RIGHT) for at in range(2, 20)]
    layout = PageLayout([passage(0, over), passage(1, rest)], ())
    assert [block.boxes for block in layout.blocks(layout.passages[0])] == [
        tuple(over[:2]),
        tuple(over[2:]),
    ]


def test_two_columns_that_hold_nothing_else_are_one_block():
    both = [line(at) for at in range(3)] + [line(at, RIGHT) for at in range(3)]
    layout = PageLayout([passage(0, both)], ())
    assert [block.bbox for block in layout.blocks(layout.passages[0])] == [enclose(both)]


def test_text_around_a_table_is_shown_without_it():
    text = [line(0), line(1), line(10), line(11)]
    table = region(0, "table", (0.05, 0.1, 0.47, 0.38))
    layout = PageLayout([passage(0, text)], [table])
    found = layout.blocks(layout.passages[0])
    assert [block.boxes for block in found] == [tuple(text[:2]), tuple(text[2:])]


def test_rows_of_a_table_are_shown_as_the_whole_table():
    table = region(0, "table", (0.1, 0.2, 0.9, 0.6))
    rows = passage(0, [(0.1, 0.3, 0.95, 0.34)], kind="table", region_id=table.id)
    (block,) = PageLayout([rows], [table]).blocks(rows)
    assert (block.bbox, block.region_id) == (table.bbox, table.id)
    assert block.boxes == ((0.1, 0.3, 0.9, 0.34),)  # what reaches out is cut off


def test_passages_that_share_words_are_not_foreign_to_each_other():
    first, second = [line(0), line(1), line(2)], [line(2), line(3)]
    layout = PageLayout([passage(0, first), passage(1, second)], ())
    assert [len(layout.blocks(one)) for one in layout.passages] == [1, 1]


def test_of_two_blocks_the_one_that_answers_leads():
    blocks = [
        Block(line(0), (line(0),), "the mast of the boat"),
        Block(line(9), (line(9),), "nothing of it"),
        Block(line(5), (line(5),), "mast, sail and keel"),
    ]
    found = told(blocks, {"mast": 1.0, "sail": 1.0})
    assert [(share, block.bbox) for share, block in found] == [(0.5, line(0)), (1.0, line(5))]


def test_when_no_block_has_a_word_the_largest_is_shown():
    small, large = Block(line(0), (line(0),), "a"), Block((0, 0, 1, 1), ((0, 0, 1, 1),), "b")
    assert told([small, large], {"mast": 1.0}) == [(1.0, large)]
    assert told([], {"mast": 1.0}) == []


class Lookout:
    """A channel that has seen one picture and says so."""

    name, modality, weight = "lookout", "figure", 0.5

    def search(self, query, scope, k):
        seen = Match(document_id=REPORT, page=1, score=1.0, region_id=f"{REPORT}:1:r2")
        return [seen][:k]

    def update(self, progress=None):
        return 0

    def problems(self):
        return ()

    def close(self):
        pass


@pytest.fixture
def searched(tmp_path):
    """A page of two columns, a table in two passages and a picture that nobody describes."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    enter(catalogue, REPORT, "boats.pdf", "", "oars")
    table = region(0, "table", (0.53, 0.5, 0.95, 0.8), "harbour fees")
    regions = [
        table,
        region(1, "text", (0.05, 0.68, 0.47, 0.8), "The mast carries the sail."),
        region(2, "figure", (0.53, 0.85, 0.95, 0.99)),
        region(3, "text", (0.53, 0.0, 0.95, 0.11), "The keel is below the water."),
    ]
    body = [line(at) for at in range(16)] + [line(at, RIGHT) for at in range(4, 11)]
    passages = [
        passage(0, body, text="Of rigging and of ropes, at length."),
        passage(
            1,
            [line(17), line(18), line(0, RIGHT), line(1, RIGHT)],
            text="The mast carries the sail. The keel is below the water.",
        ),
        passage(2, [(0.53, 0.5, 0.95, 0.55)], kind="table", text="fees fees", region_id=table.id),
        passage(3, [(0.53, 0.6, 0.95, 0.65)], kind="table", text="fees ropes", region_id=table.id),
    ]
    catalogue.put_page(catalogue.page(REPORT, 1), (), regions, passages)
    channels = [LexicalChannel(catalogue, tmp_path / "index"), Lookout()]
    retriever = Retriever(catalogue, Parts(channels=channels))
    yield retriever, {one.id: one for one in regions}
    retriever.close()
    catalogue.close()


@pytest.mark.parametrize("query", ["mast", "keel below water", "fees", "ropes and fees", "sail"])
@pytest.mark.parametrize("unit", ["page", "region"])
def test_the_box_of_a_hit_never_spans_more_than_its_region(searched, query, unit):
    retriever, regions = searched
    hits = retriever.search(query, unit=unit, k=10).hits
    assert hits
    for hit in hits:
        assert all(share_inside(box, hit.bbox) > 0.999 for box in hit.boxes)
        if hit.region_id:
            assert share_inside(hit.bbox, regions[hit.region_id].bbox) > 0.999


def test_a_hit_is_shown_in_the_column_that_answers(searched):
    retriever, _ = searched
    assert retriever.search("keel", k=1).hits[0].bbox == enclose([line(0, RIGHT), line(1, RIGHT)])
    assert retriever.search("mast", k=1).hits[0].bbox == enclose([line(17), line(18)])
    assert retriever.search("mast", k=1).hits[0].text == "The mast carries the sail."


def test_a_table_is_one_region_however_many_of_its_rows_fit(searched):
    retriever, _ = searched
    hits = retriever.search("fees", unit="region", k=10).hits
    assert [hit.region_id for hit in hits].count(f"{REPORT}:1:r0") == 1


def test_a_picture_without_words_is_shown_when_a_channel_saw_it(searched):
    retriever, regions = searched
    hits = retriever.search("nothing that is written", unit="region", k=10).hits
    shown = [hit for hit in hits if hit.region_id == f"{REPORT}:1:r2"]
    assert [(hit.bbox, hit.modality) for hit in shown] == [
        (regions[f"{REPORT}:1:r2"].bbox, "figure")
    ]
