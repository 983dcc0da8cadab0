"""Grades: what each trial is worth by a rule and by a judge. Computed from what was kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pagehop.evals.answers.shortening import said
from pagehop.evals.answers.trial import Judgement, Trial
from pagehop.evals.cases import Case
from pagehop.evals.scoring.rules import NamedRule
from pagehop.evals.scoring.score import Score
from pagehop.tools.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A question, how it ended, and what that is worth."""

    case: Case
    trial: Trial
    score: Score | None  # None: it failed, or the data set gives no answer
    judgement: Judgement | None = None

    @property
    def right(self) -> bool | None:
        """Whether the answer is right: by the judge where it was asked, else by the rule."""
        if self.trial.failed:
            return None
        if self.judgement is not None:
            return self.judgement.right
        return None if self.score is None else self.score.right


def grade(
    cases: Sequence[Case], trials: Mapping[str, Trial], rule: NamedRule, judge: str = ""
) -> tuple[Graded, ...]:
    """The grades of those cases that were asked.

    Args:
        cases: the questions with their gold.
        trials: by the question's id.
        rule: that scores them.
        judge: whose judgements count; empty: none.

    Raises:
        InputError: a trial is of another question with the same id.
    """
    found = []
    for case in cases:
        trial = trials.get(case.question.id)
        if trial is None:
            continue
        check_question(case, trial)
        found.append(
            Graded(
                case=case,
                trial=trial,
                score=_score(case, trial, rule),
                judgement=trial.judged(judge) if judge else None,
            )
        )
    return tuple(found)


def check_question(case: Case, trial: Trial) -> None:
    """Refuse a trial of another question.

    Raises:
        InputError: it has the same id, but other words.
    """
    if trial.question != case.question.text:
        raise InputError(
            f"The trial {trial.id!r} is of another question than the data's: "
            f"{trial.question[:60]!r}. Is it of another file of questions?"
        )


def _score(case: Case, trial: Trial, rule: NamedRule) -> Score | None:
    question = case.question
    if trial.failed or (question.expected is None and question.answerable):
        return None
    return rule.rule(question, said(trial, question, rule))
