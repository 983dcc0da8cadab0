"""A part of a page of the corpus as a query: the corpus knows more of it than OCR can read.

It has the words as they stand there, and what the document says of a table or figure: its caption,
heading and labels, and the sentences that mention it.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from pagehop.tools.boxes import PAGE, BBox, share_inside
from pagehop.tools.corpus.readable import checked_clip
from pagehop.tools.corpus.records import Region, Word
from pagehop.tools.retrieval.crops import Crop, dpi_to_read, in_lines, refuse_specks
from pagehop.tools.retrieval.dense.cards import write_cards
from pagehop.tools.retrieval.naming.periods import without_periods

if TYPE_CHECKING:
    from pagehop.tools.corpus.readable import ReadableCorpus

_INSIDE = 0.5  # share of a word, a region or the crop that must lie inside to count


def page_crop(
    corpus: "ReadableCorpus", document: str, number: int, bbox: BBox | None = None
) -> Crop:
    """A page of a document, or a part of it, as a picture to search for.

    Args:
        corpus: that it is of.
        document: name or id.
        number: of the page, from 1.
        bbox: the part, as fractions of the page; None: the whole page.

    Raises:
        BadBoxError: `bbox` is no box on the page.
        BadPictureError: it is too small to show anything.
        PageOutOfRangeError: the document has no such page.
        PathNotFoundError: the original is gone, or has changed.
        UnknownDocumentError: there is no such document.
        WorkerError: the page cannot be rendered, or read, within the limits.
    """
    page = corpus.page(document, number)
    part = PAGE if bbox is None else checked_clip(bbox)
    width, height = (part[2] - part[0]) * page.width, (part[3] - part[1]) * page.height
    clip = None if part == PAGE else part
    picture = corpus.image(document, number, dpi=dpi_to_read(width, height), clip=clip)
    refuse_specks(picture, f"The part {list(part)} of page {number}")
    shown = tuple(_shown(corpus.regions(document, number), part))
    words = [one for one in corpus.words(document, number) if _stands_in(one, part)]
    text = in_lines(words) or "\n".join(region.text for region in shown if region.text)
    return Crop(
        picture.convert("RGB"),
        text or in_lines(corpus.read_crop(document, number, part)),
        about="\n".join(_told(corpus, shown)),
        of=_called(corpus.document(document).name),
    )


def _called(name: str) -> str:
    """What a file name says without its extension and the period that it is of."""
    return " ".join(without_periods(PurePath(name).stem).replace("_", " ").split())


def _stands_in(word: Word, part: BBox) -> bool:
    return not word.hidden and share_inside(word.bbox, part) >= _INSIDE


def _shown(regions: Sequence[Region], part: BBox) -> Iterator[Region]:
    """The tables and figures that the part shows, or is cut out of."""
    for region in regions:
        inside = max(share_inside(region.bbox, part), share_inside(part, region.bbox))
        if region.kind in ("table", "figure") and inside >= _INSIDE:
            yield region


def _told(corpus: "ReadableCorpus", shown: Sequence[Region]) -> Iterator[str]:
    """What their document says of these tables and figures."""
    if shown:
        cards = {card.region_id: card for card in write_cards(shown[0].document_id, corpus)}
        yield from (cards[region.id].text for region in shown if region.id in cards)
