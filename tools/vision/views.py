"""The pictures an agent has been shown, so that a box in one of them is a box on a page.

An agent looks from coarse to fine: a whole page, a part of it, a part of the part. Each picture
is rendered anew from the original, and whatever it shows has its place in page coordinates.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagehop.tools.boxes import PAGE, BBox, BoxUnit, area, from_model, share_inside, within
from pagehop.tools.errors import InputError
from pagehop.tools.page_text import Block, page_blocks

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.corpus.corpus import Corpus
    from pagehop.tools.corpus.records import Region, Word

MARGIN = 0.03  # of a crop's own width and height, added on each side
SMALLEST = 24.0  # points: a smaller crop is widened to this
FINEST = 600.0  # dpi: beyond it there is nothing more to see
COARSEST = 10.0  # dpi
WIDE = 0.6  # share of the page from which on a view is no crop of a table
BLUR = 0.001  # pixels: a box that is so near to the grid lies on it
INSIDE = 0.5  # share of a word, a table or the view that must lie inside to count
WHOLLY = 0.95  # share of a region in a view from which on it is told as one


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture as it was shown: what part of which page, and how large."""

    id: str  # v1, v2, ...
    document: str
    document_id: str
    page: int
    bbox: BBox  # the part of the page it shows
    width: int  # pixels
    height: int
    dpi: float


class Views:
    """The pictures shown to one agent, by id.

    Args:
        corpus: whose pages are shown.
        max_pixels: of one picture, so that nobody on its way to the model shrinks it.
        boxes: in what the agent's model is known to write boxes; None: it is not known.
    """

    def __init__(
        self, corpus: "Corpus", *, max_pixels: int = 1_500_000, boxes: BoxUnit | None = None
    ) -> None:
        self._corpus = corpus
        self._max_pixels = max_pixels
        self._boxes = boxes
        self._shown: dict[str, View] = {}

    @property
    def shown(self) -> tuple[View, ...]:
        """All views, in the order in which they were shown."""
        return tuple(self._shown.values())

    def show(self, document: str, page: int, bbox: BBox | None = None) -> View:
        """Show a page, or a part of it, as large as fits into the pixels of a view.

        Raises:
            PageOutOfRangeError: the document has no such page.
            UnknownDocumentError: there is no such document.
            WorkerError: the page cannot be rendered.
        """
        found = self._corpus.document(document)
        record = self._corpus.page(found.id, page)
        size = (record.width, record.height)
        part = PAGE if bbox is None else _widened(bbox, size)
        dpi = self._fitting_dpi(part, size)
        part = _snapped(part, size, dpi)
        width, height = self._rendered(found.id, page, part, dpi).size
        view = View(
            id=f"v{len(self._shown) + 1}",
            document=found.name,
            document_id=found.id,
            page=page,
            bbox=part,
            width=width,
            height=height,
            dpi=dpi,
        )
        self._shown[view.id] = view
        return view

    def crop(self, view_id: str, box: Sequence[float], unit: BoxUnit | None = None) -> View:
        """Show a part of a view again, larger, from the original page.

        Args:
            view_id: the view that the box is in.
            box: its edges in that picture as it was shown.
            unit: what the numbers are; None goes by the model's habit (see `from_model`).

        Raises:
            BadBoxError: no box in that picture.
            InputError: there is no such view.
            WorkerError: the page cannot be rendered.
        """
        view = self.view(view_id)
        part = within(_padded(self._inner(view, box, unit)), view.bbox)
        return self.show(view.document_id, view.page, part)

    def page_box(self, view_id: str, box: Sequence[float], unit: BoxUnit | None = None) -> BBox:
        """A box in a picture as it was shown, as a box on the page; raises as `crop` does."""
        view = self.view(view_id)
        return within(self._inner(view, box, unit), view.bbox)

    def view(self, view_id: str) -> View:
        """The view of that id.

        Raises:
            InputError: there is none.
        """
        found = self._shown.get(view_id)
        if found is None:
            there = ", ".join(self._shown) or "none: no page has been shown"
            raise InputError(f"There is no view {view_id!r}. There are: {there}.")
        return found

    def image(self, view_id: str) -> "Image":
        """The picture of a view, at the size at which it was shown."""
        view = self.view(view_id)
        return self._rendered(view.document_id, view.page, view.bbox, view.dpi)

    def text(self, view_id: str) -> str:
        """The words on the page inside a view, a line a line."""
        return _lines(self._words(self.view(view_id)))

    def read(self, view_id: str) -> str:
        """The words on the page inside a view; where it has none, what OCR reads."""
        found = self.text(view_id)
        return found or _lines(self._recognised(self.view(view_id)))

    def blocks(self, view_id: str, *, ocr: bool = False) -> list[Block]:
        """The words inside a view as what belongs together; tables that lie in it in columns.

        Args:
            view_id: which view.
            ocr: whether words are recognised where the page has none there.
        """
        view = self.view(view_id)
        words = self._words(view) or (list(self._recognised(view)) if ocr else [])
        regions = self._corpus.regions(view.document_id, view.page) if words else ()
        return page_blocks(words, [r for r in regions if share_inside(r.bbox, view.bbox) >= WHOLLY])

    def table(self, view_id: str) -> str:
        """The tables in a view as Markdown, captions included; "" where there is none.

        Where the layout has found none, one is looked for in a crop only: columns of text on a
        whole page are easily taken for a table.
        """
        view = self.view(view_id)
        known = [
            region
            for region in self._corpus.regions(view.document_id, view.page)
            if region.kind == "table" and region.cells and _shares(region.bbox, view.bbox)
        ]
        if known:
            return "\n\n".join(map(_captioned, known))
        if area(view.bbox) > WIDE:
            return ""
        table = self._corpus.table_crop(view.document_id, view.page, view.bbox)
        return table.markdown if table else ""

    def _words(self, view: View) -> list["Word"]:
        return [
            word
            for word in self._corpus.words(view.document_id, view.page)
            if not word.hidden and share_inside(word.bbox, view.bbox) >= INSIDE
        ]

    def _recognised(self, view: View) -> Iterable["Word"]:
        return self._corpus.read_crop(view.document_id, view.page, view.bbox)

    def _inner(self, view: View, box: Sequence[float], unit: BoxUnit | None) -> BBox:
        """The box as fractions of the picture."""
        shown = (view.width, view.height)
        return from_model(box, shown=shown, unit=unit, habit=self._boxes)

    def _rendered(self, document_id: str, page: int, part: BBox, dpi: float) -> "Image":
        clip = None if part == PAGE else part
        picture = self._corpus.image(document_id, page, dpi=dpi, clip=clip).convert("RGB")
        excess = picture.width * picture.height / self._max_pixels
        if excess <= 1:
            return picture
        shrink = excess**-0.5
        return picture.resize(
            (max(1, int(picture.width * shrink)), max(1, int(picture.height * shrink)))
        )

    def _fitting_dpi(self, part: BBox, size: tuple[float, float]) -> float:
        """The resolution at which a part of a page of that size (points) fills a view."""
        width = max(1.0, (part[2] - part[0]) * size[0])
        height = max(1.0, (part[3] - part[1]) * size[1])
        scale = math.sqrt(self._max_pixels / (width * height))
        scale -= 2 / min(width, height)  # a renderer rounds each side up to whole pixels
        return float(min(FINEST, max(COARSEST, 72 * scale)))


