"""MMLongBench-Doc (Ma et al., 2024): `samples.json`, or the same rows as JSON lines.

Lists are written as text ("[5, 6]", "['Chart']"); pages count from 1. An answer of "Not
answerable" has no pages; neither have some answerable ones, which nothing can be measured on.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.modalities import modalities
from pagehop.evals.question import Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one sample."""
    document = record.text("doc_id")
    pages = record.wholes("evidence_pages")
    yield Question(
        id=record.where,
        text=record.text("question"),
        set="MMLongBench-Doc",
        documents=(document,),
        pages=frozenset((document, page) for page in pages),
        modalities=modalities(record.texts("evidence_sources")),
        hops=len(set(pages)),
        labels=tuple(record.texts("evidence_sources")),
        kind=record.text("doc_type", ""),
        answerable=record.fields.get("answer") != "Not answerable",
        expected=expected(record, "answer", form=record.text("answer_format", ""))
        if record.has("answer")
        else None,
    )
