"""Which numbers a claim may state: those of what it cites, and what was calculated from them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pagehop.agents.checks.checking import Checked
from pagehop.agents.checks.numerals import Numeral, numerals, stands_in
from pagehop.agents.team import Calculation
from pagehop.tools.calculator import evaluate
from pagehop.tools.errors import InputError
from pagehop.tools.evidence import Evidence

EVIDENCE_ID = re.compile(r"\be[0-9a-f]{8}\b")
_LIST_MARK = re.compile(r"^\s*\(?\d{1,2}[.)]\s+", re.MULTILINE)
_REFERENCE = re.compile(
    r"\b(?:pages?|p\.|pp\.|figs?\.?|figures?|tables?|sections?|sec\.|chapters?|appendix|steps?|"
    r"slides?|parts?|items?|notes?|equations?|eq\.|questions?)\s*(\d+(?:\.\d+)*)",
    re.IGNORECASE,
)
# `4-hop`, `10-K`, `recall@10`, `3M`: a number that is part of a name.
_NAME = re.compile(
    r"(?<![\w.,])\d+(?=-(?!percent|point|fold|thousand|million|billion)[A-Za-z])|(?<=\w@)\d+\b"
    r"|(?<![\w.,])\d+(?=[A-JL-Z]\b)",
)
_TITLE = re.compile(r"\b[A-Z][\w'-]*\s\d{1,3}\b(?![.,]\d|\s?%)")  # `Falcon 9`, `Table 1`
# Numbers that calculations bring along: shares of a whole, months, weeks, days.
_CONSTANTS = frozenset({1, 2, 4, 7, 12, 24, 52, 60, 100, 360, 365, 1000, 1_000_000})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the question states: it may be repeated, but it proves nothing."""

    numbers: tuple[Numeral, ...]
    titles: tuple[str, ...]  # names with a number, as written

    @classmethod
    def of(cls, question: str) -> "Asked":
        """The numbers and the numbered names of a question."""
        return cls(numerals(question), tuple(dict.fromkeys(_TITLE.findall(question))))


def missing_numbers(
    text: str,
    standing: Sequence[Checked],
    calculations: Sequence[Calculation],
    asked: Asked,
    *,
    denies: bool = False,
) -> list[Numeral]:
    """The numbers of a claim that nothing backs.

    A year or a reference (`Table 3`) may stand anywhere on the page, a name (`4-hop`, `10-K`,
    `recall@10`) in the question too; every other number must stand in what is cited. Beside
    what a tool said may stand what the question gave it to work with, and a claim that `denies`
    what the question assumes may repeat it.
    """
    backs = [number for checked in standing for number in checked.backs]
    backs += _calculated(calculations, backs, asked)
    if denies or any(checked.evidence.modality == "tool" for checked in standing):
        backs += asked.numbers
    on_page = [*backs, *_on_pages(standing)]
    plain = _bare(text, standing, asked)
    strict = [n for n in numerals(_NAME.sub(" ", _REFERENCE.sub(" ", plain))) if not n.is_year]
    years = [n for n in numerals(plain) if n.is_year]
    names = [n for found in _NAME.finditer(plain) for n in numerals(found[0])]
    references = [n for found in _REFERENCE.finditer(plain) for n in numerals(found[1])]
    missing = [number for number in strict if not stands_in(number, backs)]
    missing += [number for number in (*years, *references) if not stands_in(number, on_page)]
    return missing + [n for n in names if not stands_in(n, [*on_page, *asked.numbers])]


@dataclass(frozen=True, slots=True)
class Told:
    """What the claims that stand give an answer's text to say."""

    standing: Sequence[Checked]
    asked: Asked
    numbers: Sequence[Numeral]

    @classmethod
    def by(
        cls,
        claims: Iterable[str],
        standing: Sequence[Checked],
        calculations: Sequence[Calculation],
        asked: Asked,
    ) -> "Told":
        """The numbers of claims, of the pages they cite, of calculations and of the question."""
        backs = [number for checked in standing for number in checked.backs]
        stated = [number for claim in claims for number in numerals(claim)]
        results = _calculated(calculations, backs, asked)
        known = [*backs, *stated, *results, *_on_pages(standing), *asked.numbers]
        return cls(standing, asked, known)

    def covers(self, text: str) -> bool:
        """Whether the text states no number of its own."""
        told = numerals(_bare(text, self.standing, self.asked))
        return all(stands_in(number, self.numbers) for number in told)


def _bare(text: str, standing: Sequence[Checked], asked: Asked) -> str:
    """A text without list marks, evidence ids, names of cited documents and of the question."""
    bare = EVIDENCE_ID.sub(" ", _LIST_MARK.sub(" ", text))
    for name in {checked.evidence.document for checked in standing} - {""}:
        bare = bare.replace(name, " ")
    for title in asked.titles:
        bare = re.sub(rf"\b{re.escape(title)}\b(?![.,]\d)", " ", bare)
    return bare


def _on_pages(standing: Sequence[Checked]) -> list[Numeral]:
    """The numbers of the cited pages, and those by which the pages are called."""
    there = [number for checked in standing for number in checked.on_page]
    return there + [n for checked in standing for n in _place_numbers(checked.evidence)]


def _place_numbers(found: Evidence) -> tuple[Numeral, ...]:
    """The page's number and printed label and the document's name, which a claim may name."""
    name = re.sub(r"[\W_]+", " ", found.document)
    return numerals(f"{found.page} {found.page_label or ''} {name}")


def _calculated(
    calculations: Sequence[Calculation], backs: Sequence[Numeral], asked: Asked
) -> list[Numeral]:
    """The results of the calculations that hold and whose numbers the evidence has.

    A calculation may go on with the result of an earlier one, and with numbers of the question
    (`at 0.1 hours each`), which then are told with its result; from those alone nothing follows.
    """
    results: list[Numeral] = []
    for calculation in calculations:
        written = numerals(calculation.value)
        inputs = [n for n in numerals(calculation.expression) if n.value not in _CONSTANTS]
        found = [number for number in inputs if stands_in(number, [*backs, *results])]
        given = [n for n in inputs if n not in found and stands_in(n, asked.numbers)]
        founded = len(found) + len(given) == len(inputs) and (found or not given)
        if written and founded and _holds(calculation, written[0]):
            results.extend((written[0], *_percent(written[0]), *given))
    return results


def unfounded(
    missing: Sequence[Numeral],
    standing: Sequence[Checked],
    calculations: Sequence[Calculation],
    asked: Asked,
) -> str:
    """Which numbers of the calculations behind the missing ones the evidence does not have."""
    backs = [number for checked in standing for number in checked.backs]
    known = [*backs, *_calculated(calculations, backs, asked), *asked.numbers]
    lacking = [
        number.written
        for done in calculations
        if any(stands_in(number, numerals(done.value)) for number in missing)
        for number in numerals(done.expression)
        if number.value not in _CONSTANTS and not stands_in(number, known)
    ]
    return ", ".join(dict.fromkeys(lacking))


def _holds(calculation: Calculation, written: Numeral) -> bool:
    try:
        value = evaluate(calculation.expression).value
    except InputError:
        return False
    exact = Numeral(written=str(value), value=abs(value))
    places = abs(value).quantize(written.value) if written.value.is_finite() else value
    return places == written.value or stands_in(written, [exact])


def _percent(number: Numeral) -> tuple[Numeral, ...]:
    """A share of 0.214 may be told as 21.4 percent."""
    return (replace(number, value=number.value * 100),) if number.value < 10 else ()
