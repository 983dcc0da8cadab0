"""Which period a document is of and a question asks for: years, quarters, dates, kinds of report.

Filings of one company in different years are near copies of each other, and each also prints the
columns of the years before: words cannot tell them apart, their own period can.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

Packed: TypeAlias = tuple[list[int], list[int], list[str], list[list[int]]]

_YEAR = re.compile(r"(?<![\d.,$€£])(?:19[5-9]|20[0-4])\d(?!\d|[.,]\d|%)")
_SHORT_YEAR = re.compile(
    r"(?<![a-z\d])(?:(?:fy|cy|fiscal)\s?['\u2019]?|q[1-4]['\u2019-]?|[1-4]q['\u2019-]?)(\d\d)(?!\d|%)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[-/\u2013]\s?(\d\d)(?!\d)")  # 2022/23
_QUARTER = re.compile(
    r"(?<![a-z])q([1-4])(?![a-z\d])|(?<![a-z\d.])([1-4])q(?![a-z])", re.IGNORECASE
)
_SPELT_QUARTER = re.compile(
    r"\b(first|second|third|fourth)[\s-]+(?:fiscal\s+)?quarter", re.IGNORECASE
)
_SPELT = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join(f"{month}|{month[:3]}\\.?" for month in _MONTHS)
_DATE = re.compile(
    rf"\b(?:({_MONTH})\s+(\d{{1,2}})(?:st|nd|rd|th)?\s*,?|(\d{{1,2}})(?:st|nd|rd|th)?\s+({_MONTH}),?)"
    r"\s+((?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_ENDED = re.compile(r"\b(?:year|period|quarter|months|weeks)s?\s+end(?:ed|ing)\b", re.IGNORECASE)
_KINDS = {
    "annual": re.compile(r"(?<![a-z\d])10-?ks?(?![a-z\d])|\bannual[\s_-]+report", re.IGNORECASE),
    "quarterly": re.compile(
        r"(?<![a-z\d])10-?qs?(?![a-z\d])|\bquarterly[\s_-]+(?:report|period)", re.IGNORECASE
    ),
    "current": re.compile(r"(?<![a-z\d])8-?ks?(?![a-z\d])", re.IGNORECASE),
    "earnings": re.compile(
        r"(?<![a-z])earnings(?![a-z])(?![\s_-]+per)|\b(?:quarter|year|q[1-4])\b.{0,25}\bresults\b",
        re.IGNORECASE,
    ),
}
_AFTER = 60  # characters after "year ended" in which its date stands

_SAME_YEAR = 1.0
_OLDER_YEAR = 0.6  # asked for two years: their later report holds both columns, the older one half
_NEXT_YEAR = 0.3  # the report of the year after prints the asked year beside its own
_QUARTER_FITS = 0.5  # the asked quarter against another, or against none asked
_KIND_FITS = 0.3


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods that a text names."""

    years: frozenset[int] = frozenset()
    quarters: frozenset[int] = frozenset()  # 1 to 4
    kinds: frozenset[str] = frozenset()
    dates: frozenset[tuple[int, int, int]] = frozenset()  # year, month, day

    def __bool__(self) -> bool:
        return bool(self.years or self.quarters or self.kinds or self.dates)

    @classmethod
    def unpacked(cls, parts: "Packed") -> "Periods":
        """The periods that were packed."""
        years, quarters, kinds, dates = parts
        return cls(
            frozenset(years),
            frozenset(quarters),
            frozenset(kinds),
            frozenset((year, month, day) for year, month, day in dates),
        )

    def packed(self) -> "Packed":
        """The periods as lists, to be kept."""
        return (
            sorted(self.years),
            sorted(self.quarters),
            sorted(self.kinds),
            [list(date) for date in sorted(self.dates)],
        )


def periods(text: str) -> Periods:
    """All periods that a text names.

    >>> sorted(periods("Q2 of FY2024 against fiscal 23").years)
    [2023, 2024]
    >>> periods("quarterly period ended July 29, 2023").dates
    frozenset({(2023, 7, 29)})
    """
    return Periods(
        years=frozenset(_years(text)),
        quarters=frozenset(_quarters(text)),
        kinds=frozenset(kind for kind, pattern in _KINDS.items() if pattern.search(text)),
        dates=frozenset(date for _, date in _dates(text)),
    )


