"""SlideVQA's rule (Tanaka et al., AAAI 2023; `evaluate.py` of its repository), written anew.

Value is the F1 of words, right is an exact match. Quirks that are kept: "and" becomes a comma
within words too ("sand" is "s"); the word after "how many" and "which" is taken out of answers
only where the question has it in small letters; an answer that begins with "no" or "yes" is
that first word alone, so "November 3" is "november".
"""

import re
import string
from collections import Counter

from pagehop.agents.checks.numerals import NUMBER_WORDS
from pagehop.evals.question import Question
from pagehop.evals.scoring.score import Score, best

_INSTEAD = (
    ("this is ", ""), ("it is ", ""), ("&", ","), ("and", ","), ("percent", ""),
    ("organisation", "organization"), ("because of", ""), ("because", ""), ("due to", ""),
    ("hours", "hrs"), ("minites", "min"),
)  # fmt: skip
_ASKED = re.compile(r"how many\s+(\S+)"), re.compile(r"which\s+(\S+)")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_MARKS = str.maketrans("", "", string.punctuation)
_NUMBERS = {word: str(value) for word, value in NUMBER_WORDS.items() if value < 20}


def score(question: Question, said: tuple[str, ...]) -> Score:
    """F1 of the answer's words; right where they are the expected ones in their order."""
    if question.expected is None:
        return Score(0.0, False)
    found = words(", ".join(said), question.text)
    wanted = [words(", ".join(one), question.text) for one in question.expected.answers]
    return best([_score(one, found) for one in wanted])


def words(text: str, question: str) -> list[str]:
    """The words of an answer as they are compared.

    >>> words("The two sites, and Ghent", "At how many sites ...?")
    ['2', 'ghent']
    """
    text = text.lower()
    for one, other in _INSTEAD:
        text = text.replace(one, other)
    for asked in _ASKED:
        unit = asked.search(question)
        text = text.replace(unit[1], "") if unit else text
    text = _ARTICLES.sub(" ", text.translate(_NO_MARKS))
    if text.startswith(("yes", "no")):
        text = text.split()[0]
    return [_NUMBERS.get(word, word) for word in text.split()]


def _score(wanted: list[str], found: list[str]) -> Score:
    same = sum((Counter(wanted) & Counter(found)).values())
    if not same:
        return Score(0.0, False)
    precision, recall = same / len(found), same / len(wanted)
    return Score(2 * precision * recall / (precision + recall), wanted == found)
