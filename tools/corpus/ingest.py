"""Reading documents in stages, all files at one stage before any at the next.

A person can ask after the first stage: text takes milliseconds a page, layout most of a second,
OCR seconds. Each page's stage is one transaction, so a kill loses at most the pages in flight.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.intake import NOT_READ_YET
from pagehop.tools.corpus.passages import cut_passages
from pagehop.tools.corpus.progress import Progress
from pagehop.tools.corpus.reading import Job, PageRead, Trouble
from pagehop.tools.corpus.records import Document, Outcome, Stage
from pagehop.tools.corpus.stages import apply, needs_ocr
from pagehop.tools.errors import PathNotFoundError

if TYPE_CHECKING:
    from pagehop.tools.corpus.farm import Farm

logger = logging.getLogger(__name__)

TASKS = {Stage.TEXT: "Reading text", Stage.LAYOUT: "Finding regions", Stage.OCR: "Reading pictures"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the stages work with."""

    catalogue: Catalogue
    farm: "Farm"
    original: Callable[[Document], Path]  # raises PathNotFoundError
    progress: Progress


def read_in_stages(reading: Reading, document_ids: Sequence[str], until: Stage) -> None:
    """Bring every page of the documents to `until`, as far as it can be read.

    Raises:
        StorageError: the disk is full; all pages committed before stay.
    """
    documents = [reading.catalogue.document(identity) for identity in document_ids]
    for stage in (Stage.TEXT, Stage.LAYOUT, Stage.OCR):
        if stage <= until:
            _read_stage(reading, documents, stage)
        for document in documents:
            settle(reading.catalogue, document.id)


def settle(catalogue: Catalogue, document_id: str) -> None:
    """Record how the reading of a document stands, by its pages."""
    document = catalogue.document(document_id)
    outcome, reason = _standing(catalogue.state(document_id))
    if (outcome, reason) != (document.outcome, document.reason):
        catalogue.settle(document.id, outcome, reason)


def _read_stage(reading: Reading, documents: Sequence[Document], stage: Stage) -> None:
    catalogue = reading.catalogue
    pending = {d.id: len(catalogue.pending(d.id, stage)) for d in documents}
    total, done = sum(pending.values()), 0
    if not total:
        return
    reading.progress(TASKS[stage], 0, total)
    # Pages that need no OCR are never sent to the farm, but have this stage behind them too.
    jobs = _jobs(reading, documents, stage)
    for read in reading.farm.read(jobs):
        done += _commit(catalogue, read)
        reading.progress(TASKS[stage], min(done, total), total)
    left = sum(len(catalogue.pending(d.id, stage)) for d in documents)
    reading.progress(TASKS[stage], total - left, total)
    logger.info("%s: %d of %d pages", TASKS[stage], total - left, total)


def _jobs(reading: Reading, documents: Sequence[Document], stage: Stage) -> Iterator[Job]:
    for document in documents:
        numbers = reading.catalogue.pending(document.id, stage)
        figures: dict[int, tuple[tuple[int, BBox], ...]] = {}
        if stage is Stage.OCR:
            figures = _pictures(reading.catalogue, document, numbers)
            free = tuple(number for number in numbers if number not in figures)
            reading.catalogue.advance(document.id, free, stage)
            numbers = tuple(figures)
        if not numbers:
            continue
        try:
            path = reading.original(document)
        except PathNotFoundError as error:
            logger.warning("%s", error)  # its pages stay pending: the file may come back
            continue
        yield Job(
            document_id=document.id,
            path=path,
            kind=document.kind,
            stage=stage,
            pages=numbers,
            regions=figures,
        )


def _pictures(
    catalogue: Catalogue, document: Document, numbers: Sequence[int]
) -> dict[int, tuple[tuple[int, BBox], ...]]:
    """The pages that need OCR, with order and box of their figures."""
    found = {}
    for number in numbers:
        regions = catalogue.regions(document.id, number)
        if needs_ocr(catalogue.page(document.id, number), regions):
            found[number] = tuple((r.order, r.bbox) for r in regions if r.kind == "figure")
    return found


def _commit(catalogue: Catalogue, read: PageRead | Trouble) -> int:
    """Record one page, or the trouble with one or all of a job's; how many pages that settles."""
    if isinstance(read, Trouble):
        pages = (
            catalogue.pending(read.document_id, read.stage) if read.page is None else (read.page,)
        )
        for number in pages:
            catalogue.fail(read.document_id, number, read.stage, read.outcome, read.reason)
        return len(pages)
    identity, number = read.document_id, read.page
    page, words, regions = apply(
        read,
        catalogue.page(identity, number),
        catalogue.words(identity, number),
        catalogue.regions(identity, number),
    )
    catalogue.put_page(page, words, regions, cut_passages(page, words, regions))
    return 1


def _standing(pages: Sequence[tuple[int, Stage, str, str]]) -> tuple[Outcome, str]:
    """Outcome and reason of a document whose pages stand like this."""
    troubled = [(number, trouble, error) for number, _, trouble, error in pages if trouble]
    if len(troubled) == len(pages) and all(stage is Stage.NONE for _, stage, _, _ in pages):
        return _worst(troubled), f"No page could be read. {troubled[0][2]}"
    if any(stage is Stage.NONE and not trouble for _, stage, trouble, _ in pages):
        return "partial", NOT_READ_YET
    if troubled:
        numbers = [number for number, _, _ in troubled]
        return "partial", f"{_named(numbers)} could not be read whole. {troubled[0][2]}"
    lowest = min(stage for _, stage, _, _ in pages)
    if lowest is not Stage.OCR:
        rest = "regions and pictures are" if lowest is Stage.TEXT else "pictures are"
        return "indexed", f"Its text layer is read, its {rest} not. Add it again to go on."
    return "indexed", ""


def _worst(troubled: Sequence[tuple[int, str, str]]) -> Outcome:
    outcomes: tuple[Outcome, ...] = ("over limit", "encrypted", "unsupported", "empty")
    met = {trouble for _, trouble, _ in troubled}
    return next((outcome for outcome in outcomes if outcome in met), "damaged")


def _named(numbers: Sequence[int]) -> str:
    """`Page 3`, or `Pages 1-3 and 7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    listed = shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]
    return f"Page {listed}" if len(numbers) == 1 else f"Pages {listed}"
