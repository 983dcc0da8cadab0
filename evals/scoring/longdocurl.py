"""LongDocURL's rule (Deng et al., ACL 2025; `eval_score` of its repository), written anew.

It is MMLongBench-Doc's with other quirks, all kept: commas are dropped; a unit at the end is cut
off letter by letter, so "m" turns "program" into "progra"; an Integer has to be written as one;
a list is the mean over the expected items of their best match, less where more was said than
asked for, but a list of numbers or dates has to match as a whole and in order.
"""

from math import sqrt

from pagehop.evals.question import Question
from pagehop.evals.scoring.closeness import alike, bare, letter_by_letter, near, number
from pagehop.evals.scoring.score import Score, best, either, graded

_UNITS = (
    "kg", "mm", "m", "meters", "acres", "minutes", "mile", "miles", "million", "thousand",
    "billion",
)  # fmt: skip


def score(question: Question, said: tuple[str, ...]) -> Score:
    """The score of an answer to a question of LongDocURL's forms."""
    expected = question.expected
    if expected is None:
        return Score(0.0, False)
    return best([_score(one, said, expected.form) for one in expected.answers])


def _score(expected: tuple[str, ...], said: tuple[str, ...], form: str) -> Score:
    if form not in ("Integer", "Float", "String", "None"):
        return graded(_list(expected, said))
    one, other = cleaned("".join(expected[:1])), cleaned(", ".join(said))
    if form == "Integer":
        return either(_whole(other) is not None and _whole(one) == _whole(other))
    if form == "Float":
        wanted, found = number(one), number(other)
        return either(wanted is not None and found is not None and near(wanted, found))
    if letter_by_letter(one):
        return either(one == other)
    return graded(alike(one, other))


def cleaned(text: str) -> str:
    """The text as it is compared: in lower case, without commas and units, and bare.

    >>> cleaned("1,200 acres"), cleaned("a program")
    ('1200', 'a progra')
    """
    text = text.lower().strip().replace(",", "")
    for unit in _UNITS:
        if text.endswith(unit):
            text = text.rstrip(unit).strip()  # every letter of the unit, as the original does
    return bare(bare(text).lstrip("£").strip())


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _list(expected: tuple[str, ...], said: tuple[str, ...]) -> float:
    wanted, found = [*map(cleaned, expected)], [*map(cleaned, said)]
    if not wanted or not found:
        return 0.0
    if number(wanted[0]) is not None or letter_by_letter(wanted[0]):
        return float("-".join(wanted) == "-".join(found))
    matched = [max(alike(one, other) for other in found) for one in wanted]
    return sum(matched) / len(wanted) * sqrt(min(1.0, len(wanted) / len(found)))
