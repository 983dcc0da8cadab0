"""Rows of a table as lines that can be read alone: "Net sales | 2023: 10,208; 2022: 8,631"."""

import re
from collections.abc import Sequence

from pagehop.tools.boxes import BBox, enclose

MOST_HEADERS = 4
_YEAR = re.compile(r"(?:FY|CY|Q[1-4])?\s*'?(?:19|20)\d\d[AEF]?|Q[1-4]")
_NUMBER = re.compile(r"[\s$€£¥(+\-\u2212\u2013~<>≈]*\d[\d.,\s]*[%)xkKmMbB*†]*.{0,3}")


def table_rows(
    cells: Sequence[Sequence[str]], boxes: Sequence[Sequence[BBox | None]]
) -> list[tuple[str, BBox | None]]:
    """Each row below the header as a line with its box; all rows where there is only a header."""
    if len(cells) < 2:
        return []
    count = header_rows(cells)
    headers = [_header(cells[:count], column) for column in range(max(map(len, cells)))]
    lines: list[tuple[str, BBox | None]] = []
    for number, row in enumerate(cells[count:], count):
        line = _line(row, headers)
        if line:
            own = boxes[number] if number < len(boxes) else ()
            lines.append((line, enclose(box for box in own if box is not None)))
    return lines


def header_rows(cells: Sequence[Sequence[str]]) -> int:
    """How many rows at the top name the columns: those without a number that is not a year."""
    count = 0
    for row in cells[:MOST_HEADERS]:
        if any(is_number(cell) for cell in row[1:]):
            break
        count += 1
    return 1 if count in (0, len(cells)) or count == MOST_HEADERS else count


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, and not a year or a quarter."""
    text = cell.strip()
    return bool(_NUMBER.fullmatch(text)) and not _YEAR.fullmatch(text)


def _header(rows: Sequence[Sequence[str]], column: int) -> str:
    parts = [row[column].strip() for row in rows if column < len(row) and row[column].strip()]
    return " ".join(dict.fromkeys(parts))


def _line(row: Sequence[str], headers: Sequence[str]) -> str:
    filled = [(column, " ".join(cell.split())) for column, cell in enumerate(row) if cell.strip()]
    if not filled:
        return ""
    (first, label), *values = filled
    if not values:
        return label if first == 0 or not headers[first] else f"{headers[first]}: {label}"
    named = [
        f"{headers[column]}: {value}" if headers[column] else value for column, value in values
    ]
    return f"{label} | " + "; ".join(named)
