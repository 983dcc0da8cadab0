"""The visible words of a page as one row of pieces, in which quotes are looked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pagehop.tools.boxes import BBox, enclose, share_inside
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.wording import pieces

PLACES = 64  # at most so many places of one quote are looked at


@dataclass(frozen=True, slots=True)
class Span:
    """Pieces `first` to `last`, the last included, and how well they match."""

    first: int
    last: int
    score: float = 1.0


class PageRow:
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

    def spaced_places(self, sought: Sequence[str], after: int) -> Iterator[Span]:
        """Places, from piece `after` on, where the pieces stand one after the other."""
        needle = f" {' '.join(sought)} "
        at = self.spaced.find(needle, self.starts[after] + after)
        for _ in range(PLACES):
            if at < 0:
                return
            first = self.spaced.count(" ", 0, at)
            yield Span(first, first + len(sought) - 1)
            at = self.spaced.find(needle, at + 1)

    def squeezed_places(self, needle: str, after: int) -> Iterator[Span]:
        """Places, from piece `after` on, where the letters stand, however they are split."""
        at = self.squeezed.find(needle, self.starts[after])
        for _ in range(PLACES):
            if at < 0:
                return
            end = at + len(needle)
            if self.is_edge(at) and self.is_edge(end):
                yield Span(self.piece_at[at], self.piece_at[end - 1])
            at = self.squeezed.find(needle, at + 1)

    def is_edge(self, at: int) -> bool:
        """Whether a word may begin or end there; scripts without spaces may break anywhere."""
        if at in (0, len(self.squeezed)) or self.piece_at[at] != self.piece_at[at - 1]:
            return True
        return _is_unspaced(self.squeezed[at]) or _is_unspaced(self.squeezed[at - 1])

    def is_whole(self, span: Span) -> bool:
        """Whether the span begins with a word's first piece and ends with a word's last one."""
        before, after = self.owner[: span.first][-1:], self.owner[span.last + 1 :][:1]
        return before != [self.owner[span.first]] and after != [self.owner[span.last]]

    def letters(self, first: int, last: int) -> str:
        """The letters of the pieces `first` to `last`."""
        return self.squeezed[self.starts[first] : self.starts[last + 1]]

    def seen(self, span: Span) -> list[int]:
        """The words of a span that a reader can see."""
        among = range(self.owner[span.first], self.owner[span.last] + 1)
        return [at for at in among if not self.words[at].hidden]

    def raw(self, span: Span) -> str:
        """The text of a span as it stands on the page."""
        return " ".join(self.words[at].text for at in self.seen(span))

    def breaks_line(self, piece: int) -> bool:
        """Whether a line ends after that piece."""
        at, following = self.owner[piece], self.owner[piece + 1]
        return self.words[at].line != self.words[following].line

    def distance(self, spans: Sequence[Span], near: BBox) -> tuple[float, float]:
        """How far a place is from a box: first by what of it lies outside, then by centres."""
        box = enclose(self.words[at].bbox for span in spans for at in self.seen(span)) or near
        across = (box[0] + box[2] - near[0] - near[2]) / 2
        down = (box[1] + box[3] - near[1] - near[3]) / 2
        return (-round(share_inside(box, near), 3), across**2 + down**2)


def _is_unspaced(letter: str) -> bool:
    """Whether the letter's script is written without spaces (Thai, Chinese, Japanese, ...)."""
    return "\u0e00" <= letter <= "\u0eff" or letter >= "\u2e80"
