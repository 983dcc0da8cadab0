"""What documents say of themselves on their first pages: words to be named by, and a period.

Working it out of a page takes two milliseconds, and a search asks it of some fifty documents: so
it is kept on disk, and what was asked of it last in memory.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import PurePath
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.facts import Facts
from pagehop.tools.retrieval.naming.periods import Periods, own_periods, without_periods
from pagehop.tools.retrieval.words.analysis import VERSION as TERMS
from pagehop.tools.retrieval.words.analysis import term_hash, words

VERSION = 10 * TERMS  # of what is kept; another one makes all of it anew
HEAD = 1_500  # characters of the first page: what a cover, a title block or a form's head takes
_REMEMBERED = 1 << 13  # documents held in memory, about 5 kB each


class View(Protocol):
    """What of a catalogue is needed to know its documents."""

    def generation(self) -> int:
        """A number that grows with every change."""
        ...

    def documents(self) -> Sequence[Document]:
        """All documents."""
        ...

    def openings(self, documents: Collection[str], length: int, /) -> Mapping[str, str]:
        """Document id -> so many characters of its first page."""
        ...

    def page_digests(self) -> Mapping[tuple[str, int], str]:
        """(document id, page) -> digest of every page that was read."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """What a document says of itself on its first page, its name and title included."""

    marks: NDArray[np.int64]  # of the first page's words, single and two as one; ascending
    own: Periods

    @classmethod
    def read(cls, document: Document, head: str) -> "Card":
        """The card of a document whose first page begins so."""
        said = set(_with_pairs(words(without_periods(head))))
        marks = np.fromiter(map(term_hash, said), dtype=np.int64, count=len(said))
        marks.sort()
        own = own_periods(PurePath(document.name).stem, document.title, head)
        return cls(marks=marks, own=own)

    @classmethod
    def unpacked(cls, says: bytes) -> "Card":
        """The card that was packed."""
        told, marks = says.split(b"\n", 1)
        return cls(np.frombuffer(marks, dtype="<i8"), Periods.unpacked(json.loads(told)))

    def packed(self) -> bytes:
        """The card in bytes: a line with its periods, then its marks."""
        told = json.dumps(self.own.packed(), separators=(",", ":"))
        return told.encode() + b"\n" + self.marks.astype("<i8").tobytes()

    def has(self, marks: NDArray[np.int64]) -> list[bool]:
        """Which of these words it has: a set of strings would take ten times the memory."""
        if not len(self.marks):
            return [False] * len(marks)
        at = np.searchsorted(self.marks, marks)
        found: list[bool] = (self.marks.take(at, mode="clip") == marks).tolist()
        return found


_NOTHING = Card(np.zeros(0, dtype=np.int64), Periods())


class FirstPages:
    """The cards of a catalogue's documents. Safe for threads."""

    def __init__(self, view: View, facts: Facts | None) -> None:
        """Read first pages of a catalogue; without a file of facts, at every start again."""
        self._view = view
        self._facts = facts
        self._lock = Lock()
        self._number = -1  # the generation that the cards are of
        self._known: dict[str, Document] = {}
        self._cards: dict[str, Card] = {}

    def update(self) -> int:
        """Read those of documents that are new; returns how many changed."""
        if self._facts is None:
            return 0
        return self._facts.sync(self._view.generation(), self._digests, self._packed)

    def cards(self, identities: Collection[str]) -> dict[str, Card]:
        """What these documents say of themselves; nothing where there is no such document."""
        wanted = sorted(identities)
        with self._lock:
            known, held = self._now()
            found = {one: held[one] for one in wanted if one in held}
        unread = [one for one in wanted if one in known and one not in found]
        if unread:
            found |= self._told(unread, known)
        with self._lock:
            for one in wanted:
                held.pop(one, None)  # the ones asked about last shall go last
                held[one] = found.setdefault(one, _NOTHING)
            for one in list(held)[: max(0, len(held) - _REMEMBERED)]:
                del held[one]
        return {one: found[one] for one in wanted}

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._facts is not None:
            self._facts.close()

    def _now(self) -> tuple[dict[str, Document], dict[str, Card]]:
        """The documents, and the cards of those asked about since the catalogue has changed."""
        number = self._view.generation()
        if number != self._number:
            self._known = {one.id: one for one in self._view.documents()}
            self._cards, self._number = {}, number
        return self._known, self._cards

    def _told(self, unread: Sequence[str], known: Mapping[str, Document]) -> dict[str, Card]:
        """As it was worked out before, else as it is read now."""
        self.update()
        kept = self._facts.of(unread) if self._facts else {}
        found = {one: Card.unpacked(says) for one, says in kept.items()}
        return found | self._read([one for one in unread if one not in found], known)

    def _read(self, unread: Sequence[str], known: Mapping[str, Document]) -> dict[str, Card]:
        """Of a document that was removed since they were listed nothing is read."""
        heads = self._view.openings(unread, HEAD) if unread else {}
        return {one: Card.read(known[one], heads.get(one, "")) for one in unread}

    def _digests(self) -> dict[str, str]:
        """Document id -> digest of its name, its title and its first page."""
        pages = self._view.page_digests()
        return {
            one.id: _digest(one.name, one.title, pages.get((one.id, 1), ""))
            for one in self._view.documents()
        }

    def _packed(self, stale: Sequence[str]) -> dict[str, bytes]:
        known = {one.id: one for one in self._view.documents()}
        found = self._read([one for one in stale if one in known], known)
        return {one: card.packed() for one, card in found.items()}


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _with_pairs(found: Sequence[str]) -> Iterator[str]:
    """The words, and neighbours as one: BEST BUY is asked for as Bestbuy, too."""
    yield from (word for word in found if len(word) > 1)
    yield from map("".join, pairwise(found))
