"""Reading files without trusting them: they are only opened in processes that can be killed."""

import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pagehop.tools.boxes import PAGE, BBox
from pagehop.tools.corpus import decode
from pagehop.tools.corpus.batches import worked_off
from pagehop.tools.corpus.children import Child, Nursery, StepFailed
from pagehop.tools.corpus.reading import Job, Kind, Limits, Opened, PageRead, TableRead, Trouble
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.shift import Shift, open_request
from pagehop.tools.corpus.sniff import sniff
from pagehop.tools.errors import (
    BadBoxError,
    EncryptedFileError,
    PageOutOfRangeError,
    PathNotFoundError,
    UnsupportedFileError,
    WorkerError,
)

OCR_DPI = 200.0


class Farm:
    """Child processes that read files, one a worker. Safe to use from several threads.

    Nothing is started before it is needed, and nothing outlives the farm or its process.
    """

    def __init__(self, workers: int | None = None, limits: Limits | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self.limits = limits or Limits()
        self._nursery = Nursery(self.limits)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._closed = False
        self._end = weakref.finalize(self, _end, self._idle, self._nursery)

    def open(self, path: Path, *, password: str | None = None) -> Opened:
        """A first look: what the file is, whether it can be read, how many pages it has.

        Raises:
            WorkerError: no process can be started.
        """
        kind = sniff(path, self.limits)
        if isinstance(kind, Opened):
            return kind
        request = open_request(path, kind, password, self.limits)
        try:
            with self._child(models=False) as child:
                child.opened = None
                record, _ = child.ask("open", self.limits.text_seconds, **request)
        except StepFailed as failed:
            return Opened(outcome=failed.outcome, reason=str(failed), kind=kind)
        return Opened(
            outcome="indexed",
            kind=kind,
            page_count=int(record["page_count"]),
            title=str(record["title"]),
        )

    def read(self, jobs: Iterable[Job]) -> Iterator[PageRead | Trouble]:
        """Read the pages of all jobs, on all workers, in the order they are done.

        Jobs are pulled as they are needed, in the caller's thread. Each page gives one result; a
        job whose file cannot be opened at all gives one trouble with no page.

        Raises:
            WorkerError: no process can be started.
        """
        shift = Shift(self._nursery, self.limits)
        return worked_off(jobs, shift, self.workers)

    def render(
        self,
        path: Path,
        number: int,
        *,
        dpi: float,
        clip: BBox | None = None,
        password: str | None = None,
    ) -> bytes:
        """A page, or a box of it, as PNG, drawn from the original.

        Raises:
            BadBoxError: no box, or a picture over the limit of pixels.
            PageOutOfRangeError, EncryptedFileError, UnsupportedFileError, WorkerError
        """
        request = {"page": number, "dpi": dpi, "clip": _checked(clip)}
        return self._ask(path, password, "render", self.limits.render_seconds, request)[1]

    def ocr(
        self,
        path: Path,
        number: int,
        *,
        clip: BBox | None = None,
        dpi: float = OCR_DPI,
        password: str | None = None,
    ) -> tuple[Word, ...]:
        """What OCR reads on a page or in a box of it, with boxes on the whole page.

        Raises:
            BadBoxError, PageOutOfRangeError, EncryptedFileError, UnsupportedFileError, WorkerError
        """
        request = {"page": number, "dpi": dpi, "clip": _checked(clip)}
        record, _ = self._ask(path, password, "read", self.limits.ocr_seconds, request)
        return decode.word_list(record)

    def table(
        self, path: Path, number: int, *, clip: BBox, password: str | None = None
    ) -> TableRead | None:
        """The table that fills most of the box; None where the words there form none.

        Raises:
            BadBoxError, PageOutOfRangeError, EncryptedFileError, UnsupportedFileError, WorkerError
        """
        request = {"page": number, "clip": _checked(clip)}
        record, _ = self._ask(path, password, "table", self.limits.layout_seconds, request)
        return None if record["table"] is None else decode.table_read(record["table"])

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._closed = True
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, path: Path, password: str | None, op: str, seconds: float, request: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        """One step on one page of a file, for somebody who waits."""
        if not path.is_file():
            raise PathNotFoundError(f"There is no file {str(path)!r}.")
        kind = sniff(path, self.limits)
        if isinstance(kind, Opened):
            raise UnsupportedFileError(f"{path.name!r} cannot be read. {kind.reason}")
        try:
            with self._child(models=op != "render", opened=(str(path), kind, password)) as child:
                self._open_in(child, path, kind, password)
                if not 1 <= request["page"] <= child.page_count:
                    raise PageOutOfRangeError(
                        f"Page {request['page']} was asked for, but {path.name!r} has pages 1 to "
                        f"{child.page_count}. Pages are counted from 1."
                    )
                child.pages += 1
                return child.ask(op, seconds, **request)
        except StepFailed as failed:
            raise _error(failed, path, request["page"]) from failed

    def _open_in(self, child: Child, path: Path, kind: Kind, password: str | None) -> None:
        opened = (str(path), kind, password)
        if child.opened != opened:
            child.opened = None
            record, _ = child.ask(
                "open", self.limits.text_seconds, **open_request(path, kind, password, self.limits)
            )
            child.opened, child.page_count = opened, int(record["page_count"])

    @contextmanager
    def _child(
        self, *, models: bool, opened: tuple[str, str, str | None] | None = None
    ) -> Iterator[Child]:
        """A child that nobody else uses meanwhile, if possible one that has the file open."""
        child = self._taken(opened, models=models) or self._nursery.fork(models=models)
        try:
            yield child
        except decode.BROKEN:
            child.end()
            raise
        finally:
            self._release(child)

    def _taken(self, opened: tuple[str, str, str | None] | None, *, models: bool) -> Child | None:
        """An idle child that still lives; None where there is none."""
        with self._lock:
            if self._closed:
                raise WorkerError("The farm is closed.")
            for child in [child for child in self._idle if child.gone]:
                self._idle.remove(child)
                child.end()
            fitting = [child for child in self._idle if child.models == models]
            fitting.sort(key=lambda child: child.opened == opened)
            if not fitting:
                return None
            self._idle.remove(fitting[-1])
            return fitting[-1]

    def _release(self, child: Child) -> None:
        with self._lock:
            keep = child.alive and not self._closed and len(self._idle) < 2 * self.workers
            if keep and child.pages < self.limits.pages_per_child:
                self._idle.append(child)
                return
        child.end()


def _end(idle: list[Child], nursery: Nursery) -> None:
    while idle:
        idle.pop().hang_up()
    nursery.close()


def _checked(clip: BBox | None) -> BBox:
    if clip is None:
        return PAGE
    x0, y0, x1, y1 = clip
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise BadBoxError(
            f"{clip!r} is no box on a page: x0 < x1 and y0 < y1 as fractions from 0 to 1 are."
        )
    return clip


def _error(failed: StepFailed, path: Path, page: int) -> Exception:
    if failed.outcome == "encrypted":
        return EncryptedFileError(f"{path.name!r} cannot be opened. {failed}")
    if failed.outcome in ("unsupported", "empty"):
        return UnsupportedFileError(f"{path.name!r} cannot be read. {failed}")
    if failed.outcome == "over limit" and failed.alive:
        return BadBoxError(f"Page {page} of {path.name!r}: {failed}")
    return WorkerError(f"Page {page} of {path.name!r} cannot be read. {failed}")
