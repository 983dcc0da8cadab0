"""The ledger put in order: what says the same becomes one entry, what disagrees stands together.

Consolidating evidence before answering is worth about ten points to models that were not
trained for it (SCORE). No model has a say in it here: only what stands at the same place, or
says the same words on the same page, is merged, and no id is lost.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pagehop.tools.boxes import BBox, share_inside
from pagehop.tools.corpus.wording import denials, numbers, pieces
from pagehop.tools.evidence import Evidence

OVERLAP = 0.5  # share of the smaller box from which on two boxes are one place
ALIKE = 0.5  # share of the words of two quotes from which on they speak of the same
BESIDE = 2  # contradictions that are moved up beside an entry
YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d]|[.,]\d)")
NAMED = re.compile(r"\b[A-Z][\w'-]*\s\d+(?:\.\d+)*\b(?!,\d|\s?%)")  # `Table 3`, `Windows 8.1`
COUNTED = re.compile(r":\s*\d+\s*$")  # items of a list, counted by who saw them
LOOKERS = frozenset({"image"})  # agents that see pictures; all others read


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one place says, and the evidence of the ledger that says so."""

    told: Evidence  # the fullest of them, with the highest confidence of all
    ids: tuple[str, ...]  # of all of them, the surest first
    sub_questions: tuple[str, ...]  # that they serve, sorted
    readings: tuple[str, ...]  # what the agents make of it, the surest first, each once
    corroborated: bool  # both read in the text and seen in the picture
    confidence: float  # the highest
    against: tuple[str, ...] = ()  # first ids of entries with other numbers for the same


@dataclass(frozen=True, slots=True)
class _Said:
    """A piece of evidence with what is compared of it."""

    found: Evidence
    words: tuple[str, ...]
    plain: frozenset[str]  # the words that are no numbers
    numbers: frozenset[str]
    years: frozenset[str]

    @classmethod
    def of(cls, found: Evidence) -> "_Said":
        words = tuple(pieces(found.quote))
        plain = frozenset(word for word in words if not word.isdigit())
        years = frozenset(YEAR.findall(found.quote))
        stated = COUNTED.sub("", NAMED.sub(" ", found.quote))
        return cls(found, words, plain, frozenset(numbers(stated)), years)


def consolidate(ledger: Iterable[Evidence]) -> tuple[Entry, ...]:
    """The ledger's entries, best first; the same for the same evidence in any order.

    Evidence is merged where one stands on the page of the other and either has its words, or
    lies at the same place and says no more: its words and numbers are all in the other's.
    Entries take turns by sub-question and modality, so that none crowds out the others, and an
    entry is followed by those that contradict it: the same sub-question, much the same words,
    other numbers.
    """
    said = sorted(map(_Said.of, ledger), key=_fullest_first)
    groups: list[list[_Said]] = []
    on_page: dict[tuple[str, int], list[list[_Said]]] = {}
    for one in said:
        beside = on_page.setdefault((one.found.document_id, one.found.page), [])
        home = next((group for group in beside if _covers(group[0], one)), None)
        if home is None:
            home = []
            groups.append(home)
            beside.append(home)
        home.append(one)
    return _beside_each_other(groups)


def _fullest_first(said: _Said) -> tuple[Any, ...]:
    """A total order: of two that say the same, the one that says more of it comes first."""
    found = said.found
    return (-len(said.words), not found.verbatim, *_surest_first(found))


def _surest_first(found: Evidence) -> tuple[Any, ...]:
    return (-found.confidence, found.id, found.sub_question, found.agent, found.reading)


def _covers(whole: _Said, part: _Said) -> bool:
    """Whether the first says all that the second, of the same page, says of the same place."""
    a, b = whole.found, part.found
    if "tool" in (a.modality, b.modality):
        return a.id == b.id
    if denials(whole.words) != denials(part.words):
        return False
    if whole.words == part.words:
        return _near(a.bbox, b.bbox)
    return (
        a.bbox is not None
        and b.bbox is not None
        and _near(a.bbox, b.bbox)
        and bool(part.words)
        and part.numbers <= whole.numbers
        and set(part.words) <= set(whole.words)
    )


def _near(a: BBox | None, b: BBox | None) -> bool:
    """Whether two boxes are one place; where one is not known, the page has to do."""
    if a is None or b is None:
        return True
    return max(share_inside(a, b), share_inside(b, a)) >= OVERLAP or a == b


def _beside_each_other(groups: Sequence[Sequence[_Said]]) -> tuple[Entry, ...]:
    """Entries in turns, each followed by the ones that contradict it."""
    ranked = _in_turns(groups)
    against = _contradictions(ranked)
    order: list[int] = []
    for at in range(len(ranked)):
        pulled = [at, *against[at][:BESIDE]]
        order += [other for other in dict.fromkeys(pulled) if other not in order]
    firsts = [_surest(group)[0].id for group in ranked]
    return tuple(_entry(ranked[at], tuple(firsts[other] for other in against[at])) for at in order)


def _in_turns(groups: Sequence[Sequence[_Said]]) -> list[Sequence[_Said]]:
    """The surest of each sub-question and modality first, then the second of each, and so on."""
    turns: dict[tuple[str, str], int] = {}
    ranked: list[tuple[int, Sequence[_Said]]] = []
    for group in sorted(groups, key=lambda group: _surest_first(_surest(group)[0])):
        lead = group[0].found
        turn = turns[lead.sub_question, lead.modality] = (
            turns.get((lead.sub_question, lead.modality), 0) + 1
        )
        ranked.append((turn, group))
    return [group for _, group in sorted(ranked, key=lambda pair: pair[0])]


def _contradictions(ranked: Sequence[Sequence[_Said]]) -> dict[int, list[int]]:
    """For each entry the places in the list of those that contradict it."""
    against: dict[int, list[int]] = {at: [] for at in range(len(ranked))}
    for at, other in combinations(range(len(ranked)), 2):
        if _contradict(ranked[at][0], ranked[other][0]):
            against[at].append(other)
            against[other].append(at)
    return against


def _contradict(a: _Said, b: _Said) -> bool:
    """Whether two quotes give other numbers in much the same words, for the same sub-question.

    Quotes of different years do not contradict each other.
    """
    if a.found.sub_question != b.found.sub_question or not (a.numbers and b.numbers):
        return False
    if a.numbers <= b.numbers or b.numbers <= a.numbers:
        return False
    if a.years and b.years and a.years != b.years:
        return False
    if not (a.plain <= b.plain or b.plain <= a.plain):  # another row, another name
        return False
    return len(a.plain & b.plain) > ALIKE * len(a.plain | b.plain)


def _surest(group: Sequence[_Said]) -> list[Evidence]:
    return sorted((said.found for said in group), key=_surest_first)


def _entry(group: Sequence[_Said], against: tuple[str, ...]) -> Entry:
    surest = _surest(group)
    looked = {found.agent in LOOKERS for found in surest if found.modality != "tool"}
    return Entry(
        told=group[0].found,
        ids=tuple(dict.fromkeys(found.id for found in surest)),
        sub_questions=tuple(sorted({found.sub_question for found in surest})),
        readings=tuple(dict.fromkeys(found.reading for found in surest if found.reading)),
        corroborated=len(looked) == 2,
        confidence=surest[0].confidence,
        against=against,
    )
