"""The retriever as LangChain knows one: documents with page, box and score in their metadata."""

from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.retrieval.channel import Hit


class DocumentRetriever(BaseRetriever):
    """Searches a corpus from any LangChain chain or agent."""

    corpus: Any  # a Corpus; pydantic would otherwise want to validate it field by field
    k: int = 10
    documents: Sequence[str] | None = None  # names or ids; None: all
    unit: Literal["page", "region"] = "page"
    channels: Sequence[str] | None = None

    def __init__(self, corpus: Corpus, **options: Any) -> None:  # noqa: ANN401 - as pydantic's
        """Search this corpus; options are the fields of the class."""
        super().__init__(corpus=corpus, **options)  # type: ignore[call-arg]

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain passes it
        k: int | None = None,
    ) -> list[Document]:
        hits = self.corpus.search(
            query,
            k=self.k if k is None else k,
            documents=self.documents,
            unit=self.unit,
            channels=self.channels,
        )
        return [_document(hit) for hit in hits]


def _document(hit: Hit) -> Document:
    """A hit as a LangChain document; the same hit has the same id in every search."""
    return Document(
        id=hit.passage_id or f"{hit.document_id}:{hit.page}",
        page_content=hit.text,
        metadata={
            "source": hit.document,
            "document_id": hit.document_id,
            "page": hit.page,
            "page_label": hit.page_label,
            "bbox": None if hit.bbox is None else list(hit.bbox),
            "boxes": [list(box) for box in hit.boxes],
            "modality": hit.modality,
            "score": hit.score,
            "channels": dict(hit.channels),
        },
    )
