"""What a rule says of an answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from pagehop.evals.question import Question

NOT_ANSWERABLE = "Not answerable"  # what is scored where the documents do not answer
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """How good an answer is by a rule."""

    value: float  # 0 to 1, as the rule's authors count it
    right: bool  # where a yes or no is needed


Rule: TypeAlias = Callable[[Question, tuple[str, ...]], Score]
"""From the question and the answer's items, mostly one, to its score."""


def graded(value: float) -> Score:
    """The score of a rule that has degrees: right from a half on."""
    return Score(value, value >= HALF)


def either(right: bool) -> Score:
    """The score of a rule that knows right and wrong."""
    return Score(float(right), right)


def best(scores: "list[Score]") -> Score:
    """The best of the scores against each accepted answer; 0 for none."""
    return max(scores, key=lambda score: (score.value, score.right), default=Score(0.0, False))
