"""What MMLongBench-Doc and LongDocURL share: near numbers, texts that must match to the letter."""

import re
from contextlib import suppress
from math import isclose

from pagehop.evals.scoring.similarity import similarity

RELATIVE = 0.01  # of the expected number
_LETTER_BY_LETTER = re.compile(
    r".*https://.*|.*\.py|.*ipynb|page.*"
    r"|\b\d+(-\d+|\s\d+)?\b"  # a telephone number, or any whole number
    r"|.*[ap]\.m\..*"
    r"|\b\d{4}[-\s]\d{2}([-\s]\d{2})?\b"
    r"|[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}",
    re.DOTALL,
)
_PARENTHESIS = re.compile(r"\s*\([^)]*\)")
_QUOTES = re.compile(r"^['\"]|['\"]$")


def bare(text: str) -> str:
    """Without what stands in parentheses, one quotation mark on each side, and `$` and `%`."""
    text = _QUOTES.sub("", _PARENTHESIS.sub("", text).strip()).strip()
    return text.lstrip("$").strip().rstrip("%").strip()


def letter_by_letter(expected: str) -> bool:
    """Whether an expected text is one that is right or wrong, with nothing in between.

    An address, a file of code, a page, a time, a date, and every text of digits alone.
    """
    return _LETTER_BY_LETTER.fullmatch(expected) is not None


def alike(expected: str, said: str) -> float:
    """Their similarity; 0 up to a half."""
    found = similarity(expected, said)
    return found if found > 0.5 else 0.0


def number(text: str) -> float | None:
    """The number that the text is; None where it is none."""
    with suppress(ValueError):
        return float(text.strip().rstrip("%").strip())
    return None


def near(expected: float, said: float) -> bool:
    """Whether two numbers are the same within 1 %, or rounded, or one of them in per cent.

    Rounded is to the fewer digits of the two, but at least two. A number is also right a hundred
    times too large or too small, whether or not either is a percentage.
    """
    return any(_near(one, said) for one in (expected / 100, expected, expected * 100))


def _near(expected: float, said: float) -> bool:
    if isclose(expected, said, rel_tol=RELATIVE):
        return True
    digits = max(min(_digits(said), _digits(expected)), 2)
    return round(said, digits) == round(expected, digits)


def _digits(value: float) -> int:
    """Digits after the point as Python writes the number; 3 where it writes none."""
    _, point, digits = str(value).partition(".")
    return len(digits) if point else 3
