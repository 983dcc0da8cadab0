"""The corpus: a folder of documents, and all that can be asked of it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.tools.corpus.discovery import discover
from pagehop.tools.corpus.filing import checked_tag
from pagehop.tools.corpus.lock import writer
from pagehop.tools.corpus.progress import Progress, silent
from pagehop.tools.corpus.records import Document, Stage
from pagehop.tools.corpus.report import AddReport
from pagehop.tools.corpus.searchable import SearchableCorpus
from pagehop.tools.errors import PathNotFoundError

if TYPE_CHECKING:
    from pagehop.tools.corpus.farm import Farm

ERASERS = "pagehop.erasers"  # entry points: called with the folder and a document id at `remove`


class Corpus(SearchableCorpus):
    """A folder of documents with their text, regions, pictures and indexes.

    A `document` is named by a name it was added under or by its id. Reading is safe from any
    thread and beside a process that adds; one process at a time adds or removes.
    """

    def add(
        self,
        *paths: str | Path,
        password: str | None = None,
        link: bool = False,
        tags: Sequence[str] = (),
        until: Stage = Stage.OCR,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> AddReport:
        """Read files into the corpus, going on where an earlier, interrupted `add` stopped.

        One bad file or page costs only itself. All files have their text read before any has its
        regions found, and regions before pictures are read; vectors come last.

        Args:
            paths: PDFs and images, or folders of them.
            password: of locked files. It is not kept: the corpus holds an unlocked copy.
            link: keep the originals where they are instead of copying them.
            tags: of all these files, those included that are there already.
            until: the last stage to read.
            workers: processes that read; None: one a core.
            progress: told what is being done, how much of it is done, of how much.

        Raises:
            PathNotFoundError: a path does not exist; nothing has been done then.
            InputError: a tag is none; nothing has been done then.
            CorpusBusyError: another process is adding or removing.
            StorageError: the disk is full; what was read is kept.
        """
        from pagehop.tools.corpus.addition import Addition

        start = time.monotonic()
        checked = [checked_tag(tag) for tag in tags]
        sources = discover(paths, apart_from=self.path)
        with writer(self.path):
            self._finish_removals()
            addition = Addition(self.catalogue, self._originals, progress or silent)
            with self._reading_farm(workers) as farm:
                addition.read(
                    sources, farm, password=password, link=link, tags=checked, until=until
                )
            self.catalogue.forget_unused_vectors()
            if self.catalogue.has_pages():
                self.retriever.update(progress)
        return addition.report(time.monotonic() - start)

    def remove(self, document: str) -> Document:
        """Remove a document: afterwards no file of the corpus holds a byte of its text.

        Answers and chats that quote it go with it.

        Raises:
            UnknownDocumentError: there is no such document.
            CorpusBusyError: another process is adding, removing, or reading in the middle of a
                transaction; the document is gone then, and its last bytes go with the next call.
        """
        erasers = [point.load() for point in entry_points(group=ERASERS)]  # of upper layers
        with writer(self.path):
            found = self.catalogue.document(document)
            for erase in erasers:  # first: killed here, the document can be removed once more
                erase(self.path, found.id)
            self.catalogue.erase(found.id)
            for erase in erasers:  # and what was asked of it meanwhile
                erase(self.path, found.id)
            self._finish_removals()
        return found

    def check(self) -> tuple[str, ...]:
        """What is wrong with the corpus, in plain sentences; empty when nothing is."""
        found = list(self.catalogue.problems())
        documents = self.documents()
        for document in documents:
            if document.outcome != "indexed":
                found.append(f"{document.name!r} is {document.outcome}. {document.reason}")
            try:
                self._original(document)
            except PathNotFoundError as error:
                found.append(str(error))
        found += [
            f"{name!r} in {str(self.path / 'originals')!r} belongs to no document; the next add "
            "deletes it."
            for name in self._originals.strays(self._kept())
        ]
        if self.catalogue.has_residue():
            found.append("Bytes of a removed document may be left; the next add deletes them.")
        if self.catalogue.has_pages():
            found += self.retriever.problems()
        return tuple(found)

    @contextmanager
    def _reading_farm(self, workers: int | None) -> Iterator["Farm"]:
        """The farm, or one of that many workers for one `add`."""
        from pagehop.tools.corpus.farm import Farm

        if workers is None:
            yield self.farm
        else:
            with Farm(workers) as farm:
                yield farm

    def _finish_removals(self) -> None:
        """Delete whatever documents that are gone have left, also those of a killed process."""
        known = {document.id for document in self.documents()}
        self._originals.sweep(self._kept())
        self._pictures.sweep(known)
        if self.catalogue.has_residue():
            self.retriever.forget()
            self.catalogue.finish_erasing()

    def _kept(self) -> set[str]:
        """The names of the copies that documents own."""
        return {self.catalogue.original(document.id) for document in self.documents()}
