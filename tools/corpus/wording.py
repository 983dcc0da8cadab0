"""What is compared of two wordings: their letters and digits, their numbers, their negations."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from rapidfuzz.distance import Indel

NEGATIONS = frozenset(
    ["no", "not", "never", "none", "nor", "neither", "without", "cannot", "t"]  # t: don't
)

LONG = 4  # letters: shorter pieces may come and go
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
PIECE = re.compile(r"[^\W_]+")
_NUMBER = re.compile(
    r"(?P<sign>(?<![^\s(\[$€£¥])[-\u2212\u2013](?=[$€£¥]?\.?\d))?[$€£¥]?"  # no range's dash
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)*|(?<![\w.])\.\d+)"
)


def pieces(text: str) -> list[str]:
    """The runs of letters or digits of a text, folded: what is compared of it."""
    if text.isascii():
        return PIECE.findall(text.lower())
    folded = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).casefold()
    return PIECE.findall(folded)


def numbers(text: str) -> list[str]:
    """The numbers of a text in order, without thousands separators, with their signs.

    >>> numbers("From 1,234.50 to -7 % in 2019-2020 (Table 3.1)")
    ['1234.50', '-7', '2019', '2020', '3.1']
    """
    found = []
    for match in _NUMBER.finditer(unicodedata.normalize("NFKC", text)):
        digits = match["digits"].replace(",", "")
        found.append(("-" if match["sign"] else "") + ("0" * digits.startswith(".")) + digits)
    return found


def in_order(wanted: Sequence[str], there: Sequence[str]) -> bool:
    """Whether all that is wanted is there, in that order, whatever else is between."""
    rest = iter(there)
    return all(item in rest for item in wanted)


def denials(pieces_of_text: Sequence[str]) -> int:
    """How many of the pieces deny something: a quote that lost a "not" says the opposite."""
    return sum(piece in NEGATIONS for piece in pieces_of_text)


def word_by_word(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether no word of either is missing in the other, or stands somewhere else there.

    The letters of both are aligned; of every word of 4 letters or more half must have a
    counterpart. Misread letters pass, an exchanged or added word does not.
    """
    a, b = "".join(one), "".join(other)
    lost: tuple[set[int], set[int]] = (set(), set())
    for edit in Indel.editops(a, b):
        if edit.tag == "delete":
            lost[0].add(edit.src_pos)
        else:
            lost[1].add(edit.dest_pos)
    return _mostly_kept(one, lost[0]) and _mostly_kept(other, lost[1])


def _mostly_kept(words: Sequence[str], lost: set[int]) -> bool:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return all(
        sum(at in lost for at in range(start, end)) * 2 <= end - start
        for start, end in pairwise(starts)
        if end - start >= LONG
    )
