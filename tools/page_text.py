"""A page's words as blocks, in the order in which they are read: each table once, in columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pagehop.tools.boxes import share_inside
from pagehop.tools.corpus.prose import as_lines, visible
from pagehop.tools.corpus.records import Region, Word
from pagehop.tools.corpus.wording import pieces

INSIDE = 0.5  # share of a word that must lie in a region to belong to it


@dataclass(frozen=True, slots=True)
class Block:
    """What belongs together: the lines of a region, or a table."""

    text: str  # of a table its caption and its Markdown
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class _Table:
    region: Region
    told: frozenset[str]  # pieces of the words in its cells

    def has(self, word: Word) -> bool:
        """Whether the word is told by the table."""
        inside = share_inside(word.bbox, self.region.bbox) > INSIDE
        return inside and self.told.issuperset(pieces(word.text))


def page_blocks(words: Iterable[Word], regions: Sequence[Region]) -> list[Block]:
    """The visible words, region by region; a table stands where the first of its words does.

    A word in the box of a table that none of its cells has is told as text: nothing is lost
    where a table was read badly.

    Args:
        words: in reading order.
        regions: of their page, those by which they are to be told.
    """
    tables = [_table(region) for region in regions if region.kind == "table" and region.markdown]
    others = [region for region in regions if all(region is not t.region for t in tables)]
    blocks: list[Block] = []
    left = dict.fromkeys(table.region.id for table in tables)
    for owner, run in groupby(visible(words), key=lambda word: _owner(word, tables, others)):
        table = next((t for t in tables if t.region is owner), None)
        if table is None:
            blocks.append(Block(as_lines(run)))
        elif table.region.id in left:
            del left[table.region.id]
            blocks.append(_block(table.region))
    return [*blocks, *(_block(table.region) for table in tables if table.region.id in left)]


def as_text(blocks: Iterable[Block]) -> str:
    """Lines of text under one another, tables set apart."""
    runs = groupby(blocks, key=lambda block: block.is_table)
    parts = (
        ("\n\n" if is_table else "\n").join(block.text for block in run) for is_table, run in runs
    )
    return "\n\n".join(parts)


def within(blocks: Sequence[Block], most: int) -> tuple[list[Block], list[Block]]:
    """The first blocks that make at most so many characters, and those that are left out.

    Where not even the first one fits, it is cut at the end of a line, which in a table is a row.
    """
    room = most
    for number, block in enumerate(blocks):
        room -= len(block.text)
        if room < 0:
            if number:
                return list(blocks[:number]), list(blocks[number:])
            head, tail = _halves(block, most)
            return [head], [tail, *blocks[1:]]
    return list(blocks), []


def shortened(blocks: Sequence[Block], most: int, how: str = "") -> str:
    """The blocks as text, cut where one ends, with a word on what is left out.

    Args:
        blocks: in reading order.
        most: characters of them.
        how: a sentence on how to have the rest.

    >>> print(shortened([Block("one"), Block("| a |", is_table=True)], 5, "Crop v1 to it."))
    one
    (Left out here: 1 table. Crop v1 to it.)
    """
    kept, left = within(blocks, most)
    if not left:
        return as_text(kept)
    tables = sum(block.is_table for block in left)
    letters = sum(len(block.text) for block in left if not block.is_table)
    told = [f"{tables} table{'s' if tables > 1 else ''}"] if tables else []
    told += [f"{letters} characters of text"] if letters else []
    return f"{as_text(kept)}\n(Left out here: {', '.join(told)}. {how}".rstrip() + ")"


def _table(region: Region) -> _Table:
    cells = " ".join(cell for row in region.cells for cell in row)
    return _Table(region, frozenset(pieces(cells)))


def _block(table: Region) -> Block:
    title = table.caption or table.label
    return Block(f"Table: {title}\n{table.markdown}" if title else table.markdown, is_table=True)


def _owner(word: Word, tables: Sequence[_Table], others: Sequence[Region]) -> Region | None:
    for table in tables:
        if table.has(word):
            return table.region
    return next((r for r in others if share_inside(word.bbox, r.bbox) > INSIDE), None)


def _halves(block: Block, most: int) -> tuple[Block, Block]:
    end = block.text.rfind("\n", 0, most + 1)
    end = most if end <= 0 else end
    return (
        Block(block.text[:end], block.is_table),
        Block(block.text[end:].strip("\n"), block.is_table),
    )
