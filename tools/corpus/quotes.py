"""Where a quote stands on a page: its words, and their boxes line by line.

A quote is first looked for as it is, letters and digits only, so that case, punctuation,
ligatures, white space and hyphens at line ends make no difference. Only then is it aligned
with the page letter by letter, and then it must be nearly the same, with the same numbers in
the same order and as many negations: a wrong highlight is worse than none.
"""

import re
from collections.abc import Sequence

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.marking import Located, located
from pagehop.tools.corpus.page_row import PageRow, Span
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.wording import denials, in_order, numbers, pieces, word_by_word

__all__ = ["Located", "locate", "numbers", "pieces"]

THRESHOLD = 0.85  # share of the letters that must agree when a quote is not there as it is
SHORTEST = 16  # letters: a shorter quote stands there as it is, or not at all
LONGEST = 4000  # letters: a longer quote is not aligned
_ELLIPSIS = re.compile(r"\s*[\[(]?\s*(?:\.\s?\.\s?\.+|…)\s*[\])]?\s*")


def locate(quote: str, words: Sequence[Word], *, near: BBox | None = None) -> Located | None:
    """Find a quote among the words of a page that a reader can see; None where it is not.

    Args:
        quote: as a model or a person writes it; "..." stands for what was left out.
        words: all words of the page in reading order.
        near: of several places, the one in this box, or else the nearest to it, is meant.
            None: the first.
    """
    page = PageRow(words)
    sought = pieces(quote)
    if not sought or not page.pieces:
        return None
    found = [[span] for span in _exact(page, sought, quote)] or _left_out(page, quote)
    if not found:
        found = _interrupted(page, sought, quote) or _aligned(page, sought, quote)
    if not found:
        return None
    best = found[0] if near is None else min(found, key=lambda spans: page.distance(spans, near))
    return located(page, best, quote, places=len(found))


def _aligned(page: PageRow, sought: list[str], quote: str) -> list[list[Span]]:
    span = _most_like(page, sought, quote)
    return [[span]] if span else []


def _interrupted(page: PageRow, sought: list[str], quote: str) -> list[list[Span]]:
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


def _left_out(page: PageRow, quote: str) -> list[list[Span]]:
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


def _places(page: PageRow, part: str, after: int) -> list[Span]:
    if after >= len(page.pieces):
        return []
    sought = pieces(part)
    spans = _exact(page, sought, part, after)
    if spans:
        return spans
    span = _most_like(page, sought, part, after)
    return [span] if span else []


def _exact(page: PageRow, sought: Sequence[str], quote: str, after: int = 0) -> list[Span]:
    """All places, from piece `after` on, where the pieces stand letter by letter."""
    spans = list(page.spaced_places(sought, after)) or list(
        page.squeezed_places("".join(sought), after)
    )
    wanted = numbers(quote)
    spans = [span for span in spans if in_order(wanted, numbers(page.raw(span)))]
    return [span for span in spans if page.is_whole(span)] or spans


def _most_like(page: PageRow, sought: Sequence[str], quote: str, after: int = 0) -> Span | None:
    """The place that is most like the quote, if it is like enough."""
    letters = "".join(sought)
    rest = page.squeezed[page.starts[after] :]
    if not SHORTEST <= len(letters) <= LONGEST or len(rest) < len(letters) * THRESHOLD:
        return None
    cutoff = 100 * (THRESHOLD - 0.1)  # before the ends are set right
    rough = fuzz.partial_ratio_alignment(letters, rest, score_cutoff=cutoff)
    if rough is None or rough.dest_start >= rough.dest_end:
        return None
    shift = page.starts[after]
    first = page.piece_at[shift + rough.dest_start]
    last = page.piece_at[shift + rough.dest_end - 1]
    best = max(
        (
            Span(a, b, Indel.normalized_similarity(letters, page.letters(a, b)))
            for a in range(max(after, first - 2), min(first + 3, len(page.pieces)))
            for b in range(max(a, last - 2), min(last + 3, len(page.pieces)))
        ),
        key=lambda span: (span.score, span.first - span.last),
    )
    return best if best.score >= THRESHOLD and _says_the_same(page, best, quote) else None


def _says_the_same(page: PageRow, span: Span, quote: str) -> bool:
    """Whether the span has the quote's words and numbers in order, and as many negations."""
    there, sought = page.pieces[span.first : span.last + 1], pieces(quote)
    if denials(sought) != denials(there) or not word_by_word(sought, there):
        return False
    return in_order(numbers(quote), numbers(page.raw(span)))
