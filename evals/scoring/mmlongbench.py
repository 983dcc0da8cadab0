"""MMLongBench-Doc's rule (Ma et al., NeurIPS 2024; `eval_score` of its repository), written anew.

Quirks that are kept: a unit such as "million" stays in the text (the original strips it and
throws the result away); an Int is cut, not rounded, so 3.9 is 3; a list with another number of
items is wrong as a whole, else it is as good as its worst pair after both are sorted; numbers
count as right a hundred times too large. The original reads lists with `eval`, and has a model
cut a short answer out of a long one first: see `pagehop.evals.answers.extracting`.
"""

from pagehop.evals.question import Question
from pagehop.evals.scoring.closeness import alike, bare, letter_by_letter, near, number
from pagehop.evals.scoring.score import Score, best, either, graded


def score(question: Question, said: tuple[str, ...]) -> Score:
    """The score of an answer to a question of MMLongBench-Doc's forms."""
    expected = question.expected
    if expected is None:
        return Score(0.0, False)
    return best([_score(one, said, expected.form) for one in expected.answers])


def _score(expected: tuple[str, ...], said: tuple[str, ...], form: str) -> Score:
    if form not in ("Int", "Float", "Str", "None"):
        return graded(_list(expected, said))
    one, other = "".join(expected[:1]), ", ".join(said)
    if form == "Int":
        return either(_whole(one, other))
    if form == "Float":
        return either(_float(one, other))
    return graded(_text(cleaned(one), cleaned(other)))


def cleaned(text: str) -> str:
    """The text as it is compared: in lower case and bare."""
    return bare(text.lower().strip())


def _whole(expected: str, said: str) -> bool:
    found = number(said) if "%" not in said else None
    try:
        return found is not None and int(expected) == int(found)
    except (ValueError, OverflowError):  # an expected 3.5, a said infinity
        return False


def _float(expected: str, said: str) -> bool:
    wanted, found = number(cleaned(expected)), number(cleaned(said))
    return wanted is not None and found is not None and near(wanted, found)


def _text(expected: str, said: str) -> float:
    if letter_by_letter(expected):
        return float(expected == said)
    return alike(expected, said)


def _list(expected: tuple[str, ...], said: tuple[str, ...]) -> float:
    if len(expected) != len(said) or not expected:
        return 0.0
    wanted, found = sorted(map(cleaned, expected)), sorted(map(cleaned, said))
    if number(wanted[0]) is not None or letter_by_letter(wanted[0]):
        return float("-".join(wanted) == "-".join(found))
    return min(alike(one, other) for one, other in zip(wanted, found, strict=True))
