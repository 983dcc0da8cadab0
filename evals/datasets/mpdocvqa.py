"""MP-DocVQA (Tito et al., Pattern Recognition 2023): a JSON object with the list `data`.

`answer_page_idx` counts from 0 within `page_ids`. The corpus holds the pages of `page_ids` as a PDF
named by `doc_id`. The test split gives no answers, so only the others can be measured.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import any_of
from pagehop.evals.question import Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one entry."""
    document = record.text("doc_id")
    page = record.whole("answer_page_idx") + 1
    yield Question(
        id=str(record.fields.get("questionId", record.where)),
        text=record.text("question"),
        set="MP-DocVQA",
        documents=(document,),
        pages=frozenset({(document, page)}),
        expected=any_of(record, "answers"),
    )
