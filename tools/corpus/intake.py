"""The door of the corpus: a file is looked at, copied and registered before it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.discovery import IMAGE_SUFFIXES, Source, shown_name
from pagehop.tools.corpus.originals import Originals, content_id
from pagehop.tools.corpus.reading import Kind, Opened
from pagehop.tools.corpus.records import Document, Outcome
from pagehop.tools.corpus.sniff import sniff
from pagehop.tools.errors import UnknownDocumentError, WorkerError

if TYPE_CHECKING:
    from pagehop.tools.corpus.farm import Farm

NOT_READ_YET = "Its reading was not finished. Add it again to go on."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file after it has been looked at; without a document id it was refused, and why."""

    source: Source
    name: str
    document_id: str | None = None
    new: bool = False  # the corpus did not know its content
    outcome: Outcome = "indexed"
    reason: str = ""


class Intake:
    """Takes files in, one after the other, in the order in which they are named."""

    def __init__(
        self,
        catalogue: Catalogue,
        originals: Originals,
        farm: "Farm",
        *,
        password: str | None = None,
        link: bool = False,
        tags: Sequence[str] = (),
    ) -> None:
        self._catalogue = catalogue
        self._originals = originals
        self._farm = farm
        self._password = password
        self._link = link
        self._tags = tuple(tags)

    def enter(self, source: Source) -> Entry:
        """Register a file's content under a name that no other document has, and sort it.

        Raises:
            StorageError: the disk is full.
        """
        entry = self._entered(source)
        if entry.document_id is not None:
            folder = source.path.resolve().parent.as_posix()
            self._catalogue.put_folder(entry.document_id, folder)
            self._catalogue.tag(entry.document_id, self._tags)
        return entry

    def _entered(self, source: Source) -> Entry:
        if source.refusal:
            return self._refused(source, *source.refusal)
        kind = sniff(source.path, self._farm.limits)  # before a huge file is read for its id
        if isinstance(kind, Opened):
            return self._refused(source, kind.outcome, kind.reason)
        try:
            identity = content_id(source.path)
        except OSError as error:
            return self._refused(source, "damaged", f"It cannot be read: {error.strerror}.")
        try:
            known = self._catalogue.document(identity)
        except UnknownDocumentError:
            return self._take_in(source, identity, _suffix(source.path, kind))
        self._renew_original(known, source.path)
        name = self._free_name(source.path, identity)
        self._catalogue.add_name(identity, name)
        return Entry(source=source, name=name, document_id=identity)

    def _take_in(self, source: Source, identity: str, suffix: str) -> Entry:
        try:
            opened = (
                self._look(source.path)
                if self._link
                else self._fetch(source.path, identity, suffix)
            )
        except WorkerError as error:
            return self._refused(source, "damaged", str(error))
        if opened.outcome != "indexed":
            return self._refused(source, opened.outcome, opened.reason)
        name = self._free_name(source.path, identity)
        document = Document(
            id=identity,
            names=(name,),
            kind=opened.kind,
            page_count=opened.page_count,
            title=opened.title,
            bytes=source.path.stat().st_size,
            outcome="partial",
            reason=NOT_READ_YET,
            linked=str(source.path.resolve()) if self._link else "",
        )
        self._catalogue.register(document, "" if self._link else identity + suffix)
        return Entry(source=source, name=name, document_id=identity, new=True)

    def _look(self, path: Path) -> Opened:
        """Open a file that stays where it is."""
        opened = self._farm.open(path)
        if opened.outcome == "encrypted" and self._password is not None:
            return replace(opened, reason="A locked file cannot be linked. Add it without linking.")
        return opened

    def _fetch(self, path: Path, identity: str, suffix: str) -> Opened:
        """Copy a file and open the copy, which stays only if it can be read.

        Opening the copy means that it is what was looked at, and that its name is harmless.
        """
        copy = self._originals.keep(path, identity, suffix)
        opened = self._farm.open(copy)
        if opened.outcome == "encrypted" and self._password is not None:
            opened = self._farm.open(copy, password=self._password)
            if opened.outcome == "indexed":
                self._originals.unlock(copy, self._password)
        if opened.outcome != "indexed":
            # A person knows the file by the path that was named.
            reason = opened.reason.replace(str(copy.resolve()), str(path))
            opened = replace(opened, reason=reason)
            copy.unlink()
        return opened

    def _renew_original(self, known: Document, path: Path) -> None:
        """Put an original back that has gone: the same content has been named again."""
        name = self._catalogue.original(known.id)
        if known.linked and not Path(known.linked).is_file():
            self._catalogue.relink(known.id, str(path.resolve()))
        elif not known.linked and not self._originals.has(name):
            self._fetch(path, known.id, Path(name).suffix)

    def _free_name(self, path: Path, identity: str) -> str:
        """The file's name; with its folder, then a number, where another document has it."""
        plain = Path(shown_name(path))
        folder = shown_name(path.resolve().parent)
        number = 1
        name = plain.name
        while self._catalogue.owner(name) not in (None, identity):
            mark = folder if number == 1 and folder else str(max(number, 2))
            name = f"{plain.stem} ({mark}){plain.suffix}"
            number += 1
        return name

    def _refused(self, source: Source, outcome: Outcome, reason: str) -> Entry:
        return Entry(source=source, name=shown_name(source.path), outcome=outcome, reason=reason)


def _suffix(path: Path, kind: Kind) -> str:
    if kind == "pdf":
        return ".pdf"
    suffix = path.suffix.lower()
    return suffix if suffix in IMAGE_SUFFIXES else ".image"
