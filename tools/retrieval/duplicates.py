"""Copies of a page count once: the best stands for all of them.

Only true copies: the same words and numbers in the same order, apart from the running head and
the page number. A page of last year's report has other numbers and is no copy.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from pagehop.tools.retrieval.fusion import Place, Scores, ranked

WINDOW = 50  # the best pages: those that are compared
_EDGE = 6  # words at the top and at the bottom that may differ: running head, page number
_SHORTEST = 40  # words; of a shorter page all must be the same


class View(Protocol):
    """What of a catalogue is needed to compare pages."""

    def texts(self, places: Collection[Place], /) -> Mapping[Place, str]:
        """The text of these pages; nothing of pages that are not there."""
        ...


@dataclass(frozen=True, slots=True)
class Collapsed:
    """A ranking without copies, and which pages each page stands for."""

    scores: Scores
    copies: Mapping[Place, Sequence[Place]]  # only of pages that have some, best first


def collapsed(scores: Mapping[Place, float], view: View) -> Collapsed:
    """Leave out the copies of better pages among the best 50; the others keep their order."""
    first: dict[bytes, Place] = {}
    copies: dict[Place, list[Place]] = {}
    compared = ranked(scores)[:WINDOW]
    texts = view.texts(compared)
    for place in compared:
        mark = fingerprint(texts.get(place, ""))
        if mark is None:
            continue
        if mark in first:
            copies.setdefault(first[mark], []).append(place)
        else:
            first[mark] = place
    gone = {place for places in copies.values() for place in places}
    return Collapsed({one: score for one, score in scores.items() if one not in gone}, copies)


def fingerprint(text: str) -> bytes | None:
    """The same for copies of a page; None of a page without words, which is no one's copy.

    >>> body = " ".join(map(str, range(100)))
    >>> fingerprint(f"Annual Report {body} page 7") == fingerprint(f"Annual Report {body} page 9")
    True
    """
    found = text.casefold().split()
    if not found:
        return None
    core = found[_EDGE:-_EDGE] if len(found) >= _SHORTEST else found
    return blake2b(" ".join(core).encode(), digest_size=16).digest()
