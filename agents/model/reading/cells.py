"""A table row as it is quoted, and a cell by the labels of its row and column."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pagehop.tools.boxes import BBox, enclose
from pagehop.tools.corpus.records import Region
from pagehop.tools.corpus.wording import numbers, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table of the page."""

    text: str  # of all its cells
    bbox: BBox  # around the row; around the table where its cells have no boxes
    boxes: tuple[BBox, ...]  # of its cells; none where they have no boxes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that was found in a table of the page."""

    value: str  # as it stands in the table
    row: Row


def find_row(quote: str, regions: Sequence[Region]) -> Row | None:
    """The row that a quote of several words is taken from, cell by cell; None of two or none."""
    sought = f" {' '.join(pieces(quote))} "
    found = [
        row
        for table in regions
        for row in map(partial(_row, table), range(len(table.cells)))
        if " " in sought.strip() and sought in f" {' '.join(pieces(row.text))} "
    ]
    return found[0] if len(found) == 1 else None


def find_cell(row: str, column: str, quote: str, regions: Sequence[Region]) -> Cell | None:
    """The cell in that row and column; None where no table has it, or two cells may be meant.

    Args:
        row: the row's label.
        column: the column's head, with those above it where the model names them too.
        quote: what was quoted of the row; a cell whose value is not in it is not the one.
        regions: of the page.
    """
    tables = [region for region in regions if region.kind == "table" and region.cells]
    found = [cell for table in tables for cell in _cells(row, column, quote, table)]
    return found[0] if len(found) == 1 else None


def _cells(row: str, column: str, quote: str, table: Region) -> list[Cell]:
    if not pieces(row) or not pieces(column):
        return []
    said = set(pieces(quote))
    rows = [at for at, cells in enumerate(table.cells) if _fits(row, _label(cells))]
    quoted = [at for at in rows if said & set(pieces(" ".join(table.cells[at][1:])))]
    return [
        _cell(table, at, across)
        for at in (quoted if len(rows) > 1 else rows)
        for across in _columns(column, table.cells[:at])
        if across < len(table.cells[at]) and _is_in(table.cells[at][across], said)
    ]


def _cell(table: Region, at: int, across: int) -> Cell:
    return Cell(value=" ".join(table.cells[at][across].split()), row=_row(table, at))


def _row(table: Region, at: int) -> Row:
    boxes = table.cell_boxes[at] if at < len(table.cell_boxes) else ()
    own = tuple(box for box in boxes if box is not None)
    return Row(
        text=" ".join(" ".join(table.cells[at]).split()),
        bbox=enclose(own) or table.bbox,
        boxes=own,
    )


def _label(cells: Sequence[str]) -> str:
    return next((cell for cell in cells if cell.strip()), "")


def _columns(column: str, above: Sequence[Sequence[str]]) -> list[int]:
    """Columns, the first left out, whose heads have the label: in one cell, or in all together."""
    width = max(map(len, above), default=0)
    heads = {
        at: [row[at] for row in above if at < len(row) and not _is_value(row[at])]
        for at in range(1, width)
    }
    exact = [at for at, head in heads.items() if any(pieces(one) == pieces(column) for one in head)]
    return exact or [at for at, head in heads.items() if _fits(column, " ".join(head))]


def _is_value(cell: str) -> bool:
    """Whether a cell is a number that is no year: it heads no column."""
    found = numbers(cell)
    return (
        bool(found)
        and not any(letter.isalpha() for letter in cell)
        and not all(len(number) == 4 and number[:2] in ("19", "20") for number in found)
    )


def _fits(label: str, text: str) -> bool:
    """Whether all words of a label stand in a text, in their order."""
    rest = iter(pieces(text))
    return all(piece in rest for piece in pieces(label))


def _is_in(value: str, said: set[str]) -> bool:
    """Whether the value was quoted."""
    own = pieces(value)
    return bool(own) and said.issuperset(own)
