"""Where a question points by itself, before anything is searched, and how far to trust that."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.channel import Scope
from pagehop.tools.retrieval.fusion import Place
from pagehop.tools.retrieval.naming.directory import Directory
from pagehop.tools.retrieval.naming.mentions import Mentions, mentions
from pagehop.tools.retrieval.naming.names import named, spelt_out
from pagehop.tools.retrieval.naming.references import Reference, View, resolve

SURE = 1.5  # added to a page that the question points at: more than any channel can give
UNSURE = 0.3  # the same, when it may be that page of any of several documents
_FITS = 0.8  # of the best fit: documents that fit so well are all meant
_MEANT = 0.25  # a fit that is good enough to say which document a page number is of
_MOST = 50  # documents that a page number is looked up in when the question names none


@dataclass(frozen=True, slots=True)
class Pointing:
    """What is added to the score of pages, and of all pages of documents; and why."""

    pages: Mapping[Place, float] = field(default_factory=dict)
    documents: Mapping[str, float] = field(default_factory=dict)
    references: tuple[tuple[str, int], ...] = ()  # document name, page
    reasons: tuple[str, ...] = ()


def point(
    question: str,
    documents: Mapping[str, Document],
    view: View,
    scope: Scope,
    directory: Directory | None = None,
) -> Pointing:
    """Resolve the documents, pages, figures, tables and sections that a question names.

    Args:
        question: what is asked.
        documents: those of the scope, by id.
        view: what stands in them.
        scope: pages left out of it are not pointed at.
        directory: where all documents of a catalogue are searched: it has read their names.

    With more than 50 documents and none of them named, a page number points nowhere: it is
    looked up when the leading documents are searched one by one.
    """
    known = list(documents.values())
    spelt = directory.spelt_out(question) if directory else spelt_out(question, known)
    spelt = frozenset(one for one in spelt if one in documents)  # not one added this moment
    asked = mentions(question)
    fits: Mapping[str, float] = {}
    if asked and len(known) > 1 and not spelt:
        fits = directory.meant(question) if directory else named(question, known)
        fits = {one: fit for one, fit in fits.items() if one in documents}
    meant = sorted(_meant(spelt, fits) or documents.keys())
    found: list[Reference] = []
    if asked and len(meant) <= _MOST:
        found = _references(asked, [documents[one] for one in meant], view, scope)
    trust = SURE if len(meant) <= 2 else UNSURE
    return Pointing(
        pages={(one.document_id, one.page): trust * one.strength for one in found},
        documents=dict.fromkeys(spelt, SURE) if len(known) > 1 else {},
        references=tuple((documents[one.document_id].name, one.page) for one in found),
        reasons=(
            *(f"The question names {documents[one].name}." for one in sorted(spelt)),
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
    asked: Mentions, documents: Collection[Document], view: View, scope: Scope
) -> list[Reference]:
    found = [one for document in documents for one in resolve(asked, document, view)]
    return [one for one in found if (one.document_id, one.page) not in scope.without]
