"""What the catalogue holds, as plain records. Pages are counted from 1; boxes are fractions."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeAlias

from pagehop.tools.boxes import BBox

RegionKind: TypeAlias = Literal[
    "title", "heading", "text", "list", "table", "figure", "caption", "formula", "footnote",
    "header", "footer",
]  # fmt: skip
PassageKind: TypeAlias = Literal["text", "table", "figure"]
Outcome: TypeAlias = Literal[
    "indexed", "partial", "encrypted", "empty", "unsupported", "damaged", "over limit"
]


class Stage(IntEnum):
    """How far a page has come. Each stage is one transaction and is recorded with the page."""

    NONE = 0  # known, not read
    TEXT = 1  # text, words, label: searchable
    LAYOUT = 2  # regions, tables, figures, captions, headings
    OCR = 3  # text of pages and figures that have none: complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A source file. `id` is the hash of its content; `names` are the names it was added under."""

    id: str
    names: tuple[str, ...]
    kind: Literal["pdf", "image"]
    page_count: int
    title: str
    bytes: int
    outcome: Outcome
    reason: str = ""  # for a person: why it is partial
    linked: str = ""  # path of the original when it is kept by reference

    @property
    def name(self) -> str:
        """The name it was first added under."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it stands on the page."""

    text: str
    bbox: BBox
    line: int  # words of one line share it; lines are numbered in reading order within the page
    hidden: bool = False  # a reader could not see it: white, tiny, transparent, covered


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page. `text` joins its visible words in reading order; `ocr`: read off a picture."""

    document_id: str
    number: int  # 1-based
    label: str | None  # as printed, "iv" or "A-3"; None where it has none
    width: float  # points
    height: float  # points
    stage: Stage
    text: str
    ocr: bool = False
    hidden_text: str = ""
    outline: tuple[str, ...] = ()  # titles of the outline entries the page stands under
    error: str = ""  # why the page could not be read, or a stage of it
    digest: str = ""  # of its text and passages: derived indexes compare it to see what changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A rectangle on a page with a kind."""

    id: str  # document id : page : r order; the same however often it is read
    document_id: str
    page: int
    order: int  # reading order within the page, from 0
    kind: RegionKind
    bbox: BBox
    text: str = ""  # its words, or what OCR read in it
    caption: str = ""  # of a table or figure
    label: str = ""  # "Figure 3", "Table 2a" as its caption names it
    cells: tuple[tuple[str, ...], ...] = ()  # of a table, row by row
    cell_boxes: tuple[tuple[BBox | None, ...], ...] = ()
    markdown: str = ""  # of a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The unit of text retrieval: a run of text inside one page, never across a table."""

    id: str  # document id : page : p number; the same however often it is read
    document_id: str
    page: int
    kind: PassageKind
    text: str
    heading: tuple[str, ...] = ()  # path of section headings above it
    boxes: tuple[BBox, ...] = ()  # its lines, or its table row
    region_id: str | None = None  # the table or figure it belongs to
