"""Where a question points by itself, before anything is searched, and how far to trust that."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.channel import Scope
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.mentions import mentions
from pagehop.tools.retrieval.names import named, spelt_out
from pagehop.tools.retrieval.references import Reference, View, resolve

SURE = 1.0  # added to a page that the question points at: more than any channel can give
UNSURE = 0.3  # the same, when it may be that page of any of several documents
NAME = 0.3  # added to the pages of a document whose name fits the question wholly
_FITS = 0.8  # of the best fit: documents that fit so well are all meant
_MEANT = 0.25  # a fit that is good enough to say which document a page number is of


@dataclass(frozen=True, slots=True)
class Pointing:
    """What is added to the score of pages, and of all pages of documents; and why."""

    pages: Mapping[Place, float] = field(default_factory=dict)
    documents: Mapping[str, float] = field(default_factory=dict)
    references: tuple[tuple[str, int], ...] = ()  # document name, page
    reasons: tuple[str, ...] = ()


def point(question: str, documents: Mapping[str, Document], view: View, scope: Scope) -> Pointing:
    """Resolve the documents, pages, figures, tables and sections that a question names."""
    known = list(documents.values())
    spelt = spelt_out(question, known)
    fits = named(question, known) if len(known) > 1 else {}
    meant = _meant(spelt, fits) or documents.keys()
    found = _references(question, [documents[one] for one in sorted(meant)], view, scope)
    trust = SURE if len(meant) <= 2 else UNSURE
    extra = {one: NAME * fit for one, fit in fits.items()} | dict.fromkeys(spelt, SURE)
    return Pointing(
        pages={(one.document_id, one.page): trust * one.strength for one in found},
        documents=extra if len(known) > 1 else {},
        references=tuple((documents[one.document_id].name, one.page) for one in found),
        reasons=(
            *(f"The question names {documents[one].name}." for one in sorted(spelt)),
            *_fit_reason(spelt, fits, documents),
            *dict.fromkeys(f"{one.reason}." for one in found),
        ),
    )


def _meant(spelt: Collection[str], fits: Mapping[str, float]) -> Collection[str]:
    """The documents that a page number is of, when the question says; else none."""
    if spelt:
        return spelt
    best = max(fits.values(), default=0.0)
    return [one for one, fit in fits.items() if fit >= _FITS * best] if best >= _MEANT else ()


def _references(
    question: str, documents: Collection[Document], view: View, scope: Scope
) -> list[Reference]:
    asked = mentions(question)
    if not asked:
        return []
    found = [one for document in documents for one in resolve(asked, document, view)]
    return [one for one in found if (one.document_id, one.page) not in scope.without]


def _fit_reason(
    spelt: Collection[str], fits: Mapping[str, float], documents: Mapping[str, Document]
) -> list[str]:
    if spelt or not fits:
        return []
    best = max(sorted(fits), key=lambda one: fits[one])
    return [f"The question fits the name of {documents[best].name}."]
