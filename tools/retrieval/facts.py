"""What was worked out of single documents, on disk: derived, never trusted.

Some of what decides on a document is worked out of its pages: which words its first one has, which
of them are a balance sheet. That takes longer than all the rest of a search, so it is done when
the document has changed, and a search of documents that it has never seen reads what was found.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TypeAlias, TypeVar

from pagehop.tools.corpus.database import explained
from pagehop.tools.retrieval.derived import DerivedDatabase, is_broken

Digests: TypeAlias = Mapping[str, str]  # document id -> digest of all that its fact hangs on
Work: TypeAlias = Callable[[Sequence[str]], Mapping[str, bytes]]
Result = TypeVar("Result")

_SCHEMA = "CREATE TABLE fact (document TEXT PRIMARY KEY, digest TEXT NOT NULL, says BLOB NOT NULL);"
_LAYOUT = 300
_BATCH = 64  # documents a transaction: what a kill can lose, and how long others wait


class Facts:
    """One fact about each document. Safe for threads and for several processes."""

    def __init__(self, path: Path, version: int) -> None:
        """Use a file, which is made where it is missing.

        Args:
            path: of the file.
            version: of how the fact is worked out, below 100; another one makes all anew.
        """
        self._file = DerivedDatabase(path, _SCHEMA, _LAYOUT + version, synchronous="NORMAL")
        self._seen: int | None = None  # the catalogue's generation that the facts answer for
        self._lock = Lock()

    def sync(self, generation: int, digests: Callable[[], Digests], work: Work) -> int:
        """Work out what is missing or of other pages, drop what is gone; returns how many.

        Args:
            generation: of the catalogue; nothing is compared while it stays the same.
            digests: of all documents as they are now.
            work: gives the facts of some documents.
        """
        with self._lock:
            if generation == self._seen and self._file.path.exists():
                return 0
            there = digests()
            changed = self._repaired(lambda: self._refresh(there, work))
            self._seen = generation
            return changed

    def of(self, documents: Collection[str]) -> dict[str, bytes]:
        """The facts of these documents as of the last `sync`, which may not have known all."""
        marks = ", ".join("?" * len(documents))

        def read() -> dict[str, bytes]:
            with self._file.snapshot() as db:
                asked = f"SELECT document, says FROM fact WHERE document IN ({marks})"  # noqa: S608
                return dict(db.execute(asked, tuple(documents)))

        return self._repaired(read) if documents else {}

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._file.close()

    def _refresh(self, there: Digests, work: Work) -> int:
        with self._file.snapshot() as db:
            held = dict(db.execute("SELECT document, digest FROM fact"))
        gone = held.keys() - there.keys()
        if gone:
            with self._file.writing() as db:
                db.executemany("DELETE FROM fact WHERE document = ?", [(one,) for one in gone])
            self._file.shrink()
        stale = sorted(one for one, digest in there.items() if held.get(one) != digest)
        for at in range(0, len(stale), _BATCH):
            found = work(stale[at : at + _BATCH])
            rows = [(one, there[one], says) for one, says in found.items()]
            with self._file.writing() as db:
                db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", rows)
        return len(gone) + len(stale)

    def _repaired(self, task: Callable[[], Result]) -> Result:
        """Do it, once more with an empty file when it is damaged; a full disk is raised on."""
        try:
            return task()
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise explained(error, self._file.path) from error
            self._file.discard(str(error))
            self._seen = None
            return task()


def of_documents(pages: Mapping[tuple[str, int], str]) -> dict[str, str]:
    """Document id -> digest of all its pages.

    Args:
        pages: (document id, page) -> digest, of all that were read.
    """
    digests: dict[str, list[str]] = {}
    for (document, page), digest in sorted(pages.items()):
        digests.setdefault(document, []).append(f"{page}:{digest}")
    return {
        document: blake2b("\n".join(some).encode(), digest_size=16).hexdigest()
        for document, some in digests.items()
    }
