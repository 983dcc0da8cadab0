"""Rows of a table: what each is called, what it holds, and the header over each cell."""

import re
from dataclasses import dataclass

from pagehop.tools.boxes import BBox, enclose
from pagehop.tools.corpus.records import Region

MOST_HEADER_ROWS = 3
_VALUE = re.compile(
    r"[\s(\[<>~≈±+\-\u2212\u2013—$€£¥]*\d[\d.,]*\s*(?:%|[a-zA-Z]{1,3})?[)\]*†‡↑↓\s]*|"
    r"[-\u2013—\u2212]+|n/?a",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that holds something."""

    text: str
    header: str  # what stands over it; "" where nothing does
    box: BBox | None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its label, and the cells after it."""

    label: str
    label_box: BBox | None
    cells: tuple[Cell, ...]
    caption: str

    @property
    def text(self) -> str:
        """The row as it stands: label and cells, from left to right."""
        return " ".join(part for part in (self.label, *(cell.text for cell in self.cells)) if part)

    @property
    def boxes(self) -> tuple[BBox, ...]:
        """The boxes of its cells, where they are known."""
        return tuple(box for box in (self.label_box, *(cell.box for cell in self.cells)) if box)

    @property
    def context(self) -> str:
        """Caption and headers."""
        return " ".join((self.caption, *dict.fromkeys(cell.header for cell in self.cells)))


def is_value(text: str) -> bool:
    """Whether a cell holds one number with its signs and unit, or a dash, and nothing else."""
    return bool(_VALUE.fullmatch(text.strip()))


def rows_of(table: Region) -> tuple[Row, ...]:
    """The body rows of a table with their headers."""
    grid = [[" ".join(cell.split()) for cell in row] for row in table.cells]
    heads = _header_rows(grid)
    headers = _headers(grid[:heads])
    caption = " ".join((table.caption or table.label).split())
    found = []
    for position in range(heads, len(grid)):
        boxes = table.cell_boxes[position] if position < len(table.cell_boxes) else ()
        row = _row(grid[position], headers, boxes, caption)
        if row:
            found.append(row if row.boxes else _placed(row, table.bbox))
    return tuple(found)


def _header_rows(grid: list[list[str]]) -> int:
    """How many rows at the top hold no numbers beside years; at least one, if there are two."""
    heads = 0
    for row in grid[:MOST_HEADER_ROWS]:
        after = [cell for cell in row[1:] if cell]
        values = [
            cell for cell in after if is_value(cell) and not re.fullmatch(r"(?:19|20)\d\d", cell)
        ]
        if values:
            break
        if heads and row[0] and (grid[0][0] or not _is_spanning(grid[0])):
            break  # a row with a label of its own is body, even if it holds no number
        heads += 1
    return min(max(1, heads), max(0, len(grid) - 1))


def _is_spanning(row: list[str]) -> bool:
    """Whether a row has gaps, as a header over several columns has."""
    return sum(not cell for cell in row[1:]) > 0


def _headers(rows: list[list[str]]) -> list[str]:
    """Per column the header cells over it; one over several columns counts for all of them."""
    columns = max((len(row) for row in rows), default=0)
    parts: list[list[str]] = [[] for _ in range(columns)]
    for number, row in enumerate(rows):
        spanning, last = number < len(rows) - 1, ""
        for column in range(columns):
            cell = row[column] if column < len(row) else ""
            last = cell or (last if spanning and column > 0 else "")
            if last and last not in parts[column]:
                parts[column].append(last)
    return [" ".join(part) for part in parts]


def _row(
    cells: list[str], headers: list[str], boxes: tuple[BBox | None, ...], caption: str
) -> Row | None:
    def box(column: int) -> BBox | None:
        return boxes[column] if column < len(boxes) else None

    filled = [column for column, cell in enumerate(cells) if cell]
    if not filled:
        return None
    first = filled[0]
    labelled = not is_value(cells[first])
    body = filled[1:] if labelled else filled
    return Row(
        label=cells[first] if labelled else "",
        label_box=box(first) if labelled else None,
        cells=tuple(
            Cell(cells[column], headers[column] if column < len(headers) else "", box(column))
            for column in body
        ),
        caption=caption,
    )


def _placed(row: Row, bbox: BBox) -> Row:
    """A row whose cells have no boxes stands somewhere in its table: that is its box."""
    return Row(row.label, enclose([bbox]), row.cells, row.caption)
