"""The figures and tables of a document by what they are called, read once and kept.

A question that names "Table 4.16" and no document asks this of many of them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from pagehop.tools.corpus.records import Passage, Region

ItemKind: TypeAlias = Literal["figure", "table"]
Called: TypeAlias = tuple[str, int]  # what follows "Figure", in small letters, and the page

_KINDS: Mapping[ItemKind, re.Pattern[str]] = {
    "figure": re.compile(
        r"\W*(?:fig(?:ure)?|chart|exhibit|graph|diagram|image)s?\b\.?\s*", re.IGNORECASE
    ),
    "table": re.compile(r"\W*(?:table|tab)s?\b\.?\s*", re.IGNORECASE),
}
_NUMBER = 24  # characters: the longest number that is looked for
_KEPT = 1_000  # documents


class View(Protocol):
    """What of a catalogue is needed."""

    def generation(self) -> int:
        """A number that grows with every change."""
        ...

    def regions(self, document_id: str, /) -> Sequence[Region]:
        """The regions of a document, in reading order."""
        ...

    def passages(self, document_id: str, /) -> Sequence[Passage]:
        """The passages of a document, in reading order."""
        ...


@dataclass(frozen=True, slots=True)
class Items:
    """The figures, or the tables, of one document."""

    pages: tuple[int, ...]  # of those with a caption, else of all, in reading order
    called: tuple[tuple[Called, ...], ...]  # by label, caption, caption line, passage

    def at(self, position: int) -> list[int]:
        """The page of the first (1), the second (2), the last (-1) one."""
        index = position - 1 if position > 0 else position
        return [self.pages[index]] if -len(self.pages) <= index < len(self.pages) else []

    def numbered(self, number: str) -> list[int]:
        """The pages of those of a number, as the surest of the sources says."""
        wanted = number.casefold()
        for source in self.called:
            found = {page for said, page in source if _begins(said, wanted)}
            if found:
                return sorted(found)
        return []


class _Shelf:
    """The items of one catalogue's documents, as of one generation."""

    def __init__(self) -> None:
        self.generation = -1
        self.held: dict[str, Mapping[ItemKind, Items]] = {}


_shelves: WeakKeyDictionary[View, _Shelf] = WeakKeyDictionary()
_lock = Lock()


def items_of(document: str, view: View) -> Mapping[ItemKind, Items]:
    """The figures and tables of a document; what is read is kept until the catalogue changes."""
    generation = view.generation()
    with _lock:
        shelf = _shelves.setdefault(view, _Shelf())
        if shelf.generation != generation:
            shelf.generation, shelf.held = generation, {}
        if document in shelf.held:
            return shelf.held[document]
    made = _read(view.regions(document), view.passages(document))
    with _lock:
        if shelf.generation == generation:
            shelf.held[document] = made
            while len(shelf.held) > _KEPT:
                del shelf.held[next(iter(shelf.held))]
    return made


def _read(regions: Sequence[Region], passages: Sequence[Passage]) -> Mapping[ItemKind, Items]:
    captions = [(one.text, one.page) for one in regions if one.kind == "caption"]
    sources = (
        [(one.label, one.page) for one in regions],
        [(one.caption, one.page) for one in regions],
        captions,
        [(one.text, one.page) for one in passages],
    )
    made: dict[ItemKind, Items] = {}
    for kind, pattern in _KINDS.items():
        own = [one for one in regions if one.kind == kind]
        captioned = [one for one in own if one.label or one.caption] or own
        made[kind] = Items(
            tuple(one.page for one in captioned),
            tuple(_called(source, pattern) for source in sources),
        )
    return made


def _called(source: Iterable[tuple[str, int]], kind: re.Pattern[str]) -> tuple[Called, ...]:
    return tuple(
        (text[found.end() : found.end() + _NUMBER].casefold(), page)
        for text, page in source
        if (found := kind.match(text))
    )


def _begins(said: str, number: str) -> bool:
    """Whether it is that number, and no longer one: "3" in "3: Sales", not in "3.1" or "3b"."""
    if not said.startswith(number):
        return False
    return not re.match(r"\w|\.\d", said[len(number) :])
