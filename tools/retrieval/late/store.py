"""Token vectors of pages in memory-mapped files, searched by late interaction.

A search is a funnel. A sketch of every page, a sixth of its tokens in two bits a dimension, is
scanned for the nearest pages, some times the root of their number; the codes of all their tokens
for the nearest `depth`; these are scored exactly, by MaxSim over the 16-bit vectors in 32-bit
floats. How many pages each step leaves does not depend on how many are asked for, so that a
longer list begins with the shorter one.
"""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import BadVectorsError, CorpusBusyError, MixedSpacesError, StorageError
from pagehop.tools.retrieval.late.codes import PAGE_BITS, Planes, row_planes
from pagehop.tools.retrieval.late.manifest import (
    Extent,
    Item,
    Manifest,
    drop,
    extents,
    items_of,
    new_segment,
    put,
)
from pagehop.tools.retrieval.late.maxsim import maxsim
from pagehop.tools.retrieval.late.scan import can_compile, distances
from pagehop.tools.retrieval.late.segment import (
    SegmentView,
    SegmentWriter,
    encode,
    row_bytes,
    sweep,
    sync_folder,
)
from pagehop.tools.retrieval.late.view import Key, Positions, View

_QUERY_BITS = {"sketch": 2, "codes": 3}  # a dimension of a query's token, in each scan
_COMPILED_FROM = 256  # pages; fewer are scanned by numpy before numba has compiled
_LENGTH_SLACK = 0.02  # of a unit vector, after rounding to 16 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many pages each step of a search leaves, and how large a file grows."""

    sketched: int = 15  # pages left by the scan of sketches, times the root of those scanned
    depth: int = 128  # pages left by the scan of codes: scored exactly, the most that are found
    segment_tokens: int = 2_000_000  # about 0.6 GB: what a compaction rewrites at least


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A page and its exact MaxSim."""

    key: Key
    score: float  # at most the number of query tokens
    tokens: NDArray[np.int64] | None = None  # per query token: the page token it matched best


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
        self._compiled = can_compile() if compiled is None else compiled
        self._device = device
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
                    block, pooled = encode(self._checked(vectors, f"Page {key[1]} of {key[0]!r}"))
                    if not writers or writers[-1].tokens >= self.limits.segment_tokens:
                        held = extents(connection) if not writers else []
                        room = [one for one in held if one.tokens < self.limits.segment_tokens]
                        extent = room[-1] if room else new_segment(connection)
                        writers.append(SegmentWriter(self.folder, extent, self.dim))
                    written.append(writers[-1].append(*key, block, (len(vectors), pooled)))
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
            held = extents(connection)
            worn = [one for one in held if one.dead]
            if worn:
                self._rewrite(connection, worn)
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
            k: at most so many pages, and at most `limits.depth`.
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
        left = view.chosen(documents, without)
        sketched = int(self.limits.sketched * len(left) ** 0.5)
        left = self._nearest(view, "sketch", asked, left, max(sketched, self.limits.depth))
        left = self._nearest(view, "codes", asked, left, self.limits.depth)
        return self._scored(view, asked, left)[:k]

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
        return self._scored(view, asked, positions[view.tokens[positions] > 0])

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
        mapped = sum(one.codes.nbytes + one.sketch.nbytes for one in view.segments.values())
        return mapped + view.index_bytes

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
                    self._view = View(self._manifest, self.folder, self.dim)
                    break
                except StorageError:
                    # Another process may have compacted between the manifest and the files.
                    if last:
                        raise
            assert self._view is not None
            return self._view

    def _nearest(
        self,
        view: View,
        what: Literal["sketch", "codes"],
        query: NDArray[np.float32],
        positions: Positions,
        keep: int,
    ) -> Positions:
        """The `keep` pages nearest by their compact codes, in the order of their keys."""
        if len(positions) <= keep:
            return positions
        planes = row_planes(query, _QUERY_BITS[what])
        far = self._far(view, what, planes, positions)
        # Position breaks ties, so that the choice does not depend on the order of the work.
        ranks = far * len(view) + positions
        return positions[np.sort(np.argpartition(ranks, keep)[:keep])]

    def _far(
        self, view: View, what: Literal["sketch", "codes"], planes: Planes, positions: Positions
    ) -> NDArray[np.int64]:
        """How far each page is from a query, segment by segment."""
        starts, counts = (
            (view.pooled_start, view.pooled) if what == "sketch" else (view.start, view.tokens)
        )
        far = np.zeros(len(positions), dtype=np.int64)
        of_segment = view.segment[positions]
        for number, segment in view.segments.items():
            here = np.flatnonzero(of_segment == number)
            at = positions[here]
            far[here] = distances(
                getattr(segment, what),
                starts[at],
                counts[at],
                planes,
                PAGE_BITS,
                compiled=self._compiled and len(positions) >= _COMPILED_FROM,
            )
        return far

    def _scored(self, view: View, query: NDArray[np.float32], positions: Positions) -> list[Scored]:
        device = self._device or _best_device()
        made = maxsim(query, [view.vectors(int(at)) for at in positions], device)
        scored = [
            Scored(view.key(int(at)), one.score, one.tokens)
            for at, one in zip(positions, made, strict=True)
        ]
        return sorted(scored, key=lambda one: (-one.score, one.key))

    def _rewrite(self, connection: sqlite3.Connection, worn: list[Extent]) -> None:
        """Copy the living pages of worn segments into new ones, and forget the old."""
        writer: SegmentWriter | None = None
        moved: list[Item] = []
        for extent in worn:
            source = SegmentView(self.folder, extent, self.dim)
            for item in items_of(connection, extent.id):
                if writer is None or writer.tokens >= self.limits.segment_tokens:
                    if writer is not None:
                        writer.close(keep=True)
                    writer = SegmentWriter(self.folder, new_segment(connection), self.dim)
                block = source.block(item, self.dim)
                moved.append(
                    writer.append(item.document, item.page, block, (item.tokens, item.pooled))
                )
        if writer is not None:
            writer.close(keep=True)
        sync_folder(self.folder)
        put(connection, moved)
        connection.executemany("DELETE FROM segments WHERE id = ?", [(one.id,) for one in worn])

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


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
