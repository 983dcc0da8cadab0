"""The corpus: a folder of documents, and all that can be asked of it."""

import time
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.discovery import discover
from pagehop.tools.corpus.lock import writer
from pagehop.tools.corpus.progress import Progress, silent
from pagehop.tools.corpus.readable import ReadableCorpus
from pagehop.tools.corpus.records import Document, Stage
from pagehop.tools.corpus.report import AddReport
from pagehop.tools.errors import EmptyQuestionError, InputError, PathNotFoundError, StorageError

if TYPE_CHECKING:
    from pagehop.tools.corpus.farm import Farm
    from pagehop.tools.retrieval.channel import Hit
    from pagehop.tools.retrieval.retriever import Found, Retriever

ERASERS = "pagehop.erasers"  # entry points: called with the folder and a document id at `remove`


class Corpus(ReadableCorpus):
    """A folder of documents with their text, regions, pictures and indexes.

    A `document` is named by a name it was added under or by its id. Reading is safe from any
    thread and beside a process that adds; one process at a time adds or removes.
    """

    def __init__(self, path: str | Path, *, encoder: str | None = None) -> None:
        """Open the corpus in a folder, which is made where it is missing.

        Args:
            path: the folder.
            encoder: of the dense channel; None: the default one.

        Raises:
            CorpusVersionError: a newer pagehop made it.
            StorageError: the folder cannot be made or opened.
        """
        folder = Path(path).expanduser().absolute()
        try:
            if folder.exists() and not folder.is_dir():
                raise StorageError(f"{str(folder)!r} is a file; a corpus is a folder.")
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise explained(error, folder) from error
        super().__init__(folder)
        self._encoder = encoder
        self._retriever: Retriever | None = None
        weakref.finalize(self, self._open_parts.close)

    def add(
        self,
        *paths: str | Path,
        password: str | None = None,
        link: bool = False,
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
            until: the last stage to read.
            workers: processes that read; None: one a core.
            progress: told what is being done, how much of it is done, of how much.

        Raises:
            PathNotFoundError: a path does not exist; nothing has been done then.
            CorpusBusyError: another process is adding or removing.
            StorageError: the disk is full; what was read is kept.
        """
        from pagehop.tools.corpus.addition import Addition

        start = time.monotonic()
        sources = discover(paths, apart_from=self.path)
        with writer(self.path):
            self._finish_removals()
            addition = Addition(self.catalogue, self._originals, progress or silent)
            with self._reading_farm(workers) as farm:
                addition.read(sources, farm, password=password, link=link, until=until)
            self.catalogue.forget_unused_vectors()
            if self.catalogue.page_digests():
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

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        documents: Sequence[str] | None = None,
        unit: Literal["page", "region"] = "page",
        channels: Sequence[str] | None = None,
    ) -> "list[Hit]":
        """At most `k` hits, best first; raises as `find` does."""
        return list(self.find(query, k, documents=documents, unit=unit, channels=channels).hits)

    def find(  # noqa: PLR0913  (each narrows the search in its own way)
        self,
        query: str,
        k: int = 10,
        *,
        documents: Sequence[str] | None = None,
        unit: Literal["page", "region"] = "page",
        channels: Sequence[str] | None = None,
        without: Collection[tuple[str, int]] = frozenset(),
        modalities: Sequence[str] = (),
    ) -> "Found":
        """At most `k` hits, best first, and the route that led to them.

        Args:
            query: what is looked for.
            k: how many, at least 1.
            documents: names or ids of those to search; None: all.
            unit: one hit a page, or one a region.
            channels: names of those to ask; None: as the route decides.
            without: (document id, page) of pages to leave out.
            modalities: a hint for the route.

        Raises:
            EmptyQuestionError: the query is empty.
            InputError: `k` is less than 1.
            UnknownChannelError: there is no such channel.
            UnknownDocumentError: there is no such document.
        """
        if not query.strip():
            raise EmptyQuestionError("The query is empty. Say what to look for.")
        if k < 1:
            raise InputError(f"{k} hits were asked for; ask for at least 1.")
        ids = None if documents is None else [self.document(name).id for name in documents]
        return self.retriever.search(
            query.encode(errors="replace").decode(),  # bytes that were no UTF-8
            k=k,
            documents=ids,
            unit=unit,
            channels=channels,
            without=without,
            modalities=modalities,
        )

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
        if self.catalogue.page_digests():
            found += self.retriever.problems()
        return tuple(found)

    @property
    def retriever(self) -> "Retriever":
        """The channels of the search; opened when first needed."""
        from pagehop.tools.retrieval.assembly import assemble
        from pagehop.tools.retrieval.retriever import Retriever

        with self._making:
            if self._retriever is None:
                parts = assemble(self.catalogue, self.path / "index", encoder=self._encoder)
                self._retriever = Retriever(self.catalogue, parts)
                self._open_parts.callback(self._retriever.close)
            return self._retriever

    def close(self) -> None:
        """End the processes and let go of files and locks; the corpus can be used again after."""
        with self._making:
            self._open_parts.close()
            self._farm = self._retriever = None
            self._open_parts.callback(self.catalogue.close)

    def __enter__(self) -> "Corpus":
        """The corpus itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

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
            self.retriever.update()  # which drops what the catalogue has no longer
            self.catalogue.finish_erasing()

    def _kept(self) -> set[str]:
        """The names of the copies that documents own."""
        return {self.catalogue.original(document.id) for document in self.documents()}
