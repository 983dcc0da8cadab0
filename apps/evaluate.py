"""eval: how good the search and the answers are, on questions whose answers are known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pagehop.apps.answers import answers
from pagehop.apps.folder import CorpusOption, corpus_folder, open_corpus
from pagehop.apps.printing import say, write_json

if TYPE_CHECKING:
    from pagehop.evals.question import Question
    from pagehop.tools import Corpus, Progress

PASSAGES = Path(".pagehop-passages")  # a corpus is no place to make another in

app = typer.Typer(help="Measure search and answers on questions with known answers.")
app.command()(answers)

QuestionsArgument = Annotated[
    Path, typer.Argument(metavar="QUESTIONS", help="The data set's file of questions.")
]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many questions.")]
PassagesOption = Annotated[
    Path, typer.Option("--corpus", metavar="DIR", help="Where the passages' corpus is made, once.")
]
RecordOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write all numbers there as well.")
]


@app.command()
def retrieval(
    context: typer.Context,
    questions: QuestionsArgument,
    *,
    corpus: CorpusOption = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="devpack, financebench, hotpotqa, longdocurl, m3docvqa, mmdocir, mmlongbench, "
            "mpdocvqa, musique, slidevqa or vidoseek.",
        ),
    ] = "devpack",
    pooled: Annotated[
        bool, typer.Option("--pooled", help="Search all documents at once, not the question's.")
    ] = False,
    configurations: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Only these of bm25, dense, rrf, bare, flat, all, default, ratio, mixture; "
            "steps: the default and each of its parts left out.",
        ),
    ] = "",
    regions: Annotated[
        bool, typer.Option("--regions", help="Search for regions as well, where boxes are known.")
    ] = False,
    limit: LimitOption = None,
    record: RecordOption = None,
) -> None:
    """Measure which pages and regions are found.

    Prints Markdown: recall of gold pages, with intervals and baselines, pages kept by the cut,
    routes and cost.

    A data set of passages (hotpotqa, musique) is made into a corpus of its own, under the folder
    that --corpus names here; else .pagehop-passages.
    """
    from pagehop.evals.configurations import configurations as chosen
    from pagehop.evals.record import record as as_record
    from pagehop.evals.retrieval import Task, evaluate
    from pagehop.evals.tables import markdown
    from pagehop.tools import StderrProgress

    ways = chosen(configurations)
    with StderrProgress() as progress:
        asked, opened = _read(questions, form, context, corpus, progress)
        with opened:
            task = Task(
                questions=asked,
                configurations=ways,
                pooled=pooled,
                regions=regions,
                limit=limit,
            )
            report = evaluate(opened, task, progress)
    if record is not None:
        write_json(as_record(report), record)
    say(markdown(report))


@app.command()
def multihop(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder with corpus.jsonl, the passages, and the questions."
        ),
    ],
    *,
    corpus: PassagesOption = PASSAGES,
    limit: LimitOption = None,
    record: RecordOption = None,
) -> None:
    """Measure one search against searching on."""
    from pagehop.evals import multihop as evaluation
    from pagehop.tools import StderrProgress

    with StderrProgress() as progress:
        report = evaluation.main(folder, corpus, progress, limit=limit)
    if record is not None:
        write_json(evaluation.record(report), record)
    say(evaluation.markdown(report))


def _read(
    path: Path, form: str, context: typer.Context, corpus: Path | None, progress: "Progress"
) -> tuple[list["Question"], "Corpus"]:
    """The questions, and the corpus they are asked of; for passages it is made."""
    from pagehop.evals.datasets import formats

    if form in formats.PASSAGES:
        questions, book = formats.read_passage_questions(path, form)
        return questions, book.corpus(corpus or PASSAGES, progress)
    return formats.read_questions(path, form), open_corpus(corpus_folder(context, corpus))
