"""Pictures that encoders can take: in RGB, on paper, and not thinner than their grids."""

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_THINNEST = 20  # times as long as wide; processors refuse, or crush, what is much thinner
_SMALLEST = 28  # pixels of the shorter side


def framed(picture: "Image") -> "Image":
    """The picture in RGB; a strip or a speck on a sheet of white, at its top left."""
    from PIL import Image

    wide, high = picture.size
    least = max(_SMALLEST, -(-max(wide, high) // _THINNEST))
    if min(wide, high) >= least:
        return picture.convert("RGB")
    sheet = Image.new("RGB", (max(wide, least), max(high, least)), "white")
    sheet.paste(picture.convert("RGB"))
    return sheet


def content_key(picture: "Image") -> str:
    """What pictures of the same pixels have in common."""
    digest = blake2b(f"{picture.mode} {picture.size} ".encode(), digest_size=16)
    digest.update(picture.tobytes())
    return digest.hexdigest()
