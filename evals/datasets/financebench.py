"""FinanceBench (Islam et al., 2023): `financebench_open_source.jsonl`.

`evidence_page_num` counts from 0; the filing's name has no extension, and tells company, period
and kind: `3M_2018_10K`. Evidence may come from more than one filing.
"""

import re
from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.question import Question
from pagehop.evals.records import Record

_KIND = re.compile(r"_(10K|10Q|8K|EARNINGS|ANNUALREPORT)", re.IGNORECASE)


def read(record: Record) -> Iterable[Question]:
    """The question of one line."""
    filing = record.text("doc_name")
    pages = frozenset(
        (evidence.text("doc_name", filing), evidence.whole("evidence_page_num") + 1)
        for evidence in record.records("evidence")
    )
    named = _KIND.search(filing)
    yield Question(
        id=record.text("financebench_id"),
        text=record.text("question"),
        set="FinanceBench",
        documents=tuple(sorted({filing, *(document for document, _ in pages)})),
        pages=pages,
        hops=len(pages),
        kind=named[1].upper() if named else "filing",
        answerable=bool(pages),
        expected=expected(record, "answer") if record.has("answer") else None,
    )
