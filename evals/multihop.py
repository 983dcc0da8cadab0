"""Questions that one page cannot answer: what one search finds, and what searching on finds.

Three ways over the same passages: the words alone (BM25), one search with all channels, and the
agent with the extractive team, which searches, reads, and searches again with what it found.
The agent's pages are all that its searches found, ranked by `chains.ranking`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TypeAlias

from pagehop.agents.extractive.chains import ranking
from pagehop.agents.extractive.material import stems_of
from pagehop.evals.configurations import CONFIGURATIONS
from pagehop.evals.datasets.passages import PassageQuestion, paged
from pagehop.evals.markdown import estimated, table
from pagehop.evals.metrics import all_found, recall
from pagehop.evals.passages import PassageBook, read_passages
from pagehop.evals.question import Question
from pagehop.evals.records import Record, read_records
from pagehop.evals.resampling import Estimate, Sample
from pagehop.graphs import create_document_agent
from pagehop.graphs.state import Searched, join_searches
from pagehop.tools import Corpus, Hit, Progress
from pagehop.tools.errors import InputError

Place: TypeAlias = tuple[str, int]  # document name, page

HITS = 10  # pages that one search brings
WAYS = ("BM25, one search", "all channels, one search", "agent, extractive team")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What one way found for one question."""

    question: str  # its id
    way: str
    pages: tuple[Place, ...]  # best first
    searches: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way on one data set; shares are 0 to 1, their intervals over questions."""

    set: str
    way: str
    questions: int
    recall_5: Estimate
    recall_10: Estimate
    all_10: Estimate  # the share of questions with all gold passages among the first ten
    searches: float  # a question, on average
    seconds: float  # a question, on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The rows of the table, and the rankings that they come from."""

    rows: tuple[Row, ...]
    rankings: tuple[Ranking, ...]


def main(folder: Path, home: Path, progress: Progress, *, limit: int | None = None) -> Report:
    """Measure on a folder with `corpus.jsonl` (passages) and one more JSONL (questions).

    Args:
        folder: of the data set.
        home: where the corpus of its passages is made, once.
        progress: told what is done.
        limit: at most so many questions.

    Raises:
        PathNotFoundError, InputError: files that are missing or say something else.
    """
    questions, book = read_folder(folder)
    with book.corpus(home, progress) as corpus:
        return evaluate(questions[:limit], corpus, progress)


def read_folder(folder: Path) -> tuple[list[Question], PassageBook]:
    """The questions, their gold as pages of the book, and the book.

    Raises:
        PathNotFoundError: there are no passages.
        InputError: there is not exactly one file of questions, or a line is wrong.
    """
    book = PassageBook.of(read_passages(folder / "corpus.jsonl"))
    files = [path for path in sorted(folder.glob("*.jsonl")) if path.name != "corpus.jsonl"]
    if len(files) != 1:
        raise InputError(
            f"{str(folder)!r} has {len(files)} files of questions (*.jsonl) beside corpus.jsonl. "
            "Leave exactly one."
        )
    asked = paged([_question(record) for record in read_records(files[0])], book)
    known = [question for question in asked if question.pages]
    if not known:
        raise InputError(f"{files[0].name} has no question with `gold_passages`.")
    return known, book


def _question(record: Record) -> PassageQuestion:
    return PassageQuestion(
        id=record.text("id"),
        text=record.text("question"),
        set=record.text("source", "questions"),
        gold=tuple(record.texts("gold_passages")),
    )


def evaluate(questions: Sequence[Question], corpus: Corpus, progress: Progress) -> Report:
    """Every way on every question of a corpus."""
    ways: Mapping[str, Callable[[str], tuple[tuple[Place, ...], int]]] = dict(
        zip(
            WAYS,
            (
                lambda text: (_words_alone(corpus, text), 1),
                lambda text: (_pages(corpus.search(text, HITS)), 1),
                lambda text: _agent(corpus, text),
            ),
            strict=True,
        )
    )
    corpus.search(questions[0].text, HITS)  # what is loaded at the first search is not timed
    rankings = []
    for done, question in enumerate(questions, 1):
        for name, way in ways.items():
            start = time.perf_counter()
            pages, searches = way(question.text)
            rankings.append(
                Ranking(
                    question=question.id,
                    way=name,
                    pages=pages,
                    searches=searches,
                    seconds=time.perf_counter() - start,
                )
            )
        progress("Asking questions", done, len(questions))
    return Report(rows=_rows(questions, rankings), rankings=tuple(rankings))


def _words_alone(corpus: Corpus, text: str) -> tuple[Place, ...]:
    bare = CONFIGURATIONS["bm25"]
    found = corpus.retriever.search(text, k=HITS, channels=bare.channels, settings=bare.settings)
    return _pages(found.hits)


def _pages(hits: Sequence[Hit]) -> tuple[Place, ...]:
    return tuple((hit.document, hit.page) for hit in hits)


def _agent(corpus: Corpus, text: str) -> tuple[tuple[Place, ...], int]:
    """All pages that the agent's searches found, best first, and how many searches there were."""
    made: tuple[Searched, ...] = ()
    with create_document_agent(corpus) as agent:
        for step in agent.stream({"question": text}, stream_mode="updates"):
            made = join_searches(made, step.get("retrieve", {}).get("searches", ()))
    searches = [one.search for one in made]
    return ranking(text, searches, partial(stems_of, corpus)), len(searches)


def _rows(questions: Sequence[Question], rankings: Sequence[Ranking]) -> tuple[Row, ...]:
    by_id = {question.id: question for question in questions}
    sets = dict.fromkeys(question.set for question in questions)
    return tuple(
        _row(name, way, [r for r in rankings if r.way == way and by_id[r.question].set == name],
             by_id)
        for name in sets
        for way in WAYS
    )  # fmt: skip


def _row(name: str, way: str, rankings: Sequence[Ranking], by_id: Mapping[str, Question]) -> Row:
    found = [(ranking.pages, by_id[ranking.question].pages) for ranking in rankings]
    return Row(
        set=name,
        way=way,
        questions=len(found),
        recall_5=_estimate([recall(pages, gold, 5) for pages, gold in found]),
        recall_10=_estimate([recall(pages, gold, 10) for pages, gold in found]),
        all_10=_estimate([all_found(pages, gold, 10) for pages, gold in found]),
        searches=mean(ranking.searches for ranking in rankings),
        seconds=mean(ranking.seconds for ranking in rankings),
    )


def _estimate(values: Sequence[float]) -> Estimate:
    return Sample(values, range(len(values))).micro()


def markdown(report: Report) -> str:
    """The rows as a table."""
    head = ("set", "n", "way", "recall@5", "recall@10", "all gold in ten", "searches", "seconds")
    return table(
        head,
        (
            (
                row.set,
                str(row.questions),
                row.way,
                *map(estimated, (row.recall_5, row.recall_10, row.all_10)),
                f"{row.searches:.1f}",
                f"{row.seconds:.2f}",
            )
            for row in report.rows
        ),
    )


def record(report: Report) -> dict[str, object]:
    """Rows and rankings as plain data."""
    return {
        "rows": [asdict(row) for row in report.rows],
        "rankings": [asdict(one) for one in report.rankings],
    }
