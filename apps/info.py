"""info: what is known of a corpus, a document, a page."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pagehop.apps.boxes import BoxOption, parse_box
from pagehop.apps.doctor import visual_check
from pagehop.apps.documents import document_record
from pagehop.apps.folder import CorpusOption, JsonOption, corpus_folder, open_corpus
from pagehop.apps.printing import fields, pages, place, say, say_json

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools import Corpus
    from pagehop.tools.boxes import BBox


def info(
    context: typer.Context,
    document: Annotated[
        str, typer.Argument(metavar="[DOC]", help="Name or id; else the whole corpus.")
    ] = "",
    *,
    page: Annotated[int | None, typer.Option(help="One page of it, counted from 1.")] = None,
    box: BoxOption = "",
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the page, or the box, as a PNG.")
    ] = None,
    corpus: CorpusOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is known of the corpus, a document, or a page."""
    if page is None and (box or picture):
        raise typer.BadParameter("--box and --picture need a page: pagehop info DOC --page N")
    with open_corpus(corpus_folder(context, corpus)) as opened:
        if page is not None:
            clip = parse_box(box)
            record = _page(opened, document, page, clip)
            if picture is not None:
                _save_picture(opened.image(document, page, clip=clip), picture)
        else:
            record = _details(opened, document) if document else _corpus(opened)
    if as_json:
        say_json(record)
    else:
        _say_record(record)


def _say_record(record: dict[str, Any]) -> None:
    text = record.pop("text", None)
    for line in fields(record):
        say(line)
    if text is not None:
        say()
        say(text)


def _save_picture(image: "Image", path: Path) -> None:
    from pagehop.tools.errors import StorageError

    try:
        image.save(path, format="PNG")
    except OSError as error:
        raise StorageError(f"The picture cannot be written to {str(path)!r}: {error}.") from error


def _corpus(corpus: "Corpus") -> dict[str, Any]:
    documents = corpus.documents()
    outcomes = Counter(document.outcome for document in documents)
    return {
        "folder": str(corpus.path),
        "documents": len(documents),
        "pages": sum(document.page_count for document in documents),
        "bytes": sum(document.bytes for document in documents),
        "states": ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()),
        "channels": list(corpus.retriever.channels),
        "visual models": [f"{choice.channel}: {choice.model}" for choice in corpus.visual_models()],
        "problems": " ".join(_problems(corpus)) if documents else "",
    }


def _problems(corpus: "Corpus") -> Iterator[str]:
    """What is wrong with the search; the whole corpus is for doctor to check."""
    checks = map(visual_check, corpus.visual_models())
    yield from (check.finding for check in checks if not check.well)
    yield from corpus.retriever.problems()


def _details(corpus: "Corpus", name: str) -> dict[str, Any]:
    document = corpus.document(name)
    read = [corpus.page(document.id, number + 1) for number in range(document.page_count)]
    kinds = Counter(region.kind for region in corpus.regions(document.id))
    stages = Counter(page.stage.name.lower() for page in read)
    return document_record(corpus, document) | {
        "stages": ", ".join(f"{pages(count)} to {stage}" for stage, count in stages.items()),
        "read by OCR": sum(page.ocr for page in read),
        "regions": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        "passages": len(corpus.passages(document.id)),
        "errors": "; ".join(f"page {page.number}: {page.error}" for page in read if page.error),
    }


def _page(corpus: "Corpus", name: str, number: int, box: "BBox | None") -> dict[str, Any]:
    from pagehop.tools.boxes import share_inside

    document = corpus.document(name)
    page = corpus.page(document.id, number)
    kinds = Counter(region.kind for region in corpus.regions(document.id, number))
    words = [
        word.text
        for word in corpus.words(document.id, number)
        if box and not word.hidden and share_inside(word.bbox, box) > 0.5
    ]
    return {
        "page": place(document.name, page.number, page.label),
        "size": f"{page.width:.0f} x {page.height:.0f} points",
        "stage": page.stage.name.lower(),
        "read by OCR": page.ocr,
        "outline": " > ".join(page.outline),
        "regions": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        "error": page.error,
        "hidden": page.hidden_text,
        "text": " ".join(words) if box else page.text,
    }
