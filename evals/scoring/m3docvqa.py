"""MultiModalQA's rule (Talmor et al., ICLR 2021), which M3DocVQA is scored by, written anew.

Value is the F1 of lists, right is the same list in any order. Each item is a set of words; the
items of both lists are paired so that the sum is greatest, and a pair counts only if the numbers
in it agree. Quirks that are kept: a hyphen parts words, a number word is its number even alone
("million" is 1000000.0), and F1 is rounded to two places.
"""

import re
import string

from pagehop.agents.checks.numerals import NUMBER_WORDS
from pagehop.evals.question import Question
from pagehop.evals.scoring.pairing import best_pairs
from pagehop.evals.scoring.score import Score, best

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_MARKS = str.maketrans("", "", string.punctuation)
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS: dict[str, int] = {
    **NUMBER_WORDS,
    **{word: 10 * tens for tens, word in enumerate(_TENS, 3)},
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}


def score(question: Question, said: tuple[str, ...]) -> Score:
    """F1 of the lists' items; right where both have the same items."""
    if question.expected is None:
        return Score(0.0, False)
    return best([_score(one, said) for one in question.expected.answers])


def _score(expected: tuple[str, ...], said: tuple[str, ...]) -> Score:
    wanted, found = [*map(normal, expected)], [*map(normal, said)]
    exact = set(wanted) == set(found) and len(wanted) == len(found)
    return Score(_f1([set(one.split()) for one in wanted], [set(o.split()) for o in found]), exact)


def normal(text: str) -> str:
    """An item as it is compared.

    >>> normal("The twenty-two U.S. states")
    '20.0 2.0 us states'
    """
    parts = (_word(token.lower()) for token in re.split(" |-", text))
    return " ".join(part for part in parts if part)


def _word(token: str) -> str:
    token = token if _is_number(token) else token.translate(_NO_MARKS)
    if _is_number(token):
        token = str(float(token))
    elif token in _NUMBERS:
        token = str(float(_NUMBERS[token]))
    return " ".join(_ARTICLES.sub(" ", token).split())


def _f1(wanted: list[set[str]], found: list[set[str]]) -> float:
    if not wanted or not found:
        return 0.0
    worth = [
        [_overlap(one, other) if _agree(one, other) else 0.0 for other in found] for one in wanted
    ]
    paired = sum(worth[row][column] for row, column in best_pairs(worth))
    return round(paired / max(len(wanted), len(found)), 2)


def _overlap(wanted: set[str], found: set[str]) -> float:
    same = len(wanted & found)
    precision = same / len(found) if found else 1.0
    recall = same / len(wanted) if wanted else 1.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _agree(wanted: set[str], found: set[str]) -> bool:
    numbers = {word for word in wanted if _is_number(word)}
    return not numbers or bool(numbers & {word for word in found if _is_number(word)})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
