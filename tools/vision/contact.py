"""Contact sheets: many pages in one picture, small, each under its number.

They are for questions about a document as a whole. What is on a sheet says which page to look
at; reading is done on the page itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pagehop.tools.boxes import BBox, BoxUnit, area, from_model, from_points, intersection
from pagehop.tools.errors import InputError, WorkerError

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.corpus.corpus import Corpus
    from pagehop.tools.corpus.records import Page

Spot: TypeAlias = tuple[int, int, int, int]  # pixels of the sheet

HEAD = 18  # pixels above each page, for its number
GAP = 6  # pixels between pages
WIDEST, TALLEST = 2.2, 0.6  # width over height of a sheet: models squeeze what is longer
COARSEST, FINEST = 10.0, 144.0  # dpi of a small page
GREY = (120, 120, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSheet:
    """One sheet as it was shown."""

    id: str  # s1, s2, ...
    document: str
    document_id: str
    pages: tuple[int, ...]
    cells: tuple[BBox, ...]  # where each of them is: fractions of the sheet
    width: int  # pixels
    height: int
    unreadable: tuple[int, ...] = ()  # pages that cannot be rendered; their cells are empty


class ContactSheets:
    """The sheets shown to one agent, by id.

    Args:
        corpus: whose pages are shown.
        max_pixels: of one sheet.
        boxes: in what the agent's model is known to write boxes; None: it is not known.
    """

    def __init__(
        self, corpus: "Corpus", *, max_pixels: int = 1_500_000, boxes: BoxUnit | None = None
    ) -> None:
        self._corpus = corpus
        self._max_pixels = max_pixels
        self._boxes = boxes
        self._sheets: dict[str, ContactSheet] = {}
        self._images: dict[str, Image] = {}

    @property
    def shown(self) -> tuple[ContactSheet, ...]:
        """All sheets, in the order in which they were shown."""
        return tuple(self._sheets.values())

    def show(self, document: str, pages: Sequence[int]) -> ContactSheet:
        """Lay out pages of a document, row by row, as large as the pixels of a picture allow.

        Raises:
            InputError: no pages are given.
            PageOutOfRangeError: the document has no such page.
            UnknownDocumentError: there is no such document.
        """
        from PIL import Image

        if not pages:
            raise InputError("A contact sheet needs a page at least.")
        found = self._corpus.document(document)
        sizes = [self._corpus.page(found.id, number) for number in pages]
        shape = max(page.height / max(1.0, page.width) for page in sizes)
        grid = _Grid.for_pages(len(pages), min(4.0, max(0.25, shape)), self._max_pixels)
        spots = [grid.spot(place, page) for place, page in enumerate(sizes)]
        image = Image.new("RGB", grid.size, "white")
        unreadable = []
        for page, spot in zip(sizes, spots, strict=True):
            small = self._small(page, spot)
            _draw(image, small, page.number, spot)
            unreadable += [page.number] if small is None else []
        sheet = ContactSheet(
            id=f"s{len(self._sheets) + 1}",
            document=found.name,
            document_id=found.id,
            pages=tuple(pages),
            cells=tuple(from_points(spot, image.width, image.height) for spot in spots),
            width=image.width,
            height=image.height,
            unreadable=tuple(unreadable),
        )
        self._sheets[sheet.id], self._images[sheet.id] = sheet, image
        return sheet

    def _small(self, page: "Page", spot: Spot) -> "Image | None":
        """The page as large as its spot; None where it cannot be rendered."""
        wide, high = spot[2] - spot[0], spot[3] - spot[1]
        dpi = min(FINEST, max(COARSEST, 72 * wide / max(1.0, page.width)))
        try:
            rendered = self._corpus.image(page.document_id, page.number, dpi=dpi)
        except WorkerError:
            return None
        return rendered.convert("RGB").resize((wide, high))

    def sheet(self, sheet_id: str) -> ContactSheet:
        """The sheet of that id.

        Raises:
            InputError: there is none.
        """
        found = self._sheets.get(sheet_id)
        if found is None:
            raise InputError(f"There is no sheet {sheet_id!r}; there are {list(self._sheets)}.")
        return found

    def image(self, sheet_id: str) -> "Image":
        """The picture of a sheet; raises as `sheet` does."""
        return self._images[self.sheet(sheet_id).id]

    def place(self, sheet_id: str, box: Sequence[float]) -> tuple[int, BBox]:
        """The page that a box on a sheet lies on, and the part of that page, in its fractions.

        Raises:
            BadBoxError: no box on the sheet.
            InputError: no such sheet, or the box lies between its pages.
        """
        sheet = self.sheet(sheet_id)
        drawn = from_model(box, shown=(sheet.width, sheet.height), habit=self._boxes)
        shared = [intersection(drawn, cell) for cell in sheet.cells]
        best = max(range(len(shared)), key=lambda at: area(shared[at] or (0, 0, 0, 0)))
        part = shared[best]
        if part is None:
            raise InputError(f"The box {list(box)} is on none of the pages of {sheet_id!r}.")
        x0, y0, x1, y1 = sheet.cells[best]
        across, down = x1 - x0, y1 - y0
        inner = ((part[0] - x0) / across, (part[1] - y0) / down,
                 (part[2] - x0) / across, (part[3] - y0) / down)  # fmt: skip
        a, b, c, d = (round(min(1.0, max(0.0, edge)), 5) for edge in inner)
        return sheet.pages[best], (a, b, c, d)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Rows and columns of small pages, in pixels."""

    columns: int
    rows: int
    wide: int  # of one page
    high: int

    @classmethod
    def for_pages(cls, count: int, shape: float, pixels: int) -> "_Grid":
        """The grid with the largest pages: `shape` is their height over their width."""
        grids = [cls._with(columns, count, shape, pixels) for columns in range(1, count + 1)]
        fitting = [g for g in grids if TALLEST <= g.size[0] / g.size[1] <= WIDEST]
        return max(fitting or grids, key=lambda grid: (grid.wide, -grid.columns))

    @classmethod
    def _with(cls, columns: int, count: int, shape: float, pixels: int) -> "_Grid":
        rows = math.ceil(count / columns)
        # (wide + GAP) * (shape * wide + HEAD + GAP) = pixels of one cell, solved for wide
        room = pixels / (columns * rows)
        b = HEAD + GAP + shape * GAP
        c = GAP * (HEAD + GAP) - room
        wide = max(8, int((-b + math.sqrt(max(0.0, b * b - 4 * shape * c))) / (2 * shape)))
        return cls(columns, rows, wide, max(8, int(wide * shape)))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        return (self.columns * (self.wide + GAP), self.rows * (self.high + HEAD + GAP))

    def spot(self, place: int, page: "Page") -> Spot:
        """Where a page goes: left, top, right, bottom, in its own shape."""
        row, column = divmod(place, self.columns)
        left = column * (self.wide + GAP) + GAP // 2
        top = row * (self.high + HEAD + GAP) + HEAD + GAP // 2
        scale = min(self.wide / max(1.0, page.width), self.high / max(1.0, page.height))
        wide, high = max(1, round(page.width * scale)), max(1, round(page.height * scale))
        return (left, top, left + wide, top + high)


def _draw(sheet: "Image", page: "Image | None", number: int, spot: Spot) -> None:
    """One page on the sheet, under its number."""
    from PIL import ImageDraw, ImageFont

    draw = ImageDraw.Draw(sheet)
    told = f"page {number}" + ("" if page else " (cannot be shown)")
    font = ImageFont.load_default(HEAD - 4)
    draw.text((spot[0] + 2, spot[1] - HEAD + 1), told, "black", font)
    if page is not None:
        sheet.paste(page, spot[:2])
    draw.rectangle((spot[0], spot[1], spot[2] - 1, spot[3] - 1), outline=GREY)