def _padded(box: BBox) -> BBox:
    """A crop with a little around it, so that what touches its edge is not cut."""
    across, down = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    return (
        max(0.0, box[0] - across),
        max(0.0, box[1] - down),
        min(1.0, box[2] + across),
        min(1.0, box[3] + down),
    )


def _snapped(box: BBox, size: tuple[float, float], dpi: float) -> BBox:
    """The box grown to whole pixels, as a renderer does: exactly what the picture will show."""
    across, down = size[0] * dpi / 72 or 1, size[1] * dpi / 72 or 1
    return (
        max(0.0, math.floor(box[0] * across + BLUR) / across),
        max(0.0, math.floor(box[1] * down + BLUR) / down),
        min(1.0, math.ceil(box[2] * across - BLUR) / across),
        min(1.0, math.ceil(box[3] * down - BLUR) / down),
    )


def _widened(box: BBox, size: tuple[float, float]) -> BBox:
    """The box, or around its middle one that is large enough to show something."""
    (x0, x1), (y0, y1) = (
        _stretched(box[axis], box[axis + 2], min(1.0, SMALLEST / max(1.0, size[axis])))
        for axis in (0, 1)
    )
    return (x0, y0, x1, y1)


def _stretched(low: float, high: float, least: float) -> tuple[float, float]:
    if high - low >= least:
        return (low, high)
    start = min(max(0.0, (low + high - least) / 2), 1 - least)
    return (start, start + least)


def _lines(words: Iterable["Word"]) -> str:
    lines: dict[int, list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    return "\n".join(" ".join(line) for line in lines.values())


def _shares(region: BBox, view: BBox) -> bool:
    return share_inside(region, view) >= INSIDE or share_inside(view, region) >= INSIDE


def _captioned(table: "Region") -> str:
    return f"{table.caption}\n\n{table.markdown}" if table.caption else table.markdown
