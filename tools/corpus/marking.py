"""The boxes of a quote that was found: its words, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from statistics import median
from typing import Literal

from pagehop.tools.boxes import BBox, enclose
from pagehop.tools.corpus.page_row import PageRow, Span
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.wording import PIECE, pieces


@dataclass(frozen=True, slots=True)
class Located:
    """Where a quote stands: `boxes` are its lines, `bbox` encloses them."""

    bbox: BBox
    boxes: tuple[BBox, ...]
    score: float  # 0 to 1; 1: it stands there letter by letter
    text: str  # as it stands on the page, " … " where something between was left out
    words: tuple[int, ...]  # positions in the words that were given
    places: int  # how many places it stands at; more than 1: the quote alone does not tell


def located(page: PageRow, spans: Sequence[Span], quote: str, places: int) -> Located:
    """What stands at the spans, with the signs (%, $) before and after that are quoted."""
    runs = [page.seen(span) for span in spans]
    runs[0] = [*_signs(page.words, runs[0][0], -1, quote), *runs[0]]
    runs[-1] += _signs(page.words, runs[-1][-1], 1, quote)
    lines = [
        _level(page.words, list(line))
        for run in runs
        for _, line in groupby(run, key=lambda at: page.words[at].line)
    ]
    boxes = tuple(box for line in lines if (box := enclose(line)))
    letters = [len(page.letters(span.first, span.last)) for span in spans]
    score = sum(span.score * n for span, n in zip(spans, letters, strict=True)) / sum(letters)
    text = " … ".join(" ".join(page.words[at].text for at in run) for run in runs)
    bbox = enclose(boxes) or boxes[0]
    return Located(bbox, boxes, score, text, tuple(chain.from_iterable(runs)), places)


def _level(words: Sequence[Word], line: list[int]) -> list[BBox]:
    """The boxes of words of one line, all as high as most words of that line.

    Some fonts (of formulas, mostly) claim several lines of height for a letter.
    """
    number = words[line[0]].line
    beside = [word.bbox for word in words if word.line == number and not word.hidden]
    high = 1.4 * median(box[3] - box[1] for box in beside)
    normal = [box for box in beside if box[3] - box[1] <= high]
    top, bottom = min(box[1] for box in normal), max(box[3] for box in normal)
    boxes = [words[at].bbox for at in line]
    return [
        box
        if box[3] - box[1] <= high or not box[1] < bottom > top < box[3]
        else (box[0], max(box[1], top), box[2], min(box[3], bottom))
        for box in boxes
    ]


def _signs(words: Sequence[Word], at: int, step: Literal[-1, 1], quote: str) -> list[int]:
    """Words without letters next to a span that the quote has there too."""
    beyond = -1 if step > 0 else 0
    rest = PIECE.split(quote)[beyond]
    own = PIECE.split(words[at].text)[beyond]  # the word's own full stop is no sign
    rest = rest.removeprefix(own) if step > 0 else rest.removesuffix(own)
    found: list[int] = []
    at += step
    while 0 <= at < len(words) and _is_sign(words[at]) and words[at].text in rest:
        rest = rest.replace(words[at].text, "", 1)
        found.append(at)
        at += step
    return found[::step]


def _is_sign(word: Word) -> bool:
    return not word.hidden and not pieces(word.text)
