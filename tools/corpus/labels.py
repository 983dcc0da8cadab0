"""Printed page numbers: what a page calls itself, beside what it is counted as."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pagehop.tools.corpus.prose import lines, visible
from pagehop.tools.corpus.records import Word

MARGIN = 0.12  # of the page's height, at the top and at the bottom, where page numbers stand
SHARE = 0.25  # of the pages on which a numbering must hold
MIN_PAGES = 3
ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
         (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_NUMBER = re.compile(r"[\W_]*(\d{1,4})[\W_]*")


def printed_numbers(words: Sequence[Word]) -> list[int]:
    """Numbers that could be the page's: they begin or end a line near its top or bottom."""
    found: set[int] = set()
    for line in lines(visible(words)):
        if line[0].bbox[3] > MARGIN and line[0].bbox[1] < 1 - MARGIN:
            continue
        spoken = [word for word in line if any(c.isalnum() for c in word.text)]
        for word in spoken[:1] + spoken[-1:]:
            number = _NUMBER.fullmatch(word.text)
            if number:
                found.add(int(number[1]))
    return sorted(found)


def printed_rules(seen: Mapping[int, Sequence[int]]) -> list[tuple[int, int]]:
    """How printed numbers follow from page numbers: (numbers a page, offset), best first.

    A numbering is believed when label - page (label - 2 page for sheets of two pages) is the same
    on a quarter of the pages.
    """
    enough = max(MIN_PAGES, SHARE * len(seen))
    votes: Counter[tuple[int, int]] = Counter()
    for page, numbers in seen.items():
        votes.update({(1, number - page) for number in numbers})
        votes.update({(2, n - 2 * page) for n in numbers if n + 1 in numbers})
    return [
        rule
        for rule, count in sorted(votes.items(), key=lambda v: (-v[1], v[0]))
        if count >= enough
    ]


def printed_label(page: int, numbers: Sequence[int], rules: Sequence[Sequence[int]]) -> str | None:
    """The number on the page, where it follows a rule ("12-13" on a sheet of two pages)."""
    for per_page, offset in rules:
        label = per_page * page + offset
        if label in numbers and (per_page == 1 or label + 1 in numbers):
            return str(label) if per_page == 1 else f"{label}-{label + 1}"
    return None


def file_label(page: int, rules: Sequence[Mapping[str, Any]]) -> str | None:
    """The label that the file itself gives the page (PDF 32000-1, 12.4.2)."""
    fitting = [rule for rule in rules if rule["startpage"] < page]
    if not fitting:
        return None
    rule = max(fitting, key=lambda r: int(r["startpage"]))
    number = page - 1 - int(rule["startpage"]) + int(rule.get("firstpagenum", 1) or 1)
    text = str(rule.get("prefix", "")) + _numeral(number, str(rule.get("style", "")))
    return text[:40] or None


def page_label(
    page: int,
    numbers: Sequence[int],
    printed: Sequence[Sequence[int]],
    given: Sequence[Mapping[str, Any]],
) -> str | None:
    """The page's label: by the file, unless that only counts pages; else as printed on it."""
    by_file = file_label(page, given)
    if by_file is not None and by_file != str(page):
        return by_file
    return printed_label(page, numbers, printed) or by_file


def _numeral(number: int, style: str) -> str:
    if style == "D":
        return str(number)
    if style in ("r", "R"):
        roman = ""
        for value, digits in ROMAN:
            roman += digits * min(number // value, 10)
            number %= value
        return roman if style == "r" else roman.upper()
    if style in ("a", "A"):  # a to z, aa to zz, ...
        letter = chr(ord(style) + (number - 1) % 26)
        return letter * min((number - 1) // 26 + 1, 10)
    return ""
