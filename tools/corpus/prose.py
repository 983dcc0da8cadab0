"""From words with boxes to running text."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pagehop.tools.boxes import BBox, enclose
from pagehop.tools.corpus.records import Word

UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # controls, tags and marks, halves, private, unassigned


def clean(text: str) -> str:
    """The text without characters that cannot be seen; a soft hyphen that is shown becomes one."""
    if text.isascii() and text.isprintable():
        return text
    shown = text[:-1] + "-" if text.endswith("\u00ad") else text
    return "".join(
        " " if character in "\t\n\r\u00a0" else character
        for character in shown
        if character in "\t\n\r" or unicodedata.category(character) not in UNSEEN
    )


def visible(words: Iterable[Word]) -> tuple[Word, ...]:
    """The words that a reader can see."""
    return tuple(word for word in words if not word.hidden)


def lines(words: Iterable[Word]) -> Iterator[tuple[Word, ...]]:
    """The words line by line, as they follow each other."""
    for _, line in groupby(words, key=lambda word: word.line):
        yield tuple(line)


def line_boxes(words: Iterable[Word]) -> tuple[BBox, ...]:
    """One box a line."""
    boxes = (enclose(word.bbox for word in line) for line in lines(words))
    return tuple(box for box in boxes if box is not None)


def as_lines(words: Iterable[Word]) -> str:
    """The text as it stands, a line a line."""
    return "\n".join(" ".join(word.text for word in line) for line in lines(words))


def as_prose(words: Iterable[Word]) -> str:
    """The text as one run; a word broken at the end of a line is whole again."""
    joined: list[str] = []
    ended = False  # the last word ended its line
    for line in lines(words):
        for position, word in enumerate(line):
            if ended and position == 0 and joined and _broken(joined[-1], word.text):
                joined[-1] = joined[-1][:-1] + word.text
            else:
                joined.append(word.text)
        ended = True
    return " ".join(joined)


def _broken(end: str, start: str) -> bool:
    """Whether "exam-" and "ple" are halves of one word ("state-of-the-" and "art" are not)."""
    stem = end[:-1]
    return (
        end.endswith(("-", "\u2010")) and stem.isalpha() and len(stem) > 1 and start[:1].islower()
    )


def split_words(texts: Sequence[tuple[str, BBox]], first_line: int = 0) -> tuple[Word, ...]:
    """Words of lines whose box alone is known: its width is shared out by characters."""
    words: list[Word] = []
    for number, (text, box) in enumerate(texts, first_line):
        x0, y0, x1, y1 = box
        step = (x1 - x0) / max(len(text), 1)
        at = 0
        for part in text.split():
            at = text.index(part, at)
            edges = (round(x0 + at * step, 5), y0, round(x0 + (at + len(part)) * step, 5), y1)
            words.append(Word(part, edges, number))
            at += len(part)
    return tuple(words)
