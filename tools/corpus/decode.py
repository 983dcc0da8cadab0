"""What children send, as records; anything else is refused."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.labels import page_label
from pagehop.tools.corpus.prose import as_lines, visible
from pagehop.tools.corpus.reading import LayoutRead, OcrRead, TableRead, TextRead
from pagehop.tools.corpus.records import Region, RegionKind, Word

BROKEN = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    StopIteration,
)  # of a record that is none


def text_read(
    document_id: str, page: int, record: Mapping[str, Any], survey: Mapping[str, Any]
) -> TextRead:
    """A page's text, with what is known of the whole document put in."""
    words = tuple(map(_word, record["words"]))
    numbers = [int(number) for number in record["printed"]]
    shown = visible(words)
    hidden = tuple(word for word in words if word.hidden)
    return TextRead(
        document_id=document_id,
        page=page,
        label=page_label(page, numbers, survey["printed"], survey["labels"]),
        width=float(record["width"]),
        height=float(record["height"]),
        words=words,
        text=as_lines(shown),
        hidden_text=as_lines(hidden),
        outline=_outline(page, survey["outline"]),
    )


def layout_read(document_id: str, page: int, record: Mapping[str, Any]) -> LayoutRead:
    """A page's regions."""
    regions = _regions(document_id, page, record["regions"])
    return LayoutRead(document_id=document_id, page=page, regions=regions)


def ocr_read(document_id: str, page: int, record: Mapping[str, Any]) -> OcrRead:
    """What OCR read on a page."""
    words = tuple(map(_word, record["words"]))
    return OcrRead(
        document_id=document_id,
        page=page,
        whole=bool(record["whole"]),
        words=words,
        text=as_lines(words),
        figures={int(order): tuple(map(_word, found)) for order, found in record["figures"]},
        regions=_regions(document_id, page, record["regions"]),
    )


def word_list(record: Mapping[str, Any]) -> tuple[Word, ...]:
    """Words that OCR read."""
    return tuple(map(_word, record["words"]))


def table_read(table: Mapping[str, Any]) -> TableRead:
    """A table."""
    return TableRead(
        bbox=_box(table["bbox"]),
        cells=_cells(table["cells"]),
        cell_boxes=_cell_boxes(table["cell_boxes"]),
        markdown=str(table["markdown"]),
    )


def _word(row: Sequence[Any]) -> Word:
    text, box, line, hidden = row
    return Word(str(text), _box(box), int(line), bool(hidden))


def _box(edges: Sequence[Any]) -> BBox:
    x0, y0, x1, y1 = (min(1.0, max(0.0, float(edge))) for edge in edges)
    return (x0, y0, x1, y1)


def _regions(
    document_id: str, page: int, records: Sequence[Mapping[str, Any]]
) -> tuple[Region, ...]:
    return tuple(_region(document_id, page, n, record) for n, record in enumerate(records))


def _region(document_id: str, page: int, order: int, record: Mapping[str, Any]) -> Region:
    return Region(
        id=f"{document_id}:{page}:r{order}",
        document_id=document_id,
        page=page,
        order=order,
        kind=_kind(record["kind"]),
        bbox=_box(record["bbox"]),
        text=str(record["text"]),
        caption=str(record["caption"]),
        label=str(record["label"]),
        cells=_cells(record["cells"]),
        cell_boxes=_cell_boxes(record["cell_boxes"]),
        markdown=str(record["markdown"]),
    )


def _kind(claimed: object) -> RegionKind:
    return next(known for known in get_args(RegionKind) if known == claimed)


def _cells(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(str(cell) for cell in row) for row in rows)


def _cell_boxes(rows: Sequence[Sequence[Any]]) -> tuple[tuple[BBox | None, ...], ...]:
    return tuple(tuple(None if box is None else _box(box) for box in row) for row in rows)


def _outline(page: int, entries: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Titles of the entries that the page stands under: the last before it and those above."""
    path: list[tuple[int, str]] = []
    for level, title, start in entries:
        if start > page:
            break
        path = [*(entry for entry in path if entry[0] < level), (int(level), str(title))]
    return tuple(title for _, title in path)
