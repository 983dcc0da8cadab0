"""ask: one question, one answer with its citations."""

from pathlib import Path
from typing import Annotated

import typer

from pagehop.apps.asking import Conversation, Limits, Settings
from pagehop.apps.exits import ANSWERED, NOT_ANSWERED
from pagehop.apps.folder import (
    CorpusOption,
    FoldersOption,
    InOption,
    JsonOption,
    PathsArgument,
    TagsOption,
    add_quietly,
    corpus_folder,
    make_corpus,
    open_corpus,
    tell_unread,
)
from pagehop.apps.printing import say_answer, say_json, tell

ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        envvar="PAGEHOP_MODEL",
        metavar="M",
        help="A chat model as provider:name (openai:gpt-5-mini, ollama:qwen3-vl); "
        "without one, answers are made of quotes.",
    ),
]
EffortOption = Annotated[
    str,
    typer.Option(
        "--effort", metavar="E", help="How hard to work on it: quick, standard or thorough."
    ),
]
RoundsOption = Annotated[
    int | None, typer.Option(min=1, help="At most so many rounds of search and critique.")
]
CallsOption = Annotated[int | None, typer.Option(min=0, help="At most so many model calls.")]
TokensOption = Annotated[int | None, typer.Option(min=1, help="At most so many tokens.")]
SecondsOption = Annotated[float | None, typer.Option(min=0, help="At most so long.")]
MoneyOption = Annotated[
    float | None, typer.Option(min=0, help="At most so much money; needs --price.")
]
PriceOption = Annotated[
    tuple[float, float] | None,
    typer.Option("--price", metavar="IN OUT", help="Of a million of the model's tokens."),
]
TraceOption = Annotated[
    bool, typer.Option("--trace", help="Show on stderr what happens step by step.")
]


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    paths: PathsArgument = None,
    *,
    documents: InOption = None,
    tags: TagsOption = None,
    folders: FoldersOption = None,
    model: ModelOption = None,
    graph: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="pagehop, or a published design to compare with: one-shot, five-agents, seeker, "
            "bm25-search, whole-document.",
        ),
    ] = "pagehop",
    as_json: JsonOption = False,
    trace: TraceOption = False,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a PNG per citation: the page, the box drawn."),
    ] = None,
    thread: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Go on with this conversation, or with a stopped run."),
    ] = None,
    effort: EffortOption = "standard",
    rounds: RoundsOption = None,
    calls: CallsOption = None,
    tokens: TokensOption = None,
    seconds: SecondsOption = None,
    money: MoneyOption = None,
    price: PriceOption = None,
    corpus: CorpusOption = None,
) -> int:
    """Ask a question; every claim points at a box on a page."""
    from pagehop.tools.errors import EmptyQuestionError

    if not any(map(str.isalnum, question)):
        raise EmptyQuestionError(
            'The question is empty, without a word. Ask one: pagehop ask "What ...?"'
        )
    if figures is not None and figures.exists() and not figures.is_dir():
        raise typer.BadParameter(f"--figures takes a folder, and {str(figures)!r} is a file")
    folder = corpus_folder(context, corpus)
    with make_corpus(folder, paths) if paths else open_corpus(folder) as opened:
        within = (*(documents or ()), *(add_quietly(opened, paths) if paths else ()))
        settings = Settings(
            documents=opened.choose(within, tags=tags or (), folders=folders or ()) or (),
            model=model,
            graph=graph,
            limits=Limits(
                effort=effort,
                rounds=rounds,
                model_calls=calls,
                tokens=tokens,
                seconds=seconds,
                money=money,
            ),
            price=price,
            trace=trace,
        )
        tell_unread(opened, settings.documents)
        with Conversation(opened, settings, thread) as conversation:
            answer = conversation.ask(question)
        if as_json:
            say_json(answer.as_dict())
        else:
            say_answer(answer)
        if figures is not None:
            from pagehop.tools.vision import save_figures

            for path in save_figures(answer, figures):
                tell(f"wrote {path}")
    return ANSWERED if answer.status == "answered" else NOT_ANSWERED
