"""Searching a corpus: from words or a picture to hits, by whatever channels it has."""

import weakref
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, get_args

from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.readable import ReadableCorpus
from pagehop.tools.errors import EmptyQuestionError, InputError, StorageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.boxes import BBox
    from pagehop.tools.evidence import Modality
    from pagehop.tools.retrieval.channel import ChannelMaker, Hit, Query
    from pagehop.tools.retrieval.crops import Crop
    from pagehop.tools.retrieval.rerank import Reranker
    from pagehop.tools.retrieval.retriever import Found, Retriever
    from pagehop.tools.retrieval.settings import Cut
    from pagehop.tools.retrieval.visual.choice import Choice
    from pagehop.tools.retrieval.visual.rendering import Pictures

    Picture: TypeAlias = Image | Path | str | bytes

MOST_HITS = 10_000


class SearchableCorpus(ReadableCorpus):
    """What is there to read of a corpus, and the search of it."""

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

    def search(  # noqa: PLR0913  (each narrows the search in its own way)
        self,
        query: str = "",
        k: int = 10,
        *,
        image: "Picture | Crop | None" = None,
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
        image: "Picture | Crop | None" = None,
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
            image: a picture to look for: a path, bytes, or a picture of Pillow, or what `crop`
                has made of one. `query` says what should be different; where there is no query,
                nothing.
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
            InputError: `k` is no number from 1 to 10,000; no such unit or cut.
            UnknownChannelError: there is no such channel.
            UnknownDocumentError: there is no such document.
        """
        from pagehop.tools.retrieval.settings import Cut, Settings

        if image is None and not any(map(str.isalnum, query)):
            raise EmptyQuestionError("The query is empty, without a word. Say what to look for.")
        if not 1 <= k <= MOST_HITS:
            raise InputError(f"{k} hits were asked for; ask for 1 to {MOST_HITS:,}.")
        _check_choice("unit", unit, ("page", "region"))
        _check_choice("cut", cut, get_args(Cut))
        return self.retriever.search(
            self._query(query, image),
            k=k,
            documents=_listed(documents),
            unit=unit,
            channels=_listed(channels),
            without=without,
            modalities=modalities,
            settings=Settings(cut=cut),
            reranker=reranker,
        )

    def crop(
        self, source: "Picture", page: int | None = None, bbox: "BBox | None" = None
    ) -> "Crop":
        """A picture to look for, read: a file, or a part of a page of the corpus.

        Args:
            source: the path of a picture, the bytes of one, or a picture of Pillow; with `page`
                the name or id of a document.
            page: of that document, from 1. What the document says of it is searched for too.
            bbox: a part of the page, as fractions of it; None: the whole page.

        Raises:
            BadBoxError: `bbox` is no box on the page.
            BadPictureError: the picture is none, or shows too little.
            InputError: there is a `bbox`, but no page that it is on.
            PageOutOfRangeError: the document has no such page.
            PathNotFoundError: there is no such file, or the document's original is gone.
            UnknownDocumentError: there is no such document.
            WorkerError: the page cannot be rendered within the limits.
        """
        from pagehop.tools.retrieval.crops import open_crop
        from pagehop.tools.retrieval.page_crops import page_crop

        if page is not None:
            return page_crop(self, str(source), page, bbox)
        if bbox is not None:
            raise InputError(f"{list(bbox)} is a box on a page; say on which page it is.")
        return open_crop(source, self.farm)

    def _query(self, words: str, image: "Picture | Crop | None") -> "Query":
        from pagehop.tools.retrieval.channel import Query
        from pagehop.tools.retrieval.crops import Crop, sought

        words = words.encode(errors="replace").decode()  # bytes that were no UTF-8
        if image is None:
            return Query(text=words)
        return sought(image if isinstance(image, Crop) else self.crop(image), words)

    @property
    def retriever(self) -> "Retriever":
        """The channels of the search; opened when first needed."""
        from pagehop.tools.retrieval.assembly import assemble
        from pagehop.tools.retrieval.retriever import Retriever
        from pagehop.tools.retrieval.visual.channels import visual_channels

        with self._making:
            if self._retriever is None:
                index = self.path / "index"
                choices = self.visual_models()
                visual = visual_channels(self.catalogue, index, choices, self.renderer())
                own = [make(self.catalogue, index) for make in self._own]
                parts = assemble(
                    self.catalogue, index, encoder=self._encoder, further=(*visual, *own)
                )
                self._retriever = Retriever(self.catalogue, parts)
                self._open_parts.callback(self._retriever.close)
            return self._retriever

    def visual_models(self) -> "tuple[Choice, ...]":
        """The visual models and their channels: as opened, else by PAGEHOP_VISUAL, else as kept.

        Raises:
            InputError: two models would serve one channel.
            StorageError: what is kept cannot be read, or cannot be written.
            UnknownModelError: a model that is asked for is not on this machine.
        """
        from pagehop.tools.retrieval.visual.choice import resolve_choices

        return resolve_choices(self.path, self._visual)

    def renderer(self) -> "Pictures":
        """What draws pages for channels that see: `image`; it does not keep the corpus open."""
        here = weakref.ref(self)

        def drawn(document: str, page: int, box: "BBox | None", dpi: float) -> "Image":
            corpus = here()
            assert corpus is not None  # a channel ends with its corpus
            return corpus.image(document, page, dpi=dpi, clip=box)

        return drawn

    def close(self) -> None:
        """End the processes and let go of files and locks; the corpus can be used again after."""
        with self._making:
            self._open_parts.close()
            self._farm = self._retriever = None
            self._open_parts.callback(self.catalogue.close)

    def __enter__(self) -> Self:
        """The corpus itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def _check_choice(what: str, chosen: str, choices: Sequence[str]) -> None:
    if chosen not in choices:
        listed = ", ".join(map(repr, choices))
        raise InputError(f"There is no {what} {chosen!r}; there are {listed}.")


def _listed(names: Sequence[str] | None) -> Sequence[str] | None:
    """One name alone would else be a sequence of letters."""
    return (names,) if isinstance(names, str) else names
