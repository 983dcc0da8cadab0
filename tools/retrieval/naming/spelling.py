"""The file names that stand in a question, letter by letter."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePath

from pagehop.tools.corpus.records import Document

_SHORTEST = 4  # characters that a name without extension must have to count as spelt out


class Spellings:
    """The names of documents in lower case, with and without extension, to look for."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._known = [
            (*_spellings(name), document.id) for document in documents for name in document.names
        ]

    def within(self, question: str) -> frozenset[str]:
        """The ids of the documents whose file name stands in the question, extension or not."""
        asked = " ".join(question.casefold().split())
        near = [one for one in self._known if one[0] in asked or (one[1] and one[1] in asked)]
        return frozenset(
            document
            for whole, stem, document in near
            if whole in asked or (stem and _stands_in(stem, asked))
        )


@lru_cache(maxsize=1 << 13)
def _spellings(name: str) -> tuple[str, str]:
    """A name in lower case, and without its extension if that is no plain word; else ""."""
    whole = name.casefold()
    stem = PurePath(whole).stem
    distinctive = len(stem) >= _SHORTEST and not stem.isalpha()
    return whole, stem if distinctive else ""


def _stands_in(stem: str, asked: str) -> bool:
    at = asked.find(stem)
    while at >= 0:
        before, after = asked[at - 1 : at], asked[at + len(stem) : at + len(stem) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = asked.find(stem, at + 1)
    return False
