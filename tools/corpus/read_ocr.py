"""The OCR stage: text of pages and figures that have none, by RapidOCR (models in its wheel)."""

# mypy: allow-untyped-calls

import functools
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pymupdf

from pagehop.tools.boxes import PAGE, BBox, area, share_inside, within
from pagehop.tools.corpus.prose import clean, split_words
from pagehop.tools.corpus.read_layout import layout_of_picture
from pagehop.tools.corpus.read_text import is_picture, letters_in, page_words
from pagehop.tools.corpus.reading_order import reading_order
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.source import Source

PAGE_SIDE = 1280  # pixels of the longer side of a page
FIGURE_SIDE = 960
DETECTION_SIDE = 1120  # lines are found on a picture no larger than this, and read on the original
MIN_FIGURE = 0.03  # of the page
MIN_POINTS = 24.0  # each side
FIGURE_WORDS = 4  # a figure with as many has text of its own
MAX_FIGURES = 6
BLANK_CONTRAST = 24  # grey levels


def read_page(
    source: Source, number: int, figures: Sequence[tuple[int, Sequence[float]]]
) -> dict[str, Any]:
    """Read the whole page, if it has hardly any text, else those of its figures without."""
    words = [word for word in page_words(source, number) if not word.hidden]
    if is_picture(source, number, words):
        read = _read(source, number, PAGE, PAGE_SIDE)
        if letters_in(read) >= letters_in(words):
            regions = layout_of_picture(source, number, read) if read else []
            return {"whole": True, "words": _rows(read), "figures": [], "regions": regions}
    found = []
    for order, box in _worth_reading(source, number, figures, words):
        inside = _read(source, number, box, FIGURE_SIDE)
        if inside:
            found.append([order, _rows(inside)])
    return {"whole": False, "words": [], "figures": found, "regions": []}


def read_clip(source: Source, number: int, clip: Sequence[float], dpi: float) -> dict[str, Any]:
    """What stands in a box of a page, whether it has a text layer or not."""
    x0, y0, x1, y1 = clip
    return {"words": _rows(_read(source, number, (x0, y0, x1, y1), dpi=dpi))}


def clip_words(source: Source, number: int, box: BBox) -> tuple[Word, ...]:
    """What OCR reads in a box of a page."""
    return _read(source, number, box, FIGURE_SIDE)


def _worth_reading(
    source: Source,
    number: int,
    figures: Sequence[tuple[int, Sequence[float]]],
    words: Sequence[Word],
) -> list[tuple[int, BBox]]:
    bounds = source.page(number).rect
    worth: list[tuple[int, BBox]] = []
    for order, (x0, y0, x1, y1) in figures:
        box: BBox = (x0, y0, x1, y1)
        small = min((x1 - x0) * bounds.width, (y1 - y0) * bounds.height) < MIN_POINTS
        own = sum(share_inside(word.bbox, box) > 0.5 for word in words)
        if area(box) >= MIN_FIGURE and not small and own < FIGURE_WORDS:
            worth.append((order, box))
    worth.sort(key=lambda figure: (-area(figure[1]), figure[0]))
    return sorted(worth[:MAX_FIGURES])


def _read(
    source: Source, number: int, box: BBox, side: int | None = None, dpi: float | None = None
) -> tuple[Word, ...]:
    """Words in a box of a page, in reading order, with boxes on the page."""
    picture = source.picture(number, long_side=side, dpi=dpi, clip=box)
    pixels = _pixels(picture)
    if int(pixels.max()) - int(pixels.min()) < BLANK_CONTRAST:
        return ()
    result = _engine()(pixels)
    if result.boxes is None or result.txts is None:
        return ()
    texts: list[tuple[str, BBox]] = []
    for corners, text in zip(result.boxes, result.txts, strict=True):
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        inner = (x0 / picture.width, y0 / picture.height, x1 / picture.width, y1 / picture.height)
        spot = within(tuple(min(1.0, max(0.0, float(edge))) for edge in inner), box)  # type: ignore[arg-type]
        if area(spot) > 0 and (seen := clean(text).strip()):
            texts.append((seen, tuple(round(edge, 5) for edge in spot)))  # type: ignore[arg-type]  # four
    order = reading_order([spot for _, spot in texts])
    return split_words([texts[n] for n in order])


def _pixels(picture: pymupdf.Pixmap) -> npt.NDArray[np.uint8]:
    """(height, width, 3) in the order blue, green, red."""
    flat = np.frombuffer(picture.samples, np.uint8)
    rows = flat.reshape(picture.height, picture.stride)[:, : picture.width * 3]
    return np.ascontiguousarray(rows.reshape(picture.height, picture.width, 3)[:, :, ::-1])


@functools.cache
def _engine() -> Any:  # noqa: ANN401  RapidOCR has no types
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    logging.getLogger("RapidOCR").disabled = True
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            # by default the shorter side is blown up to 736, which makes a thin crop huge
            "Det.limit_type": "max",
            "Det.limit_side_len": DETECTION_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _rows(words: Sequence[Word]) -> list[list[Any]]:
    return [[word.text, word.bbox, word.line, word.hidden] for word in words]
