"""Pictures out of the content blocks of a message: from the bytes in it, and from nowhere else."""

import base64
import binascii
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pagehop.tools.errors import RequestRefusedError

if TYPE_CHECKING:
    from PIL.Image import Image

KINDS = ("image", "image_url")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 60_000_000  # of one picture: a page at 600 dpi has 35 million


def is_picture(block: object) -> bool:
    """Whether a content block is a picture."""
    return isinstance(block, Mapping) and block.get("type") in KINDS


def open_picture(block: Mapping[str, Any]) -> "Image":
    """The picture of a block: LangChain's `image` with base64, or a data: URL.

    Raises:
        RequestRefusedError: the block holds no bytes but an address, which nobody opens, or
            bytes that are no picture.
    """
    from PIL import Image, UnidentifiedImageError

    data = _bytes(block)
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise RequestRefusedError(
                f"A picture of {picture.width} x {picture.height} pixels is too large: at most "
                f"{MOST_PIXELS} pixels are read."
            )
        return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise RequestRefusedError(
            f"A picture of the message cannot be read ({error}). It takes {', '.join(FORMATS)}."
        ) from error


def _bytes(block: Mapping[str, Any]) -> bytes:
    encoded = block.get("base64") or (
        block.get("data") if block.get("source_type") == "base64" else None
    )
    if not isinstance(encoded, str):
        encoded = _of_url(block)
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestRefusedError(f"A picture of the message is no base64: {error}.") from error


def _of_url(block: Mapping[str, Any]) -> str:
    """What a data: URL holds."""
    place = block.get("image_url", block.get("url"))
    url = place.get("url") if isinstance(place, Mapping) else place
    head, comma, encoded = str(url or "").partition(",")
    if not (comma and head.startswith("data:image/") and head.endswith(";base64")):
        raise RequestRefusedError(
            "A model on this machine takes pictures from the message itself (base64, or a "
            f"data: URL), and opens no address such as {str(url or 'none')[:60]!r}."
        )
    return encoded
