"""Where a quote stands on a page: its words, and their boxes line by line.

A quote is first looked for as it is, letters and digits only, so that case, punctuation,
ligatures, white space and hyphens at line ends make no difference. Only then is it aligned
with the page letter by letter, and then it must be nearly the same, with the same numbers in
the same order and as many negations: a wrong highlight is worse than none.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby
from statistics import median
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from pagehop.tools.boxes import BBox, enclose, share_inside
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.wording import PIECE, denials, in_order, numbers, pieces, word_by_word

__all__ = ["Located", "locate", "numbers", "pieces"]

THRESHOLD = 0.85  # share of the letters that must agree when a quote is not there as it is
SHORTEST = 16  # letters: a shorter quote stands there as it is, or not at all
LONGEST = 4000  # letters: a longer quote is not aligned
PLACES = 64  # at most so many places of one quote are looked at
_ELLIPSIS = re.compile(r"\s*[\[(]?\s*(?:\.\s?\.\s?\.+|…)\s*[\])]?\s*")


@dataclass(frozen=True, slots=True)
class Located:
    """Where a quote stands: `boxes` are its lines, `bbox` encloses them."""

    bbox: BBox
    boxes: tuple[BBox, ...]
    score: float  # 0 to 1; 1: it stands there letter by letter
    text: str  # as it stands on the page, " … " where something between was left out
    words: tuple[int, ...]  # positions in the words that were given
    places: int  # how many places it stands at; more than 1: the quote alone does not tell


def locate(quote: str, words: Sequence[Word], *, near: BBox | None = None) -> Located | None:
    """Find a quote among the words of a page that a reader can see; None where it is not.

    Args:
        quote: as a model or a person writes it; "..." stands for what was left out.
        words: all words of the page in reading order.
        near: of several places, the one in this box, or else the nearest to it, is meant.
            None: the first.
    """
    page = _Page(words)
    sought = pieces(quote)
    if not sought or not page.pieces:
        return None
    found = [[span] for span in page.exact(sought, quote)] or _left_out(page, quote)
    if not found:
        found = _interrupted(page, sought, quote) or _aligned(page, sought, quote)
    if not found:
        return None
    best = found[0] if near is None else min(found, key=lambda spans: page.distance(spans, near))
    return page.located(best, quote, places=len(found))


@dataclass(frozen=True, slots=True)
class _Span:
    """Pieces `first` to `last`, the last included, and how well they match."""

    first: int
    last: int
    score: float = 1.0


class _Page:
    """The visible words of a page as one row of pieces, each with the word it belongs to."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.pieces: list[str] = []
        self.owner: list[int] = []  # piece -> position of its word
        for position, word in enumerate(words):
            if not word.hidden:
                parts = pieces(word.text)
                self.pieces += parts
                self.owner += [position] * len(parts)

    @cached_property
    def spaced(self) -> str:
        """All pieces, a space before and after each."""
        return f" {' '.join(self.pieces)} "

    @cached_property
    def squeezed(self) -> str:
        """All pieces without spaces: blind to hyphens and to how words were split."""
        return "".join(self.pieces)

    @cached_property
    def starts(self) -> list[int]:
        """Where each piece starts in `squeezed`, and where the last one ends."""
        starts = [0]
        for piece in self.pieces:
            starts.append(starts[-1] + len(piece))
        return starts

    @cached_property
    def piece_at(self) -> list[int]:
        """For each letter of `squeezed`, the piece it belongs to."""
        return [n for n, piece in enumerate(self.pieces) for _ in piece]

    def exact(self, sought: Sequence[str], quote: str, after: int = 0) -> list[_Span]:
        """All places, from piece `after` on, where the pieces stand letter by letter."""
        spans = list(self.spaced_places(sought, after)) or list(
            self.squeezed_places("".join(sought), after)
        )
        wanted = numbers(quote)
        spans = [span for span in spans if in_order(wanted, numbers(self.raw(span)))]
        return [span for span in spans if self.is_whole(span)] or spans

    def spaced_places(self, sought: Sequence[str], after: int) -> Iterator[_Span]:
        needle = f" {' '.join(sought)} "
        at = self.spaced.find(needle, self.starts[after] + after)
        for _ in range(PLACES):
            if at < 0:
                return
            first = self.spaced.count(" ", 0, at)
            yield _Span(first, first + len(sought) - 1)
            at = self.spaced.find(needle, at + 1)

    def squeezed_places(self, needle: str, after: int) -> Iterator[_Span]:
        at = self.squeezed.find(needle, self.starts[after])
        for _ in range(PLACES):
            if at < 0:
                return
            end = at + len(needle)
            if self.is_edge(at) and self.is_edge(end):
                yield _Span(self.piece_at[at], self.piece_at[end - 1])
            at = self.squeezed.find(needle, at + 1)

    def is_edge(self, at: int) -> bool:
        """Whether a word may begin or end there; scripts without spaces may break anywhere."""
        if at in (0, len(self.squeezed)) or self.piece_at[at] != self.piece_at[at - 1]:
            return True
        return _is_unspaced(self.squeezed[at]) or _is_unspaced(self.squeezed[at - 1])

    def is_whole(self, span: _Span) -> bool:
        """Whether the span begins with a word's first piece and ends with a word's last one."""
        before, after = self.owner[: span.first][-1:], self.owner[span.last + 1 :][:1]
        return before != [self.owner[span.first]] and after != [self.owner[span.last]]

    def aligned(self, sought: Sequence[str], quote: str, after: int = 0) -> _Span | None:
        """The place that is most like the quote, if it is like enough."""
        letters = "".join(sought)
        page = self.squeezed[self.starts[after] :]
        if not SHORTEST <= len(letters) <= LONGEST or len(page) < len(letters) * THRESHOLD:
            return None
        cutoff = 100 * (THRESHOLD - 0.1)  # before the ends are set right
        rough = fuzz.partial_ratio_alignment(letters, page, score_cutoff=cutoff)
        if rough is None or rough.dest_start >= rough.dest_end:
            return None
        shift = self.starts[after]
        first = self.piece_at[shift + rough.dest_start]
        last = self.piece_at[shift + rough.dest_end - 1]
        best = max(
            (
                _Span(a, b, Indel.normalized_similarity(letters, self.letters(a, b)))
                for a in range(max(after, first - 2), min(first + 3, len(self.pieces)))
                for b in range(max(a, last - 2), min(last + 3, len(self.pieces)))
            ),
            key=lambda span: (span.score, span.first - span.last),
        )
        return best if best.score >= THRESHOLD and self.says_the_same(best, quote) else None

    def says_the_same(self, span: _Span, quote: str) -> bool:
        """Whether the span has the quote's words and numbers in order, and as many negations."""
        there, sought = self.pieces[span.first : span.last + 1], pieces(quote)
        if denials(sought) != denials(there) or not word_by_word(sought, there):
            return False
        return in_order(numbers(quote), numbers(self.raw(span)))

    def letters(self, first: int, last: int) -> str:
        """The letters of the pieces `first` to `last`."""
        return self.squeezed[self.starts[first] : self.starts[last + 1]]

    def seen(self, span: _Span) -> list[int]:
        """The words of a span that a reader can see."""
        among = range(self.owner[span.first], self.owner[span.last] + 1)
        return [at for at in among if not self.words[at].hidden]

    def raw(self, span: _Span) -> str:
        """The text of a span as it stands on the page."""
        return " ".join(self.words[at].text for at in self.seen(span))

    def breaks_line(self, piece: int) -> bool:
        """Whether a line ends after that piece."""
        at, following = self.owner[piece], self.owner[piece + 1]
        return self.words[at].line != self.words[following].line

    def distance(self, spans: Sequence[_Span], near: BBox) -> tuple[float, float]:
        """How far a place is from a box: first by what of it lies outside, then by centres."""
        box = enclose(self.words[at].bbox for span in spans for at in self.seen(span)) or near
        across = (box[0] + box[2] - near[0] - near[2]) / 2
        down = (box[1] + box[3] - near[1] - near[3]) / 2
        return (-round(share_inside(box, near), 3), across**2 + down**2)

    def located(self, spans: Sequence[_Span], quote: str, places: int) -> Located:
        """What stands at the spans, with the signs (%, $) before and after that are quoted."""
        runs = [self.seen(span) for span in spans]
        runs[0] = [*self._signs(runs[0][0], -1, quote), *runs[0]]
        runs[-1] += self._signs(runs[-1][-1], 1, quote)
        lines = [
            self._level(list(line))
            for run in runs
            for _, line in groupby(run, key=lambda at: self.words[at].line)
        ]
        boxes = tuple(box for line in lines if (box := enclose(line)))
        letters = [len(self.letters(span.first, span.last)) for span in spans]
        score = sum(span.score * n for span, n in zip(spans, letters, strict=True)) / sum(letters)
        text = " … ".join(" ".join(self.words[at].text for at in run) for run in runs)
        bbox = enclose(boxes) or boxes[0]
        return Located(bbox, boxes, score, text, tuple(chain.from_iterable(runs)), places)

    def _level(self, line: list[int]) -> list[BBox]:
        """The boxes of words of one line, all as high as most words of that line.

        Some fonts (of formulas, mostly) claim several lines of height for a letter.
        """
        number = self.words[line[0]].line
        beside = [word.bbox for word in self.words if word.line == number and not word.hidden]
        high = 1.4 * median(box[3] - box[1] for box in beside)
        normal = [box for box in beside if box[3] - box[1] <= high]
        top, bottom = min(box[1] for box in normal), max(box[3] for box in normal)
        boxes = [self.words[at].bbox for at in line]
        return [
            box
            if box[3] - box[1] <= high or not box[1] < bottom > top < box[3]
            else (box[0], max(box[1], top), box[2], min(box[3], bottom))
            for box in boxes
        ]

    def _signs(self, at: int, step: Literal[-1, 1], quote: str) -> list[int]:
        """Words without letters next to a span that the quote has there too."""
        beyond = -1 if step > 0 else 0
        rest = PIECE.split(quote)[beyond]
        own = PIECE.split(self.words[at].text)[beyond]  # the word's own full stop is no sign
        rest = rest.removeprefix(own) if step > 0 else rest.removesuffix(own)
        found: list[int] = []
        at += step
        while 0 <= at < len(self.words) and self._is_sign(at) and self.words[at].text in rest:
            rest = rest.replace(self.words[at].text, "", 1)
            found.append(at)
            at += step
        return found[::step]

    def _is_sign(self, at: int) -> bool:
        return not self.words[at].hidden and not pieces(self.words[at].text)


