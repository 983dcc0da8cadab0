"""Rendered pages on disk: a cache of bounded size, the least recently used go first."""

import contextlib
import os
import threading
import uuid
from collections.abc import Collection
from pathlib import Path

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.database import explained

LIMIT_BYTES = 256 * 2**20


class PageCache:
    """The folder `pages/` of a corpus. Several processes may use it at once."""

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._held: int | None = None  # bytes in the folder, as far as this process knows
        self._lock = threading.Lock()

    def get(self, document_id: str, number: int, dpi: float, clip: BBox | None) -> bytes | None:
        """The picture, or None where it is not held."""
        path = self._path(document_id, number, dpi, clip)
        try:
            picture = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:  # never held, or another process has just let it go
            return None
        return picture

    def put(
        self, document_id: str, number: int, dpi: float, clip: BBox | None, picture: bytes
    ) -> None:
        """Hold a picture.

        Raises:
            StorageError: the disk is full.
        """
        path = self._path(document_id, number, dpi, clip)
        partial = path.with_suffix(f".{uuid.uuid4().hex}.partial")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_bytes(picture)
            partial.replace(path)
        except OSError as error:
            raise explained(error, path) from error
        finally:
            partial.unlink(missing_ok=True)
        with self._lock:
            self._held = self._size() if self._held is None else self._held + len(picture)
            if self._held > self._limit:
                self._held = self._shrink()

    def drop(self, document_id: str, number: int, dpi: float, clip: BBox | None) -> None:
        """Let go of a picture that turned out to be torn."""
        self._path(document_id, number, dpi, clip).unlink(missing_ok=True)

    def sweep(self, known: Collection[str]) -> None:
        """Delete the pictures of all documents but those with these ids."""
        if not self._folder.is_dir():
            return
        for folder in self._folder.iterdir():
            if folder.name not in known:
                for path in folder.iterdir():
                    path.unlink(missing_ok=True)
                folder.rmdir()
        self._held = None

    def _path(self, document_id: str, number: int, dpi: float, clip: BBox | None) -> Path:
        spot = "" if clip is None else "-" + "-".join(f"{edge:.5f}" for edge in clip)
        return self._folder / document_id / f"{number}-{dpi:g}{spot}.png"

    def _files(self) -> list[tuple[float, int, Path]]:
        """(last use, bytes, path) of all pictures, those used last at the end."""
        found = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # another process has let it go
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        return sorted(found)

    def _size(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _shrink(self) -> int:
        """Delete the pictures used longest ago until a tenth of the room is free."""
        files = self._files()
        held = sum(size for _, size, _ in files)
        for _, size, path in files:
            if held <= 0.9 * self._limit:
                break
            path.unlink(missing_ok=True)
            held -= size
        return held
