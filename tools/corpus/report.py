"""What became of the files that were added."""

from dataclasses import dataclass
from pathlib import Path

from pagehop.tools.corpus.records import Outcome

READABLE: tuple[Outcome, ...] = ("indexed", "partial")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedFile:
    """One file that was named or found in a folder, and how its reading ended."""

    path: Path
    name: str  # under which the corpus knows it; its file name where it does not
    document_id: str | None  # None: it is not in the corpus
    outcome: Outcome
    reason: str = ""  # for a person
    pages: int = 0  # of the document


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What `Corpus.add` did, file by file, in the order in which they were named or found."""

    added: tuple[AddedFile, ...] = ()  # new, or read further than before
    skipped: tuple[AddedFile, ...] = ()  # there already, or no kind of file that can be read
    failed: tuple[AddedFile, ...] = ()
    seconds: float = 0.0
    pages: int = 0  # of the documents in `added`
