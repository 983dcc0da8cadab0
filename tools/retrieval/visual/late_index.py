"""What a late-interaction channel has encoded.

The token vectors lie in a `LateStore`. The ledger beside it says which pages they are of, and
which model made them.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pagehop.tools.retrieval.channel import Progress
from pagehop.tools.retrieval.visual.late_encoder import LateEncoder
from pagehop.tools.retrieval.visual.ledger import Entry, Ledger, Place
from pagehop.tools.retrieval.visual.readers import Reader, Reading
from pagehop.tools.retrieval.visual.sharing import shared

if TYPE_CHECKING:  # torch comes with it
    from pagehop.tools.retrieval.late.store import LateStore

SAVED = 8  # batches a commit


class LateIndex:
    """The vectors of one channel. Safe for threads; one process at a time encodes."""

    def __init__(
        self,
        folder: Path,
        model: str,
        reads: Reader,
        *,
        device: str | None = None,
        saved: int = SAVED,
    ) -> None:
        """Open the index; the model is looked for when something must be encoded.

        Args:
            folder: of the vectors; all of it can be made again.
            model: a folder, or a name in the local hub cache.
            reads: pages as pictures, or their passages.
            device: see `loading.load`.
            saved: batches a commit, which is what a kill can lose.
        """
        self.model = model
        self._folder = folder
        self._reads = reads
        self._device = device
        self._saved = saved
        self._ledger = Ledger(folder)
        self._lock = Lock()
        self._held: LateEncoder | None = None
        self._opened: LateStore | None = None

    @property
    def encoder(self) -> LateEncoder:
        """The model.

        Raises:
            UnknownModelError: it is not on this machine.
        """
        with self._lock:
            if self._held is None:
                self._held = shared(LateEncoder, self.model, self._device)
            return self._held

    @property
    def store(self) -> "LateStore | None":
        """The vectors, whether or not their model is here; None before any."""
        held = self._ledger.encoder()
        return None if held is None else self._open(*held)

    def update(self, said: str, progress: Progress | None = None) -> int:
        """Forget pages that are gone, then encode those that are new or have changed.

        Raises:
            MixedSpacesError: the pages here were encoded by another model.
            UnknownModelError: there is something to encode, and the model is not on this machine.
        """
        states = self._reads.states()
        dropped, waiting = self._forget(states), self._waiting(states)
        done = 0
        for part in self._parts(waiting):
            self._save(self._reads.read(self.encoder, part), states)
            done += len(part)
            if progress:
                progress(said, done, len(waiting))
        if waiting and self.store:
            self.store.compact()  # of pages that were replaced
        return dropped + len(waiting)

    def prune(self) -> int:
        """Forget pages that are gone, to the last byte; needs no model."""
        return self._forget(self._reads.states())

    def refuse_others(self) -> None:
        """Raise where the vectors here are another model's.

        Raises:
            MixedSpacesError: they are.
        """
        self._ledger.refuse_others(self.encoder.id, self.model)

    def is_foreign(self) -> bool:
        """Whether the vectors here are another model's."""
        held = self._ledger.encoder()
        return held is not None and held[0] != self.encoder.id

    def try_model(self) -> None:
        """Load the model where it is needed: see `LateChannel.try_model`."""
        if self.is_foreign() or self.missing():
            self.encoder.load()

    def missing(self) -> int:
        """Pages that are not encoded, or not as they are now."""
        return len(self._waiting(self._reads.states()))

    def failures(self) -> list[tuple[Place, str]]:
        """Pages that could not be encoded, and why."""
        return self._ledger.failures()

    def detail(self, place: Place) -> Any:  # noqa: ANN401  JSON
        """What the tokens of a page have seen, as its reader wrote it."""
        return self._ledger.detail(place)

    def retry(self) -> None:
        """Let the next update try again what could not be encoded."""
        self._ledger.drop_failures()

    def discard(self) -> None:
        """Delete all vectors, so that another model can begin anew."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of files and of the model."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = self._held = None

    def _open(self, encoder: str, dim: int) -> "LateStore":
        from pagehop.tools.retrieval.late.store import LateStore

        with self._lock:
            if self._opened is None:
                self._opened = LateStore(self._folder / "tokens", encoder=encoder, dim=dim)
            return self._opened

    def _waiting(self, states: Mapping[Place, str]) -> list[Place]:
        """Pages that are new, have changed, or whose vectors were lost."""
        known, store = self._ledger.digests(), self.store
        stored = store.keys() if store else frozenset()
        lost = {key for key in self._ledger.encoded() if key[:2] not in stored}
        return [
            place
            for place, digest in sorted(states.items())
            if known.get((*place, "")) != digest or (*place, "") in lost
        ]

    def _forget(self, states: Mapping[Place, str]) -> int:
        gone = {key[:2] for key in self._ledger.digests()}
        store = self.store
        if store:
            gone |= store.keys()
        gone -= states.keys()
        if gone:
            if store:
                store.remove(gone)
            self._ledger.drop({(*place, "") for place in gone})
        if store:
            store.compact()  # also what a killed process has removed and left
        return len(gone)

    def _parts(self, waiting: Sequence[Place]) -> Iterator[Sequence[Place]]:
        if not waiting:
            return
        self._ledger.claim(self.encoder.id, self.encoder.dim, self.model)
        size = self._saved * self.encoder.batch
        for start in range(0, len(waiting), size):
            yield waiting[start : start + size]

    def _save(self, readings: Sequence[Reading], states: Mapping[Place, str]) -> None:
        store = self._open(self.encoder.id, self.encoder.dim)
        empty = {one.place for one in readings if one.vectors is None}
        stale = store.keys() & empty  # a page that has lost its text
        if stale:
            store.remove(stale)
        made = [(one.place, one.vectors) for one in readings if one.vectors is not None]
        if made:
            store.add(made)
        self._ledger.put(
            Entry(
                document_id=one.place[0],
                page=one.place[1],
                digest=states[one.place],
                detail=one.detail,
                error=one.error,
            )
            for one in readings
        )
