"""How records stand in the catalogue's rows, both ways.

Boxes are kept with five decimals (a hundredth of a point on a letter page), words of a page as
one compressed JSON list: reading them back gives the same records, to the last digit.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.records import Document, Page, Passage, Region, Stage, Word

Row: TypeAlias = tuple[Any, ...]

DECIMALS = 5
DOCUMENT_COLUMNS = "id, kind, page_count, title, bytes, outcome, reason, linked"
PAGE_COLUMNS = (
    "document_id, number, label, width, height, stage, text, ocr, hidden_text, outline, error, "
    "digest"
)
REGION_COLUMNS = (
    "id, document_id, page, position, kind, bbox, text, caption, label, cells, cell_boxes, markdown"
)
PASSAGE_COLUMNS = "id, document_id, page, kind, text, heading, boxes, region_id"


def document_of(row: Row, names: Sequence[str]) -> Document:
    """A row of DOCUMENT_COLUMNS with its names."""
    identity, kind, page_count, title, size, outcome, reason, linked = row
    return Document(
        id=identity,
        names=tuple(names),
        kind=kind,
        page_count=page_count,
        title=title,
        bytes=size,
        outcome=outcome,
        reason=reason,
        linked=linked,
    )


def page_of(row: Row) -> Page:
    """A row of PAGE_COLUMNS."""
    identity, number, label, width, height, stage, text, ocr, hidden, outline, error, digest = row
    return Page(
        document_id=identity,
        number=number,
        label=label,
        width=width,
        height=height,
        stage=Stage(stage),
        text=text,
        ocr=bool(ocr),
        hidden_text=hidden,
        outline=tuple(json.loads(outline)),
        error=error,
        digest=digest,
    )


def region_of(row: Row) -> Region:
    """A row of REGION_COLUMNS."""
    identity, document, page, order, kind, bbox, text, caption, label, cells, boxes, markdown = row
    return Region(
        id=identity,
        document_id=document,
        page=page,
        order=order,
        kind=kind,
        bbox=_box(json.loads(bbox)),
        text=text,
        caption=caption,
        label=label,
        cells=tuple(tuple(line) for line in json.loads(cells)),
        cell_boxes=tuple(
            tuple(None if box is None else _box(box) for box in line) for line in json.loads(boxes)
        ),
        markdown=markdown,
    )


def passage_of(row: Row) -> Passage:
    """A row of PASSAGE_COLUMNS."""
    identity, document, page, kind, text, heading, boxes, region = row
    return Passage(
        id=identity,
        document_id=document,
        page=page,
        kind=kind,
        text=text,
        heading=tuple(json.loads(heading)),
        boxes=tuple(_box(box) for box in json.loads(boxes)),
        region_id=region,
    )


def region_row(region: Region) -> Row:
    """A region as a row of REGION_COLUMNS."""
    boxes = [[None if box is None else _rounded(box) for box in line] for line in region.cell_boxes]
    return (
        region.id,
        region.document_id,
        region.page,
        region.order,
        region.kind,
        packed(_rounded(region.bbox)),
        storable(region.text),
        storable(region.caption),
        storable(region.label),
        packed([[storable(cell) for cell in line] for line in region.cells]),
        packed(boxes),
        storable(region.markdown),
    )


def passage_row(passage: Passage, position: int) -> Row:
    """A passage as a row of all columns of the table."""
    text = storable(passage.text)
    return (
        passage.id,
        passage.document_id,
        passage.page,
        position,
        passage.kind,
        text,
        packed([storable(title) for title in passage.heading]),
        packed([_rounded(box) for box in passage.boxes]),
        passage.region_id,
        text_hash(text),
    )


def pack_words(words: Iterable[Word]) -> bytes:
    """The words of a page, compressed: texts, lines, hidden flags, boxes in 1/100,000."""
    scale = 10**DECIMALS
    listed = tuple(words)
    columns = (
        [storable(word.text) for word in listed],
        [word.line for word in listed],
        [number for number, word in enumerate(listed) if word.hidden],
        [round(edge * scale) for word in listed for edge in word.bbox],
    )
    return zlib.compress(packed(columns).encode())


def unpack_words(blob: bytes) -> tuple[Word, ...]:
    """The words that `pack_words` packed."""
    texts, lines, hidden, edges = json.loads(zlib.decompress(blob))
    scale = 10**DECIMALS
    unseen = set(hidden)
    return tuple(
        Word(text, _box(edge / scale for edge in edges[4 * i : 4 * i + 4]), line, i in unseen)
        for i, (text, line) in enumerate(zip(texts, lines, strict=True))
    )


def settled_words(words: Iterable[Word]) -> tuple[Word, ...]:
    """Words as they will be read back, so that what is cut from them does not depend on when."""
    return unpack_words(pack_words(words))


def packed(value: object) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def storable(text: str) -> str:
    """The text without lone surrogates, which damaged fonts produce and UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def text_hash(text: str) -> bytes:
    """The key of a text's vectors, 16 bytes."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def digest_of(page: Page, regions: Sequence[Region], passages: Sequence[Passage]) -> str:
    """Of all that derived indexes may hold of a page; 32 hex digits."""
    content = (
        page.label,
        page.text,
        page.outline,
        [(region.label, region.caption, region.kind, _rounded(region.bbox)) for region in regions],
        [(p.id, p.kind, p.text, p.heading, p.region_id) for p in passages],
    )
    text = json.dumps(content)  # ASCII: no surrogate can get in the way
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _rounded(box: BBox) -> BBox:
    return _box(round(edge, DECIMALS) for edge in box)


def _box(edges: Iterable[float]) -> BBox:
    x0, y0, x1, y1 = edges
    return (float(x0), float(y0), float(x1), float(y1))
