"""Cards: a table or figure in words, so that it can be found by what it is about.

A table is its caption, headings, column heads, row labels and units; a figure its caption, the
words in it, and the sentences that mention it. "Beyond Text" (Riedler and Langer, 2024) and
MMDocIR (Dong et al., 2025) found text about a picture to retrieve better than its embedding
by a general image encoder.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol, TypeAlias

from pagehop.tools.corpus.records import Passage, Region
from pagehop.tools.corpus.table_rows import header_rows, is_number

CardKind: TypeAlias = Literal["table", "figure"]

VERSION = 1  # of how cards are written; another one makes all cards anew

_CAPTION_WORDS = 60
_LABELS = 40  # row labels of a table
_WORDS = 80  # of a figure
_MENTIONS = 2  # sentences that mention it
_MENTION_WORDS = 40  # of each
_NAMED = re.compile(
    r"\b(fig(?:ure)?s?|tables?|tab|charts?|exhibits?|graphs?)\b\.?\s*"
    r"([A-Z]?\.?\d{1,3}(?:[.\-]\d{1,3})*)",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\(?\b(?:in|amounts in|dollars in)\s+(?:thousands|millions|billions|percent|%)[^)\n]{0,30}\)?"
    r"|[%$€£¥]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])(?<!\b[Ff]ig\.)(?<!\b[Tt]ab\.)\s+(?=[A-Z0-9(\"\u201c])")

Name: TypeAlias = tuple[CardKind, str]  # what a caption or a sentence calls it: ("figure", "3")


@dataclass(frozen=True, slots=True)
class Card:
    """A table or figure of a page, and what is encoded for it."""

    region_id: str
    page: int
    kind: CardKind
    text: str


class View(Protocol):
    """What of a catalogue is needed to write cards."""

    def regions(self, document_id: str, /) -> Sequence[Region]:
        """The regions of a document, in reading order."""
        ...

    def passages(self, document_id: str, /) -> Sequence[Passage]:
        """The passages of a document, in reading order."""
        ...


def write_cards(document_id: str, view: View) -> list[Card]:
    """A card for each table and figure of a document that has any words; the same every time."""
    regions = [one for one in view.regions(document_id) if one.kind in ("table", "figure")]
    if not regions:
        return []
    passages = view.passages(document_id)
    headings = {one.region_id: one.heading for one in passages if one.region_id}
    told = _mentions(passages)
    cards = []
    for region in regions:
        lines = _lines(region, headings.get(region.id, ()), told)
        text = "\n".join(dict.fromkeys(line for line in lines if line))
        kind: CardKind = "table" if region.kind == "table" else "figure"
        if text:
            cards.append(Card(region.id, region.page, kind, text))
    return cards


def name_of(label: str) -> Name | None:
    """The kind and number of a label: "Fig. 3" is ("figure", "3")."""
    found = _NAMED.search(label)
    return _name(found) if found else None


def _lines(
    region: Region, heading: Sequence[str], told: Mapping[Name, Sequence[str]]
) -> Iterator[str]:
    """What a card says, the most telling first: an encoder cuts off what is too much."""
    yield _first(region.caption or region.label, _CAPTION_WORDS)
    yield " > ".join(heading[-2:])
    name = name_of(region.label)
    if region.kind == "figure":
        yield _first(region.text, _WORDS)
    elif region.cells:
        yield from _table(region)
    else:
        yield _first(region.text, _WORDS)
    yield from told.get(name, ())[:_MENTIONS] if name else ()


def _table(region: Region) -> Iterator[str]:
    """Column heads, row labels and units of a table."""
    top = header_rows(region.cells)
    heads = [cell.strip() for row in region.cells[:top] for cell in row if cell.strip()]
    yield "; ".join(dict.fromkeys(heads))
    labels = (
        next((cell.strip() for cell in row if cell.strip()), "") for row in region.cells[top:]
    )
    kept = dict.fromkeys(label for label in labels if label and not is_number(label))
    yield "; ".join(islice(kept, _LABELS))
    yield " ".join(dict.fromkeys(map(str.lower, _UNIT.findall(region.text))))


def _mentions(passages: Sequence[Passage]) -> dict[Name, list[str]]:
    """The sentences of the text that name a figure or table, by its name."""
    told: dict[Name, list[str]] = {}
    for passage in passages:
        if passage.kind != "text" or not _NAMED.search(passage.text):
            continue
        for sentence in _SENTENCE.split(passage.text):
            found = {_name(match): match for match in _NAMED.finditer(sentence)}
            for name, match in found.items():
                if match.start() > 0 or len(found) > 1:  # else it is a caption
                    told.setdefault(name, []).append(_first(sentence, _MENTION_WORDS))
    return told


def _name(match: re.Match[str]) -> Name:
    word, number = match.groups()
    return ("table" if word.lower().startswith("tab") else "figure", number.lower())


def _first(text: str, count: int) -> str:
    return " ".join(text.split()[:count])
