"""The corpus: a folder of documents, and all that can be asked of it."""

import io
import math
import threading
import time
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from pagehop.tools.boxes import BBox, from_model
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.discovery import discover
from pagehop.tools.corpus.lock import writer
from pagehop.tools.corpus.originals import Originals
from pagehop.tools.corpus.pages import PageCache
from pagehop.tools.corpus.progress import Progress, silent
from pagehop.tools.corpus.records import Document, Page, Passage, Region, Stage, Word
from pagehop.tools.corpus.report import AddReport
from pagehop.tools.errors import (
    EmptyQuestionError,
    InputError,
    PageOutOfRangeError,
    PathNotFoundError,
    StorageError,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.corpus.farm import Farm
    from pagehop.tools.corpus.reading import TableRead
    from pagehop.tools.retrieval.channel import Hit
    from pagehop.tools.retrieval.retriever import Found, Retriever

MAX_DPI = 1200.0


class Corpus:
    """A folder of documents with their text, regions, pictures and indexes.

    A `document` is named by a name it was added under or by its id. Reading is safe from any
    thread and beside a process that adds; one process at a time adds or removes.
    """

    path: Path

    def __init__(self, path: str | Path, *, encoder: str | None = None) -> None:
        """Open the corpus in a folder, which is made where it is missing.

        Args:
            path: the folder.
            encoder: of the dense channel; None: the default one.

        Raises:
            CorpusVersionError: a newer pagehop made it.
            StorageError: the folder cannot be made or opened.
        """
        self.path = Path(path).expanduser().absolute()
        self._encoder = encoder
        if self.path.exists() and not self.path.is_dir():
            raise StorageError(f"{str(self.path)!r} is a file; a corpus is a folder.")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise explained(error, self.path) from error
        self.catalogue = Catalogue(self.path / "catalogue.sqlite3")
        self._originals = Originals(self.path / "originals")
        self._pictures = PageCache(self.path / "pages")
        self._making = threading.Lock()
        self._farm: Farm | None = None
        self._retriever: Retriever | None = None
        self._open_parts = ExitStack()
        self._open_parts.callback(self.catalogue.close)
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

        Raises:
            UnknownDocumentError: there is no such document.
            CorpusBusyError: another process is adding, removing, or reading in the middle of a
                transaction; the document is gone then, and its last bytes go with the next call.
        """
        with writer(self.path):
            found = self.catalogue.document(document)
            self.catalogue.erase(found.id)
            self._finish_removals()
        return found

    def documents(self) -> tuple[Document, ...]:
        """All documents, sorted by name."""
        return self.catalogue.documents()

    def document(self, name: str) -> Document:
        """The document of that name or id.

        Raises:
            UnknownDocumentError: none, or more than one, is meant.
        """
        return self.catalogue.document(name)

    def page(self, document: str, number: int) -> Page:
        """A page, counted from 1.

        Raises:
            PageOutOfRangeError: the document has no such page.
            UnknownDocumentError: there is no such document.
        """
        return self.catalogue.page(self.document(document).id, number)

    def words(self, document: str, number: int) -> tuple[Word, ...]:
        """The words of a page in reading order; raises as `page` does."""
        return self.catalogue.words(self.document(document).id, number)

    def regions(self, document: str, number: int | None = None) -> tuple[Region, ...]:
        """The regions of a page, or of all pages, in reading order; raises as `page` does."""
        return self.catalogue.regions(self._place(document, number), number)

    def passages(self, document: str, number: int | None = None) -> tuple[Passage, ...]:
        """The passages of a page, or of all pages, in reading order; raises as `page` does."""
        return self.catalogue.passages(self._place(document, number), number)

    def image(
        self, document: str, number: int, *, dpi: float = 144, clip: BBox | None = None
    ) -> "Image":
        """The picture of a page, or of a part of it, rendered from the original.

        Args:
            document: name or id.
            number: of the page, from 1.
            dpi: dots an inch, 10 to 1200.
            clip: the part, as fractions of the page.

        Raises:
            BadBoxError: `clip` is no box on the page.
            InputError: `dpi` is out of range.
            PageOutOfRangeError: the document has no such page.
            PathNotFoundError: the original is gone, or has changed.
            UnknownDocumentError: there is no such document.
            WorkerError: the page cannot be rendered within the limits.
        """
        from PIL import Image, UnidentifiedImageError

        found = self._on_page(document, number)
        clip = None if clip is None else checked_clip(clip)
        if not (math.isfinite(dpi) and 10 <= dpi <= MAX_DPI):
            raise InputError(f"{dpi} dpi were asked for; a page is rendered at 10 to {MAX_DPI:g}.")
        held = self._pictures.get(found.id, number, dpi, clip)
        if held is not None:
            try:
                image = Image.open(io.BytesIO(held), formats=["PNG"])
                image.load()
            except (UnidentifiedImageError, OSError, SyntaxError):
                self._pictures.drop(found.id, number, dpi, clip)  # torn by a crash: made again
            else:
                return image
        picture = self.farm.render(self._original(found), number, dpi=dpi, clip=clip)
        self._pictures.put(found.id, number, dpi, clip, picture)
        image = Image.open(io.BytesIO(picture), formats=["PNG"])
        image.load()
        return image

    def read_crop(self, document: str, number: int, bbox: BBox) -> tuple[Word, ...]:
        """What OCR reads in a part of a page, boxes as fractions of the page; raises as `image`."""
        found = self._on_page(document, number)
        return self.farm.ocr(self._original(found), number, clip=checked_clip(bbox))

    def table_crop(self, document: str, number: int, bbox: BBox) -> "TableRead | None":
        """The table in a part of a page, or None where there is none; raises as `image`."""
        found = self._on_page(document, number)
        return self.farm.table(self._original(found), number, clip=checked_clip(bbox))

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
            query,
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
    def farm(self) -> "Farm":
        """The processes that open files; started when first needed."""
        from pagehop.tools.corpus.farm import Farm

        with self._making:
            if self._farm is None:
                self._farm = Farm()
                self._open_parts.callback(self._farm.close)
            return self._farm

    @property
    def retriever(self) -> "Retriever":
        """The channels of the search; opened when first needed."""
        from pagehop.tools.retrieval.retriever import Retriever

        with self._making:
            if self._retriever is None:
                self._retriever = Retriever(
                    self.catalogue, self.path / "index", encoder=self._encoder
                )
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

    def _original(self, document: Document) -> Path:
        return self._originals.path(document, self.catalogue.original(document.id))

    def _place(self, document: str, number: int | None) -> str:
        found = self.document(document)
        return found.id if number is None else self._on_page(found.id, number).id

    def _on_page(self, document: str, number: int) -> Document:
        found = self.document(document)
        if not 1 <= number <= found.page_count:
            has = "one page" if found.page_count == 1 else f"pages 1 to {found.page_count}"
            raise PageOutOfRangeError(
                f"Page {number} was asked for, but {found.name!r} has {has}. "
                "Pages are counted from 1."
            )
        return found


def checked_clip(clip: BBox) -> BBox:
    """A box on a page.

    Raises:
        BadBoxError: it is none.
    """
    return from_model(clip, shown=(1, 1), unit="fraction")
