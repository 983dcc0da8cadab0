"""Token vectors of pages in memory-mapped files, searched by late interaction."""

from collections.abc import Collection, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import BadVectorsError, CorpusBusyError, MixedSpacesError, StorageError
from pagehop.tools.retrieval.late.compaction import rewrite
from pagehop.tools.retrieval.late.funnel import Funnel, Limits, Scored
from pagehop.tools.retrieval.late.manifest import (
    Item,
    Manifest,
    drop,
    extents,
    forget,
    new_segment,
    put,
)
from pagehop.tools.retrieval.late.scan import can_compile
from pagehop.tools.retrieval.late.segment import (
    SegmentWriter,
    encode,
    row_bytes,
    sweep,
    sync_folder,
)
from pagehop.tools.retrieval.late.view import Key, View

_LENGTH_SLACK = 0.02  # of a unit vector, after rounding to 16 bits


class LateStore:
    """Token vectors of pages, or of anything with a document and a number. Safe for threads.

    Any number of processes may read; they see what others commit. Writers wait for each other.
    """

    def __init__(
        self,
        folder: Path,
        *,
        encoder: str,
        dim: int,
        limits: Limits | None = None,
        device: str | None = None,
        compiled: bool | None = None,
    ) -> None:
        """Open the store in a folder, or make it.

        Args:
            folder: of its files; nothing else may lie there.
            encoder: id and version of the model whose vectors these are.
            dim: length of a vector.
            limits: how deep a search goes; None: as measured to lose next to nothing.
            device: torch device for the exact scores; None: a GPU if there is one.
            compiled: whether codes are scanned by numba; None: if it is installed.

        Raises:
            MixedSpacesError: the vectors here are another encoder's.
            CorpusVersionError: they are in another version's format.
            StorageError: they cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.encoder, self.dim = folder, encoder, dim
        self.limits = limits or Limits()
        self._funnel = Funnel(
            self.limits, device, compiled=can_compile() if compiled is None else compiled
        )
        self._manifest = Manifest(folder / "manifest.sqlite3", encoder=encoder, dim=dim)
        self._lock = Lock()
        self._view: View | None = None
        try:
            with self._manifest.writing(wait=False) as connection:
                sweep(folder, extents(connection), dim)
        except CorpusBusyError:
            pass  # somebody writes: what lies behind the ends may be theirs

    def add(self, items: Iterable[tuple[Key, NDArray[Any]]]) -> None:
        """Store pages, all or none of them; one that is here is replaced.

        Args:
            items: the key of each and its (tokens, dim) unit vectors, of any floats. A page
                without tokens is kept, and never found.

        Raises:
            BadVectorsError: not such an array, or a row that is not of unit length.
            CorpusBusyError, StorageError: as they say.
        """
        with self._manifest.writing() as connection:
            writers: list[SegmentWriter] = []
            written: list[Item] = []
            keep = False
            try:
                for key, vectors in items:
                    block = encode(self._checked(vectors, f"Page {key[1]} of {key[0]!r}"))
                    if not writers or writers[-1].tokens >= self.limits.segment_tokens:
                        held = extents(connection) if not writers else []
                        room = [one for one in held if one.tokens < self.limits.segment_tokens]
                        extent = room[-1] if room else new_segment(connection)
                        writers.append(SegmentWriter(self.folder, extent, self.dim))
                    written.append(writers[-1].append(*key, block))
                keep = True
            finally:
                for writer in writers:
                    writer.close(keep=keep)
            sync_folder(self.folder)
            put(connection, written)

    def remove(self, keys: Collection[Key]) -> None:
        """Let pages no longer be found; their bytes are gone after `compact`."""
        with self._manifest.writing() as connection:
            drop(connection, keys)

    def compact(self) -> None:
        """Leave no byte of removed pages: copy what lives beside them, then swap and delete.

        Who removes a document calls `remove` with its pages, then this. Killed before the swap,
        it has done nothing; after it, the next opening deletes the rest. With nothing removed it
        costs nothing.
        """
        with self._manifest.writing() as connection:
            forget(connection)
            held = extents(connection)
            worn = [one for one in held if one.dead]
            if worn:
                rewrite(connection, worn, self.folder, self.dim, self.limits.segment_tokens)
        if worn:
            with self._manifest.writing() as connection:
                sweep(self.folder, extents(connection), self.dim)

    def keys(self) -> frozenset[Key]:
        """All pages that are stored."""
        return frozenset(self._now().keys())

    def search(
        self,
        query: NDArray[Any],
        k: int,
        *,
        documents: Collection[str] | None = None,
        without: Collection[Key] = (),
    ) -> list[Scored]:
        """The pages that answer a query best, by falling MaxSim; ties in the order of their keys.

        Args:
            query: (query tokens, dim) unit vectors, of any floats, without padding.
            k: at most so many pages.
            documents: ids to search in; None: all.
            without: pages to leave out.

        Raises:
            BadVectorsError: the query is not such an array.
            MixedSpacesError: its vectors are of another length.
        """
        asked = self._asked(query)
        if k <= 0 or not len(asked):
            return []
        view = self._now()
        return self._funnel.best(view, asked, view.chosen(documents, without), k)

    def exact(self, query: NDArray[Any], keys: Collection[Key]) -> list[Scored]:
        """Exactly these pages by falling MaxSim, but for those that are not stored or empty.

        Raises:
            BadVectorsError, MixedSpacesError: as in `search`.
        """
        asked = self._asked(query)
        if not len(asked):
            return []
        view = self._now()
        positions = view.positions(keys)
        return self._funnel.exact(view, asked, positions[view.tokens[positions] > 0])

    def vectors(self, key: Key) -> NDArray[np.float16]:
        """A page's stored token vectors, (tokens, dim), mapped; (0, dim) if it is not stored."""
        view = self._now()
        found = view.positions([key])
        if not len(found) or not view.tokens[found[0]]:
            return np.zeros((0, self.dim), dtype=np.float16)
        return view.vectors(int(found[0]))

    def problems(self) -> list[str]:
        """What a person should know."""
        said = []
        dead = sum(one.dead for one in self._now().extents)
        if dead:
            size = dead * sum(row_bytes(self.dim)[:2])
            said.append(
                f"Token vectors of removed pages are still on disk ({size / 1e6:.1f} MB). The next "
                "add or remove deletes them."
            )
        return said

    @property
    def disk_bytes(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.iterdir())

    @property
    def memory_bytes(self) -> int:
        """Bytes that searches keep in memory: the codes, mapped, and where everything lies."""
        view = self._now()
        return view.index_bytes + sum(
            one.codes.nbytes + one.sketch.nbytes + one.outline.nbytes
            for one in view.segments.values()
        )

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._view = None
            self._manifest.close()

    def _now(self) -> View:
        """What is stored now, by whichever process."""
        with self._lock:
            for last in (False, False, True):
                if self._view is not None and self._view.change == self._manifest.change():
                    break
                try:
                    self._view = View(self._manifest, self.folder, self.dim, self._view)
                    break
                except StorageError:
                    # Another process may have compacted between the manifest and the files.
                    self._view = None
                    if last:
                        raise
            assert self._view is not None
            return self._view

    def _asked(self, query: NDArray[Any]) -> NDArray[np.float32]:
        asked = self._checked(query, "The query")
        return np.ascontiguousarray(asked, dtype=np.float32)

    def _checked(self, vectors: NDArray[Any], whose: str) -> NDArray[Any]:
        if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
            raise BadVectorsError(
                f"{whose} has an array of shape {vectors.shape} and type {vectors.dtype}; token "
                f"vectors are floats of shape (tokens, {self.dim})."
            )
        if vectors.shape[1] != self.dim:
            raise MixedSpacesError(
                f"{whose} has {vectors.shape[1]}-dimensional token vectors, but those in "
                f"{str(self.folder)!r} are {self.dim}-dimensional, of {self.encoder!r}. Encode it "
                "with that model, or all pages with this one: `pagehop encode`."
            )
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
        odd = np.flatnonzero(~(np.abs(lengths - 1) <= _LENGTH_SLACK))  # NaN is odd, too
        if len(odd):
            raise BadVectorsError(
                f"Token {odd[0]} of {len(vectors)} has length {lengths[odd[0]]:.3f} where 1 is "
                f"expected. {whose} may hold padding, or vectors that were not normalised."
            )
        return vectors
