"""A crop as a query: where else does this table appear, but for 2022?

The crop is read for the channels that go by words, and shown to those that see. What a person
says in words overrules what stands in the crop.
"""

import io
import re
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

if TYPE_CHECKING:
    from PIL.Image import Image

LONG_SIDE = 1_600  # pixels at which a crop is read
_LOOK_DPI = 72.0  # of a first look: a pixel a point, which tells its size
_DPI = (20.0, 400.0)
_SMALLEST = 8  # pixels of the shorter side; nothing can be read or seen on less
_THINNEST = 100  # times as long as wide, or more, is a line and no picture

_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA")

_YEAR = re.compile(r"\b(?:FY\s?|CY\s?)?['\u2019]?(?:(?:19|20)\d\d)\b|\bFY\s?\d\d\b", re.IGNORECASE)
_QUARTER = re.compile(
    r"\b[1-4]Q\b|\bQ[1-4]\b|\b(?:first|second|third|fourth)\s+quarter\b", re.IGNORECASE
)
_FIGURE = re.compile(r"(?<![\w.])[($\u20ac\u00a3-]*\d[\d,.]*\s?%?\)?(?!\w)")


@dataclass(frozen=True, slots=True)
class Crop:
    """A picture that is searched for, and what is read in it."""

    picture: "Image"  # in RGB
    text: str  # lines, captions first; empty where there are none


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
            _refuse_specks(look, name)
            dpi = min(_DPI[1], max(_DPI[0], _LOOK_DPI * LONG_SIDE / max(look.size)))
            picture = _decoded(farm.render(path, 1, dpi=dpi))
            words = farm.ocr(path, 1, dpi=dpi)
        except (BadBoxError, WorkerError) as error:  # too many pixels; cut off, or too slow
            raise BadPictureError(f"{name} cannot be searched for. {error}") from error
    return Crop(picture.convert("RGB"), _told(words))


def crop_query(source: "str | Path | bytes | Image", farm: Farm, text: str = "") -> Query:
    """A query of a picture, and of words where there are any; raises as `open_crop` does."""
    crop = open_crop(source, farm)
    return Query(text=merged(text, crop.text), image=crop.picture)


def merged(text: str, read: str) -> str:
    r"""What a person says, then what was read in the crop where the two do not disagree.

    The number of a caption goes: it is that document's own, and nobody asked for "Table 4".
    A year or quarter in the words replaces those in the crop, and then its figures go too: another
    year's table has the same labels and other numbers.

    >>> merged("but for 2022?", "Net sales 2023 $ 383,285")
    'but for 2022? Net sales'
    >>> merged("where else?", "Table 4: Net sales\n2023 $ 383,285")
    'where else? Net sales 2023 $ 383,285'
    """
    kept = "\n".join(_unlabelled(line) for line in read.splitlines())
    periods = (_YEAR, _QUARTER)
    if any(period.search(text) for period in periods):
        for period in periods:
            if period.search(text):
                kept = period.sub(" ", kept)
        years = _YEAR.findall(kept)
        kept = _FIGURE.sub(lambda found: _if_year(found.group(), years), kept)
        kept = re.sub(r"[$\u20ac\u00a3]", " ", kept)
    return " ".join([text.strip(), *kept.split()]).strip()


def _unlabelled(line: str) -> str:
    """A caption without its label, any other line as it is."""
    label = caption_label(line)
    if not label:
        return line
    number = label.split()[-1]
    return line[line.index(number) + len(number) :].lstrip(" :.|)\u2013\u2014-")


def _if_year(figure: str, years: Sequence[str]) -> str:
    """A figure that is a year nobody overruled stays; any other goes."""
    return figure if figure.strip() in years else " "


def _told(words: Sequence[Word]) -> str:
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


def _refuse_specks(look: "Image", name: str) -> None:
    """Raise where there is too little to see; `look` has a pixel for each of its points."""
    short, long = sorted(look.size)
    if short < _SMALLEST or long > _THINNEST * short:
        raise BadPictureError(
            f"{name} shows too little to search for: at {_LOOK_DPI:.0f} dpi it has {look.width} x "
            f"{look.height} pixels. Give a larger part of the page."
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
