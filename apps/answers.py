"""eval answers: how good the answers of a graph are, what they cite, and what they cost."""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pagehop.apps.folder import CorpusOption, corpus_folder, open_corpus
from pagehop.apps.printing import say, tell, write_json

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from pagehop.agents.calling.prices import Prices
    from pagehop.evals.answers.judging import Judge

NO_MODEL = "none"

DataOption = Annotated[
    Path, typer.Option("--data", metavar="FILE", help="The data set's file of questions.")
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        envvar="PAGEHOP_MODEL",
        metavar="M",
        help="A chat model as provider:name; none: no model, answers are made of quotes.",
    ),
]
GraphOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="pagehop, or a published design to compare with: one-shot, five-agents, seeker, "
        "bm25-search, whole-document.",
    ),
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="NAME",
        help="devpack, financebench, longdocurl, m3docvqa, mmdocir, mmlongbench, mpdocvqa, "
        "slidevqa or vidoseek.",
    ),
]
RuleOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="The rule of scoring: plain, mmlongbench, longdocurl, mpdocvqa, slidevqa or "
        "m3docvqa; else the format's own, or plain.",
    ),
]
KindsOption = Annotated[
    Literal["any", "balanced"],
    typer.Option(help="With --limit: drawn from all alike, or kinds of questions in turns."),
]


def answers(
    context: typer.Context,
    *,
    data: DataOption,
    corpus: CorpusOption = None,
    model: ModelOption = NO_MODEL,
    graph: GraphOption = "pagehop",
    effort: Annotated[
        str, typer.Option(metavar="E", help="quick, standard or thorough.")
    ] = "standard",
    form: FormatOption = "devpack",
    pooled: Annotated[
        bool, typer.Option("--pooled", help="Ask all documents at once, not the question's.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Draw so many questions; else all are asked.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    kinds: KindsOption = "any",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Keep a line there for every question."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --out; what is there is not asked again.")
    ] = False,
    price: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="IN OUT", help="What a million tokens of the model cost, in and out."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Questions at a time.")] = 1,
    rule: RuleOption = "",
    judge: Annotated[
        str, typer.Option(metavar="M", help="A chat model that judges the answers.")
    ] = "",
    extract: Annotated[
        bool,
        typer.Option("--extract", help="Let the judge cut out the short answer for the rule."),
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option(metavar="OTHER.jsonl", help="Hold it against the lines of another run."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write all numbers there as well."),
    ] = None,
) -> None:
    """Measure the answers to questions with known answers.

    Prints Markdown: right answers, pages and boxes cited, claims verified, abstention, cost.
    Failures are counted apart. Lines in --out are scored anew at every run: with --resume,
    nothing that is there is asked again.
    """
    from pagehop.evals.answers.evaluation import Draw, Task, evaluate
    from pagehop.evals.answers.record import record as as_record
    from pagehop.evals.answers.tables import markdown
    from pagehop.evals.answers.trial import Setting
    from pagehop.evals.datasets.formats import read_questions
    from pagehop.evals.scoring.rules import BY_JUDGES, rule_of
    from pagehop.tools import StderrProgress
    from pagehop.tools.errors import InputError

    if resume and out is None:
        raise InputError("There is nothing to go on with: --resume needs the file (--out).")
    task = Task(
        questions=read_questions(data, form),
        setting=Setting(graph=graph, model=model, effort=effort, pooled=pooled),
        rule=rule_of(form, rule),
        model=partial(_model, model),
        prices=_prices(model, price),
        chosen=Draw(limit=limit, seed=seed, balanced=kinds == "balanced"),
        out=out,
        resume=resume,
        jobs=jobs,
        judge=_judge(judge, form, extract=extract),
        other=compare,
    )
    if form in BY_JUDGES and not judge:
        tell(f"{form} is scored by judges; without one (--judge), by our own rule.")
    with StderrProgress() as progress, open_corpus(corpus_folder(context, corpus)) as opened:
        try:
            report = evaluate(opened, task, progress)
        except KeyboardInterrupt:
            if out is not None:
                tell(f"What was answered is kept in {out}; --resume goes on with it.")
            raise
    if record is not None:
        write_json(as_record(report), record)
    say(markdown(report))


def _judge(name: str, form: str, *, extract: bool) -> "Judge | None":
    """The judge of that name; None where none is wanted."""
    from pagehop.evals.answers.judging import Judge
    from pagehop.tools.errors import InputError

    if not name:
        if extract:
            raise InputError("--extract asks the judge: name one (--judge provider:name).")
        return None
    scale = form == "vidoseek"  # its authors let a model give marks
    return Judge(model=cache(partial(_loaded, name)), called=name, scale=scale, extracts=extract)


def _prices(model: str, price: tuple[float, float] | None) -> "Prices | None":
    """The price of the model; None where none is given."""
    from pagehop.agents.calling.prices import Price

    return None if price is None else {model: Price(input=price[0], output=price[1])}


def _model(name: str) -> "BaseChatModel | None":
    """The chat model of that name; None for none."""
    return None if name == NO_MODEL else _loaded(name)


def _loaded(name: str) -> "BaseChatModel":
    from pagehop.agents.model.loading import load_model

    return load_model(name)
