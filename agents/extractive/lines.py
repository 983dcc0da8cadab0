"""Sentences and list items of a page, put together from its words, each with its boxes.

The words carry their places, so a sentence made of them needs no search for its box.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pagehop.tools.boxes import BBox, enclose, share_inside
from pagehop.tools.corpus.records import Word

LONGEST = 70  # words; a longer run without a full stop is cut
_ABBREVIATION = re.compile(
    r"(?:^|[^a-z])(?:al|e\.g|i\.e|fig|figs|eq|eqs|sec|no|nos|vs|mr|mrs|ms|dr|prof|inc|ltd|corp|co|"
    r"st|cf|etc|approx|dept|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|u\.s|[a-z])\.$",
    re.IGNORECASE,
)
_END = re.compile(r"[.?!][\"”\u2019')\]]*\d{0,2}$")
_BULLET = re.compile(r"^(?:[•▪●○◦■□\u2013—*·►➢✓\-\uf0b7]|\(?(?:\d{1,2}|[a-zA-Z])[.)])$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, a heading or a list item: its words in reading order."""

    words: tuple[Word, ...]
    heading: bool = False  # stands alone, short, without a full stop

    @property
    def text(self) -> str:
        """As a person reads it: words that a line end has cut in two are joined."""
        known = {word.text.lower().strip(".,;:()") for word in self.words}
        out = ""
        for word, following in zip(self.words, (*self.words[1:], None), strict=True):
            cut = (
                following is not None
                and following.line != word.line
                and len(word.text) > 1
                and word.text[-1] in "-\u00ad\u2010"
                and following.text[:1].isalpha()
            )
            if not cut:
                out += word.text + " "
            elif word.text[-2:-1].isalpha() and _joins(word.text, following, known):
                out += word.text[:-1]
            else:
                out += word.text
        return out.strip()

    @property
    def boxes(self) -> tuple[BBox, ...]:
        """One box a line."""
        runs = (enclose(w.bbox for w in run) for _, run in groupby(self.words, lambda w: w.line))
        return tuple(box for box in runs if box)


def _joins(head: str, tail: Word | None, known: set[str]) -> bool:
    """Whether a hyphen at a line end is only the line's; `few-` `shot` keeps its own."""
    if tail is None:
        return False
    whole = (head + tail.text).lower().strip(".,;:()")
    same_case = tail.text[:1].islower() or head[:-1].isupper()
    return whole not in known and same_case


def sentences(words: Sequence[Word], without: Sequence[BBox] = ()) -> tuple[Sentence, ...]:
    """All sentences that a reader can see, in reading order.

    None goes on over words in the boxes that are left out: a quote stands in one piece.
    """
    found: list[Sentence] = []
    seen = (word for word in words if not word.hidden)
    for left_out, run in groupby(seen, lambda word: _inside(word.bbox, without)):
        if not left_out:
            found.extend(_sentences(tuple(run)))
    return tuple(found)


def _inside(box: BBox, outer: Sequence[BBox]) -> bool:
    return any(share_inside(box, other) > 0.6 for other in outer)


def _sentences(words: Sequence[Word]) -> tuple[Sentence, ...]:
    lines = [tuple(run) for _, run in groupby(words, lambda word: word.line)]
    found: list[Sentence] = []
    for block in _blocks(lines):
        parts = list(_split([word for line in block for word in line]))
        alone = len(parts) == 1 and len(parts[0]) <= 12 and not _END.search(parts[0][-1].text)
        found.extend(Sentence(tuple(part), heading=alone) for part in parts)
    return tuple(found)


def _blocks(lines: Sequence[tuple[Word, ...]]) -> Iterator[list[tuple[Word, ...]]]:
    block: list[tuple[Word, ...]] = []
    for line in lines:
        if block and _goes_on_right(block[-1], line):
            block[-1] = (*block[-1], *line)
            continue
        if block and not _continues(block, line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _goes_on_right(before: Sequence[Word], line: Sequence[Word]) -> bool:
    """Whether a line is the rest of the one before it: at the same height, a little further."""
    last, first = _box(before), _box(line)
    height = max(1e-6, min(last[3] - last[1], first[3] - first[1]))
    return abs(first[1] - last[1]) < height * 0.5 and 0 <= first[0] - last[2] < height * 3


def _continues(block: Sequence[tuple[Word, ...]], line: tuple[Word, ...]) -> bool:
    """Whether a line goes on with the block: near, of the same size, no new item."""
    before = block[-1]
    last, first = _box(before), _box(line)
    height = max(1e-6, min(last[3] - last[1], first[3] - first[1]))
    cut = before[-1].text.endswith("-")
    grows_on = line[0].text[:1].islower() or cut
    ended = bool(_END.search(before[-1].text))
    if _BULLET.match(line[0].text) and not cut and (ended or not line[0].text[0].isalpha()):
        return False
    if first[1] < last[1] - height:  # the next column
        return grows_on and not ended
    gap = first[1] - last[3]
    tall = max(last[3] - last[1], first[3] - first[1]) / height
    if gap > height * 0.9 or (tall > 1.3 and not grows_on):
        return False
    return grows_on or _is_full(block, before)


def _is_full(block: Sequence[tuple[Word, ...]], line: tuple[Word, ...]) -> bool:
    """Whether a line reaches the right edge of its block, as lines inside a paragraph do."""
    right = max(_box(other)[2] for other in block)
    left = min(_box(other)[0] for other in block)
    if len(block) == 1:
        return len(line) >= 6 or bool(line[-1].text[-1:] in ",;:")
    return _box(line)[2] > right - 0.25 * (right - left)


def _box(line: Sequence[Word]) -> BBox:
    box = enclose(word.bbox for word in line)
    assert box is not None  # a line has at least one word
    return box


def _split(words: Sequence[Word]) -> Iterator[list[Word]]:
    part: list[Word] = []
    for word, following in zip(words, (*words[1:], None), strict=True):
        part.append(word)
        if following is None or _ends(word.text, following.text) or len(part) >= LONGEST:
            yield part
            part = []


def _ends(text: str, following: str) -> bool:
    starts = following[:1].isupper() or following[:1].isdigit() or following[:1] in "“\"'([•"
    return bool(_END.search(text)) and starts and not _ABBREVIATION.search(text)
