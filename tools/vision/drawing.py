"""Pictures of cited pages: a marker over the lines, an outline around them, and a tag.

The marker multiplies its colour into light pages and screens it into dark ones, so that the
text under it stays as legible as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageStat

from pagehop.tools.boxes import PAGE, BBox, area, enclose, to_points

Colour = tuple[int, int, int]
Rect = tuple[float, float, float, float]  # in pixels

SMOOTH = 4  # shapes are drawn so much larger and shrunk, so that their edges are smooth
DARK = 110  # mean brightness, of 255, below which a place counts as dark


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one citation: its outline and its marker, on light and on dark pages."""

    line: Colour
    light: Colour
    bright: Colour
    dark: Colour


INKS = (
    Ink((217, 83, 25), (255, 236, 132), (255, 146, 84), (120, 84, 0)),  # amber
    Ink((29, 100, 216), (190, 222, 255), (110, 168, 255), (20, 66, 140)),  # blue
    Ink((15, 128, 92), (190, 240, 214), (70, 208, 158), (8, 92, 64)),  # green
    Ink((154, 52, 178), (240, 210, 250), (222, 140, 245), (98, 28, 116)),  # violet
)


def draw_boxes(
    image: Image.Image,
    boxes: Sequence[BBox],
    *,
    bbox: BBox | None = None,
    label: str = "",
    ink: Ink = INKS[0],
) -> Image.Image:
    """A copy of a page's picture with boxes marked, an outline around them and a tag.

    Args:
        image: the whole page.
        boxes: lines or cells to mark; none: only the outline is drawn.
        bbox: what the outline is drawn around; None: all boxes, or without any the page.
        label: text of the tag at the outline; "" for none.
        ink: the colours.
    """
    picture = image.convert("RGB")
    unit = max(1.0, (picture.width * picture.height) ** 0.5 / 520)  # a hair line, in pixels
    around = bbox or enclose(boxes) or PAGE
    outline = _outline(around, picture.size, unit)
    marked = [_grown(to_points(box, *picture.size), 0.5 * unit) for box in boxes]
    is_dark = _is_dark(picture, outline)  # before the marker changes it
    if boxes:
        picture = _mark(picture, marked, ink, unit)
    elif area(around) < 0.95:
        picture = _mark(picture, [outline], _faint(ink), unit)
    colour = ink.bright if is_dark else ink.line
    line = _shapes(picture.size, [outline], radius=3 * unit, width=1.5 * unit)
    picture = Image.composite(_washed(picture, colour, is_dark=is_dark), picture, line)
    return _tag(picture, outline, label, ink) if label else picture


def _outline(box: BBox, size: tuple[int, int], unit: float) -> Rect:
    """Where the outline runs: a little outside the box, and never off the picture."""
    x0, y0, x1, y1 = _grown(to_points(box, *size), 2 * unit)
    edge = unit
    x0, y0 = max(edge, x0), max(edge, y0)
    return (x0, y0, max(x0, min(size[0] - edge, x1)), max(y0, min(size[1] - edge, y1)))


def _grown(rect: Rect, by: float) -> Rect:
    return (rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by)


