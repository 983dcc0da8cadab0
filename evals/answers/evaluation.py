"""The evaluation of answers: questions, a corpus and a setting in, a report out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.agents.calling.prices import Prices
from pagehop.evals.answers.asking import Agents, each
from pagehop.evals.answers.book import TrialBook, read_trials
from pagehop.evals.answers.draw import draw
from pagehop.evals.answers.grading import check_question, grade
from pagehop.evals.answers.judging import Judge
from pagehop.evals.answers.report import Report
from pagehop.evals.answers.trial import Setting, Trial
from pagehop.evals.cases import Case, prepare, unaskable
from pagehop.evals.question import Question
from pagehop.evals.runs import Progress
from pagehop.evals.scoring.rules import NamedRule
from pagehop.tools import Corpus
from pagehop.tools.errors import InputError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Which questions are asked."""

    limit: int | None = None  # None: all
    seed: int = 0
    balanced: bool = False  # kinds of questions take turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be measured, and what is kept of it."""

    questions: Sequence[Question]
    setting: Setting
    rule: NamedRule
    model: "Callable[[], BaseChatModel | None]"  # asked for when there is a question to ask
    prices: Prices | None = None
    chosen: Draw = Draw()
    out: Path | None = None  # the file of trials
    resume: bool = False
    jobs: int = 1  # questions at a time
    judge: Judge | None = None
    other: Path | None = None  # trials of another run, to compare with


def evaluate(corpus: Corpus, task: Task, progress: Progress) -> Report:
    """Ask what was not asked yet, have it judged where that is wanted, and grade all of it.

    A question that failed before is asked again. What was asked and judged before is not.

    Raises:
        InputError: no question is left to ask; a file of trials is of another setting or other
            questions; no such graph, model, effort or document.
        StorageError: the file of trials cannot be written.
    """
    others = read_trials(task.other) if task.other is not None else None
    pooled = task.setting.pooled
    prepared = prepare(task.questions, corpus, pooled=pooled, unfit=unaskable)
    cases = _drawn(prepared.cases, task.chosen)
    with TrialBook(task.out, task.setting, resume=task.resume) as book:
        for case in cases:
            if case.question.id in book.trials:
                check_question(case, book.trials[case.question.id])
        _ask(corpus, task, cases, book, progress)
        notes = _judge(task, cases, book, progress) if task.judge is not None else ()
        trials = dict(book.trials)
    report = _report(task, cases, trials, (*prepared.notes, *notes))
    return report if others is None else replace(report, other=_other(task, cases, others))


def _drawn(cases: tuple[Case, ...], chosen: Draw) -> tuple[Case, ...]:
    if chosen.limit is None:
        return cases
    return draw(cases, limit=chosen.limit, seed=chosen.seed, balanced=chosen.balanced)


def _ask(
    corpus: Corpus, task: Task, cases: Sequence[Case], book: TrialBook, progress: Progress
) -> None:
    kept = {id_ for id_, trial in book.trials.items() if not trial.failed}
    left = [case for case in cases if case.question.id not in kept]
    if not left:
        return
    done = len(cases) - len(left)

    def keep(trial: Trial) -> None:
        nonlocal done
        done += 1
        book.add(trial)
        progress("Asking questions", done, len(cases))

    with Agents(corpus, task.setting, task.model(), task.prices) as agents:
        each(left, agents.ask, jobs=task.jobs, keep=keep)


def _judge(
    task: Task, cases: Sequence[Case], book: TrialBook, progress: Progress
) -> tuple[str, ...]:
    """Have the answers judged that were not; what is to be said of those that could not be."""
    judge = task.judge
    assert judge is not None
    left = [
        case
        for case in cases
        if (trial := book.trials.get(case.question.id)) is not None and judge.open(trial)
    ]
    if not left:
        return ()
    judge.model()  # once, here, and not in several threads at the same time
    done = 0

    def keep(trial: Trial) -> None:
        nonlocal done
        done += 1
        book.add(trial)
        progress("Judging answers", done, len(left))

    each(
        left, lambda case: judge.of(case, book.trials[case.question.id]), jobs=task.jobs, keep=keep
    )
    return judge.notes


def _report(
    task: Task, cases: Sequence[Case], trials: Mapping[str, Trial], notes: tuple[str, ...]
) -> Report:
    judge = task.judge.name if task.judge is not None else ""
    return Report(
        setting=task.setting,
        rule=task.rule,
        judge=judge,
        graded=grade(cases, trials, task.rule, judge),
        notes=notes,
        asked=len(cases),
    )


def _other(task: Task, cases: Sequence[Case], trials: Mapping[str, Trial]) -> Report:
    """The run to compare with, on the same questions."""
    if not trials:
        raise InputError(f"{str(task.other)!r} holds no trial to compare with.")
    setting = next(iter(trials.values())).setting
    found = _report(replace(task, setting=setting), cases, trials, ())
    if not found.graded:
        raise InputError(f"{str(task.other)!r} holds no trial of the questions that are asked.")
    return found
