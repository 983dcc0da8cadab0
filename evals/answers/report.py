"""The report of a run: every grade, and every number that can be asked of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pagehop.evals.answers.draw import kind_of
from pagehop.evals.answers.grading import Graded
from pagehop.evals.answers.measures import Measure, value
from pagehop.evals.answers.trial import Setting
from pagehop.evals.resampling import Difference, Estimate, Sample
from pagehop.evals.scoring.rules import NamedRule


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run's answers are worth."""

    setting: Setting
    rule: NamedRule
    judge: str  # empty: none
    graded: tuple[Graded, ...]
    notes: tuple[str, ...]
    asked: int  # questions that were to be asked; fewer may have been
    other: "Report | None" = None  # the run that this one is held against

    @cached_property
    def sets(self) -> dict[str, list[Graded]]:
        """The grades of each data set; first all of them, where there is more than one set."""
        found = grouped(self.graded, lambda one: [one.case.question.set])
        return found if len(found) == 1 else {"all questions": list(self.graded), **found}

    @cached_property
    def groups(self) -> dict[str, list[Graded]]:
        """The grades by what was asked and of what: groups overlap."""
        return grouped(self.graded, _names)

    @property
    def failures(self) -> Counter[str]:
        """How many questions ended in each kind of error."""
        return Counter(
            one.trial.failure.partition(":")[0] for one in self.graded if one.trial.failed
        )

    @property
    def unjudged(self) -> int:
        """Answers that the judge said nothing of."""
        if not self.judge:
            return 0
        return sum(not one.trial.failed and one.judgement is None for one in self.graded)

    def generalised_f1(self, graded: Sequence[Graded]) -> float | None:
        """MMLongBench-Doc's F1: recall over the answerable, precision over the answered.

        None where nothing is scored that was to be answered or was.
        """
        scored = [(one, value(one)) for one in graded]
        gained = sum(v for one, v in scored if v is not None and one.case.question.answerable)
        known = [one for one, v in scored if v is not None]
        answerable = sum(one.case.question.answerable for one in known)
        given = sum(not one.trial.declined for one in known)
        return 2 * gained / (answerable + given) if answerable + given else None

    def pairs(self) -> list[tuple[Graded, Graded]]:
        """Grades of both runs, of questions in which neither failed."""
        if self.other is None:
            return []
        others = {one.trial.id: one for one in self.other.graded}
        both = [(one, others[one.trial.id]) for one in self.graded if one.trial.id in others]
        return [(a, b) for a, b in both if not a.trial.failed and not b.trial.failed]

    def less(self, measure: Measure) -> "Compared | None":
        """By how much this run is more than the other; None where the measure fits no question."""
        found = [(a, measure(a), measure(b)) for a, b in self.pairs()]
        fit = [(a.case.group, x, y) for a, x, y in found if x is not None and y is not None]
        if not fit:
            return None
        groups, mine, theirs = zip(*fit, strict=True)
        return Compared(
            difference=Sample(mine, groups).less_by_question(Sample(theirs, groups)),
            questions=len(fit),
            more=sum(x > y for x, y in zip(mine, theirs, strict=True)),
            fewer=sum(x < y for x, y in zip(mine, theirs, strict=True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One measure of two runs on the same questions."""

    difference: Difference  # of the means over questions
    questions: int
    more: int  # questions in which it is more
    fewer: int


def estimate(measure: Measure, graded: Iterable[Graded]) -> Estimate | None:
    """The mean over questions; None where the measure fits none of them."""
    found = [(one.case.group, measure(one)) for one in graded]
    fit = [(group, number) for group, number in found if number is not None]
    return Sample([x for _, x in fit], [group for group, _ in fit]).micro() if fit else None


def grouped(
    graded: Iterable[Graded], names: Callable[[Graded], Sequence[str]]
) -> dict[str, list[Graded]]:
    """The grades by each of their names, the names in order."""
    groups: dict[str, list[Graded]] = {}
    for one in graded:
        for name in names(one):
            groups.setdefault(name, []).append(one)
    return dict(sorted(groups.items()))


def by_hops(graded: Iterable[Graded]) -> Mapping[str, list[Graded]]:
    """The grades by how many pieces of evidence the question brings together."""
    return grouped(graded, lambda one: [_hops(one)])


def _names(graded: Graded) -> list[str]:
    question = graded.case.question
    names = [f"asked: {kind_of(graded.case)}", f"hops: {_hops(graded)}"]
    names += [f"evidence: {one}" for one in sorted(question.modalities)]
    return [*names, f"kind: {question.kind}"] if question.kind else names


def _hops(graded: Graded) -> str:
    question = graded.case.question
    if not question.answerable:
        return "not answerable"
    return "3 or more" if question.hops > 2 else str(max(1, question.hops))
