"""The pages that an answer cites, as pictures with the cited boxes drawn."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pagehop.tools.errors import StorageError, UnknownDocumentError
from pagehop.tools.evidence import Answer, Citation
from pagehop.tools.vision.drawing import INKS, Ink, draw_boxes

if TYPE_CHECKING:
    from PIL.Image import Image

    from pagehop.tools.corpus.corpus import Corpus

NAME_BYTES = 80  # of a document's name in a file name

_UNSAFE = re.compile(r"[^\w.-]+")


def cited_page(citation: Citation, *, dpi: int = 110) -> "Image":
    """The page of a citation with its box drawn; with a frame around it where no box is known.

    Raises:
        UnknownDocumentError: the corpus or the document is gone, or a tool is cited.
    """
    with _opened(citation) as corpus:
        return _drawn(corpus, citation, dpi, INKS[0])


def save_figures(answer: Answer, folder: str | Path, *, dpi: int = 110) -> list[Path]:
    """Write one PNG for each citation of a page, and return their paths in that order.

    What a tool said has no page and so no picture.

    Raises:
        StorageError: a file cannot be written.
        UnknownDocumentError: the corpus or a document is gone.
    """
    cited = [citation for citation in answer.citations if citation.modality != "tool"]
    if not cited:
        return []
    made = []
    with _opened(cited[0]) as corpus:
        for position, citation in enumerate(cited):
            picture = _drawn(corpus, citation, dpi, INKS[position % len(INKS)])
            path = Path(folder) / figure_name(citation)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                picture.save(path, "PNG")
            except OSError as error:
                raise StorageError(f"{str(path)!r} cannot be written: {error}.") from error
            made.append(path)
    return made


def figure_name(citation: Citation) -> str:
    """A file name that stays in its folder whatever the document is called.

    >>> from pagehop.tools.evidence import Citation
    >>> figure_name(
    ...     Citation(
    ...         id="c1", document="../Q3 deck.pdf", document_id="d", page=12, modality="text",
    ...         quote="", verified=True,
    ...     )
    ... )
    'c1-Q3-deck.pdf-p12.png'
    """
    document, number = _safe(citation.document) or "document", _safe(citation.id) or "c"
    return f"{number}-{document}-p{citation.page}.png"


def _safe(name: str) -> str:
    plain = _UNSAFE.sub("-", name).encode()[:NAME_BYTES].decode(errors="ignore")
    return plain.strip("-.")


@contextmanager
def _opened(citation: Citation) -> "Iterator[Corpus]":
    """The corpus of a citation; it is not made where it is missing."""
    from pagehop.tools.corpus.corpus import Corpus

    if citation.modality == "tool":
        raise UnknownDocumentError(
            f"Citation {citation.id} is what a tool said ({citation.document_id}); "
            "a tool has no page to show."
        )
    if not citation.corpus or not (Path(citation.corpus) / "catalogue.sqlite3").is_file():
        raise UnknownDocumentError(
            f"Citation {citation.id} is from the corpus {citation.corpus!r}, which is not there. "
            "Was the folder moved or deleted?"
        )
    with Corpus(citation.corpus) as corpus:
        yield corpus


def _drawn(corpus: "Corpus", citation: Citation, dpi: int, ink: Ink) -> "Image":
    page = corpus.image(citation.document_id, citation.page, dpi=dpi)
    label = f"{citation.id} · p. {citation.page}"
    return draw_boxes(page, citation.boxes, bbox=citation.bbox, label=label, ink=ink)
