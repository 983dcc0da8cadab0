"""Numbers in running text, brought to a form in which they can be compared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

NUMBER_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
}  # fmt: skip
_SCALES = {
    "hundred": 10**2, "k": 10**3, "thousand": 10**3, "million": 10**6, "mn": 10**6,
    "billion": 10**9, "bn": 10**9, "trillion": 10**12,
}  # fmt: skip
# Digits in a name are no number: `GPT-4`, `v2`, `Q3`, and neither is the `4` of `4th`.
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?!st\b|nd\b|rd\b|th\b)(?:\s?(" + "|".join(_SCALES) + r")\b)?",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])(\d+|\d{1,3}(?:\.\d{3})+),(\d{1,2}|\d{4,})(?![\d,])")
_RANGE = re.compile(  # `5 - 20k`: what the second bound counts in counts for the first
    r"(?<![\w.,])(\d+(?:\.\d+)?)\s?(?:-|\u2013|\u2014|to)\s?[$\u20ac\u00a3]?\d+(?:\.\d+)?\s?("
    + "|".join(_SCALES) + r")\b",
    re.IGNORECASE,
)  # fmt: skip
_NUMBER_WORD = re.compile(r"\b(" + "|".join(NUMBER_WORDS) + r")\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as written: its value without the scale word, and the scale (1 for none)."""

    written: str
    value: Decimal
    scale: int = 1

    @property
    def decimals(self) -> int:
        """Digits after the point."""
        return max(0, -int(self.value.as_tuple().exponent))

    @property
    def is_year(self) -> bool:
        """A plain integer from 1900 to 2099."""
        return self.scale == 1 and self.written.isdigit() and 1900 <= self.value <= 2099


def numerals(text: str) -> tuple[Numeral, ...]:
    """The numbers written in digits, in order; signs and units are left aside."""
    found = []
    for match in _NUMBER.finditer(text):
        scale = _SCALES.get((match[2] or "").lower(), 1)
        found.append(Numeral(match[1], Decimal(match[1].replace(",", "")), scale))
    return tuple(found)


def spelled(text: str) -> tuple[Numeral, ...]:
    """The small numbers written as words, in order."""
    return tuple(
        Numeral(match[1], Decimal(NUMBER_WORDS[match[1].lower()]))
        for match in _NUMBER_WORD.finditer(text)
    )


def meant(text: str) -> tuple[Numeral, ...]:
    """What numbers may mean beside what they say: `0,3` is 0.3 to many, `5 - 20k` begins at 5k."""
    commas = (
        Numeral(found[0], Decimal(f"{found[1].replace('.', '')}.{found[2]}"))
        for found in _DECIMAL_COMMA.finditer(text)
    )
    ranges = (
        Numeral(found[1], Decimal(found[1]), _SCALES[found[2].lower()])
        for found in _RANGE.finditer(text)
    )
    return (*commas, *ranges)


def stands_in(number: Numeral, known: Iterable[Numeral]) -> bool:
    """Whether a number is one of the known ones: the same, in other thousands, or rounded.

    A scale word may stand for a table's unit (`1.2 billion` for `1,200` in millions). Rounding
    counts from three significant digits on, so that `45` is never taken for `45.4`.
    """
    return any(_same(number, other) for other in known)


def _same(number: Numeral, other: Numeral) -> bool:
    if number.value == other.value and (1 in (number.scale, other.scale)):
        return True
    total, there = number.value * number.scale, other.value * other.scale
    in_units = number.scale > 1 and other.scale == 1 and len(other.value.as_tuple().digits) >= 3
    factors = (1, 10**3, 10**6, 10**9) if in_units else (1,)
    return any(
        total == there * factor or _rounds(number, there * factor / number.scale)
        for factor in factors
    )


def _rounds(number: Numeral, exact: Decimal) -> bool:
    if len(number.value.as_tuple().digits) < 3:
        return False
    return abs(exact - number.value) * 2 <= Decimal(1).scaleb(-number.decimals)
