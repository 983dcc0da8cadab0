"""JSON lines of our own kind: `question`, `doc`, `evidence_pages`, and more where it is known.

Pages count from 1. `regions` have `page`, `bbox` in points and `page_size`. `answer` has its form
in `answer_format` and other accepted answers in `answer_alts`.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.layouts import gold_region
from pagehop.evals.modalities import modalities
from pagehop.evals.question import Expected, Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one line."""
    document, pages = record.text("doc"), record.wholes("evidence_pages")
    yield Question(
        id=record.text("id", record.where),
        text=record.text("question"),
        set=record.text("set", "questions"),
        documents=(document,),
        pages=frozenset((document, page) for page in pages),
        regions=tuple(gold_region(document, one) for one in record.records("regions")),
        modalities=modalities(record.texts("evidence_sources")),
        labels=tuple(record.texts("evidence_sources")),
        hops=record.whole("hops", len(set(pages))),
        kind=record.text("kind", ""),
        answerable=record.flag("answerable", default=bool(pages)),
        alone=record.flag("open_ok", default=True),
        expected=_expected(record) if record.has("answer") else None,
    )


def _expected(record: Record) -> Expected:
    form = record.text("answer_format", "")
    return expected(record, "answer", form=form, more=record.texts("answer_alts"))
