"""A crop as a query: where else does this table appear, but for 2022?

The crop is read for the channels that go by words, and shown to those that see. A file is read by
OCR; a part of a page that the corpus has, in `page_crops`; either by a model too, where there is
one (`pagehop.agents.model.looking.crop_reader`).
"""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.regions import caption_label
from pagehop.tools.errors import (
    BadBoxError,
    BadPictureError,
    PathNotFoundError,
    WorkerError,
)
from pagehop.tools.retrieval.channel import Query
from pagehop.tools.retrieval.crop_words import merged

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 1_600  # pixels at which a crop is read
_LOOK_DPI = 72.0  # of a first look: a pixel a point, which tells its size
_DPI = (20.0, 400.0)
_SMALLEST = 8  # pixels of the shorter side; nothing can be read or seen on less
_THINNEST = 100  # times as long as wide, or more, is a line and no picture

_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture that is searched for, and what is known of it in words."""

    picture: "Image"  # in RGB
    text: str  # what stands in it, in lines, captions first; empty where nothing does
    about: str = ""  # what its document says of it, where that is known, in lines
    reading: str = ""  # what a model says that it shows, in lines
    of: str = ""  # what the name of its document says, but for the year


def open_crop(source: "str | Path | bytes | Image", farm: Farm) -> Crop:
    """Open and read a picture, in a process that can be killed.

    Args:
        source: the path of a PNG, JPEG, TIFF or WebP; the bytes of one; or a picture.
        farm: the processes that open files.

    Raises:
        BadPictureError: it is no such picture, damaged, too large, or too small to show anything.
        PathNotFoundError: there is no such file.
    """
    with _as_file(source) as path:
        name = repr(str(source)) if isinstance(source, str | Path) else "The picture"
        _refuse_others(path, name, farm)
        try:
            look = _decoded(farm.render(path, 1, dpi=_LOOK_DPI))
            refuse_specks(look, name)
            dpi = dpi_to_read(look.width, look.height)
            picture = _decoded(farm.render(path, 1, dpi=dpi))
            words = farm.ocr(path, 1, dpi=dpi)
        except (BadBoxError, WorkerError) as error:  # too many pixels; cut off, or too slow
            raise BadPictureError(f"{name} cannot be searched for. {error}") from error
    return Crop(picture.convert("RGB"), in_lines(words))


def sought(crop: Crop, text: str = "") -> Query:
    """The query of a crop, and of a person's words where there are any.

    What a model has read beside those words is searched for alone: it has left out what they
    replace, such as another company, and no rule could.
    """
    known = (crop.reading, crop.about, crop.text)
    parts = known[:1] if text.strip() and crop.reading else known
    read = "\n".join(filter(None, parts))
    return Query(text=merged(text, read, crop.of), image=crop.picture)


def refuse_specks(picture: "Image", name: str) -> None:
    """Refuse a picture that shows too little, and call it by that name.

    Raises:
        BadPictureError: nothing can be read or seen on it.
    """
    short, long = sorted(picture.size)
    if short < _SMALLEST or long > _THINNEST * short:
        raise BadPictureError(
            f"{name} shows too little to search for: it has {picture.width} x {picture.height} "
            "pixels. Give a larger part of the page."
        )


def dpi_to_read(width: float, height: float) -> float:
    """The resolution at which a picture of that size in points is read."""
    return min(_DPI[1], max(_DPI[0], _LOOK_DPI * LONG_SIDE / max(1.0, width, height)))


def in_lines(words: Sequence[Word]) -> str:
    """Lines of words, those that name a table or figure first: they say most."""
    lines: dict[int, list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    said = [" ".join(line) for line in lines.values()]
    return "\n".join(sorted(said, key=lambda line: not caption_label(line)))


def _refuse_others(path: Path, name: str, farm: Farm) -> None:
    """Raise where the file is no picture that can be opened."""
    if not path.exists():
        raise PathNotFoundError(f"There is no picture {name}. Check the path.")
    opened = farm.open(path)
    if opened.outcome == "indexed" and opened.kind == "image":
        return
    reason = opened.reason or "It is a PDF."
    raise BadPictureError(
        f"{name} is no picture to search for. {reason} Give a PNG, JPEG, TIFF or WebP picture."
    )


def _decoded(png: bytes) -> "Image":
    from PIL import Image

    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()
    return image


@contextmanager
def _as_file(source: "str | Path | bytes | Image") -> Iterator[Path]:
    """The picture as a file: where it lies, or a copy that nobody else may read."""
    if isinstance(source, str | Path):
        yield Path(source).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="pagehop-crop-") as folder:
        path = Path(folder) / "crop.png"
        path.touch(mode=0o600)
        path.write_bytes(source if isinstance(source, bytes) else _encoded(source))
        yield path


def _encoded(picture: "Image") -> bytes:
    """A picture as PNG.

    Raises:
        BadPictureError: it is none, or has no pixel.
    """
    from PIL.Image import Image as Picture

    if not isinstance(picture, Picture):
        raise BadPictureError(
            f"A {type(picture).__name__} is no picture to search for. Give a path, the bytes of a "
            "PNG, JPEG, TIFF or WebP, or a picture of Pillow."
        )
    if not (picture.width and picture.height):
        raise BadPictureError("The picture has no pixel.")
    try:
        coded = io.BytesIO()
        plain = picture if picture.mode in _PNG_MODES else picture.convert("RGB")
        plain.save(coded, "PNG")
    except (OSError, ValueError) as error:
        raise BadPictureError(f"The picture cannot be read: {error}.") from error
    return coded.getvalue()
