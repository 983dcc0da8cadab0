"""add, list, remove, info: what is in a corpus."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pagehop.apps.doctor import visual_check
from pagehop.apps.folder import (
    CorpusOption,
    JsonOption,
    corpus_folder,
    make_corpus,
    open_corpus,
    tell_failures,
)
from pagehop.apps.printing import fields, pages, place, say, say_json, shorten, table, tell

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools import Corpus
    from pagehop.tools.boxes import BBox
    from pagehop.tools.corpus.records import Document


BoxOption = Annotated[
    str,
    typer.Option(
        "--box", metavar="X0,Y0,X1,Y1", help="Only this part of the page, in fractions from 0 to 1."
    ),
]


def add(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            readable=False,  # one closed file costs only itself: the corpus says so in its report
            help="PDFs, images, or folders of them.",
        ),
    ],
    *,
    corpus: CorpusOption = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="PAGEHOP_PASSWORD", help="Password of locked files.", metavar="TEXT"),
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Refer to the originals where they are; do not copy.")
    ] = False,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="Sort these documents under a tag; repeatable."),
    ] = None,
    until: Annotated[
        Literal["text", "layout", "ocr"],
        typer.Option(help="Stop after this stage; a later add goes on from there."),
    ] = "ocr",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Reading processes; else one a core.")
    ] = None,
) -> int:
    """Read documents into the corpus. What is there already is skipped; a stopped run goes on."""
    from pagehop.tools.corpus.progress import StderrProgress
    from pagehop.tools.corpus.records import Stage

    with (
        make_corpus(corpus_folder(context, corpus), paths) as made,
        StderrProgress() as progress,
    ):
        report = made.add(
            *paths,
            password=password,
            link=link,
            tags=tags or (),
            until=Stage[until.upper()],
            workers=workers,
            progress=progress,
        )
    for file in report.added:
        say(f"added    {file.name}, {pages(file.pages)}")
    for file in report.skipped:
        say(f"skipped  {file.name}: {shorten(file.reason) or 'already there'}")
    tell_failures(report)
    rate = f", {report.pages / report.seconds:.1f} pages a second" if report.pages else ""
    tell(
        f"{len(report.added)} added, {len(report.skipped)} skipped, {len(report.failed)} failed; "
        f"{report.pages} pages in {report.seconds:.1f} s{rate}"
    )
    if any(file.document_id for file in (*report.added, *report.skipped)):
        return 0
    if not report.failed:
        tell("pagehop: there is no PDF and no image in what was given. Name files or a folder.")
    return 2


def list_documents(
    context: typer.Context, corpus: CorpusOption = None, as_json: JsonOption = False
) -> None:
    """List the documents of the corpus."""
    with open_corpus(corpus_folder(context, corpus)) as opened:
        documents = opened.documents()
        records = [_document(opened, document) for document in documents] if as_json else []
    if as_json:
        say_json({"documents": records})
        return
    if not documents:
        tell("The corpus is empty. Add documents with: pagehop add FILE...")
        return
    rows = [
        (document.name, document.page_count, document.outcome, document.id[:12])
        for document in documents
    ]
    for line in table(rows, ("document", "pages", "state", "id")):
        say(line)


def remove(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOC", help="Name or id of the document.")],
    corpus: CorpusOption = None,
) -> None:
    """Remove a document, and the chats that quote it; none of its text stays in the folder."""
    with open_corpus(corpus_folder(context, corpus)) as opened:
        gone = opened.remove(document)
    say(f"removed  {gone.name}, {pages(gone.page_count)}")


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
            clip = _parse_box(box)
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


def _parse_box(text: str) -> "BBox | None":
    """Four fractions of the page.

    Raises:
        BadBoxError: they are no box on a page.
    """
    from pagehop.tools.boxes import from_model
    from pagehop.tools.errors import BadBoxError

    if not text:
        return None
    try:
        numbers = [float(part) for part in re.split(r"[,\s]+", text.strip())]
    except ValueError:
        raise BadBoxError(
            f"--box takes four numbers from 0 to 1, as 0.1,0.2,0.6,0.4; this is {text!r}."
        ) from None
    return from_model(numbers, shown=(1, 1), unit="fraction")


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


def _document(corpus: "Corpus", document: "Document") -> dict[str, Any]:
    return {
        "document": document.name,
        "id": document.id,
        "names": list(document.names),
        "kind": document.kind,
        "title": document.title,
        "pages": document.page_count,
        "bytes": document.bytes,
        "state": document.outcome,
        "reason": document.reason,
        "linked": document.linked or None,
        "tags": list(corpus.catalogue.tags(document.id)),
    }


def _details(corpus: "Corpus", name: str) -> dict[str, Any]:
    document = corpus.document(name)
    read = [corpus.page(document.id, number + 1) for number in range(document.page_count)]
    kinds = Counter(region.kind for region in corpus.regions(document.id))
    stages = Counter(page.stage.name.lower() for page in read)
    return _document(corpus, document) | {
        "stages": ", ".join(f"{count} pages to {stage}" for stage, count in stages.items()),
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
