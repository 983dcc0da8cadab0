"""What a reading agent reads: the lines, table rows and captions of pages, with their places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from pagehop.agents.extractive.bridges import Leaf, Place
from pagehop.agents.extractive.language import stems
from pagehop.agents.extractive.lines import Sentence, sentences
from pagehop.agents.extractive.tables import Row, rows_of
from pagehop.tools.boxes import BBox, enclose, share_inside
from pagehop.tools.corpus.records import Document, Page, Region, Word
from pagehop.tools.errors import PageOutOfRangeError, UnknownDocumentError
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Hit

SnippetKind: TypeAlias = Literal["sentence", "heading", "row", "caption", "figure"]


class Source(Protocol):
    """What the extractive team asks of a corpus."""

    @property
    def path(self) -> Path:
        """The corpus folder."""
        ...

    def documents(self) -> tuple[Document, ...]:
        """All documents."""
        ...

    def page(self, document: str, number: int) -> Page:
        """A page; raises for one that is not there."""
        ...

    def words(self, document: str, number: int) -> tuple[Word, ...]:
        """Its words in reading order."""
        ...

    def regions(self, document: str, number: int | None = None) -> tuple[Region, ...]:
        """Its regions in reading order, or those of all pages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A line that can be quoted: what it says, where it stands, and what it stands under."""

    document: str
    document_id: str
    page: int
    page_label: str | None
    kind: SnippetKind
    modality: Modality
    text: str
    boxes: tuple[BBox, ...]
    context: str = ""  # its heading, or its table's caption and header
    rank: int = 0  # of its page among the hits, from 0
    page_weight: float = 1.0  # how well its page was found, next to the best page: 0 to 1
    row: Row | None = None

    @property
    def bbox(self) -> BBox | None:
        """The box around all of it."""
        return enclose(self.boxes)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page as it is read: the record, its words and its regions."""

    hit: Hit
    rank: int
    weight: float  # score of the hit as a share of the best one's
    page: Page
    words: tuple[Word, ...]
    regions: tuple[Region, ...]

    def snippet(
        self, kind: SnippetKind, modality: Modality, text: str, boxes: Iterable[BBox],
        context: str = "", row: Row | None = None,
    ) -> Snippet:  # fmt: skip
        """A snippet of this page."""
        return Snippet(
            document=self.hit.document,
            document_id=self.hit.document_id,
            page=self.page.number,
            page_label=self.page.label,
            kind=kind,
            modality=modality,
            text=text,
            boxes=tuple(boxes),
            context=context,
            rank=self.rank,
            page_weight=self.weight,
            row=row,
        )


def sheets(source: Source, hits: Sequence[Hit], at_most: int) -> tuple[Sheet, ...]:
    """The pages of the hits, best first, each once."""
    pages: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        pages.setdefault((hit.document_id, hit.page), hit)
    best = max((hit.score for hit in pages.values()), default=0.0)
    return tuple(
        Sheet(
            hit=hit,
            rank=rank,
            weight=min(1.0, max(0.0, hit.score / best)) if best > 0 else 1.0 / (1 + rank),
            page=source.page(document_id, number),
            words=source.words(document_id, number),
            regions=source.regions(document_id, number),
        )
        for rank, ((document_id, number), hit) in enumerate(list(pages.items())[:at_most])
    )


def leaves(source: Source, places: Sequence[Place]) -> tuple[Leaf, ...]:
    """The pages at these places, as they are read for names; one that is gone is left out."""
    found = []
    for document, number in places:
        try:
            words = source.words(document, number)
        except (UnknownDocumentError, PageOutOfRangeError):
            continue
        found.append(Leaf((document, number), tuple(s.text for s in sentences(words))))
    return tuple(found)


def stems_of(source: Source, place: Place) -> frozenset[str]:
    """The stems of a page's text; none for a page that is gone."""
    try:
        return frozenset(stems(source.page(*place).text))
    except (UnknownDocumentError, PageOutOfRangeError):
        return frozenset()


def printed(sheet: Sheet) -> tuple[Snippet, ...]:
    """Sentences, headings and table rows of a page.

    Those of a page without a text layer are of modality `page`: they were read off its picture.
    """
    tables = [region for region in sheet.regions if region.kind == "table" and region.cells]
    found: list[Snippet] = []
    heading = _title(sheet.regions)
    captions = [region for region in sheet.regions if region.kind == "caption"]
    for sentence in sentences(sheet.words, without=[table.bbox for table in tables]):
        found.append(_sentence(sheet, sentence, heading, captions))
        heading = sentence.text if sentence.heading else heading
    for table in tables:
        found.extend(
            sheet.snippet("row", "table", row.text, row.boxes, row.context, row)
            for row in rows_of(table)
        )
    return tuple(found)


def _sentence(
    sheet: Sheet, sentence: Sentence, heading: str, captions: Sequence[Region]
) -> Snippet:
    boxes = sentence.boxes
    whole = enclose(boxes)
    caption = any(whole and _inside(whole, region.bbox) for region in captions)
    kind: SnippetKind = "caption" if caption else "heading" if sentence.heading else "sentence"
    return sheet.snippet(kind, _modality(sheet, whole), sentence.text, boxes, heading)


def _modality(sheet: Sheet, box: BBox | None) -> Modality:
    figures = (region.bbox for region in sheet.regions if region.kind == "figure")
    if box and any(_inside(box, figure) for figure in figures):
        return "figure"
    return "page" if sheet.page.ocr else "text"


def pictured(sheet: Sheet) -> tuple[Snippet, ...]:
    """Figures of a page: each as one snippet, its caption or the words that were read in it."""
    found = []
    for region in sheet.regions:
        if region.kind != "figure" or not (region.caption or region.text):
            continue
        said = region.caption or region.text
        beside = f"{region.label} {region.text if region.caption else ''}"
        found.append(sheet.snippet("figure", "figure", said, (region.bbox,), beside))
    return tuple(found)


def _inside(inner: BBox, outer: BBox) -> bool:
    """Whether most of a box lies in another."""
    return share_inside(inner, outer) > 0.6


def _title(regions: Sequence[Region]) -> str:
    return next((region.text for region in regions if region.kind == "title"), "")
