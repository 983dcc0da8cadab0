"""The corpus: a folder of documents, and all that can be asked of it."""

import time
import weakref
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, TypeAlias

from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.discovery import discover
from pagehop.tools.corpus.filing import checked_tag
from pagehop.tools.corpus.lock import writer
from pagehop.tools.corpus.progress import Progress, silent
from pagehop.tools.corpus.readable import ReadableCorpus
from pagehop.tools.corpus.records import Document, Stage
from pagehop.tools.corpus.report import AddReport
from pagehop.tools.errors import EmptyQuestionError, InputError, PathNotFoundError, StorageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.corpus.farm import Farm
    from pagehop.tools.evidence import Modality
    from pagehop.tools.retrieval.channel import ChannelMaker, Hit, Query
    from pagehop.tools.retrieval.rerank import Reranker
    from pagehop.tools.retrieval.retriever import Found, Retriever
    from pagehop.tools.retrieval.settings import Cut

    Picture: TypeAlias = Image | Path | str | bytes

MOST_HITS = 10_000
ERASERS = "pagehop.erasers"  # entry points: called with the folder and a document id at `remove`


class Corpus(ReadableCorpus):
    """A folder of documents with their text, regions, pictures and indexes.

    A `document` is named by a name it was added under or by its id. Reading is safe from any
    thread and beside a process that adds; one process at a time adds or removes.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        encoder: str | None = None,
        visual: Sequence[str] = (),
        channels: "Sequence[ChannelMaker]" = (),
    ) -> None:
        """Open the corpus in a folder, which is made where it is missing.

        Args:
            path: the folder.
            encoder: of the dense channel; None: the default one.
            visual: models that see pages, at most one a channel: folders, or names in the hub's
                cache; `text:` before one has it read passages. Kept with the corpus.
            channels: one's own: classes, or functions, that are given the catalogue and the
                folder of derived indexes, and give a `retrieval.channel.Channel`.

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
        self._visual = (visual,) if isinstance(visual, str) else tuple(visual)
        self._own = tuple(channels)
        self._retriever: Retriever | None = None
        weakref.finalize(self, self._open_parts.close)

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

    def search(  # noqa: PLR0913  (each narrows the search in its own way)
        self,
        query: str = "",
        k: int = 10,
        *,
        image: "Picture | None" = None,
        documents: Sequence[str] | None = None,
        unit: Literal["page", "region"] = "page",
        channels: Sequence[str] | None = None,
        cut: "Cut" = "fixed",
    ) -> "list[Hit]":
        """At most `k` hits, best first; raises as `find` does."""
        found = self.find(
            query, k, image=image, documents=documents, unit=unit, channels=channels, cut=cut
        )
        return list(found.hits)

    def find(  # noqa: PLR0913  (each narrows the search in its own way)
        self,
        query: str = "",
        k: int = 10,
        *,
        image: "Picture | None" = None,
        documents: Sequence[str] | None = None,
        unit: Literal["page", "region"] = "page",
        channels: Sequence[str] | None = None,
        without: Collection[tuple[str, int]] = frozenset(),
        modalities: "Sequence[Modality]" = (),
        cut: "Cut" = "fixed",
        reranker: "Reranker | None" = None,
    ) -> "Found":
        """At most `k` hits, best first, and the route that led to them.

        Args:
            query: what is looked for.
            k: how many, 1 to 10,000.
            image: a picture to look for: a path, bytes, or a picture of Pillow. It is read, and
                `query` says what should be different; where there is no query, nothing.
            documents: names or ids of those to search; None: all.
            unit: one hit a page, or one a region.
            channels: names of those to ask; None: as the route decides.
            without: (document id, page) of pages to leave out.
            modalities: a hint for the route.
            cut: keep the first k hits, or fewer where the others fit much worse ("ratio",
                "mixture").
            reranker: reads the first hits again and orders them, as a cross-encoder does.

        Raises:
            EmptyQuestionError: there are neither words nor a picture.
            BadPictureError: the picture is none, or shows too little.
            InputError: `k` is no number from 1 to 10,000.
            UnknownChannelError: there is no such channel.
            UnknownDocumentError: there is no such document.
        """
        from pagehop.tools.retrieval.settings import Settings

        if not query.strip() and image is None:
            raise EmptyQuestionError("The query is empty. Say what to look for.")
        if not 1 <= k <= MOST_HITS:
            raise InputError(f"{k} hits were asked for; ask for 1 to {MOST_HITS:,}.")
        ids = None if documents is None else [self.document(name).id for name in documents]
        return self.retriever.search(
            self._query(query, image),
            k=k,
            documents=ids,
            unit=unit,
            channels=channels,
            without=without,
            modalities=modalities,
            settings=Settings(cut=cut),
            reranker=reranker,
        )

    def _query(self, words: str, image: "Picture | None") -> "Query":
        from pagehop.tools.retrieval.channel import Query
        from pagehop.tools.retrieval.crops import crop_query

        words = words.encode(errors="replace").decode()  # bytes that were no UTF-8
        return Query(text=words) if image is None else crop_query(image, self.farm, words)

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
        from pagehop.tools.retrieval.visual.channels import visual_channels
        from pagehop.tools.retrieval.visual.choice import resolve_choices

        with self._making:
            if self._retriever is None:
                index = self.path / "index"
                visual = visual_channels(
                    self.catalogue,
                    index,
                    resolve_choices(self.path, self._visual),
                    lambda document, page, box, dpi: self.image(document, page, dpi=dpi, clip=box),
                )
                own = [make(self.catalogue, index) for make in self._own]
                parts = assemble(
                    self.catalogue, index, encoder=self._encoder, further=(*visual, *own)
                )
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
            self.retriever.forget()
            self.catalogue.finish_erasing()

    def _kept(self) -> set[str]:
        """The names of the copies that documents own."""
        return {self.catalogue.original(document.id) for document in self.documents()}
