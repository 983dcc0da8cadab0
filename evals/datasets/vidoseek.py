"""ViDoSeek (Wang et al., 2025, ViDoRAG): a JSON object with `examples`.

Pages count from 1: the data set's pictures are named `FILE_1.jpg` and on. Questions are made to
be asked of the whole collection.
"""

from collections.abc import Iterable

from pagehop.evals.datasets.expectations import expected
from pagehop.evals.modalities import modalities
from pagehop.evals.question import Question
from pagehop.evals.records import Record


def read(record: Record) -> Iterable[Question]:
    """The question of one example."""
    about = record.record("meta_info")
    document, pages = about.text("file_name"), about.wholes("reference_page")
    yield Question(
        id=record.text("uid"),
        text=record.text("query"),
        set="ViDoSeek",
        documents=(document,),
        pages=frozenset((document, page) for page in pages),
        modalities=modalities([about.text("source_type", "")]),
        labels=(about.text("source_type", ""),),
        hops=len(set(pages)),
        kind=about.text("query_type", ""),
        answerable=bool(pages),
        expected=expected(record, "reference_answer") if record.has("reference_answer") else None,
    )
