"""Boxes on a page: (x0, y0, x1, y1) as fractions of the page, 0 to 1, origin top left.

This is the only form that is stored or passed on. What models and PDF libraries speak
(pixels, 0 to 1000, points) is converted here, at the edge, and nowhere else.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from pagehop.tools.errors import BadBoxError

BBox: TypeAlias = tuple[float, float, float, float]
BoxUnit: TypeAlias = Literal["fraction", "thousand", "thousand-yx", "pixel"]

PAGE: BBox = (0.0, 0.0, 1.0, 1.0)
SLACK = 0.02  # how far outside the picture a model's box may reach before it is nonsense


def area(box: BBox) -> float:
    """The share of the page that the box covers, 0 to 1."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def intersection(a: BBox, b: BBox) -> BBox | None:
    """The box that both cover; None where they do not meet."""
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def share_inside(inner: BBox, outer: BBox) -> float:
    """How much of `inner` lies in `outer`, 0 to 1; 0 for a box without area."""
    common = intersection(inner, outer)
    return area(common) / area(inner) if common and area(inner) > 0 else 0.0


def enclose(boxes: Iterable[BBox]) -> BBox | None:
    """The smallest box around all of them; None for none."""
    found = list(boxes)
    if not found:
        return None
    x0s, y0s, x1s, y1s = zip(*found, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


def pad(box: BBox, margin: float) -> BBox:
    """The box with `margin` (a fraction of the page) added on every side, kept on the page."""
    return (
        max(0.0, box[0] - margin),
        max(0.0, box[1] - margin),
        min(1.0, box[2] + margin),
        min(1.0, box[3] + margin),
    )


def from_points(rect: Sequence[float], width: float, height: float) -> BBox:
    """A rectangle in points (or pixels) of a page of that size, as fractions, kept on the page."""
    x0, y0, x1, y1 = rect
    fractions = (x0 / width, y0 / height, x1 / width, y1 / height)
    a, b, c, d = (min(1.0, max(0.0, round(edge, 5))) for edge in fractions)
    return (a, b, c, d)


def to_points(box: BBox, width: float, height: float) -> tuple[float, float, float, float]:
    """The box in points (or pixels) of a page (or picture) of that size."""
    return (box[0] * width, box[1] * height, box[2] * width, box[3] * height)


def from_model(
    box: Sequence[float],
    *,
    shown: tuple[int, int],
    unit: BoxUnit | None = None,
    habit: BoxUnit | None = None,
) -> BBox:
    """A box as a model writes it, as fractions of the picture it was shown.

    Args:
        box: x0, y0, x1, y1; a corner pair in any order. y before x for "thousand-yx".
        shown: width and height in pixels of the picture as the model saw it.
        unit: what the numbers are. None guesses: all within 0 to 1 are fractions, whatever the
            model's habit; else its habit; else a box that fits into the picture is pixels, and
            one within 0 to 1000 thousandths.
        habit: in what the model is known to write boxes.

    Raises:
        BadBoxError: not four finite numbers, no area, or far outside the picture.
    """
    edges = _four_numbers(box)
    width, height = shown
    spoken = unit or _guess(edges, width, height, habit)
    if spoken == "thousand-yx":
        edges = (edges[1], edges[0], edges[3], edges[2])
    sx, sy = _scale(spoken, width, height)
    x0, x1 = sorted((edges[0] / sx, edges[2] / sx))
    y0, y1 = sorted((edges[1] / sy, edges[3] / sy))
    if min(x0, y0) < -SLACK or max(x1, y1) > 1 + SLACK:
        raise BadBoxError(
            f"The box {list(box)!r} reaches outside the picture of {width} x {height} pixels. "
            "Give pixels of that picture, or fractions from 0 to 1."
        )
    clamped = (max(0.0, x0), max(0.0, y0), min(1.0, x1), min(1.0, y1))
    if clamped[0] >= clamped[2] or clamped[1] >= clamped[3]:
        raise BadBoxError(f"The box {list(box)!r} has no area on the picture.")
    return clamped


def within(inner: BBox, outer: BBox) -> BBox:
    """A box given in fractions of `outer`, as fractions of what `outer` itself is a box on."""
    width, height = outer[2] - outer[0], outer[3] - outer[1]
    return (
        outer[0] + inner[0] * width,
        outer[1] + inner[1] * height,
        min(outer[2], outer[0] + inner[2] * width),
        min(outer[3], outer[1] + inner[3] * height),
    )


def _four_numbers(box: object) -> BBox:
    """The edges as floats; models write strings, nested lists and NaN too."""
    if isinstance(box, Sequence) and len(box) == 4:
        edges = [edge for edge in box if isinstance(edge, int | float) and type(edge) is not bool]
        if len(edges) == 4 and all(abs(edge) < math.inf for edge in edges):
            x0, y0, x1, y1 = (float(min(1e9, max(-1e9, edge))) for edge in edges)
            return (x0, y0, x1, y1)
    raise BadBoxError(f"A box is four numbers x0, y0, x1, y1; this is {str(box)[:80]!r}.")


def _scale(unit: BoxUnit, width: int, height: int) -> tuple[float, float]:
    if unit == "pixel":
        return (width, height)
    return (1.0, 1.0) if unit == "fraction" else (1000.0, 1000.0)


def _guess(box: BBox, width: int, height: int, habit: BoxUnit | None) -> BoxUnit:
    if max(box) <= 1 + SLACK:
        return "fraction"
    if habit is not None:
        return habit
    if max(box[0], box[2]) <= width * (1 + SLACK) and max(box[1], box[3]) <= height * (1 + SLACK):
        return "pixel"
    return "thousand" if max(box) <= 1000 * (1 + SLACK) else "pixel"
