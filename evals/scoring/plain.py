"""Our own rule, for answers as they are given: short, but with units, in a sentence, in a list.

By the form of the expected answer. A number is the answer's first one that the question does not
give and that is no year, unless a year is expected; signs and units are left aside, and 1 % off is
right for measures, not for counts and years. A list is right when each of its
items is there and nothing else. A text is right when it is the expected one, when it holds it and
little more, or when it is nearly it, word by word or letter by letter; numbers in it have to be
there. It knows no paraphrase: for sentences as answers, ask a judge.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from pagehop.agents.checks.numerals import Numeral, numerals, spelled, stands_in
from pagehop.evals.question import Question
from pagehop.evals.scoring.items import readings
from pagehop.evals.scoring.pairing import best_pairs
from pagehop.evals.scoring.score import NOT_ANSWERABLE, Score, best, either
from pagehop.evals.scoring.similarity import similarity

TYPOS = 0.8  # similarity from which two texts differ by typing alone
WORDS = 0.6  # F1 of words from which two texts say the same
_COUNTS = frozenset({"int", "integer"})
_NUMBERS = frozenset({"int", "integer", "float", "numeric"})
_WORD = re.compile(r"\w+")
# A number, with what may stand around it in an answer that is nothing but a number.
_BARE_NUMBER = re.compile(r"\W*[\d.,]+\W*(?:[a-z]{1,3}|thousand|million|billion|percent)?\W*", re.I)


def score(question: Question, said: tuple[str, ...]) -> Score:
    """The score of an answer by the form of the one that is expected."""
    expected, text = question.expected, "\n".join(said).strip()
    if not question.answerable:
        return either(text == NOT_ANSWERABLE)
    if expected is None or not text or text == NOT_ANSWERABLE:
        return Score(0.0, False)
    return best([_score(question, one, said) for one in expected.answers])


def _score(question: Question, expected: tuple[str, ...], said: tuple[str, ...]) -> Score:
    form = question.expected.form.casefold() if question.expected else ""
    if len(expected) > 1 or form == "list":
        return max(
            (
                _list(expected, one)
                for one in (readings("".join(said)) if len(said) == 1 else [said])
            ),
            key=lambda found: found.value,
        )
    one, other = "".join(expected), "\n".join(said)
    if form == "yes/no" or one.casefold() in ("yes", "no"):
        return either(words(other)[:1] == words(one)[:1])
    if form in _NUMBERS or _BARE_NUMBER.fullmatch(one):
        wanted = _numbers(one)
        if len(wanted) == 1:
            return either(_number(wanted[0], one, other, question, counts=form in _COUNTS))
    return _text(one, other)


def words(text: str) -> list[str]:
    """The words of a text, without case, marks and accents.

    >>> words("Crème brûlée, 2-inch")
    ['creme', 'brulee', '2', 'inch']
    """
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(mark for mark in folded if not unicodedata.combining(mark)))


def _numbers(text: str) -> tuple[Numeral, ...]:
    return numerals(text) or spelled(text)


def _number(wanted: Numeral, expected: str, said: str, question: Question, *, counts: bool) -> bool:
    """Whether the first number of an answer is the expected one."""
    given = {one.value for one in numerals(question.text)}
    found = _numbers(said)
    if wanted.value not in given:
        found = tuple(one for one in found if one.value not in given) or found
    if not wanted.is_year:
        found = tuple(one for one in found if not one.is_year) or found
    if not found:
        return False
    exact = counts or wanted.is_year
    percents = ("%" in expected or "percent" in expected) != ("%" in said or "percent" in said)
    factors = (Decimal(1), Decimal(100), Decimal("0.01")) if percents else (Decimal(1),)
    return any(_same(wanted, found[0], factor, exact=exact) for factor in factors)


def _same(wanted: Numeral, found: Numeral, factor: Decimal, *, exact: bool) -> bool:
    """Whether two numbers are the same; one of them may leave out its millions."""
    value = found.value * factor
    scales = {(wanted.scale, found.scale)}
    if 1 in (wanted.scale, found.scale):
        scales.add((1, 1))
    for mine, other in scales:
        gap = abs(wanted.value * mine - value * other)
        if gap == 0 or (not exact and gap <= abs(wanted.value * mine) / 100):
            return True
    return False


def _text(expected: str, said: str) -> Score:
    wanted, found = words(expected), words(said)
    if not wanted or not found:
        return either(expected.strip() == said.strip())
    if wanted == found or _holds(found, wanted):
        return Score(1.0, True)
    if not all(stands_in(one, numerals(said)) for one in numerals(expected)):
        return Score(0.0, False)
    letters = similarity(" ".join(wanted), " ".join(found))
    shared = _f1(wanted, found)
    return Score(max(letters, shared), letters >= TYPOS or shared >= WORDS)


def _holds(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether an answer holds the expected words in their order, and little more."""
    if len(found) > 2 * len(wanted) + 6:
        return False
    return any(
        list(found[at : at + len(wanted)]) == list(wanted)
        for at in range(len(found) - len(wanted) + 1)
    )


def _f1(wanted: Sequence[str], found: Sequence[str]) -> float:
    same = sum((Counter(wanted) & Counter(found)).values())
    return 2 * same / (len(wanted) + len(found))


def _list(expected: tuple[str, ...], said: tuple[str, ...]) -> Score:
    """F1 of the items, paired at best; right where each has its pair."""
    worth = [[_text(one, other).value if _text(one, other).right else 0.0 for other in said]
             for one in expected]  # fmt: skip
    paired = [(row, column) for row, column in best_pairs(worth) if worth[row][column] > 0]
    value = 2 * len(paired) / (len(expected) + len(said)) if said else 0.0
    return Score(value, len(paired) == len(expected) == len(said))
