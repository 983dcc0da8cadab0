"""ask and search: one question, one answer with its citations; one query, its hits."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
)
from pagehop.apps.printing import place, say, say_answer, say_json, shorten, tell

if TYPE_CHECKING:
    from pagehop.tools.retrieval.channel import Hit
    from pagehop.tools.retrieval.retriever import Found

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
RoundsOption = Annotated[
    int | None, typer.Option(min=1, help="At most so many rounds of search and critique.")
]
CallsOption = Annotated[int | None, typer.Option(min=0, help="At most so many model calls.")]
TokensOption = Annotated[int | None, typer.Option(min=1, help="At most so many tokens.")]
SecondsOption = Annotated[float | None, typer.Option(min=0, help="At most so long.")]
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
    rounds: RoundsOption = None,
    calls: CallsOption = None,
    tokens: TokensOption = None,
    seconds: SecondsOption = None,
    corpus: CorpusOption = None,
) -> int:
    """Ask a question; every claim of the answer points at a box on a page."""
    from pagehop.tools.errors import EmptyQuestionError

    if not question.strip():
        raise EmptyQuestionError('The question is empty. Ask one: pagehop ask "What ...?"')
    folder = corpus_folder(context, corpus)
    with make_corpus(folder, paths) if paths else open_corpus(folder) as opened:
        within = (*(documents or ()), *(add_quietly(opened, paths) if paths else ()))
        settings = Settings(
            documents=opened.choose(within, tags=tags or (), folders=folders or ()) or (),
            model=model,
            limits=Limits(rounds=rounds, model_calls=calls, tokens=tokens, seconds=seconds),
            trace=trace,
        )
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


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY")],
    *,
    documents: InOption = None,
    tags: TagsOption = None,
    folders: FoldersOption = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many hits.")] = 10,
    regions: Annotated[
        bool, typer.Option("--regions", help="Regions instead of pages, several on one page.")
    ] = False,
    channels: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="Only this channel; repeatable."),
    ] = None,
    as_json: JsonOption = False,
    corpus: CorpusOption = None,
) -> None:
    """Search pages or regions, without answering."""
    from pagehop.tools.errors import EmptyQuestionError

    if not query.strip():
        raise EmptyQuestionError('The query is empty. Give words: pagehop search "total revenue"')
    with open_corpus(corpus_folder(context, corpus)) as opened:
        found = opened.find(
            query,
            k,
            documents=opened.choose(documents or (), tags=tags or (), folders=folders or ()),
            unit="region" if regions else "page",
            channels=channels or None,
        )
    if as_json:
        say_json(found_record(query, found))
        return
    for rank, hit in enumerate(found.hits, start=1):
        say(hit_lines(rank, hit))
    for reason in found.route.reasons:
        tell(f"route: {reason}")
    if not found.hits:
        tell("Nothing was found.")


def found_record(query: str, found: "Found") -> dict[str, Any]:
    """The JSON form of a search, as the contract fixes it."""
    return {
        "query": query,
        "route": asdict(found.route),
        "hits": [
            {
                "document": hit.document,
                "page": hit.page,
                "bbox": None if hit.bbox is None else list(hit.bbox),
                "modality": hit.modality,
                "score": hit.score,
                "channels": hit.channels,
                "text": hit.text,
            }
            for hit in found.hits
        ],
    }


def hit_lines(rank: int, hit: "Hit") -> str:
    """One hit for a person: where, how found, and its words."""
    votes = ", ".join(f"{channel} {place_there}" for channel, place_there in hit.channels.items())
    where = place(hit.document, hit.page, hit.page_label)
    return f"{rank:>3}  {where}, {hit.modality}  {hit.score:.3f}  ({votes})\n     " + shorten(
        hit.text
    )
