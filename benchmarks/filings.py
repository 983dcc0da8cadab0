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

from pagehop.evals.configurations import configurations
from pagehop.evals.datasets.formats import PAGES, read_questions
from pagehop.evals.markdown import compared, estimated, percent, table
from pagehop.evals.measures import DOCUMENTS
from pagehop.evals.measures import PAGES as OF_PAGES
from pagehop.evals.report import Report
from pagehop.evals.retrieval import Task, evaluate
from pagehop.tools import Corpus
from pagehop.tools.errors import PagehopError

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
    parser.add_argument("--configurations", default="bm25,dense,rrf,flat,all,default")
    return parser.parse_args()


def measured(options: argparse.Namespace) -> str:
    """The tables: how often the right filing is first, and how often its page is found."""
    if not options.folder.exists():
        with Corpus(options.corpus) as source:
            make(source, options.folder, lambda done, of: told("Making filings", done, of))
    with Corpus(options.folder) as corpus:
        corpus.retriever.update(told)
        task = Task(
            questions=read_questions(options.questions, options.format),
            configurations=configurations(options.configurations),
            pooled=True,
        )
        report = evaluate(corpus, task, told)
        pages = sum(one.page_count for one in corpus.documents())
        shelf = f"{len(corpus.documents())} filings, {pages:,} pages"
    return "\n\n".join([shelf, *report.notes, *tables(report), missed(report)])


def tables(report: Report) -> Sequence[str]:
    head = ("configuration", *MEASURES)
    rows = {
        "questions": lambda name, one: estimated(report.micro(name, one, report.cases)),
        "documents": lambda name, one: estimated(report.macro(name, one, report.cases)),
        "less": lambda name, one: compared(report.less(name, one, report.cases)),
    }
    filled = {
        kind: [
            [each.name, *(cell(each.name, one) for one in MEASURES.values())]
            for each in report.ranked
            if kind != "less" or each != report.reference
        ]
        for kind, cell in rows.items()
    }
    asked = f"{len(report.cases)} questions, each counting once:"
    return (
        asked, table(head, filled["questions"]),
        "Each filing counting once:", table(head, filled["documents"]),
        f"`{report.reference.name}` less each other, in points by filing:",
        table(("less", *MEASURES), filled["less"]),
    )  # fmt: skip


def missed(report: Report) -> str:
    """The questions whose filing is not first, to be looked at."""
    found = report.outcomes[report.reference.name]
    wrong = [
        case.question.id
        for case in report.cases
        if not set(found[case.question.id].documents[:1]) & case.documents
    ]
    share = percent(len(wrong) / len(report.cases))
    return f"Another filing first under `{report.reference.name}`: {share} %: {', '.join(wrong)}"


def told(what: str, done: int, of: int) -> None:
    end = "\n" if done == of else ""
    print(f"\r{what}: {done:,} of {of:,}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
