"""SlideVQA (Tanaka et al., AAAI 2023): JSON lines, a question about a deck of 20 slides a line.

Pages count from 1. The corpus holds a deck as a PDF named as `deck_name`. Its boxes belong to
slides, not to questions, so there is no gold for regions.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.question import Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one line."""
    deck, pages = record.text("deck_name"), record.wholes("evidence_pages")
    yield Question(
        id=str(record.fields.get("qa_id", record.where)),
        text=record.text("question"),
        set="SlideVQA",
        documents=(deck,),
        pages=frozenset((deck, page) for page in pages),
        hops=len(set(pages)),
        kind=record.text("reasoning_type", "slides"),
        answerable=bool(pages),
        expected=expected(record, "answer") if record.has("answer") else None,
    )
