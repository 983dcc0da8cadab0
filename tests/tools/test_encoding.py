"""Pictures go to a model at their size, exactly where that costs nothing."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pagehop.tools.vision import picture_block


def decoded(block):
    return Image.open(io.BytesIO(base64.b64decode(block["base64"])))


def page(colour="white", mode="RGB"):
    """Lines of print on paper of that colour."""
    image = Image.new("RGB", (600, 800), colour)
    draw = ImageDraw.Draw(image)
    for line in range(40):
        draw.text((20, 20 * line), "Total revenue in 2023 was 1,964 million.", fill="black")
    return image.convert(mode)


def scan():
    """Grey noise, as of a scanner."""
    grey = np.random.default_rng(1).normal(200, 20, (300, 200)).clip(0, 255).astype("uint8")
    return Image.fromarray(grey)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_print_in_black_loses_nothing(mode):
    block = picture_block(page(mode=mode))
    assert (block["type"], block["mime_type"]) == ("image", "image/png")
    assert np.array_equal(np.asarray(decoded(block).convert("RGB")), np.asarray(page()))


@pytest.mark.parametrize("image", [page("lightyellow"), scan()], ids=["colours", "scan"])
def test_everything_else_stays_close_to_what_it_was(image):
    block = picture_block(image)
    assert block["mime_type"] == "image/jpeg"
    assert decoded(block).size == image.size
    was, came = (np.asarray(one.convert("L")).astype(int) for one in (image, decoded(block)))
    assert abs(was - came).mean() < 4


def test_the_same_picture_gives_the_same_block():
    assert picture_block(page()) == picture_block(page())
