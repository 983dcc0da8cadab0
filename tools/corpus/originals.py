"""The files as they were added: copies named by their content, or references to where they lie."""

import contextlib
import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from pagehop.tools.corpus.database import explained
from pagehop.tools.corpus.records import Document
from pagehop.tools.errors import PathNotFoundError, StorageError

ID_BYTES = 16
BLOCK = 2**20
PARTIAL = ".partial"


def content_id(path: Path) -> str:
    """The id of a document: blake2b of the file's content, 32 hex digits."""
    digest = hashlib.blake2b(digest_size=ID_BYTES)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Originals:
    """The folder `originals/` of a corpus."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sound: dict[str, tuple[int, int]] = {}  # linked files that were checked: size, time

    def keep(self, source: Path, document_id: str, suffix: str) -> Path:
        """Copy a file; the copy is whole and on disk when this returns.

        Raises:
            StorageError: the disk is full, or the file changed since its id was taken.
        """
        target = self._folder / f"{document_id}{suffix}"
        with _replacing(target) as partial:
            digest = hashlib.blake2b(digest_size=ID_BYTES)
            with source.open("rb") as stream, partial.open("xb") as copy:
                while block := stream.read(BLOCK):
                    digest.update(block)
                    copy.write(block)
            if digest.hexdigest() != document_id:
                raise StorageError(f"{str(source)!r} changed while it was read. Add it again.")
        return target

    def unlock(self, copy: Path, password: str) -> None:
        """Replace the copy of a locked PDF by one that opens without its password.

        The password is kept nowhere, and a page must be rendered long after it was given.

        Raises:
            StorageError: the disk is full.
            WorkerError: the process that unlocks it died or took too long.
        """
        from pagehop.tools.corpus.unlock import unlock

        with _replacing(copy) as partial:
            unlock(copy, partial, password)

    def path(self, document: Document, name: str) -> Path:
        """Where the original of a document is.

        Args:
            document: the document.
            name: of the copy in the folder; empty when it is linked.

        Raises:
            PathNotFoundError: it is gone, or (a linked file) is not the file that was added.
        """
        if not document.linked:
            path = self._folder / name
            if not path.is_file():
                raise PathNotFoundError(
                    f"The original of {document.name!r} is missing from the corpus "
                    f"({str(path)!r}). Add the file again."
                )
            return path
        path = Path(document.linked)
        if not path.is_file():
            raise PathNotFoundError(
                f"{document.name!r} is kept by reference, and {document.linked!r} is gone. "
                "Put the file back, or add it again from where it is now."
            )
        if not self._is_unchanged(path, document.id):
            raise PathNotFoundError(
                f"{document.name!r} is kept by reference, and {document.linked!r} has changed "
                "since. Remove the document and add the file again."
            )
        return path

    def has(self, name: str) -> bool:
        """Whether there is a copy of that name."""
        return bool(name) and (self._folder / name).is_file()

    def sweep(self, known: Collection[str]) -> None:
        """Delete copies that no document owns: half-written ones, and those of a killed remove."""
        for name in self.strays(known):
            (self._folder / name).unlink(missing_ok=True)

    def strays(self, known: Collection[str]) -> tuple[str, ...]:
        """The names of copies that no document owns."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._folder.iterdir() if path.name not in known))

    def _is_unchanged(self, path: Path, document_id: str) -> bool:
        status = path.stat()
        seen = (status.st_size, status.st_mtime_ns)
        if self._sound.get(document_id) != seen:
            if content_id(path) != document_id:
                return False
            self._sound[document_id] = seen
        return True


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A path to write to, which becomes `target`, whole and on disk, when the block ends well."""
    partial = target.with_name(target.name + PARTIAL)
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        partial.unlink(missing_ok=True)
        yield partial
        partial.chmod(0o600)
        _sync(partial)
        partial.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise explained(error, target) from error
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
