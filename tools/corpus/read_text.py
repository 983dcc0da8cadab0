"""The TEXT stage: words with boxes, and which of them no reader would see."""

# mypy: allow-untyped-calls

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pymupdf

from pagehop.tools.boxes import BBox, area, intersection
from pagehop.tools.corpus.labels import printed_numbers, printed_rules
from pagehop.tools.corpus.prose import clean
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.source import Source

# No images (a real file took 145 s with, 0.01 s without); what is drawn, not what ActualText says.
FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_IGNORE_ACTUALTEXT
SAMPLED_PAGES = 48
OUTLINE_ENTRIES = 5_000
NEAR_WHITE = 0xE8  # each channel, of 255
TINY_POINTS = 1.5
CONTRAST = 10  # grey levels between the darkest and the lightest dot, below which nothing is seen
JUDGE_DPI = 72.0
SCANNED_SHARE = 0.5  # of the page under pictures: its unseen text layer is the scan's text
FEW_LETTERS = 30  # a page with fewer, and with anything drawn on it, is read as a picture
SOME_LETTERS = 100  # as is one with fewer that is mostly pictures
PICTURE_SHARE = 0.4
COVERS = {"fill-path", "fill-image", "fill-shade"}

FAINT = 13  # opacity, of 255; 0 is also what text in render mode 3 has, neither filled nor stroked

Painted: TypeAlias = tuple[str, Sequence[float]]  # what MuPDF drew, in its order: kind, rectangle


def read_text(source: Source, number: int) -> dict[str, Any]:
    """Size, words and possible page numbers of a page. Words are [text, box, line, hidden]."""
    page = source.page(number)
    words = page_words(source, number)
    return {
        "width": page.rect.width,
        "height": page.rect.height,
        "words": [[word.text, word.bbox, word.line, word.hidden] for word in words],
        "printed": printed_numbers(words),
    }


def page_words(source: Source, number: int, *, judge: bool = True) -> tuple[Word, ...]:
    """The words of the text layer, in the order of the file, lines counted from 0.

    Args:
        source: an open file.
        number: of the page.
        judge: find out which of them are hidden.
    """
    if source.kind == "image":
        return ()
    page = source.page(number)
    textpage = page.get_textpage(flags=FLAGS)
    spans = _doubtful(source, number, textpage) if judge else []
    words: list[Word] = []
    lines: dict[tuple[int, int], int] = {}
    for x0, y0, x1, y1, raw, block, line, _ in page.get_text("words", textpage=textpage):
        text = clean(raw).strip()
        box = source.box(number, (x0, y0, x1, y1))
        if not text or area(box) <= 0:
            continue
        order = lines.setdefault((block, line), len(lines))
        words.append(Word(text, box, order, hidden=_is_hidden(box, spans)))
    return tuple(words)


