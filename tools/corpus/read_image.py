"""PNG, JPEG, TIFF and WebP as documents: one page a frame, decoded by Pillow within limits."""

# mypy: allow-untyped-calls

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymupdf
from PIL import Image, ImageOps

from pagehop.tools.corpus.records import Outcome

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
DEFAULT_DPI = 96.0


class Refused(Exception):  # noqa: N818  it is an answer, not a fault
    """The file is not read; `outcome` says which kind of no it is."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome: Outcome = outcome


class PictureFile:
    """A picture file. Only a TIFF has more frames than one; others show their first."""

    def __init__(self, path: str, max_pixels: int) -> None:
        """Look at its header; nothing is decoded yet.

        Raises:
            Refused: no picture of the four formats, or too many pixels.
        """
        self.path = path
        self.max_pixels = max_pixels
        with self._opened() as image:
            self.frames = int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1

    def frame(self, number: int) -> Image.Image:
        """Frame `number` (from 1), upright, in RGB on white.

        Raises:
            Refused: too many pixels.
            OSError: it is cut off or damaged.
        """
        with self._opened() as image:
            if number > 1:
                image.seek(number - 1)
                self._check(image)
            image.load()
            upright = ImageOps.exif_transpose(image)
            if "A" in upright.getbands() or "transparency" in upright.info:
                layer = upright.convert("RGBA")
                ground = Image.new("RGBA", layer.size, "white")
                upright = Image.alpha_composite(ground, layer)
            elif upright.mode.startswith(("I", "F")):  # 16 and 32 bit grey: scale to what is there
                extrema: Any = upright.getextrema()
                low, high = extrema
                span = max(float(high) - float(low), 1.0)
                upright = upright.point(lambda v: (v - low) * (255.0 / span)).convert("L")
            rgb = upright.convert("RGB")
            rgb.info["dpi"] = (_dpi(image.info),) * 2
            return rgb

    def as_pdf(self, number: int) -> pymupdf.Document:
        """One page that shows the frame; its size in points follows the frame's resolution."""
        frame = self.frame(number)
        scale = 72.0 / _dpi(frame.info)
        width, height = frame.width * scale, frame.height * scale
        pdf = pymupdf.open()
        page = pdf.new_page(width=width, height=height)
        pixmap = pymupdf.Pixmap(pymupdf.csRGB, frame.width, frame.height, frame.tobytes(), False)
        page.insert_image(page.rect, pixmap=pixmap, keep_proportion=False)
        return pdf

    @contextmanager
    def _opened(self) -> Iterator[Image.Image]:
        """The picture, nothing decoded; what Pillow takes for a bomb is over our limit too."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(self.path, formats=FORMATS) as image:
                    self._check(image)
                    yield image
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise Refused(
                "over limit",
                f"The picture has far too many pixels; the limit is {self._millions} million.",
            ) from error

    @property
    def _millions(self) -> str:
        return f"{self.max_pixels / 1e6:.0f}"

    def _check(self, image: Image.Image) -> None:
        if image.width * image.height > self.max_pixels:
            raise Refused(
                "over limit",
                f"The picture has {image.width} x {image.height} pixels; "
                f"the limit is {self._millions} million.",
            )


def _dpi(info: dict[Any, Any]) -> float:
    """The resolution the file claims, where it is one that scanners and cameras have."""
    try:
        claimed = float(info["dpi"][0])
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
        return DEFAULT_DPI
    return claimed if 50 <= claimed <= 1200 else DEFAULT_DPI
