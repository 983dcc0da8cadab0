"""The late-interaction channels: MaxSim of a question's tokens with those of pages.

One class for both: over page pictures it is `visual`, over passages it is `late`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Match, Progress, Query, Scope
from pagehop.tools.retrieval.visual.late_encoder import Encoded
from pagehop.tools.retrieval.visual.late_index import SAVED, LateIndex
from pagehop.tools.retrieval.visual.ledger import Place
from pagehop.tools.retrieval.visual.readers import Reader, Spot

if TYPE_CHECKING:  # torch comes with it
    from pagehop.tools.retrieval.late.funnel import Scored
    from pagehop.tools.retrieval.late.store import LateStore

K = TypeVar("K")

_DEPTH = 256  # pages that each half of a query of words and picture brings
_SPOTTED = 20  # of the first pages it is looked up where on them the query looked


class LateChannel:
    """Finds pages by late interaction, over their pictures or their passages."""

    floor = None  # the worst page found stands for "no match"

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        model: str,
        reads: Reader,
        *,
        device: str | None = None,
        saved: int = SAVED,
    ) -> None:
        """Open the channel; the model is looked for when something must be encoded.

        Args:
            catalogue: the documents.
            folder: of this channel's vectors; all of it can be made again.
            model: a folder, or a name in the local hub cache.
            reads: pages as pictures, or their passages.
            device: see `loading.load`.
            saved: batches a commit, which is what a kill can lose.
        """
        self.name: str = reads.name
        self.modality: Modality = reads.modality
        self.weight: float = reads.weight
        self._catalogue = catalogue
        self._reads = reads
        # catalogue's generation, its documents, whether nothing else is stored
        self._known: tuple[int, frozenset[str], bool] | None = None
        self._index = LateIndex(folder, model, reads, device=device, saved=saved)

    def update(self, progress: Progress | None = None) -> int:
        """Forget pages that are gone, then encode those that are new or have changed.

        Killed in the middle, it loses a batch; what was saved is not encoded again.

        Raises:
            MixedSpacesError: the pages here were encoded by another model.
            UnknownModelError: there is something to encode, and the model is not on this machine.
        """
        what = "pages" if self.modality == "page" else "passages by word piece"
        return self._index.update(f"Encoding {what}", progress)

    def prune(self) -> int:
        """Forget pages that the catalogue has no longer, to the last byte; needs no model."""
        return self._index.prune()

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages by falling similarity to the words, the picture, or both.

        Raises:
            MixedSpacesError: the pages here were encoded by another model.
            UnknownModelError: the model is not on this machine.
        """
        store = self._index.store
        if k < 1 or store is None:
            return []
        documents = self._documents(store, scope)
        if documents is not None and not documents:
            return []
        self._index.refuse_others()
        halves = self._halves(query)
        if not halves:
            return []
        found = _found(store, halves, k, Scope(documents=documents, without=scope.without))
        scores = summed([{one.key: one.score for one in half} for half in found])
        best = sorted(scores, key=lambda key: (-scores[key], key))[:k]
        reason = "looks like it" if self.modality == "page" else "reads like it"
        spots = self._spots(best[:_SPOTTED], halves, found)
        return [
            Match(
                document_id=key[0],
                page=key[1],
                score=scores[key],
                passage_id=spots.get(key, Spot()).passage_id,
                region_id=spots.get(key, Spot()).region_id,
                reason=reason,
            )
            for key in best
        ]

    def problems(self) -> Sequence[str]:
        """Pages without vectors, pages that could not be encoded, and what the store says."""
        said, missing, failed = [], self._index.missing(), self._index.failures()
        if missing:
            said.append(
                f"Pages that the {self.name} channel has not encoded yet: {missing}. The next add, "
                "or `pagehop encode`, encodes them."
            )
        if failed:
            (document, page), reason = failed[0]
            said.append(
                f"Pages that the {self.name} channel could not encode: {len(failed)}, page {page} "
                f"of {document[:12]} among them ({reason}). `pagehop encode` tries again."
            )
        store = self._index.store
        return [*said, *(store.problems() if store else ())]

    def is_foreign(self) -> bool:
        """Whether the vectors here are another model's.

        Raises:
            UnknownModelError: this channel's model is not on this machine.
        """
        return self._index.is_foreign()

    def try_model(self) -> None:
        """Load the model if there is anything to encode, to learn whether it can.

        Raises:
            InputError: the device is not there.
            UnknownModelError: the model is not on this machine, incomplete, or unsound.
        """
        self._index.try_model()

    def retry(self) -> None:
        """Let the next update try again what could not be encoded."""
        self._index.retry()

    def discard(self) -> None:
        """Delete all vectors, so that another model can begin anew."""
        self._index.discard()

    def close(self) -> None:
        """Let go of files and of the model."""
        self._index.close()

    def _documents(self, store: "LateStore", scope: Scope) -> frozenset[str] | None:
        """The documents to search: of the scope, and still in the catalogue."""
        generation = self._catalogue.generation()
        if self._known is None or self._known[0] != generation:
            there = frozenset(one.id for one in self._catalogue.documents())
            held = {key[0] for key in frozenset(store.keys())}
            self._known = (generation, there, held <= there)
        _, there, no_more = self._known
        if scope.documents is not None:
            return scope.documents & there
        return None if no_more else there

    def _halves(self, query: Query) -> list[Encoded]:
        """The words and the picture of a query, those that it has.

        Passages are searched by words alone: those of the picture are among them.
        """
        encoder = self._index.encoder
        halves = [encoder.question(query.text)] if query.text.strip() else []
        if query.image is not None and self.modality == "page":
            halves.append(encoder.crop(query.image))
        return halves

    def _spots(
        self,
        keys: Sequence[Place],
        halves: Sequence[Encoded],
        found: "Sequence[Sequence[Scored]]",
    ) -> dict[Place, Spot]:
        """Where on these pages the words and patches of the query were found."""
        chosen: dict[Place, list[int]] = {key: [] for key in keys}
        for half, scored in zip(halves, found, strict=True):
            for one in scored:
                if one.key in chosen and one.tokens is not None:
                    chosen[one.key].extend(one.tokens[half.words].tolist())
        return {
            key: self._reads.spot(key, self._index.detail(key), tokens)
            for key, tokens in chosen.items()
        }


def summed(halves: Sequence[Mapping[K, float]]) -> dict[K, float]:
    """One score a page or picture: the only half's, or the sum of both, each stretched to 0 to 1.

    The scores of words and of a picture are of different sizes: raw, one would drown the other.
    """
    if len(halves) == 1:
        return dict(halves[0])
    total: dict[K, float] = {}
    for half in halves:
        low, high = min(half.values(), default=0.0), max(half.values(), default=0.0)
        for place, score in half.items():
            share = (score - low) / (high - low) if high > low else 1.0
            total[place] = total.get(place, 0.0) + share
    return total


def _found(
    store: "LateStore", halves: Sequence[Encoded], k: int, scope: Scope
) -> "list[list[Scored]]":
    """What each half scores: of words or a picture alone the best, of both what either brings."""
    depth = k if len(halves) == 1 else _DEPTH
    sides = [
        store.search(half.vectors, depth, documents=scope.documents, without=scope.without)
        for half in halves
    ]
    if len(halves) == 1:
        return sides
    keys = sorted({one.key for side in sides for one in side})
    return [store.exact(half.vectors, keys) for half in halves]
