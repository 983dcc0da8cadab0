"""LongDocURL (Deng et al., ACL 2025): `LongDocURL.jsonl`, a question a line.

A document is known by its number and named NUMBER.pdf; pages count from 1. The data set shows a
reader the pages `start_end_idx` only; here the question is asked of the whole document.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.modalities import modalities
from pagehop.evals.question import Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one line."""
    document = f"{record.text('doc_no')}.pdf"
    pages, form = record.wholes("evidence_pages"), record.text("answer_format", "")
    yield Question(
        id=record.text("question_id"),
        text=record.text("question"),
        set="LongDocURL",
        documents=(document,),
        pages=frozenset((document, page) for page in pages),
        modalities=modalities(record.texts("evidence_sources")),
        labels=tuple(record.texts("evidence_sources")),
        hops=len(set(pages)),
        kind=record.text("task_tag", ""),
        answerable=form != "None",
        expected=expected(record, "answer", form=form) if "answer" in record.fields else None,
    )