def _aligned(page: _Page, sought: list[str], quote: str) -> list[list[_Span]]:
    span = page.aligned(sought, quote)
    return [[span]] if span else []


def _interrupted(page: _Page, sought: list[str], quote: str) -> list[list[_Span]]:
    """Two spans, where a footer, a footnote or a figure stands between two lines of the quote.

    The quote must break where a line ends and go on where one begins, so that two halves of
    different sentences never pass for one.
    """
    low, high = 0, len(sought)  # the longest beginning of the quote that is on the page
    while high - low > 1:
        middle = (low + high) // 2
        needle = f" {' '.join(sought[:middle])} "
        low, high = (middle, high) if needle in page.spaced else (low, middle)
    if min(low, len(sought) - low) < 3:
        return []
    for head in page.spaced_places(sought[:low], 0):
        if head.last + 1 >= len(page.pieces) or not page.breaks_line(head.last):
            continue
        for tail in page.spaced_places(sought[low:], head.last + 1):
            spans = [head, tail]
            found = [number for span in spans for number in numbers(page.raw(span))]
            if page.breaks_line(tail.first - 1) and in_order(numbers(quote), found):
                return [spans]
    return []


def _left_out(page: _Page, quote: str) -> list[list[_Span]]:
    """The tightest places where the parts of a quote with "..." stand one after the other."""
    parts = [part for part in _ELLIPSIS.split(quote) if pieces(part)]
    if len(parts) < 2:
        return []
    found = []
    for first in _places(page, parts[0], 0):
        spans = [first]
        for part in parts[1:]:
            spans += _places(page, part, spans[-1].last + 1)[:1]
        if len(spans) == len(parts):
            found.append(spans)
    lengths = [spans[-1].last - spans[0].first for spans in found]
    return [spans for spans, length in zip(found, lengths, strict=True) if length == min(lengths)]


def _places(page: _Page, part: str, after: int) -> list[_Span]:
    if after >= len(page.pieces):
        return []
    sought = pieces(part)
    spans = page.exact(sought, part, after)
    if spans:
        return spans
    span = page.aligned(sought, part, after)
    return [span] if span else []


def _is_unspaced(letter: str) -> bool:
    """Whether the letter's script is written without spaces (Thai, Chinese, Japanese, ...)."""
    return "\u0e00" <= letter <= "\u0eff" or letter >= "\u2e80"
