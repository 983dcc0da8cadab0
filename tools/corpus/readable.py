"""The reading side of a corpus: its documents, pages and their pictures."""

import io
import math
import threading
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.tools.boxes import BBox, from_model
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.originals import Originals
from pagehop.tools.corpus.pages import PageCache
from pagehop.tools.corpus.records import Document, Page, Passage, Region, Stage, Word
from pagehop.tools.errors import (
    BadBoxError,
    InputError,
    PageOutOfRangeError,
    UnknownDocumentError,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.corpus.farm import Farm
    from pagehop.tools.corpus.reading import TableRead

MAX_DPI = 1200.0


class ReadableCorpus:
    """What can be read in a corpus folder; `Corpus` adds what changes it and what searches it."""

    def __init__(self, path: Path) -> None:
        """Open the catalogue in a folder that exists."""
        self.path = path
        self.catalogue = Catalogue(path / "catalogue.sqlite3")
        self._originals = Originals(path / "originals")
        self._pictures = PageCache(path / "pages")
        self._making = threading.Lock()
        self._farm: Farm | None = None
        self._open_parts = ExitStack()
        self._open_parts.callback(self.catalogue.close)

    def documents(self) -> tuple[Document, ...]:
        """All documents, sorted by name."""
        return self.catalogue.documents()

    def document(self, name: str) -> Document:
        """The document of that name or id.

        Raises:
            UnknownDocumentError: none, or more than one, is meant.
        """
        return self.catalogue.document(name)

    def choose(
        self,
        documents: Collection[str] = (),
        *,
        tags: Collection[str] = (),
        folders: Collection[str] = (),
    ) -> tuple[str, ...] | None:
        """The ids of the documents to search, for `documents` of `search`; None: all.

        Args:
            documents: names or ids; none: any.
            tags: that has any of these, of those given to `add`; none: any.
            folders: that was added from any of these, or from below them: "/data/reports/2022",
                or its last parts alone, "reports/2022" or "2022"; none: any.

        Raises:
            UnknownDocumentError: there is no such document, or none has a tag or folder, or none
                fits all that is asked.
        """
        if not (documents or tags or folders):
            return None
        named = {self.document(name).id for name in documents}
        found = named or {document.id for document in self.documents()}
        if tags:
            found &= self.catalogue.tagged(tags)
        if folders:
            found &= self.catalogue.in_folders(folders)
        if not found:
            raise UnknownDocumentError(
                "No document fits all of the documents, tags and folders asked for together. "
                "Ask for fewer of them."
            )
        return tuple(sorted(found))

    def page(self, document: str, number: int) -> Page:
        """A page, counted from 1.

        Raises:
            PageOutOfRangeError: the document has no such page.
            UnknownDocumentError: there is no such document.
        """
        return self.catalogue.page(self._on_page(document, number).id, number)

    def words(self, document: str, number: int) -> tuple[Word, ...]:
        """The words of a page in reading order; raises as `page` does."""
        return self.catalogue.words(self._on_page(document, number).id, number)

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
        from PIL import UnidentifiedImageError

        found = self._on_page(document, number)
        clip = None if clip is None else checked_clip(clip)
        if not (math.isfinite(dpi) and 10 <= dpi <= MAX_DPI):
            raise InputError(f"{dpi} dpi were asked for; a page is rendered at 10 to {MAX_DPI:g}.")
        if clip is not None:
            _refuse_speck(clip, self.catalogue.page(found.id, number), dpi)
        held = self._pictures.get(found.id, number, dpi, clip)
        if held is not None:
            try:
                return _picture(held)
            except (UnidentifiedImageError, OSError, SyntaxError):
                self._pictures.drop(found.id, number, dpi, clip)  # torn by a crash: made again
        rendered = self.farm.render(self._original(found), number, dpi=dpi, clip=clip)
        self._pictures.put(found.id, number, dpi, clip, rendered)
        return _picture(rendered)

    def read_crop(self, document: str, number: int, bbox: BBox) -> tuple[Word, ...]:
        """What OCR reads in a part of a page, boxes as fractions of the page; raises as `image`."""
        found = self._on_page(document, number)
        return self.farm.ocr(self._original(found), number, clip=checked_clip(bbox))

    def table_crop(self, document: str, number: int, bbox: BBox) -> "TableRead | None":
        """The table in a part of a page, or None where there is none; raises as `image`."""
        found = self._on_page(document, number)
        return self.farm.table(self._original(found), number, clip=checked_clip(bbox))

    @property
    def farm(self) -> "Farm":
        """The processes that open files; started when first needed."""
        from pagehop.tools.corpus.farm import Farm

        with self._making:
            if self._farm is None:
                self._farm = Farm()
                self._open_parts.callback(self._farm.close)
            return self._farm

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


def _refuse_speck(clip: BBox, page: Page, dpi: float) -> None:
    """Raise where a picture would have no pixel.

    Raises:
        BadBoxError: the box is smaller than half a pixel.
    """
    wide, high = (clip[2] - clip[0]) * page.width, (clip[3] - clip[1]) * page.height
    if page.stage is not Stage.NONE and min(wide, high) * dpi / 72 < 0.5:
        raise BadBoxError(
            f"The box {list(clip)} on page {page.number} is less than a pixel at {dpi:g} dpi. "
            "Give a larger box, or more dpi."
        )


def _picture(png: bytes) -> "Image":
    from PIL import Image

    image = Image.open(io.BytesIO(png), formats=["PNG"])
    image.load()
    return image


def checked_clip(clip: BBox) -> BBox:
    """A box on a page.

    Raises:
        BadBoxError: it is none.
    """
    return from_model(clip, shown=(1, 1), unit="fraction")
