"""The pages of many jobs, handed out to workers in batches, and what comes back."""

import itertools
import queue
import threading
from collections.abc import Iterable, Iterator

from pagehop.tools.corpus.reading import Job, PageRead, Trouble
from pagehop.tools.corpus.records import Stage
from pagehop.tools.corpus.shift import Batch, Done, Shift, Work


def worked_off(jobs: Iterable[Job], shift: Shift, workers: int) -> Iterator[PageRead | Trouble]:
    """What a shift of so many workers reads of the jobs, in the order it is done.

    Jobs are pulled as they are needed, in the caller's thread. Whoever stops pulling results
    stops the shift.
    """
    work: Work = queue.SimpleQueue()
    done: Done = queue.SimpleQueue()
    threads = [
        threading.Thread(
            target=shift.work, args=(work, done), daemon=True, name=f"pagehop-reader-{n}"
        )
        for n in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _handed_out(_batches(jobs), work, done, 2 * workers)
    finally:
        shift.stop()
        for _ in threads:
            work.put(None)
        for thread in threads:
            thread.join()


def _batches(jobs: Iterable[Job]) -> Iterator[Batch]:
    """Pages that one child reads in a go: enough to make opening the file worth it."""
    for job in jobs:
        size = 16 if job.stage is Stage.TEXT else 2
        for start in range(0, len(job.pages), size):
            yield job, job.pages[start : start + size]


def _handed_out(
    batches: Iterator[Batch], work: Work, done: Done, ahead: int
) -> Iterator[PageRead | Trouble]:
    """Keep `ahead` batches in work; a None among the results says that a batch is done."""
    waiting = 0
    for batch in itertools.chain(batches, [None]):
        if batch is not None:
            work.put(batch)
            waiting += 1
        while waiting >= (ahead if batch is not None else 1):
            result = done.get()
            if result is None:
                waiting -= 1
            elif isinstance(result, BaseException):
                raise result
            else:
                yield result
