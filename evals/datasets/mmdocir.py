"""MMDocIR (Dong et al., 2025): `MMDocIR_annotations.jsonl`, a document a line.

Pages count from 0, in `page_id` and in `layout_mapping` alike; boxes are in points. The pages
of a document are those of its PDF, so a question about MMLongBench-Doc's documents has the page
number of that data set, less one.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.layouts import gold_region
from pagehop.evals.modalities import modalities
from pagehop.evals.question import Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The questions of one document."""
    document, kind = record.text("doc_name"), record.text("domain", "")
    for number, asked in enumerate(record.records("questions"), 1):
        pages = asked.wholes("page_id")
        yield Question(
            id=f"{document} {number}",
            text=asked.text("Q"),
            set="MMDocIR",
            documents=(document,),
            pages=frozenset((document, page + 1) for page in pages),
            regions=tuple(
                gold_region(document, one, first_page=0) for one in asked.records("layout_mapping")
            ),
            modalities=modalities(asked.texts("type")),
            labels=tuple(asked.texts("type")),
            hops=len(set(pages)),
            kind=kind,
            answerable=bool(pages),
            expected=expected(asked, "A") if asked.has("A") else None,
        )
