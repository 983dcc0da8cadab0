"""ANLS, the rule of DocVQA and MP-DocVQA (Tito et al., 2023), written anew.

The best of the accepted answers counts, with what is alike by less than a half worth nothing. A
quirk that is kept: an answer of "none" is wrong, whatever is expected.
"""

from pagehop.evals.question import Question
from pagehop.evals.scoring.score import HALF, Score, best, graded
from pagehop.evals.scoring.similarity import similarity


def score(question: Question, said: tuple[str, ...]) -> Score:
    """The score of an answer: average normalised Levenshtein similarity, here of one question."""
    text = _plain(", ".join(said))
    if not text or text == "none" or question.expected is None:
        return Score(0.0, False)
    found = [similarity(_plain(", ".join(one)), text) for one in question.expected.answers]
    return best([graded(one if one >= HALF else 0.0) for one in found])


def _plain(text: str) -> str:
    return text.lower().strip()
