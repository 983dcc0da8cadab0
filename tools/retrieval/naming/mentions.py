"""What a question says about where to look: page numbers, figures, tables, sections.

Only words are read here, no document: `references` finds out what they mean in one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pagehop.tools.retrieval.naming.section_mentions import SectionMention, section_mentions

ItemKind: TypeAlias = Literal["figure", "table"]

_ORDINALS = {
    word: number
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
        start=1,
    )
} | {"last": -1, "final": -1, "second-to-last": -2, "penultimate": -2, "third-to-last": -3}
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
_CARDINALS = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
_MOST_PAGES = 20  # a longer range is no place to look

_ORDINAL = "|".join(sorted(map(re.escape, _ORDINALS), key=len, reverse=True))
_NUMBER = r"(?:[A-Za-z]{1,2}-?\d{1,4}|\d{1,4}(?![\d%]|,\d|\.\d)|[ivxl]{1,6}\b|[IVXL]{2,6}\b)"
_JOIN = r"\s*(?:-|\u2013|\u2014|,\s*and\b|,|&|\bto\b|\band\b|\bor\b|\bthrough\b)\s*"
_PAGES = re.compile(
    r"(?<!web )(?<!home )(?<!Web )(?<!\w)(?:[Pp]ages?|PAGES?|[Ss]lides?|SLIDES?|[Pp]p?\.|[Pp]g\.?)"
    rf"\s*(?:[Nn]o\.?|[Nn]umbers?|#)?\s*({_NUMBER}(?:{_JOIN}(?:(?i:page|slide)\s+)?{_NUMBER})*)\b"
)
_SPELT = rf"\b(?:{'|'.join(_CARDINALS)})\b"
_SPELT_PAGES = re.compile(  # not "the page one sees"
    rf"\b(?:on|in|of|from|see|between|and)\s+((?:pages?|slides?)\s+{_SPELT}(?:{_JOIN}{_SPELT})*)",
    re.IGNORECASE,
)
_NTH_PAGE = re.compile(
    rf"\b(?:({_ORDINAL})|(\d{{1,3}})(?:st|nd|rd|th))\s+(?:(two|three|four|five|[2-9])\s+)?"
    r"(?:pages?|slides?)\b(?!\s+of\s+(?:the\s+)?(?:section|chapter|appendix|annex|part)\b)",
    re.IGNORECASE,
)
_COVER = re.compile(r"\b(?:cover(?:\s+(?:page|slide))?|title\s+(?:page|slide))\b", re.IGNORECASE)
_BACK = re.compile(r"\bback\s+cover\b", re.IGNORECASE)
_ITEM_NUMBER = (
    r"(?:[A-Z]\.?\d{1,3}[a-z]?|\d{1,3}(?:[.\-]\d{1,3})*[a-z]?|[IVX]{1,5})\b(?!%|,\d|\.\d)"
)
_ITEMS = re.compile(
    r"\b(fig(?:ure)?s?|tables?|tab|charts?|exhibits?|graphs?)\b\.?\s*(?:no\.?|number|#)?\s*"
    rf"((?-i:{_ITEM_NUMBER})(?:{_JOIN}(?-i:{_ITEM_NUMBER}))*)",
    re.IGNORECASE,
)
_NTH_ITEM = re.compile(
    rf"\b({_ORDINAL})\s+(?:\w+\s+)?(figure|table|chart|graph|diagram|image|picture|photo)\b",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"(?:\b(?:for example|for instance|e\.g\.|such as)|\()\W{0,3}[\[\"\u201c]", re.I
)
_BESIDE = re.compile(
    r"\b(?:pages?|slides?)\s+(?:(?:right|immediately|directly|just)\s+)?"
    r"(?:(after|following|that\s+follows)|(?:before|preceding|that\s+precedes))\s+(?:the\s+)?$"
    r"|\b(?:(next|following)|previous|preceding)\s+(?:page|slide)\s+(?:after|before|from|to|of)"
    r"\s+(?:the\s+)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageMention:
    """A page by its number: as printed, as counted, or from the start (1) or end (-1)."""

    said: str
    number: str = ""  # "12", "iv", "A-3"
    position: int = 0
    shift: int = 0  # 1: the page after it is meant; -1: the one before


@dataclass(frozen=True, slots=True)
class ItemMention:
    """A figure or table by its number ("3", "2a") or position (-1: the last)."""

    said: str
    kind: ItemKind
    number: str = ""
    position: int = 0
    shift: int = 0  # of the page


@dataclass(frozen=True, slots=True)
class Mentions:
    """All places that a question names."""

    pages: tuple[PageMention, ...] = ()
    items: tuple[ItemMention, ...] = ()
    sections: tuple[SectionMention, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pages or self.items or self.sections)


def mentions(question: str) -> Mentions:
    """The places that a question names.

    >>> [m.number for m in mentions("What do pages 3-5 and Table 2 say?").pages]
    ['3', '4', '5']
    >>> bool(mentions("How many pages are there in the first section?"))
    False
    """
    example = _EXAMPLE.search(question)
    if example:  # of how the answer should look
        question = question[: example.start()]
    return Mentions(
        pages=tuple(dict.fromkeys(_pages(question))),
        items=tuple(dict.fromkeys(_items(question))),
        sections=tuple(dict.fromkeys(section_mentions(question))),
    )


def _pages(question: str) -> Iterator[PageMention]:
    for match in _PAGES.finditer(question):
        shift = _shift(question, match)
        for number in _spelled_out(match.group(1), _NUMBER):
            yield PageMention(match.group().strip(), number=number, shift=shift)
    for match in _SPELT_PAGES.finditer(question):
        for word in re.findall(_SPELT, match.group(1), re.IGNORECASE):
            yield PageMention(match.group(1).strip(), number=str(_CARDINALS[word.lower()]))
    yield from _counted(question)
    back = _BACK.search(question)
    if back:
        yield PageMention(back.group(), position=-1)
    elif (cover := _COVER.search(question)) and _is_place(question, cover):
        yield PageMention(cover.group(), position=1)


def _counted(question: str) -> Iterator[PageMention]:
    """Pages by their position: the third, the last two."""
    for match in _NTH_PAGE.finditer(question):
        word, digits, count = match.groups()
        start = int(digits) if digits else _ORDINALS[word.lower()]
        many = _COUNTS.get(count.lower(), 0) or int(count) if count else 1
        step = -1 if start < 0 else 1
        for at in range(many if start in (1, -1) else 1):
            position = start + step * at
            yield PageMention(match.group(), position=position, shift=_shift(question, match))


def _items(question: str) -> Iterator[ItemMention]:
    for match in _ITEMS.finditer(question):
        kind: ItemKind = "table" if match.group(1).lower().startswith("tab") else "figure"
        for number in _spelled_out(match.group(2), _ITEM_NUMBER):
            shift = _shift(question, match)
            yield ItemMention(match.group().strip(), kind, number=number, shift=shift)
    for match in _NTH_ITEM.finditer(question):
        kind = "table" if match.group(2).lower() == "table" else "figure"
        position = _ORDINALS[match.group(1).lower()]
        yield ItemMention(match.group(), kind, position=position, shift=_shift(question, match))


def _shift(question: str, match: re.Match[str]) -> int:
    """Whether the page beside a place is meant: "the page after Figure 3"."""
    beside = _BESIDE.search(question[: match.start()])
    if not beside:
        return 0
    return 1 if any(beside.groups()) else -1


def _is_place(question: str, cover: re.Match[str]) -> bool:
    """Whether "cover" is a page; in "does it cover taxes" it is a verb."""
    if " " in cover.group():
        return True
    return bool(re.search(r"\b(?:the|its|front)\s+$", question[: cover.start()], re.IGNORECASE))


def _spelled_out(numbers: str, pattern: str) -> list[str]:
    """Each number of a list of them, "3-5" as 3, 4 and 5."""
    span = re.fullmatch(
        r"\s*(\d{1,4})\s*(?:-|\u2013|\u2014|to|through)\s*(?:(?i:page|slide)\s+)?(\d{1,4})\s*",
        numbers,
    )
    if span and 0 < int(span[2]) - int(span[1]) < _MOST_PAGES:
        return [str(number) for number in range(int(span[1]), int(span[2]) + 1)]
    return re.findall(pattern, numbers)
