"""The picture channel: one vector for each page, table and figure, by cosine.

Made for crops as queries ("where else does this table appear?"). All vectors are compared: 41,005
pages take a few milliseconds, and nothing has to be built.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.visual.ledger import Entry, Ledger
from pagehop.tools.retrieval.visual.picture_encoder import PictureEncoder
from pagehop.tools.retrieval.visual.picture_matrix import PictureMatrix
from pagehop.tools.retrieval.visual.rendering import Item, Pictures, render
from pagehop.tools.retrieval.visual.sharing import shared

LONG_SIDE = 1_024  # pixels: these encoders look at 224 to 1,000
_SAVED = 8  # batches a commit: what a kill can lose
_SMALLEST = 0.01  # of a page: smaller tables and figures are rules, icons and logos


class PictureChannel:
    """Finds pages by how they, or a table or figure on them, look."""

    name = "picture"
    modality: Modality = "figure"
    weight = 0.2  # a minority vote: one vector cannot hold the words of a page
    floor = None  # the worst page found stands for "no match"

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        model: str,
        pictures: Pictures,
        *,
        device: str | None = None,
    ) -> None:
        """Open the channel; the model is looked for when something must be encoded.

        Args:
            catalogue: the documents.
            folder: of this channel's vectors; all of it can be made again.
            model: a folder, or a name in the local hub cache.
            pictures: shows a page, or a box of it.
            device: see `loading.load`.
        """
        self.model = model
        self._catalogue = catalogue
        self._folder = folder
        self._pictures = pictures
        self._device = device
        self._ledger = Ledger(folder)
        self._lock = Lock()
        self._held: PictureEncoder | None = None
        self._matrix: tuple[int, PictureMatrix] | None = None

    def update(self, progress: Progress | None = None) -> int:
        """Forget pictures that are gone, then encode those that are new.

        Killed in the middle, it loses a batch; what was saved is not encoded again.

        Raises:
            MixedSpacesError: the pictures here were encoded by another model.
            UnknownModelError: there is something to encode, and the model is not on this machine.
        """
        items = self._items()
        dropped = self._forget(items)
        known = self._ledger.digests()
        waiting = [item for item in sorted(items) if known.get(item) != _digest(items[item])]
        done = 0
        for part in self._parts(waiting):
            self._save(part, items)
            done += len(part)
            if progress:
                progress("Encoding pictures", done, len(waiting))
        return dropped + len(waiting)

    def prune(self) -> int:
        """Forget pictures that the catalogue has no longer, to the last byte; needs no model."""
        return self._forget(self._items())

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages by the cosine of their best picture with the words, the crop, or both.

        Raises:
            MixedSpacesError: the pictures here were encoded by another model.
            UnknownModelError: the model is not on this machine.
        """
        if k < 1 or self._ledger.encoder() is None or not (query.text.strip() or query.image):
            return []
        self._ledger.refuse_others(self._encoder.id, self.model)
        sought = [self._encoder.question(query.text)] if query.text.strip() else []
        if query.image is not None:
            sought.append(self._encoder.crop(query.image))
        best = self._all().best(sought, k, self._there(scope), scope.without)
        return [
            Match(
                document_id=document,
                page=page,
                score=score,
                region_id=region or None,
                reason="a table or figure on it looks like it" if region else "looks like it",
            )
            for (document, page, region), score in best
        ]

    def problems(self) -> Sequence[str]:
        """Pictures without a vector, and those that could not be made."""
        said = []
        missing = self._missing()
        if missing:
            said.append(
                f"Pages, tables and figures that the picture channel has not encoded yet: "
                f"{missing}. The next add, or `pagehop encode`, encodes them."
            )
        failed = self._ledger.failures()
        if failed:
            (document, page), reason = failed[0]
            said.append(
                f"Pictures that the picture channel could not encode: {len(failed)}, page {page} "
                f"of {document[:12]} among them ({reason}). `pagehop encode` tries again."
            )
        return said

    def is_foreign(self) -> bool:
        """Whether the vectors here are another model's.

        Raises:
            UnknownModelError: this channel's model is not on this machine.
        """
        held = self._ledger.encoder()
        return held is not None and held[0] != self._encoder.id

    def try_model(self) -> None:
        """Load the model if there is anything to encode; raises as that of `LateChannel`."""
        if self.is_foreign() or self._missing():
            self._encoder.load()

    def retry(self) -> None:
        """Let the next update try again what could not be encoded."""
        self._ledger.drop_failures()

    def discard(self) -> None:
        """Delete all vectors, so that another model can begin anew."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of the vectors and of the model."""
        with self._lock:
            self._held = self._matrix = None

    @property
    def _encoder(self) -> PictureEncoder:
        with self._lock:
            if self._held is None:
                self._held = shared(PictureEncoder, self.model, self._device)
            return self._held

    def _missing(self) -> int:
        known = self._ledger.digests()
        return sum(known.get(item) != _digest(box) for item, box in self._items().items())

    def _items(self) -> dict[Item, BBox | None]:
        """Every picture there is: pages, and the tables and figures on them with their boxes."""
        places = self._catalogue.page_digests()
        items: dict[Item, BBox | None] = {(*place, ""): None for place in places}
        for document in sorted({document for document, _ in places}):
            for region in self._catalogue.regions(document):
                x0, y0, x1, y1 = region.bbox
                large = (x1 - x0) * (y1 - y0) >= _SMALLEST
                if region.kind in ("table", "figure") and large:
                    items[document, region.page, region.id] = region.bbox
        return items

    def _forget(self, items: Mapping[Item, BBox | None]) -> int:
        gone = self._ledger.digests().keys() - items.keys()
        if gone:
            self._ledger.drop(gone)
        return len(gone)

    def _parts(self, waiting: Sequence[Item]) -> Iterator[Sequence[Item]]:
        if not waiting:
            return
        self._ledger.refuse_others(self._encoder.id, self.model)
        size = _SAVED * self._encoder.batch
        for start in range(0, len(waiting), size):
            yield waiting[start : start + size]

    def _save(self, part: Sequence[Item], items: Mapping[Item, BBox | None]) -> None:
        wanted = {item: items[item] for item in part}
        shown, failed = render(self._catalogue, self._pictures, wanted, LONG_SIDE)
        vectors = dict(zip(shown, self._encoder.pictures(list(shown.values())), strict=True))
        if vectors:
            self._ledger.claim(self._encoder.id, len(next(iter(vectors.values()))), self.model)
        self._ledger.put(
            Entry(
                document_id=item[0],
                page=item[1],
                item=item[2],
                digest=_digest(items[item]),
                vector=vectors.get(item),
                error=failed.get(item, ""),
            )
            for item in part
        )

    def _all(self) -> PictureMatrix:
        """The vectors as they are now, by whichever process."""
        version = self._ledger.version()
        with self._lock:
            if self._matrix is None or self._matrix[0] != version:
                self._matrix = (version, PictureMatrix(*self._ledger.vectors()))
            return self._matrix[1]

    def _there(self, scope: Scope) -> frozenset[str]:
        """The documents to search: of the scope, and still in the catalogue."""
        there = frozenset(one.id for one in self._catalogue.documents())
        return there if scope.documents is None else there & scope.documents


def _digest(box: BBox | None) -> str:
    """Of what was encoded: a document's picture never changes, but a region's box may."""
    return "picture" if box is None else "picture " + " ".join(f"{edge:.4f}" for edge in box)