def without_periods(text: str) -> str:
    """The text with the periods that it names taken out, for what else it names.

    >>> without_periods("BESTBUY_2024Q2_10Q").replace("_", " ").split()
    ['BESTBUY']
    """
    for pattern in (*_KINDS.values(), _DATE, _SPAN, _SHORT_YEAR, _YEAR, _QUARTER, _SPELT_QUARTER):
        text = pattern.sub(" ", text)
    return text


def own_periods(name: str, title: str, head: str) -> Periods:
    """The period that a document is of: as its name says, else its title, else its first page.

    Args:
        name: file name without extension.
        title: as its metadata or its first page gives it.
        head: the beginning of its first page.
    """
    said = [periods(name), periods(title), _of_head(head)]
    return Periods(
        years=next((one.years for one in said if one.years), frozenset()),
        quarters=next((one.quarters for one in said if one.quarters), frozenset()),
        kinds=next((one.kinds for one in said if one.kinds), frozenset()),
        dates=said[2].dates,
    )


def agreement(asked: Periods, own: Periods) -> float:
    """How well a document's period fits what was asked, about -1 to 2; 0 where nothing is said."""
    fit = 0.0
    if asked.dates & own.dates:
        fit += _SAME_YEAR
    elif asked.years and own.years:
        fit += _year_fit(max(asked.years), asked.years, max(own.years))
    if asked.quarters or asked.years:
        fit += _quarter_fit(asked, own)
    if asked.kinds and own.kinds:
        fit += _KIND_FITS if asked.kinds & own.kinds else -_KIND_FITS
    return fit


def _quarter_fit(asked: Periods, own: Periods) -> float:
    """A quarter goes with its own report, a year with none of a quarter."""
    if own.quarters:
        return _QUARTER_FITS if asked.quarters & own.quarters else -_QUARTER_FITS
    if "quarterly" in own.kinds:  # of which quarter is not said
        return _QUARTER_FITS / 2 if asked.quarters else -_QUARTER_FITS
    return 0.0


def _year_fit(latest: int, asked: frozenset[int], own: int) -> float:
    if own == latest:
        return _SAME_YEAR
    if own in asked:
        return _OLDER_YEAR
    return _NEXT_YEAR if own == latest + 1 else 0.0


def _of_head(head: str) -> Periods:
    """The period of a first page: the date after "year ended", else its latest year."""
    dates = list(_dates(head))
    closing = [
        date
        for match in _ENDED.finditer(head)
        for at, date in dates
        if 0 <= at - match.end() <= _AFTER
    ]
    found = periods(head)
    if closing:
        latest = max(closing)
        return Periods(
            years=frozenset({latest[0]}),
            kinds=found.kinds,
            dates=frozenset(closing),
        )
    years = frozenset({max(found.years)}) if found.years else frozenset()
    return Periods(years=years, quarters=found.quarters, kinds=found.kinds, dates=found.dates)


def _years(text: str) -> Iterator[int]:
    for match in _YEAR.finditer(text):
        yield int(match.group())
    for match in _SHORT_YEAR.finditer(text):
        number = int(match.group(1))
        yield number + (2000 if number < 50 else 1900)
    for match in _SPAN.finditer(text):
        after = int(match.group(1)) + 1
        if after % 100 == int(match.group(2)):  # 2022/23, not the month of 2019-01-18
            yield after


def _quarters(text: str) -> Iterator[int]:
    for match in _QUARTER.finditer(text):
        yield int(match.group(1) or match.group(2))
    for match in _SPELT_QUARTER.finditer(text):
        yield _SPELT[match.group(1).lower()]


def _dates(text: str) -> Iterator[tuple[int, tuple[int, int, int]]]:
    for match in _DATE.finditer(text):
        month = (match.group(1) or match.group(4)).lower()[:3]
        number = 1 + next(at for at, name in enumerate(_MONTHS) if name.startswith(month))
        day = int(match.group(2) or match.group(3))
        yield match.start(), (int(match.group(5)), number, day)
