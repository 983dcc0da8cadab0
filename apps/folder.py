"""Which corpus a command works on, and what it asks of it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from pagehop.tools import AddReport, Corpus

EMPTY = "The corpus is empty. Add documents with: pagehop add FILE..."
DEFAULT = Path(".pagehop")  # in the current folder, beside the documents, as .git is

CorpusOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="DIR",
        help="The corpus folder: else PAGEHOP_CORPUS, else .pagehop in the current folder.",
    ),
]
InOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--in", metavar="DOC", help="Only in this document (name or id); repeatable."),
]
TagsOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="TAG", help="Only documents with this tag; repeatable."),
]
FoldersOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--folder",
        metavar="DIR",
        help="Only documents added from this folder, or its last parts; repeatable.",
    ),
]
PathsArgument: TypeAlias = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PATH", help="Files or folders to add first; only they are asked."),
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout.")
]


def corpus_folder(context: typer.Context, chosen: Path | None) -> Path:
    """The folder named after the command, before it, in the environment, or the usual one."""
    return chosen or context.obj or DEFAULT


def open_corpus(folder: Path, visual: Sequence[str] = ()) -> "Corpus":
    """The corpus that is there.

    Args:
        folder: where it is.
        visual: models for page pictures, as for `Corpus`; none: those of PAGEHOP_VISUAL, else
            those kept with the corpus.

    Raises:
        PathNotFoundError: there is none in that folder.
    """
    from pagehop.tools import Corpus
    from pagehop.tools.errors import PathNotFoundError

    if not os.path.exists(folder / "catalogue.sqlite3"):  # noqa: PTH110  raises for no name
        raise PathNotFoundError(
            f"There is no corpus in {str(folder)!r}. Add documents first (pagehop add FILE...), or "
            "choose the folder with --corpus or PAGEHOP_CORPUS."
        )
    return Corpus(folder, visual=visual)


def make_corpus(folder: Path, paths: Sequence[Path]) -> "Corpus":
    """The corpus in that folder, made when it is missing and there is something to add.

    Raises:
        PathNotFoundError: one of `paths` does not exist; no folder is made then.
    """
    from pagehop.tools import Corpus
    from pagehop.tools.errors import PathNotFoundError

    for path in paths:
        if not os.path.exists(path):  # noqa: PTH110  raises for no name
            raise PathNotFoundError(
                f"There is no file or folder {str(path)!r}. Nothing was added; check the path."
            )
    return Corpus(folder)


def add_quietly(corpus: "Corpus", paths: Sequence[Path]) -> tuple[str, ...]:
    """Add the paths to be asked about; returns the ids of their documents.

    Raises:
        UnsupportedFileError: none of them could be read.
    """
    from pagehop.tools.corpus.progress import StderrProgress
    from pagehop.tools.errors import UnsupportedFileError

    with StderrProgress() as progress:
        report = corpus.add(*paths, progress=progress)
    tell_failures(report)
    found = [file.document_id for file in (*report.added, *report.skipped) if file.document_id]
    if not found:
        raise UnsupportedFileError("None of the files could be read, so there is nothing to ask.")
    return tuple(dict.fromkeys(found))


def tell_unread(corpus: "Corpus", asked: Sequence[str]) -> None:
    """Say on stderr that there is no document, or which are not read to the end.

    Args:
        corpus: where they are.
        asked: ids of those that a question is about; none: all.
    """
    from pagehop.apps.printing import shorten, tell
    from pagehop.tools.corpus.intake import NOT_READ_YET

    documents = [corpus.document(one) for one in asked] or corpus.documents()
    if not documents:
        tell(EMPTY)
    unread = [
        document.name
        for document in documents
        if document.reason == NOT_READ_YET or (document.reason and document.outcome == "indexed")
    ]
    if unread:
        tell(
            "Not read to the end, so that not everything in them is found: "
            f"{shorten(', '.join(unread), 200)}. Add them again to go on."
        )


def tell_failures(report: "AddReport") -> None:
    """Say on stderr which files failed or are incomplete, and why."""
    from pagehop.apps.printing import shorten, tell

    for file in report.failed:
        tell(f"failed   {file.path}: {file.outcome}. {shorten(file.reason, 300)}".rstrip())
    for file in report.added:
        if file.outcome != "indexed":
            tell(f"{file.outcome:<8} {file.path}: {shorten(file.reason, 300)}".rstrip())
