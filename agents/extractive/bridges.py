"""Where to search next: what a found page names that the question does not.

`Which waterfall is in the country of the Bubye River?` finds the page of the river, and that
page names Zimbabwe. A name of a found page with the words of the question that this page
lacks (`Zimbabwe waterfall`) is the second hop. The idea is that of iterative retrieval
(Qi et al., GoldEn Retriever, 2019; Das et al., Multi-step entity-centric retrieval, 2019),
without their trained models.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pagehop.agents.extractive.language import Term, content, stems, words
from pagehop.tools.retrieval.words.analysis import STOP_WORDS

Place: TypeAlias = tuple[str, int]  # document name, page

TOGETHER = 0.85  # share of the question on one page, from which nothing is left for a second
HALF = 5  # rank at which a page found counts half of the first
SHARED = 0.2  # what a name gains with each further page that has it
MOST_SHARED = 3  # further pages that count
LATER_NAME = 0.01  # what a name loses against the one before it on its page
# Words inside names: `Battle of the Bulge`.
_LINKS = frozenset(["of", "the", "de", "and", "for", "in", "du", "la", "von", "van", "del", "der"])
_OPENS = '("\u201c\u2018'
_CLOSES = re.compile(r"[,;:?!)\"”]$|['\u2019]s$")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page that a search found, as it is read for names."""

    place: Place
    lines: tuple[str, ...]  # its sentences and headings

    @property
    def words(self) -> tuple[str, ...]:
        """Its words as they are written."""
        return tuple(word for line in self.lines for word in words(line))

    @property
    def stems(self) -> frozenset[str]:
        """The stems of all its words."""
        return frozenset(stem for line in self.lines for stem in stems(line))


@dataclass(frozen=True, slots=True)
class Bridge:
    """A search for the second hop."""

    name: str  # as the page writes it
    query: str  # the name, and what the page lacks of the question
    place: Place  # the page that has the name
    worth: float


def bridges(
    question: str, leaves: Sequence[Leaf], tried: Collection[str], at_most: int
) -> tuple[Bridge, ...]:
    """The searches that the found pages suggest, the most promising first.

    None when one page speaks of nearly all that the question names: then there is no second.

    Args:
        question: one question, without places for earlier answers.
        leaves: the pages that a search for it found, best first.
        tried: queries that were made.
        at_most: how many.
    """
    terms = content(question)
    pages = [(leaf, leaf.stems) for leaf in leaves]
    if not terms or max((covered(terms, among) for _, among in pages), default=1.0) >= TOGETHER:
        return ()
    asked = frozenset(stems(question))
    plain = frozenset(word for leaf in leaves for word in leaf.words if word.islower())
    named = [(*page, _names(page[0], asked, plain)) for page in pages]
    shared = Counter(key for *_, found in named for key in found)
    best: dict[frozenset[str], Bridge] = {}
    for rank, (leaf, among, found) in enumerate(named):
        lacking = [term.word for term in terms if not term.occurs(among)]
        for order, (key, name) in enumerate(found.items()):
            gain = 1 + SHARED * min(shared[key] - 1, MOST_SHARED)
            worth = near(rank) * gain - LATER_NAME * order
            if key not in best or worth > best[key].worth:
                best[key] = Bridge(name, " ".join([name, *lacking]), leaf.place, worth)
    fresh = (bridge for bridge in best.values() if bridge.query not in tried)
    return tuple(sorted(fresh, key=lambda bridge: -bridge.worth)[:at_most])


def near(rank: int) -> float:
    """What a place in a list of hits counts: 1 for the first, half at `HALF`."""
    return HALF / (HALF + rank)


def covered(terms: Sequence[Term], among: Collection[str]) -> float:
    """The share of the terms' weight that stands among these stems, 0 to 1."""
    total = sum(term.weight for term in terms)
    return sum(term.weight for term in terms if term.occurs(among)) / total if total else 0.0


def _names(leaf: Leaf, asked: frozenset[str], plain: frozenset[str]) -> dict[frozenset[str], str]:
    """The names of a page that say something new, by their stems, in order.

    A word that the found pages also write small is no name: it begins a sentence, or heads a
    column.
    """
    found: dict[frozenset[str], str] = {}
    for line in leaf.lines:
        for name in spans(line):
            key = frozenset(stems(name))
            if key and not key <= asked and name.lower() not in plain:
                found.setdefault(key, name)
    return found


def spans(line: str) -> Iterator[str]:
    """Runs of capitalised words in a line, with the small words inside: `Battle of Mine Creek`."""
    run: list[str] = []
    for place, word in enumerate(line.split()):
        bare = re.sub(r"['\u2019]s?$", "", word.strip(".,;:?!()[]\"“”\u2018\u2019'`"))
        if run and word[0] in _OPENS:
            yield from _whole(run)
            run = []
        if _is_named(bare, inside=bool(run), first=place == 0):
            run.append(bare)
            if not _CLOSES.search(word):
                continue
        elif run and word in _LINKS:
            run.append(word)
            continue
        if run:
            yield from _whole(run)
            run = []
    yield from _whole(run)


def _is_named(bare: str, *, inside: bool, first: bool) -> bool:
    if not bare[:1].isupper():
        return False
    return bare.lower() not in STOP_WORDS or (inside and not first)


def _whole(run: list[str]) -> Iterator[str]:
    """A run without small words at its end; nothing for an empty one."""
    end = len(run)
    while end and run[end - 1] in _LINKS:
        end -= 1
    if end:
        yield " ".join(run[:end])
