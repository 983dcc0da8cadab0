"""search: words or a picture, the hits for it, and the route that led to them."""

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pagehop.apps.boxes import BoxOption, parse_box
from pagehop.apps.folder import (
    CorpusOption,
    FoldersOption,
    InOption,
    JsonOption,
    TagsOption,
    corpus_folder,
    open_corpus,
    tell_unread,
)
from pagehop.apps.printing import place, say, say_json, shorten, tell
from pagehop.apps.sought import Sought

if TYPE_CHECKING:
    from pagehop.tools.retrieval.channel import Hit
    from pagehop.tools.retrieval.crops import Crop
    from pagehop.tools.retrieval.retriever import Found, Route

NAMED = 3  # pages that the query names, as far as a brief route lists them


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Words; with --image, what is different.")
    ] = "",
    *,
    image: Annotated[
        str | None,
        typer.Option("--image", metavar="FILE", help="A picture: where else does this stand?"),
    ] = None,
    page: Annotated[
        int | None,
        typer.Option(help="FILE is a document of the corpus: where else does this page stand?"),
    ] = None,
    box: BoxOption = "",
    model: Annotated[  # not PAGEHOP_MODEL: a search sends nothing away that it is not told to
        str | None,
        typer.Option(
            "--model", metavar="M", help="A chat model that sees (provider:name) reads FILE too."
        ),
    ] = None,
    documents: InOption = None,
    tags: TagsOption = None,
    folders: FoldersOption = None,
    k: Annotated[int, typer.Option("-k", help="At most so many hits, 1 to 10,000.")] = 10,
    regions: Annotated[
        bool, typer.Option("--regions", help="Regions instead of pages, several on one page.")
    ] = False,
    channels: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="Only this channel; repeatable."),
    ] = None,
    cut: Annotated[
        Literal["fixed", "ratio", "mixture"],
        typer.Option(
            "--cut",
            help="Keep all k hits, those with half the best score, or the upper of two groups.",
        ),
    ] = "fixed",
    why: Annotated[
        bool, typer.Option("--why", help="Say on stderr all that led to the hits.")
    ] = False,
    as_json: JsonOption = False,
    corpus: CorpusOption = None,
) -> None:
    """Search pages or regions, by words or a picture, without answering."""
    from pagehop.tools.errors import EmptyQuestionError

    if not query.strip() and image is None:
        raise EmptyQuestionError(
            'The query is empty. Give words (pagehop search "total revenue") or --image FILE.'
        )
    sought = Sought(image=image, page=page, box=parse_box(box), model=model)
    with open_corpus(corpus_folder(context, corpus)) as opened:
        crop = sought.crop(opened, query)
        among = opened.choose(documents or (), tags=tags or (), folders=folders or ())
        tell_unread(opened, among or ())
        found = opened.find(
            query,
            k,
            image=crop,
            documents=among,
            unit="region" if regions else "page",
            channels=channels or None,
            without=sought.place(opened),
            cut=cut,
        )
    if as_json:
        say_json(search_record(query, sought.record(crop), found))
        return
    for rank, hit in enumerate(found.hits, start=1):
        for line in hit_lines(rank, hit):
            say(line)
    for line in seen(crop) if why and crop else ():
        tell(line)
    for reason in found.route.reasons if why else brief(found.route):
        tell(f"route: {reason}")
    if not found.hits:
        tell("Nothing was found.")


def search_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) that what `search --json` prints is valid by."""
    text = files("pagehop.apps").joinpath("search.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def search_record(query: str, picture: dict[str, Any], found: "Found") -> dict[str, Any]:
    """The JSON form of a search, as the contract fixes it."""
    route = found.route
    return {
        "query": query,
        **picture,
        "route": {
            "reasons": list(route.reasons),
            "references": _pages(route.references),
            "channels": list(route.channels),
            "modalities": list(route.modalities),
            "granularity": route.granularity,
        },
        "hits": [
            {
                "document": hit.document,
                "page": hit.page,
                "page_label": hit.page_label,
                "bbox": None if hit.bbox is None else list(hit.bbox),
                "modality": hit.modality,
                "score": hit.score,
                "channels": hit.channels,
                "text": hit.text,
                "reasons": list(hit.reasons),
                "copies": _pages(hit.copies),
            }
            for hit in found.hits
        ],
    }


def hit_lines(rank: int, hit: "Hit") -> Iterator[str]:
    """One hit for a person: where, how found, its words, and where the same page stands too."""
    votes = ", ".join(f"{channel} {place_there}" for channel, place_there in hit.channels.items())
    where = place(hit.document, hit.page, hit.page_label)
    found = f"({votes})" if votes else "(named)"  # only pointing gives a page that no channel has
    yield f"{rank:>3}  {where}, {hit.modality}  {hit.score:.3f}  {found}"
    if hit.text:
        yield f"     {shorten(hit.text)}"
    if hit.copies:
        yield f"     the same page: {_listed(hit.copies)}"


def seen(crop: "Crop") -> Iterator[str]:
    """What is known of the picture in words, and by whom, a line each."""
    known = {"a model": crop.reading, "its document": crop.about, "what stands in it": crop.text}
    yield from (f"picture, by {who}: {shorten(said)}" for who, said in known.items() if said)


def brief(route: "Route") -> Iterator[str]:
    """The route in two lines: the pages that the query names; what was looked for, and by whom."""
    if route.references:
        more = "; ..." if route.references[NAMED:] else ""
        yield f"named {_listed(route.references[:NAMED])}{more}"
    sought = f"looked for {', '.join(route.modalities)}; " if route.modalities else ""
    yield f"{sought}asked {', '.join(route.channels) or 'no channel'} (--why tells more)"


def _pages(places: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"document": document, "page": page} for document, page in places]


def _listed(places: Sequence[tuple[str, int]]) -> str:
    return "; ".join(place(document, page, None) for document, page in places)
