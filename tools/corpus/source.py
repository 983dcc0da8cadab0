"""An open file inside a child: a PDF, or a picture as a document of one page a frame."""

# mypy: allow-untyped-calls

from collections.abc import Sequence
from typing import Any

import pymupdf

from pagehop.tools.boxes import BBox, from_points
from pagehop.tools.corpus.read_image import PictureFile, Refused
from pagehop.tools.corpus.records import Outcome

__all__ = ["Refused", "Source"]


class Source:
    """A file that is open for reading; pages from 1, boxes in fractions of the page as shown."""

    def __init__(self, request: dict[str, Any]) -> None:
        """Open it, and refuse what cannot be read.

        Raises:
            Refused: encrypted, empty, unsupported, damaged or over a limit.
        """
        self.kind: str = request["kind"]
        self.max_pixels: int = request["pixels"]
        self._number = 0  # of the page that is loaded
        self._page: pymupdf.Page | None = None
        self._bounds: tuple[float, ...] = ()
        self._turn: tuple[float, ...] = ()
        self._pictures: PictureFile | None = None
        if self.kind == "image":
            self._pictures = PictureFile(request["path"], self.max_pixels)
            self.page_count, self.title = self._pictures.frames, ""
        else:
            self.pdf = _open_pdf(request["path"], request["password"], pdf_header=request["header"])
            self.page_count = self.pdf.page_count
            self.title = _clean_title(self.pdf.metadata)
        if self.page_count == 0:
            raise Refused("empty", "It has no pages.")
        if self.page_count > request["pages"]:
            raise Refused(
                "over limit", f"It has {self.page_count} pages; the limit is {request['pages']}."
            )

    def page(self, number: int) -> pymupdf.Page:
        """The page of that number; it stays loaded until another is asked for."""
        if self._page is None or self._number != number:
            self._page = None
            if self._pictures is not None:
                self.pdf = self._pictures.as_pdf(number)
                self._page = self.pdf[0]
            else:
                self._page = self.pdf.load_page(number - 1)
            self._number = number
            if self._page.rect.is_empty or self._page.rect.is_infinite:
                raise Refused("damaged", "The page has no area.")
            self._bounds = tuple(self._page.rect)
            turn: Any = self._page.rotation_matrix  # iterable, though its stubs do not say so
            self._turn = tuple(turn)
        return self._page

    def upright(self, number: int) -> pymupdf.Page:
        """The page as shown, but with no rotation set: a copy where it has one."""
        page = self.page(number)
        if not page.rotation:
            return page
        self._copy = pymupdf.open()  # kept: a page lives as long as its document
        copy = self._copy.new_page(width=page.rect.width, height=page.rect.height)
        turned = page.rotation
        page.set_rotation(0)
        try:
            copy.show_pdf_page(copy.rect, self.pdf, number - 1, rotate=-turned)
        finally:
            page.set_rotation(turned)
        return copy

    def box(self, number: int, rect: Sequence[float]) -> BBox:
        """A rectangle in MuPDF's unrotated page space as fractions of the page as shown."""
        self.page(number)
        a, b, c, d, e, f = self._turn
        x0, y0, x1, y1 = rect[:4]
        ax, ay, bx, by = (
            a * x0 + c * y0 + e,
            b * x0 + d * y0 + f,
            a * x1 + c * y1 + e,
            b * x1 + d * y1 + f,
        )
        return self.shown_box(number, (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))

    def shown_box(self, number: int, rect: Sequence[float]) -> BBox:
        """A rectangle in points of the page as shown, as fractions of it."""
        self.page(number)
        left, top, right, bottom = self._bounds
        x0, y0, x1, y1 = rect[:4]
        return from_points((x0 - left, y0 - top, x1 - left, y1 - top), right - left, bottom - top)

    def picture(
        self,
        number: int,
        *,
        dpi: float | None = None,
        long_side: int | None = None,
        clip: Sequence[float] | None = None,
        gray: bool = False,
    ) -> pymupdf.Pixmap:
        """The page, or a box of it, as a picture in RGB or grey.

        Args:
            number: of the page.
            dpi: pixels an inch; or
            long_side: pixels of the longer side of what is shown.
            clip: a box in fractions of the page.
            gray: one channel instead of three.

        Raises:
            Refused: over the limit of pixels.
        """
        page = self.page(number)
        bounds = page.rect
        rect = bounds if clip is None else _clip(bounds, clip)
        zoom = (dpi or 72.0) / 72.0
        if long_side is not None:
            zoom = long_side / max(rect.width, rect.height)
        pixels = (rect.width * zoom + 1) * (rect.height * zoom + 1)
        if pixels > self.max_pixels:
            most = self.max_pixels / 1e6
            raise Refused(
                "over limit",
                f"The picture would have {pixels / 1e6:.0f} million pixels, "
                f"but the limit is {most:.0f}. Ask for fewer dots an inch, or a smaller box.",
            )
        return page.get_pixmap(
            matrix=pymupdf.Matrix(zoom, zoom),
            clip=rect,
            alpha=False,
            colorspace=pymupdf.csGRAY if gray else pymupdf.csRGB,
        )


def _open_pdf(path: str, password: str | None, *, pdf_header: bool) -> pymupdf.Document:
    broken: Outcome = "damaged" if pdf_header else "unsupported"
    try:
        pdf = pymupdf.open(path, filetype="pdf")
    except Exception as error:  # PyMuPDF's errors have no common base
        said = " ".join(str(error).split())[:200]
        plain = isinstance(error, pymupdf.FileDataError)  # it says no more than that it failed
        why = "" if plain else f" ({type(error).__name__}: {said})"
        what = "It cannot be opened as a PDF" if pdf_header else "It does not look like a PDF"
        raise Refused(broken, f"{what}{why}.") from error
    if not pdf.is_pdf:
        raise Refused("unsupported", "It is not a PDF, whatever its name says.")
    if pdf.needs_pass and not pdf.authenticate(password or ""):
        wrong = "The password is wrong." if password else "It is locked; a password is needed."
        raise Refused("encrypted", wrong)
    return pdf


def _clean_title(metadata: dict[str, Any] | None) -> str:
    from pagehop.tools.corpus.prose import clean

    return " ".join(clean(str((metadata or {}).get("title") or "")).split())[:300]


def _clip(bounds: pymupdf.Rect, clip: Sequence[float]) -> pymupdf.Rect:
    return pymupdf.Rect(
        bounds.x0 + clip[0] * bounds.width,
        bounds.y0 + clip[1] * bounds.height,
        bounds.x0 + clip[2] * bounds.width,
        bounds.y0 + clip[3] * bounds.height,
    )
