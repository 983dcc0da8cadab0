"""The derived index of the dense channel: Chroma, kept on a short lead.

Measured faults of embedded Chroma set the rules: one owner at a time (a file lock, held while
it is open); nothing is ever written to a folder that is in use (a new generation is built aside
in a child process, searched for its own vectors, sealed with the checksums of all its files, and
swapped in by renaming a pointer); a folder whose files differ from their seal is never opened (a
torn index has written files of 350 GB); what is deleted is gone because its folder is (Chroma
keeps deleted vectors on disk). In doubt it is rebuilt from the catalogue's vectors.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from pagehop.tools.retrieval.dense.chroma_build import (
    JOB_IDS,
    JOB_VECTORS,
    REPORT,
    found_themselves,
    open_client,
    open_collection,
)
from pagehop.tools.retrieval.dense.sealed import (
    Seal,
    check_seal,
    checksums,
    copy_to_extend,
    drop_copy,
    open_copy,
    put_seal,
)

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

log = logging.getLogger(__name__)

_CURRENT = "CURRENT"  # the file that names the generation in use
_HEALTHY = 0.9  # of a sample of vectors, a search must find at least these
_SLACK = 0.1  # an opened index may find this much less than it did when it was built


class ChromaIndex:
    """Nearest vectors of a whole corpus, approximately. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []  # what a person should know
        self._lock = FileLock(folder / "owner.lock", thread_local=False)
        self._using = RLock()
        self._client: Client | None = None
        self._collection: Collection | None = None
        self._sealed: Seal | None = None

    @property
    def owned(self) -> bool:
        """Whether this process owns the index; it takes it when nobody does."""
        with self._using:
            if not self._lock.is_locked:
                self.folder.mkdir(parents=True, exist_ok=True)
                try:
                    self._lock.acquire(timeout=0)
                except Timeout:
                    return False
            return True

    def ensure(self, ids: Sequence[str], vectors: NDArray[np.float32], *, grow: bool) -> bool:
        """Open an index of exactly these vectors; False when there can be none now.

        A damaged or missing index, and one that holds a vector too many, is built anew. One
        that only lacks some gets them when it may `grow`; else the answer is False.
        """
        with self._using:
            if not self.owned:
                return False
            wanted = checksums(ids, vectors)
            seal = self._sealed or self._checked()
            if seal is not None and seal.vectors == wanted and self._open(seal, ids, vectors):
                return True
            self._let_go()
            extends = seal is not None and seal.vectors.items() < wanted.items()
            if extends and not grow:
                return False
            held = seal.vectors.keys() if seal is not None and extends else frozenset[str]()
            new = [at for at, one in enumerate(ids) if one not in held]
            try:
                built = self._build(ids, vectors, new, self._current() if extends else None)
            except OSError as error:  # a full disk: the vectors are searched one by one instead
                self._note(str(error))
                return False
            return built is not None and self._open(built, ids, vectors)

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Up to `k` passage ids and their cosine similarity, nearest first."""
        with self._using:
            if self._collection is None or self._sealed is None:
                raise RuntimeError("The index is searched before `ensure` said that it is there.")
            most = min(k, len(self._sealed.vectors))
            found: Any = self._collection.query(
                query_embeddings=vector[None, :], n_results=most, include=["distances"]
            )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [(one, 1.0 - float(distance)) for one, distance in pairs]

    def clear(self) -> bool:
        """Delete the index from the disk; False when another process owns it."""
        with self._using:
            if not self.folder.exists():
                return True
            if not self.owned:
                return False
            self._let_go()
            (self.folder / _CURRENT).unlink(missing_ok=True)
            self._sweep(keep=None)
            return True

    def close(self) -> None:
        """Close the index and let another process own it."""
        with self._using:
            self._let_go()
            if self._lock.is_locked:
                self._lock.release()

    def _let_go(self) -> None:
        if self._client is not None:
            self._client.close()
            current = self._current()
            if current is not None:
                drop_copy(current)
        self._client = self._collection = self._sealed = None

    def _current(self) -> Path | None:
        pointer = self.folder / _CURRENT
        if not pointer.exists():
            return None
        name = pointer.read_text(encoding="utf-8", errors="replace").strip()
        return self.folder / (name if name.isalnum() else "none")

    def _checked(self) -> Seal | None:
        """The seal of the generation in use, when its files are as they were sealed."""
        folder = self._current()
        seal = None if folder is None else check_seal(folder)
        if isinstance(seal, str):
            self._note(seal)
            return None
        return seal

    def _open(self, seal: Seal, ids: Sequence[str], vectors: NDArray[np.float32]) -> bool:
        """Open the generation in use, whose files have been checked, and try it once more."""
        folder = self._current()
        if self._collection is not None:
            return True
        if folder is None:
            return False
        try:
            self._client = open_client(open_copy(folder))
            self._collection = open_collection(self._client)
            count = self._collection.count()
            found = found_themselves(self._collection, list(ids), vectors)
        except Exception as error:  # noqa: BLE001 - Chroma raises four unrelated families
            self._note(f"{type(error).__name__}: {error}")
            self._let_go()
            return False
        if count != len(ids) or found < seal.found - _SLACK:
            self._note(f"it has {count} of {len(ids)} vectors and finds {found:.0%} of a sample")
            self._let_go()
            return False
        self._sealed = seal
        return True

    def _build(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.float32],
        new: Sequence[int],
        extended: Path | None,
    ) -> Seal | None:
        """Build the next generation aside and point to it; the one in use stays until then."""
        aside = self.folder / uuid4().hex
        self._sweep(keep=self._current())
        if extended is None:
            aside.mkdir()
        else:
            copy_to_extend(extended, aside)
        (aside / JOB_IDS).write_text(json.dumps([ids[at] for at in new]), encoding="utf-8")
        np.save(aside / JOB_VECTORS, vectors[list(new)])
        report = self._run(aside, vectors)
        for name in (JOB_IDS, JOB_VECTORS, REPORT):
            (aside / name).unlink(missing_ok=True)
        if report is None or report["count"] != len(ids) or report["found"] < _HEALTHY:
            if report is not None:
                self._note(f"a new one came out wrong ({report}, for {len(ids)} vectors)")
            shutil.rmtree(aside, ignore_errors=True)
            return None
        put_seal(aside, checksums(ids, vectors), report["found"])
        self._point_to(aside)
        return self._checked()

    def _run(self, aside: Path, vectors: NDArray[np.float32]) -> dict[str, float] | None:
        """Let a child process build the folder; None, and a note, when it does not end well."""
        most, patience = (64 << 20) + 20 * vectors.nbytes, 60 + len(vectors) // 50
        command = [sys.executable, "-P", "-m", "pagehop.tools.retrieval.dense.chroma_build"]
        try:
            ended = subprocess.run(  # noqa: S603 - our own module, no shell
                [*command, str(aside), str(most), str(patience)],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                capture_output=True,
                text=True,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._note(f"building it took longer than {patience} seconds")
            return None
        if ended.returncode:
            said = ended.stderr.strip().splitlines()[-1:] or ["nothing said"]
            self._note(f"building it failed ({ended.returncode}: {said[0]})")
            return None
        report: dict[str, float] = json.loads((aside / REPORT).read_text(encoding="utf-8"))
        return report

    def _point_to(self, generation: Path) -> None:
        fresh = self.folder / f"{_CURRENT}.new"
        fresh.write_text(generation.name, encoding="utf-8")
        fresh.replace(self.folder / _CURRENT)
        self._sweep(keep=generation)

    def _sweep(self, keep: Path | None) -> None:
        """Delete every generation but one: older ones, and what a killed build left."""
        for path in self.folder.iterdir():
            if path.is_dir() and path != keep:
                shutil.rmtree(path, ignore_errors=True)

    def _note(self, reason: str) -> None:
        note = f"The dense index was not usable and is made anew: {reason}."
        log.warning("%s (%s)", note, self.folder)
        if note not in self.notes:
            self.notes.append(note)