def _faint(ink: Ink) -> Ink:
    """The ink for a figure or a table: a tint that leaves its own colours alone."""
    (r, g, b), (x, y, z) = ink.light, ink.dark
    light = ((765 + r) // 4, (765 + g) // 4, (765 + b) // 4)
    return replace(ink, light=light, dark=(x // 4, y // 4, z // 4))


def _mark(picture: Image.Image, rects: Sequence[Rect], ink: Ink, unit: float) -> Image.Image:
    """The picture with the marker drawn over each of the rectangles."""
    for is_dark in (False, True):
        among = [rect for rect in rects if _is_dark(picture, rect) == is_dark]
        if not among:
            continue
        mask = _shapes(picture.size, among, radius=2.5 * unit, width=None)
        washed = _washed(picture, ink.dark if is_dark else ink.light, is_dark=is_dark)
        picture = Image.composite(washed, picture, mask)
    return picture


def _washed(picture: Image.Image, colour: Colour, *, is_dark: bool) -> Image.Image:
    """The picture with a colour poured over it that leaves its contrast."""
    blend = ImageChops.screen if is_dark else ImageChops.multiply
    return blend(picture, Image.new("RGB", picture.size, colour))


def _is_dark(picture: Image.Image, rect: Rect) -> bool:
    x0, y0 = max(0, int(rect[0])), max(0, int(rect[1]))
    x1, y1 = max(x0 + 1, int(rect[2])), max(y0 + 1, int(rect[3]))
    under = picture.crop((x0, y0, min(x1, picture.width), min(y1, picture.height))).convert("L")
    return bool(under.width and under.height and ImageStat.Stat(under).mean[0] < DARK)


def _shapes(
    size: tuple[int, int], rects: Sequence[Rect], *, radius: float, width: float | None
) -> Image.Image:
    """A mask of rounded rectangles with smooth edges; `width` None fills them."""
    x0, y0, x1, y1 = enclose(rects) or (0.0, 0.0, 0.0, 0.0)
    left, top = int(x0) - 2, int(y0) - 2
    small = (int(x1) - left + 3, int(y1) - top + 3)
    mask = Image.new("L", (small[0] * SMOOTH, small[1] * SMOOTH))
    draw = ImageDraw.Draw(mask)
    for rect in rects:
        moved = tuple(
            (edge - origin) * SMOOTH for edge, origin in zip(rect, (left, top) * 2, strict=True)
        )
        bend = min(radius, (rect[2] - rect[0]) / 2, (rect[3] - rect[1]) / 2) * SMOOTH
        if width is None:
            draw.rounded_rectangle(moved, bend, fill=255)
        else:
            draw.rounded_rectangle(moved, bend, outline=255, width=max(1, round(width * SMOOTH)))
    whole = Image.new("L", size)
    whole.paste(mask.resize(small, Image.Resampling.BOX), (left, top))
    return whole


def _tag(picture: Image.Image, rect: Rect, label: str, ink: Ink) -> Image.Image:
    """The picture with a tag beside the outline, where it hides least of the page."""
    size = picture.size
    points = max(9, round((size[0] * size[1]) ** 0.5 / 62))
    font = _font(points)
    x0, _, x1, _ = font.getbbox(label)
    inset = points * 0.55
    wide, high = x1 - x0 + 2 * inset, points * 1.62
    left, top = _free_spot(picture, rect, (wide, high), gap=points * 0.25)
    pill = (left, top, left + wide, top + high)
    edge = _shapes(size, [_grown(pill, points * 0.09)], radius=points * 0.5, width=None)
    body = _shapes(size, [pill], radius=points * 0.42, width=None)
    picture = Image.composite(Image.new("RGB", size, "white"), picture, edge)
    picture = Image.composite(Image.new("RGB", size, ink.line), picture, body)
    spot = (left + inset - x0, top + high / 2)
    ImageDraw.Draw(picture).text(spot, label, "white", font, anchor="lm")
    return picture


def _free_spot(
    picture: Image.Image, rect: Rect, pill: tuple[float, float], gap: float
) -> tuple[float, float]:
    """Where the tag goes: of the spots at the outline that are on the page, the emptiest."""
    x0, y0, x1, y1 = rect
    wide, high = pill
    spots = [
        (x0, y0 - gap - high),
        (x0 - gap - wide, y0),
        (x1 + gap, y0),
        (x1 - wide, y0 - gap - high),
        (x0, y1 + gap),
        (x1 - wide, y1 + gap),
        (x0 + gap, y0 + gap),
        (x1 - gap - wide, y0 + gap),
        (x0 + gap, y1 - gap - high),
        (x1 - gap - wide, y1 - gap - high),
    ]
    right, bottom = picture.width - wide - 1, picture.height - high - 1
    on_page = [(x, y) for x, y in spots if 1 <= x <= right and 1 <= y <= bottom]
    busy = picture.convert("L").filter(ImageFilter.FIND_EDGES)
    return min(
        on_page or [(max(0.0, min(x0, right)), max(0.0, min(y0, bottom)))],
        key=lambda spot: round(_busyness(busy, (*spot, spot[0] + wide, spot[1] + high)), 1),
    )


def _busyness(edges: Image.Image, rect: Rect) -> float:
    """How much there is to see in a rectangle: the mean strength of edges in it."""
    x0, y0, x1, y1 = (round(edge) for edge in rect)
    return ImageStat.Stat(edges.crop((x0, y0, x1, y1))).mean[0]


@cache
def _font(points: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    return ImageFont.load_default(points)
