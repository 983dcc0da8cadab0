"""M3DocVQA (Cho et al., 2024, M3DocRAG): MultiModalQA's `MMQA_dev.jsonl` over Wikipedia's PDFs.

The gold is documents, not pages: the corpus holds each as a PDF named by its `doc_id`. Only
which document is found can be measured; questions are asked of the whole corpus.
"""

from collections.abc import Iterable

from pagehop.evals.modalities import modalities
from pagehop.evals.question import Expected, Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one line."""
    support = record.records("supporting_context")
    documents = tuple(sorted({one.text("doc_id") for one in support}))
    about = record.record("metadata") if record.has("metadata") else None
    yield Question(
        id=record.text("qid"),
        text=record.text("question"),
        set="M3DocVQA",
        documents=documents,
        modalities=modalities(one.text("doc_part", "") for one in support),
        hops=len(documents),
        kind=about.text("type", "") if about else "",
        answerable=bool(documents),
        expected=_expected(record) if record.has("answers") else None,
    )


def _expected(record: Record) -> Expected:
    """The answers together: MultiModalQA's lists are one answer, not several accepted ones."""
    items = tuple(str(one.fields.get("answer", "")) for one in record.records("answers"))
    return Expected(answers=(items,), form="List" if len(items) > 1 else "")
