"""Which of many near-identical filings: python benchmarks/filings.py CORPUS QUESTIONS FOLDER

CORPUS is a corpus that `pagehop add` has filled, with some filings in it; copies of them are made
in FOLDER with other years, other numbers and other companies (see filings_corpus.py for how), and
kept for the next run. The questions about the real filings are asked of all at once. Making the
vectors of four thousand pages takes five minutes on two cores.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from filings_corpus import make

from pagehop.evals.cases import Case
from pagehop.evals.configurations import configurations
from pagehop.evals.datasets.formats import PAGES, read_questions
from pagehop.evals.markdown import compared, estimated, table
from pagehop.evals.measures import DOCUMENTS
from pagehop.evals.measures import PAGES as OF_PAGES
from pagehop.evals.report import Report
from pagehop.evals.retrieval import Task, evaluate
from pagehop.tools import Corpus
from pagehop.tools.errors import PagehopError

SHOWN = 10  # questions named
MEASURES = {name: (DOCUMENTS | OF_PAGES)[name] for name in ("document@1", "R@1", "R@3", "R@5")}


def main() -> None:
    options = arguments()
    try:
        print(measured(options))
    except PagehopError as error:
        sys.exit(f"filings.py: {error}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("folder", type=Path, help="where the filings are made, or were")
    parser.add_argument("--format", choices=sorted(PAGES), default="devpack", help="of QUESTIONS")
    parser.add_argument("--set", help="of the data set of this name alone: of QUESTIONS with more")
    parser.add_argument("--configurations", default="bm25,dense,rrf,flat,default")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> str:
    """The tables: how often the right filing is first, and how often its page is found."""
    if not options.folder.exists():
        with Corpus(options.corpus) as source:
            make(source, options.folder, lambda done, of: told("Making filings", done, of))
    with Corpus(options.folder) as corpus:
        corpus.retriever.update(told)
        questions = read_questions(options.questions, options.format)
        task = Task(
            questions=[one for one in questions if options.set in (None, one.set)],
            configurations=configurations(options.configurations),
            pooled=True,
        )
        report = evaluate(corpus, task, told)
        pages = sum(one.page_count for one in corpus.documents())
        shelf = f"{len(corpus.documents())} filings, {pages:,} pages"
    parts = (part for name, cases in report.sets.items() for part in tables(report, name, cases))
    return "\n\n".join([shelf, *report.notes, *parts])


def tables(report: Report, name: str, cases: Sequence[Case]) -> Sequence[str]:
    """What was found for the questions of one data set."""
    head = ("configuration", *MEASURES)
    cells = (
        lambda each, one: estimated(report.micro(each, one, cases)),
        lambda each, one: estimated(report.macro(each, one, cases)),
        lambda each, one: compared(report.less(each, one, cases)),
    )
    questions, filings, less = (
        [
            [each.name, *(cell(each.name, one) for one in MEASURES.values())]
            for each in report.ranked
        ]
        for cell in cells
    )
    others = [row for row in less if row[0] != report.reference.name]
    return (
        f"## {name}: {len(cases)} questions, each counting once", table(head, questions),
        "Each filing counting once:", table(head, filings),
        f"`{report.reference.name}` less each other, in points, by filing:", table(head, others),
        missed(report, cases),
    )  # fmt: skip


def missed(report: Report, cases: Sequence[Case]) -> str:
    """The questions whose filing is not first, to be looked at."""
    found = report.outcomes[report.reference.name]
    wrong = [
        case.question.id
        for case in cases
        if not set(found[case.question.id].documents[:1]) & case.documents
    ]
    named = ", ".join(wrong) if len(wrong) <= SHOWN else f"{len(wrong)} questions"
    return f"Another filing first under `{report.reference.name}`: {named or 'none'}."


def told(what: str, done: int, of: int) -> None:
    end = "\n" if done == of else ""
    print(f"\r{what}: {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
