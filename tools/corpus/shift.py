"""One reading of many jobs: each worker thread drives a child through batches of pages."""

import logging
import queue
import threading
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias

from pagehop.tools.corpus import decode
from pagehop.tools.corpus.children import Child, Nursery, StepFailed
from pagehop.tools.corpus.reading import Job, Kind, Limits, PageRead, Trouble
from pagehop.tools.corpus.records import Stage
from pagehop.tools.corpus.sniff import has_pdf_header

log = logging.getLogger(__name__)

Batch: TypeAlias = tuple[Job, tuple[int, ...]]  # some pages of a job
Work: TypeAlias = "queue.SimpleQueue[Batch | None]"  # None: there is no more
Done: TypeAlias = "queue.SimpleQueue[PageRead | Trouble | BaseException | None]"

EMPTY_SURVEY: dict[str, Any] = {"outline": [], "labels": [], "printed": []}


def open_request(path: Path, kind: Kind, password: str | None, limits: Limits) -> dict[str, Any]:
    """What a child must know to open a file."""
    return {
        "path": str(path.resolve()),
        "kind": kind,
        "password": password,
        "header": kind == "image" or has_pdf_header(path),
        "pixels": limits.pixels,
        "pages": limits.pages,
    }


class Shift:
    """What the workers of one reading share."""

    def __init__(self, nursery: Nursery, limits: Limits) -> None:
        self._nursery = nursery
        self._limits = limits
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._deaths: Counter[str] = Counter()  # of children, over each document
        self._unopened: set[tuple[str, Stage]] = set()
        self._surveys: dict[str, dict[str, Any]] = {}
        self._surveying: dict[str, threading.Lock] = {}
        self._workers: list[Worker] = []

    def stop(self) -> None:
        """Do nothing more; the pages in flight are given up."""
        self._stopped.set()
        with self._lock:
            workers = tuple(self._workers)
        for worker in workers:
            worker.interrupt()

    def work(self, batches: Work, done: Done) -> None:
        """Read batches until a None comes; each ends with a None among the results."""
        worker = Worker(self._nursery, self._limits, self._stopped)
        with self._lock:
            self._workers.append(worker)
        try:
            while (batch := batches.get()) is not None and not self._stopped.is_set():
                self._read(worker, *batch, done)
                done.put(None)
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits
            done.put(error)
        finally:
            worker.drop()

    def _read(
        self,
        worker: "Worker",
        job: Job,
        pages: tuple[int, ...],
        done: Done,
    ) -> None:
        survey = EMPTY_SURVEY
        for page in pages:
            if self._stopped.is_set() or (job.document_id, job.stage) in self._unopened:
                return
            if self._deaths[job.document_id] >= self._limits.deaths:
                done.put(_given_up(job, page, self._limits.deaths))
                continue
            try:
                worker.open(job)
                if job.stage is Stage.TEXT:
                    survey = self._survey(worker, job)
            except StepFailed as failed:
                self._cannot_open(job, failed, done)
                return
            done.put(self._page(worker, job, page, survey))

    def _page(
        self, worker: "Worker", job: Job, page: int, survey: dict[str, Any]
    ) -> PageRead | Trouble:
        try:
            return worker.read(job, page, survey)
        except StepFailed as failed:
            if not failed.alive:
                with self._lock:
                    self._deaths[job.document_id] += 1
            return _trouble(job, page, failed)
        except decode.BROKEN as error:
            worker.drop()
            broken = StepFailed("damaged", f"The reader sent no page ({error!r}).", alive=False)
            return _trouble(job, page, broken)

    def _cannot_open(self, job: Job, failed: StepFailed, done: Done) -> None:
        with self._lock:
            if (job.document_id, job.stage) in self._unopened:
                return
            self._unopened.add((job.document_id, job.stage))
        done.put(_trouble(job, None, failed))

    def _survey(self, worker: "Worker", job: Job) -> dict[str, Any]:
        """Look over the whole document, once; without it pages have no label and no outline."""
        with self._lock:
            lock = self._surveying.setdefault(job.document_id, threading.Lock())
        with lock:
            if job.document_id not in self._surveys:
                self._surveys[job.document_id] = self._surveyed(worker, job)
            return self._surveys[job.document_id]

    def _surveyed(self, worker: "Worker", job: Job) -> dict[str, Any]:
        try:
            return worker.survey(job)
        except StepFailed as failed:
            if not self._stopped.is_set():
                log.warning("No page labels and outline for %s: %s", job.path.name, failed)
            worker.open(job)
            return EMPTY_SURVEY


