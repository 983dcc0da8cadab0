"""What a question's words are called in documents: "capex" is "purchases of property" there.

The shipped vocabulary is of financial reports, because a ratio is asked for by a name that stands
on no page: a reader knows that a return on assets is net income over total assets, and that the
two stand in the income statement and the balance sheet. It is data, `vocabulary.jsonl`, one entry
a line with the reason for it, written from the definitions of the ratios and the line items of
statements under US GAAP and IFRS. A corpus adds its own field's words in a file of the same form.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pagehop.tools.errors import VocabularyError
from pagehop.tools.retrieval.words.analysis import counted, term_hash, terms, words
from pagehop.tools.retrieval.words.questions import stressed

FILE = "vocabulary.jsonl"  # beside this module, and in a corpus folder: words of one's own
SHIPPED = Path(__file__).with_name(FILE)
_EXPANDED = 0.3  # of a word that the question has itself: what an expansion's word counts
_STRESSED = 0.5  # added to the weight of names, numbers and quoted words


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Phrases a person asks with, and where and under which words the answer stands."""

    asked: tuple[str, ...]
    also: tuple[str, ...] = ()  # words that documents have for it
    statements: tuple[str, ...] = ()  # the statements of a financial report that give the numbers
    indirect: bool = False  # the page says it in other words: a ratio is computed from its lines
    reason: str


class Vocabulary:
    """Entries, found by the phrases that a question has."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        self._stems = [tuple(map(_stems, entry.asked)) for entry in self.entries]

    def meant(self, question: str) -> tuple[Entry, ...]:
        """The entries one of whose phrases the question has, whatever the endings of its words.

        >>> [entry.statements for entry in shipped().meant("What was the quick ratio in 2021?")]
        [('balance sheet',)]
        """
        said = _stems(question)
        return tuple(
            entry
            for entry, phrases in zip(self.entries, self._stems, strict=True)
            if any(phrase in said for phrase in phrases)
        )

    def weights(self, question: str) -> dict[int, float]:
        """The hashes of the question's terms, and of what they stand for, with their weights.

        A term counts as often as the question has it, names, numbers and quoted words half as
        much again. Only what is said indirectly is expanded: a line of a statement is asked for
        in words that its page has too, and the synonyms would bring other pages.
        """
        weights: dict[int, float] = dict(counted(question))
        for term in map(term_hash, stressed(question)):
            if term in weights:
                weights[term] += _STRESSED
        for entry in self.meant(question):
            if entry.indirect:
                for term in counted(" . ".join(entry.also)):
                    weights.setdefault(term, _EXPANDED)
        return weights


@cache
def shipped() -> Vocabulary:
    """The vocabulary that comes with the package."""
    return read_vocabulary(SHIPPED)


def corpus_vocabulary(folder: Path) -> Vocabulary:
    """The shipped vocabulary, with that of a corpus folder where it has one.

    Raises:
        VocabularyError: the folder's file cannot be read, or a line of it is no entry.
    """
    own = folder / FILE
    return read_vocabulary(SHIPPED, own) if own.exists() else shipped()


def read_vocabulary(*paths: Path) -> Vocabulary:
    """The entries of JSON Lines files, in their order.

    Raises:
        VocabularyError: a file cannot be read, or a line of it is no entry.
    """
    return Vocabulary([entry for path in paths for entry in _entries(path)])


def _entries(path: Path) -> list[Entry]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(f"The vocabulary {str(path)!r} cannot be read: {error}.") from error
    return [
        _entry(line, f"{path.name}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _entry(line: str, where: str) -> Entry:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise VocabularyError(f"{where} is no JSON: {error}.") from error
    if not isinstance(row, dict) or not all(map(_words, row.get("asked") or [""])):
        raise VocabularyError(f"{where} has no phrases under 'asked': give a list of them.")
    return Entry(
        asked=_phrases(row, "asked", where),
        also=_phrases(row, "also", where),
        statements=_phrases(row, "statements", where),
        indirect=bool(row.get("indirect", False)),
        reason=str(row.get("reason", "")),
    )


def _phrases(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = row.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise VocabularyError(f"{where} has {key}={found!r}: give a list of phrases.")
    return tuple(found)


def _words(phrase: object) -> bool:
    return isinstance(phrase, str) and bool(terms(phrase))


def _stems(text: str) -> str:
    """The stems of the words, each with a space on both sides, so that whole words are found."""
    return f" {' '.join(words(text))} "
