"""One call of `Corpus.add`: files in, stages read, a report out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.discovery import Source
from pagehop.tools.corpus.ingest import Reading, read_in_stages
from pagehop.tools.corpus.intake import Entry, Intake
from pagehop.tools.corpus.originals import Originals
from pagehop.tools.corpus.progress import Progress
from pagehop.tools.corpus.records import Stage
from pagehop.tools.corpus.report import READABLE, AddedFile, AddReport

if TYPE_CHECKING:
    from pagehop.tools.corpus.farm import Farm


class Addition:
    """Keeps what became of each file, until it is reported."""

    def __init__(self, catalogue: Catalogue, originals: Originals, progress: Progress) -> None:
        self._catalogue = catalogue
        self._originals = originals
        self._progress = progress
        self._entries: list[Entry] = []
        self._read: set[str] = set()  # ids of documents that had something to be read

    def read(
        self,
        sources: Sequence[Source],
        farm: "Farm",
        *,
        password: str | None,
        link: bool,
        tags: Sequence[str],
        until: Stage,
    ) -> None:
        """Register all files, then read them stage by stage."""
        intake = Intake(
            self._catalogue, self._originals, farm, password=password, link=link, tags=tags
        )
        for number, source in enumerate(sources):
            self._progress("Looking at files", number, len(sources))
            self._entries.append(intake.enter(source))
        self._progress("Looking at files", len(sources), len(sources))
        ids = list(dict.fromkeys(e.document_id for e in self._entries if e.document_id))
        self._read = {identity for identity in ids if self._is_pending(identity, until)}
        reading = Reading(
            catalogue=self._catalogue,
            farm=farm,
            original=lambda document: self._originals.path(
                document, self._catalogue.original(document.id)
            ),
            progress=self._progress,
        )
        read_in_stages(reading, ids, until)

    def report(self, seconds: float) -> AddReport:
        """What became of the files."""
        added, skipped, failed = [], [], []
        for entry in self._entries:
            file = self._file(entry)
            if entry.source.refusal and entry.outcome == "unsupported":
                skipped.append(file)  # another kind of file that lies in the folder
            elif file.outcome not in READABLE:
                failed.append(file)
            elif file.document_id in self._read:
                self._read.discard(file.document_id)  # its other names are skipped
                added.append(file)
            else:
                skipped.append(file)
        return AddReport(
            added=tuple(added),
            skipped=tuple(skipped),
            failed=tuple(failed),
            seconds=seconds,
            pages=sum(file.pages for file in added),
        )

    def _file(self, entry: Entry) -> AddedFile:
        path = entry.source.path
        if entry.document_id is None:
            return AddedFile(
                path=path,
                name=entry.name,
                document_id=None,
                outcome=entry.outcome,
                reason=entry.reason,
            )
        document = self._catalogue.document(entry.document_id)
        return AddedFile(
            path=path,
            name=entry.name,
            document_id=document.id,
            outcome=document.outcome,
            reason=document.reason,
            pages=document.page_count,
        )

    def _is_pending(self, document_id: str, until: Stage) -> bool:
        return any(
            stage < until and not (stage is Stage.NONE and trouble)
            for _, stage, trouble, _ in self._catalogue.state(document_id)
        )
