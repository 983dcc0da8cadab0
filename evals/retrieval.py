"""The evaluation of search: questions, a corpus and configurations in, a report out."""

from collections.abc import Sequence
from dataclasses import dataclass

from pagehop.evals.cases import prepare
from pagehop.evals.configurations import Configuration
from pagehop.evals.question import Question
from pagehop.evals.report import Report
from pagehop.evals.routes import measure
from pagehop.evals.runs import Progress, Runner
from pagehop.evals.storage import bytes_a_page
from pagehop.tools import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be measured."""

    questions: Sequence[Question]
    configurations: Sequence[Configuration]
    pooled: bool = False  # all documents at once, else the question's own
    regions: bool = False
    limit: int | None = None  # of questions asked


def evaluate(corpus: Corpus, task: Task, progress: Progress | None = None) -> Report:
    """Search for every question with every configuration; route those with a known modality.

    Raises:
        InputError: no question is left to ask; the message says why.
        UnknownChannelError: a configuration asks a channel that the corpus lacks.
    """
    prepared = prepare(task.questions, corpus, pooled=task.pooled, limit=task.limit)
    runner = Runner(corpus=corpus, pooled=task.pooled, regions=task.regions, progress=progress)
    outcomes = runner.run(prepared.cases, task.configurations)
    routes = None
    router = corpus.retriever.router
    if router is not None and any(case.question.modalities for case in prepared.cases):
        routes = measure(corpus, router, prepared.cases, outcomes, pooled=task.pooled)
    return Report(
        cases=prepared.cases,
        notes=prepared.notes,
        configurations=tuple(task.configurations),
        outcomes=outcomes,
        pooled=task.pooled,
        bytes_a_page=bytes_a_page(corpus),
        routes=routes,
    )
