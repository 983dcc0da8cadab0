"""What the farm is asked and what it answers: plain data between the catalogue and the readers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.records import Outcome, Region, Stage, Word

Kind: TypeAlias = Literal["pdf", "image"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file may cost before its reader is ended. Passed by every healthy file we have met."""

    file_bytes: int = 512 * 2**20
    pages: int = 20_000
    pixels: int = 50_000_000  # of one picture, decoded or rendered
    text_seconds: float = 30.0  # wall time of one step: opening a file, the text of a page
    render_seconds: float = 60.0
    layout_seconds: float = 90.0
    ocr_seconds: float = 180.0
    memory_bytes: int = 2 * 2**30  # address space of a child that reads text or renders
    model_memory_bytes: int = 6 * 2**30  # and of one that runs the layout or OCR model
    written_bytes: int = 256 * 2**20  # of one file that a child may write
    pages_per_child: int = 200  # then a fresh one: memory grows
    deaths: int = 4  # of children over one document; its pages left are given up after that


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file at first sight. `outcome` is "indexed" where it can be read, else why it cannot."""

    outcome: Outcome
    reason: str = ""  # for a person
    kind: Kind = "pdf"
    page_count: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Pages of one document to be read to one stage."""

    document_id: str
    path: Path
    kind: Kind
    stage: Stage
    pages: tuple[int, ...]  # 1-based
    password: str | None = None
    # OCR stage: page -> (order, box) of each figure; those without text of their own are read
    regions: Mapping[int, tuple[tuple[int, BBox], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRead:
    """The text layer of a page; a picture has none."""

    document_id: str
    page: int
    label: str | None  # as printed, or as the file says
    width: float  # points, as shown (rotation applied)
    height: float
    words: tuple[Word, ...]
    text: str  # visible words, a line a line
    hidden_text: str
    outline: tuple[str, ...]  # titles of the outline entries the page stands under
    stage: Stage = Stage.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutRead:
    """The regions of a page, in reading order."""

    document_id: str
    page: int
    regions: tuple[Region, ...]
    stage: Stage = Stage.LAYOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrRead:
    """What OCR read: the whole page, where it has no text of its own, or its figures."""

    document_id: str
    page: int
    whole: bool  # the page was read as a picture: `words` are its text
    words: tuple[Word, ...]
    text: str  # of `words`
    figures: Mapping[int, tuple[Word, ...]]  # order of a figure region -> words in it
    # `whole`: the layout of the page, from its picture and `words`; it replaces what LAYOUT found
    regions: tuple[Region, ...] = ()
    stage: Stage = Stage.OCR


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRead:
    """A table, row by row; a cell box is None where the cell is spanned or unknown."""

    bbox: BBox
    cells: tuple[tuple[str, ...], ...]
    cell_boxes: tuple[tuple[BBox | None, ...], ...]
    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A page, or all pages of a job (`page` None), that could not be read to a stage, and why."""

    document_id: str
    page: int | None
    stage: Stage
    outcome: Outcome
    reason: str  # for a person


PageRead: TypeAlias = TextRead | LayoutRead | OcrRead
