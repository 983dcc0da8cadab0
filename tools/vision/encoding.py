"""Pictures as models take them."""

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 90  # of JPEG: text stays sharp
GREYS = 256  # levels


def picture_block(image: "Image") -> dict[str, Any]:
    """A picture as LangChain's standard content block, as large as it is.

    Print in black goes as PNG, without any loss and at a third of the bytes of JPEG; a
    picture that PNG makes larger, and one with colours, as JPEG. The same picture gives the
    same block, which is how a call is known again.
    """
    picture = image.convert("RGB")
    kind, coded = "jpeg", _coded(picture, "JPEG", quality=QUALITY, subsampling=0)
    if _is_grey(picture):
        exact = _coded(picture.convert("L"), "PNG")
        if len(exact) <= len(coded):
            kind, coded = "png", exact
    return {
        "type": "image",
        "base64": base64.b64encode(coded).decode(),
        "mime_type": f"image/{kind}",
    }


def _is_grey(picture: "Image") -> bool:
    colours: Any = picture.getcolors(GREYS)  # None where there are more
    return colours is not None and all(r == g == b for _, (r, g, b) in colours)


def _coded(picture: "Image", form: str, **settings: int) -> bytes:
    written = io.BytesIO()
    picture.save(written, form, **settings)
    return written.getvalue()
