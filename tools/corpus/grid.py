"""Rows and columns of a table from where its words stand, with no ruling lines and no model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from pagehop.tools.boxes import BBox, enclose, share_inside
from pagehop.tools.corpus.records import Word

BINS = 600  # of the table's width
GAP_HEIGHTS = 0.55  # a column gap is at least that wide, in heights of a line as seen
CROSSING = 0.15  # of the rows that may run across a column gap: headings over several columns
MOST_HEADINGS = 3  # cells in a column that may be nothing but a heading of the next
SIGNS_LEFT = {"$", "€", "£", "¥", "(", "$(", "US$"}  # belong to what follows
SIGNS_RIGHT = {"%", ")", ")%", "%)"}  # and to what comes before
_NUMBER = re.compile(r"[-(+$€£¥\u2212]*\d[\d.,]*[)%]*")

Row: TypeAlias = list[Word]


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells row by row; a box is None where a cell is empty."""

    cells: tuple[tuple[str, ...], ...]
    boxes: tuple[tuple[BBox | None, ...], ...]


def grid_from_words(words: Sequence[Word], aspect: float = 1.0) -> Grid | None:
    """The table that the words form; None for fewer than two rows or two columns.

    Args:
        words: inside the table, in any order.
        aspect: height of the page over its width, which makes heights and widths comparable.
    """
    rows = rows_of(words)
    if len(rows) < 2:
        return None
    height = median(word.bbox[3] - word.bbox[1] for word in words) * aspect
    columns = _columns(rows, height)
    if len(columns) < 2:
        return None
    placed: list[list[Row]] = []
    for row in rows:
        cells: list[Row] = [[] for _ in columns]
        for run in _runs(row, GAP_HEIGHTS * height):
            cells[_column_of(run, columns)].extend(run)
        placed.append(cells)
    return tidy(placed)


def grid_from_boxes(words: Sequence[Word], rows: Sequence[Sequence[BBox | None]]) -> Grid | None:
    """The table whose cells somebody else found, filled with the words whose middle they hold."""
    placed: list[list[Row]] = [[[] for _ in row] for row in rows]
    for word in words:
        x, y = (word.bbox[0] + word.bbox[2]) / 2, (word.bbox[1] + word.bbox[3]) / 2
        for row, cells in zip(rows, placed, strict=True):
            for box, cell in zip(row, cells, strict=True):
                if box is not None and box[0] <= x <= box[2] and box[1] <= y <= box[3]:
                    cell.append(word)
                    break
            else:
                continue
            break
    return tidy(placed)


def tidy(placed: Sequence[Sequence[Row]]) -> Grid | None:
    """Without empty rows and columns, and with currency and percent signs beside their numbers."""
    width = max((len(row) for row in placed), default=0)
    rows = [
        _with_signs([*row, *([] for _ in range(width - len(row)))]) for row in placed if any(row)
    ]
    _fold_headings(rows, width)
    kept = [n for n in range(width) if any(row[n] for row in rows)]
    if len(rows) < 2 or len(kept) < 2:
        return None
    cells = tuple(tuple(_cell_text(row[n]) for n in kept) for row in rows)
    boxes = tuple(tuple(enclose(word.bbox for word in row[n]) for n in kept) for row in rows)
    return Grid(cells, boxes)


def is_glued(grid: Grid, words: Sequence[Word]) -> bool:
    """Whether a cell holds several numbers under one another: rows not told apart."""
    for row in grid.boxes:
        for box in row:
            inside = [w for w in words if box is not None and share_inside(w.bbox, box) > 0.5]
            stacked = rows_of(inside)
            if sum(bool(_NUMBER.fullmatch(line[-1].text)) for line in stacked) > 1:
                return True
    return False


