"""add, list, remove: what is in a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pagehop.apps.folder import (
    EMPTY,
    CorpusOption,
    JsonOption,
    corpus_folder,
    make_corpus,
    open_corpus,
    tell_failures,
)
from pagehop.apps.printing import pages, say, say_json, shorten, table, tell

if TYPE_CHECKING:
    from pagehop.tools import Corpus
    from pagehop.tools.corpus.records import Document


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
        f"{pages(report.pages)} in {report.seconds:.1f} s{rate}"
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
    from pagehop.tools.corpus.documents import SHORT_ID

    with open_corpus(corpus_folder(context, corpus)) as opened:
        documents = opened.documents()
        records = [document_record(opened, document) for document in documents] if as_json else []
    if as_json:
        say_json({"documents": records})
        return
    if not documents:
        tell(EMPTY)
        return
    rows = [
        (document.name, document.page_count, _state(document), document.id[:SHORT_ID])
        for document in documents
    ]
    for line in table(rows, ("document", "pages", "state", "id")):
        say(line)


def remove(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOC", help="Name or id of the document.")],
    corpus: CorpusOption = None,
) -> None:
    """Remove a document and the chats that quote it. None of its text stays in the folder."""
    with open_corpus(corpus_folder(context, corpus)) as opened:
        gone = opened.remove(document)
    say(f"removed  {gone.name}, {pages(gone.page_count)}")


def _state(document: "Document") -> str:
    """How far it is read, in a word; an outcome of indexed can be of the text layer alone."""
    return "unfinished" if document.outcome == "indexed" and document.reason else document.outcome


def document_record(corpus: "Corpus", document: "Document") -> dict[str, Any]:
    """What `list` and `info` tell of a document."""
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