def survey(source: Source) -> dict[str, Any]:
    """What is known of the document as a whole: outline, page labels, printed page numbers."""
    if source.kind == "image":
        return {"outline": [], "labels": [], "printed": []}
    count = source.page_count
    step = max(1, count // SAMPLED_PAGES)
    seen = {}
    for number in range(1, count + 1, step):
        with contextlib.suppress(Exception):  # a bad page tells so itself when it is read
            seen[number] = printed_numbers(page_words(source, number, judge=False))
    outline = [
        [level, " ".join(clean(title).split())[:200], page]
        for level, title, page, *_ in source.pdf.get_toc(simple=True)[:OUTLINE_ENTRIES]
    ]
    return {
        "outline": [entry for entry in outline if entry[1] and entry[2] > 0],
        "labels": source.pdf.get_page_labels() or [],
        "printed": printed_rules(seen),
    }


def _is_hidden(box: BBox, spans: list[BBox]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in spans)


def _doubtful(source: Source, number: int, textpage: pymupdf.TextPage) -> list[BBox]:
    """Boxes of the text that cannot be seen.

    Tiny and transparent text is told by its own properties; pale text, and text under something,
    by the picture of the page, which is only made when there is such a suspect.
    """
    painted = source.page(number).get_bboxlog()
    # text that is not painted, on a page of pictures, is what OCR read in them
    scanned = painted_share(source.page(number), painted) >= SCANNED_SHARE
    spans = list(_spans(textpage))
    covered = _covered([span["bbox"] for span in spans], painted)
    hidden: list[BBox] = []
    suspects: list[BBox] = []
    for span, under in zip(spans, covered, strict=True):
        if span["size"] < TINY_POINTS or (span["alpha"] < FAINT and not scanned):
            hidden.append(source.box(number, span["bbox"]))
        elif span["alpha"] >= FAINT and (under or _is_pale(span["color"])):
            suspects.append(source.box(number, span["bbox"]))
    return hidden + _unseen(source, number, suspects)


def _spans(textpage: pymupdf.TextPage) -> Iterator[dict[str, Any]]:
    for block in textpage.extractDICT()["blocks"]:
        for line in block.get("lines", ()):
            yield from (span for span in line["spans"] if span["text"].strip())


def _is_pale(color: int) -> bool:
    return min(color >> 16 & 255, color >> 8 & 255, color & 255) >= NEAR_WHITE


def is_picture(source: Source, number: int, words: Sequence[Word]) -> bool:
    """Whether a page with these visible words has to be read as a picture."""
    letters = letters_in(words)
    if source.kind == "image" or letters >= SOME_LETTERS:
        return source.kind == "image"
    page = source.page(number)
    painted = page.get_bboxlog()
    if letters < FEW_LETTERS:
        return any(not kind.endswith("-text") for kind, _ in painted)
    return painted_share(page, painted) >= PICTURE_SHARE


def letters_in(words: Sequence[Word]) -> int:
    """Letters and digits that can be read; a font without an encoding gives none."""
    return sum(character.isalnum() for word in words for character in word.text)


def painted_share(page: pymupdf.Page, painted: Sequence[Painted]) -> float:
    """How much of the page lies under pictures, 0 to 1."""
    bounds = pymupdf.Rect(page.rect * page.derotation_matrix)
    pictures = [pymupdf.Rect(rect) & bounds for kind, rect in painted if kind == "fill-image"]
    return min(1.0, float(sum(rect.get_area() for rect in pictures) / bounds.get_area()))


def _covered(spans: Sequence[Sequence[float]], painted: Sequence[Painted]) -> list[bool]:
    """For each span, whether something that could hide it is painted over it later."""
    covers = [n for n, (kind, _) in enumerate(painted) if kind in COVERS]
    texts = [n for n, (kind, _) in enumerate(painted) if kind.endswith("-text")]
    if not spans or not covers or not texts or covers[-1] < texts[0]:
        return [False] * len(spans)
    rects = np.array([rect for _, rect in painted])
    over, below = rects[covers], rects[texts]
    found = []
    for x0, y0, x1, y1 in spans:
        around = (over[:, :2] <= ((x0 + x1) / 2, (y0 + y1) / 2)) & (
            over[:, 2:] >= (x1 - 1, (y0 + y1) / 2)
        )
        later = np.asarray(covers)[around.all(axis=1)]
        own = (below[:, :2] < (x1, y1)).all(axis=1) & (below[:, 2:] > (x0, y0)).all(axis=1)
        first = texts[int(own.argmax())] if own.any() else len(painted)
        found.append(bool((later > first).any()))
    return found


def _unseen(source: Source, number: int, suspects: list[BBox]) -> list[BBox]:
    """Those of the boxes that show nothing in the picture of the page."""
    if not suspects:
        return []
    picture = source.picture(number, dpi=JUDGE_DPI, gray=True)
    return [box for box in suspects if _is_flat(picture, box)]


def _is_flat(picture: pymupdf.Pixmap, box: BBox) -> bool:
    shown = intersection(box, (0.0, 0.0, 1.0, 1.0))
    if shown is None:
        return True
    left, right = int(shown[0] * picture.width), max(1, round(shown[2] * picture.width))
    top, bottom = int(shown[1] * picture.height), max(1, round(shown[3] * picture.height))
    low, high = 255, 0
    samples = picture.samples_mv
    for row in range(top, min(bottom, picture.height)):
        dots = samples[row * picture.stride + left : row * picture.stride + right]
        if len(dots):
            low, high = min(low, *dots), max(high, *dots)
    return high - low < CONTRAST
