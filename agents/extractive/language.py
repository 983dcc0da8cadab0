"""The words of a question that say what it is about, and whether a line speaks of them."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from pagehop.agents.checks.numerals import NUMBER_WORDS
from pagehop.tools.retrieval.words import analysis

# Words of asking, beside the stop words of the index.
ASKING = frozenset(
    """name named list describe explain find give mention mentioned state stated answer based one
    ones use used using please may might must shall us else ever get got question report paper
    document documents papers reports slide slides shown figure table page pages stand stands higher
    lower greater fewer larger smaller""".split()  # noqa: SIM905  a word list reads best as words
)
_WORD = re.compile(r"[^\W_]+(?:[.,'\u2019\-/][^\W_]+)*%?")


@dataclass(frozen=True, slots=True)
class Term:
    """A word worth searching for: how it was written, its stems, how much it weighs."""

    word: str
    whole: str  # one stem; of a compound its parts joined: "logiclm"
    parts: tuple[str, ...]  # "logic", "lm"
    weight: float  # 1; more for names and numbers

    def occurs(self, among: Collection[str]) -> bool:
        """Whether the word, or all parts of a compound, are among these stems."""
        return self.whole in among or all(part in among for part in self.parts)


def words(text: str) -> list[str]:
    """The words of a text as written; `Logic-LM`, `3.5` and `1,214` are one word each."""
    return _WORD.findall(text)


@lru_cache(maxsize=1 << 15)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text in order, as the index makes them; small number words count too."""
    return tuple(analysis.words(text))


def is_number(word: str) -> bool:
    """Whether a word is written in digits (`3.5`, `12%`) or is a small number word (`five`)."""
    return word.lower() in NUMBER_WORDS or bool(re.fullmatch(r"\d[\d.,]*%?", word))


def is_name(word: str, first: bool) -> bool:
    """Whether a word looks like a name: a capital inside or ahead, or letters with digits."""
    if is_number(word):
        return False
    inner = any(char.isupper() for char in word[1:])
    mixed = any(char.isdigit() for char in word) and any(char.isalpha() for char in word)
    return inner or mixed or (word[0].isupper() and not first)


def content(text: str) -> tuple[Term, ...]:
    """The words of a question that say what it is about, each once, in order."""
    found: dict[str, Term] = {}
    for position, word in enumerate(words(text)):
        name = is_name(word, position == 0)
        if word.lower() in ASKING and not (name and word.isupper()):
            continue
        made = stems(re.sub(r"^(?:FY|fy)(?=\d{2})", "", word))
        if not made:
            continue
        parts = made[:-1] if len(made) > 1 else made
        term = Term(word, made[-1], parts, 1.5 if name or is_number(word) else 1.0)
        if term.whole not in found or found[term.whole].weight < term.weight:
            found[term.whole] = term
    return tuple(found.values())


def names(text: str) -> tuple[str, ...]:
    """Runs of name-like words as they are written, in order, each once."""
    runs: list[str] = []
    current: list[str] = []
    for position, word in enumerate(text.split()):
        bare = re.sub(r"['\u2019]s$", "", word.strip(".,;:?!()[]\"“”\u2018\u2019'"))
        named = bare[:1].isalnum() and is_name(bare, position == 0)
        if named and bare.lower() not in analysis.STOP_WORDS:
            current.append(bare)
            if word.rstrip("\"”\u2019'")[-1:] not in ",;:?!)":
                continue
        if current:
            runs.append(" ".join(current))
            current = []
    return tuple(dict.fromkeys([*runs, *([" ".join(current)] if current else [])]))