def as_markdown(cells: Sequence[Sequence[str]]) -> str:
    """The table in Markdown; its first row is the header."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
    rule = "|" + " --- |" * len(cells[0]) if cells else ""
    return "\n".join([*lines[:1], rule, *lines[1:]])


def rows_of(words: Sequence[Word]) -> list[Row]:
    """Words that stand at one height are a row, from left to right; rows from the top."""
    rows: list[Row] = []
    for word in sorted(words, key=lambda w: (w.bbox[1] + w.bbox[3], w.bbox[0])):
        middle = (word.bbox[1] + word.bbox[3]) / 2
        last = rows[-1][0].bbox if rows else None
        if last is not None and last[1] <= middle <= last[3]:
            rows[-1].append(word)
        else:
            rows.append([word])
    for row in rows:
        row.sort(key=lambda w: w.bbox[0])
    return rows


def _columns(rows: Sequence[Row], height: float) -> list[tuple[float, float]]:
    """Column bands: stretches of the width between gaps that hardly any row runs across."""
    left = min(word.bbox[0] for row in rows for word in row)
    right = max(word.bbox[2] for row in rows for word in row)
    bin_width = max(right - left, 1e-6) / BINS
    covered = [0] * BINS
    for row in rows:
        for run in _runs(row, GAP_HEIGHTS * height):
            first = int((run[0].bbox[0] - left) / bin_width)
            last = int((max(word.bbox[2] for word in run) - left) / bin_width)
            for n in range(max(first, 0), min(last + 1, BINS)):
                covered[n] += 1
    most = CROSSING * len(rows)
    bands: list[tuple[float, float]] = []
    start: int | None = None
    for n in range(BINS + 1):
        inside = n < BINS and covered[n] > most
        if inside and start is None:
            start = n
        elif not inside and start is not None:
            bands.append((left + start * bin_width, left + n * bin_width))
            start = None
    return _merged(bands, 0.5 * GAP_HEIGHTS * height)


def _runs(row: Row, gap: float) -> list[Row]:
    """The row's words, those that are only a space apart together."""
    runs: list[Row] = []
    for word in row:
        near = runs and word.bbox[0] - max(other.bbox[2] for other in runs[-1]) < gap
        if near and not (word.text in SIGNS_LEFT and _NUMBER.fullmatch(runs[-1][-1].text)):
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _merged(bands: Sequence[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for band in bands:
        if merged and band[0] - merged[-1][1] < gap:
            merged[-1] = (merged[-1][0], band[1])
        else:
            merged.append(band)
    return merged


def _column_of(run: Row, columns: Sequence[tuple[float, float]]) -> int:
    """The column that the words overlap most, else the nearest; of many, the middle one."""
    x0, x1 = run[0].bbox[0], run[-1].bbox[2]
    overlaps = [min(x1, right) - max(x0, left) for left, right in columns]  # negative: the distance
    covered = [n for n, overlap in enumerate(overlaps) if overlap > 0]
    if len(covered) > 2:
        return covered[len(covered) // 2]
    return overlaps.index(max(overlaps))


def _with_signs(row: list[Row]) -> list[Row]:
    """The row with a lone "$" put to the number after it, a lone "%" to the one before."""
    cells = [list(cell) for cell in row]
    for n, cell in enumerate(cells):
        texts = {word.text for word in cell}
        if not texts:
            continue
        after = next((m for m in range(n + 1, len(cells)) if cells[m]), None)
        before = next((m for m in range(n - 1, -1, -1) if cells[m]), None)
        if (
            texts <= SIGNS_LEFT
            and after is not None
            and not {w.text for w in cells[after]} <= SIGNS_LEFT
        ):
            cells[after] = cell + cells[after]
            cells[n] = []
        elif texts <= SIGNS_RIGHT and before is not None and before > 0:
            cells[before] = cells[before] + cell
            cells[n] = []
    return cells


def _fold_headings(rows: list[list[Row]], width: int) -> None:
    """Put a heading that stands over the empty space beside its numbers into their column."""
    for n in range(1, width):
        filled = [row for row in rows if row[n]]
        if not filled or len(filled) > MOST_HEADINGS:
            continue
        for m in (n + 1, n - 1):
            if not 0 < m < width or any(row[m] for row in filled):
                continue
            widest = max((_width(row[m]) for row in rows), default=0.0)
            if (
                sum(bool(row[m]) for row in rows) > len(filled)
                and max(map(_width, (r[n] for r in filled))) < widest
            ):
                for row in filled:
                    row[m], row[n] = row[n], []
                break


def _width(cell: Row) -> float:
    return max(w.bbox[2] for w in cell) - min(w.bbox[0] for w in cell) if cell else 0.0


def _cell_text(words: Row) -> str:
    return " ".join(" ".join(word.text for word in row) for row in rows_of(words))