class Worker:
    """A child at a time, replaced when it dies or has read enough."""

    def __init__(self, nursery: Nursery, limits: Limits, stopped: threading.Event) -> None:
        self._nursery = nursery
        self._limits = limits
        self._stopped = stopped
        self._lock = threading.Lock()
        self._child: Child | None = None

    def open(self, job: Job) -> Child:
        """A child that has the job's file open.

        Raises:
            StepFailed: it cannot be opened.
        """
        models = job.stage is not Stage.TEXT
        opened = (str(job.path), job.kind, job.password)
        child = self._child
        if child is not None:
            stale = child.models != models or child.pages >= self._limits.pages_per_child
            # loading models takes a second, so only a child without them is not shared by documents
            if stale or (not models and child.opened not in (None, opened)):
                self.drop()
                child = None
        if child is None:
            child = self._replaced(models=models)
        if child.opened != opened:
            child.opened = None
            try:
                request = open_request(job.path, job.kind, job.password, self._limits)
            except OSError as error:
                reason = f"The file cannot be read: {error.strerror or error}."
                raise StepFailed("damaged", reason, alive=True) from error
            self._ask("open", self._limits.text_seconds, request)
            child.opened = opened
        return child

    def survey(self, job: Job) -> dict[str, Any]:
        """Outline and page numbers of the document."""
        self.open(job)
        return self._ask("survey", self._limits.text_seconds, {})

    def read(self, job: Job, page: int, survey: dict[str, Any]) -> PageRead:
        """One page to the job's stage.

        Raises:
            StepFailed: it cannot be read.
        """
        child = self.open(job)
        child.pages += 1
        limits = self._limits
        if job.stage is Stage.TEXT:
            record = self._ask("text", limits.text_seconds, {"page": page})
            return decode.text_read(job.document_id, page, record, survey)
        if job.stage is Stage.LAYOUT:
            record = self._ask("layout", limits.layout_seconds, {"page": page})
            return decode.layout_read(job.document_id, page, record)
        request = {"page": page, "regions": list(job.regions.get(page, ()))}
        record = self._ask("ocr", limits.ocr_seconds, request)
        return decode.ocr_read(job.document_id, page, record)

    def drop(self) -> None:
        """End the child, if there is one."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def interrupt(self) -> None:
        """Kill the child, from another thread, whatever it is doing."""
        with self._lock:
            child = self._child
        if child is not None:
            child.kill()

    def _replaced(self, *, models: bool) -> Child:
        """A fresh child, unless the reading is stopped."""
        if not self._stopped.is_set():
            child = self._nursery.fork(models=models)
            with self._lock:
                self._child = child
            if not self._stopped.is_set():
                return child
            self.drop()
        raise StepFailed("damaged", "The reading was stopped.", alive=True)

    def _ask(self, op: str, seconds: float, request: dict[str, Any]) -> dict[str, Any]:
        assert self._child is not None
        try:
            return self._child.ask(op, seconds, **request)[0]
        except StepFailed as failed:
            if not failed.alive:
                self._child = None
            raise


def _trouble(job: Job, page: int | None, failed: StepFailed) -> Trouble:
    return Trouble(
        document_id=job.document_id,
        page=page,
        stage=job.stage,
        outcome=failed.outcome,
        reason=str(failed),
    )


def _given_up(job: Job, page: int, deaths: int) -> Trouble:
    reason = f"Given up: {deaths} other pages of the document ended their reader."
    return Trouble(
        document_id=job.document_id, page=page, stage=job.stage, outcome="over limit", reason=reason
    )
