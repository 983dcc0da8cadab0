"""The pages for an errand: those of a search, those that the critic named, or a whole document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pagehop.agents.team import Task
from pagehop.graphs.services import UNWILLING, Services, failure
from pagehop.graphs.state import Errand
from pagehop.tools.corpus.records import Document, Page
from pagehop.tools.errors import UnknownDocumentError
from pagehop.tools.retrieval.channel import Hit

LETTERS = 4  # characters of a token, about
FEW = 3  # fresh pages of a second search: with fewer, the rest of a short document is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Pages, best first or in their document's order, and why it is these."""

    hits: tuple[Hit, ...]  # all that were found
    unread: tuple[Hit, ...]  # those that are to be read
    route: tuple[str, ...]
    query: str
    whole: bool = False  # all pages of a document


def find(errand: Errand, services: Services) -> Found:
    """What the errand asks for.

    Raises:
        UnknownDocumentError: the critic named a document that is not there, or not allowed.
        PageOutOfRangeError: or a page that it has not.
    """
    if errand.kind != "search":
        hits = tuple(_named(name, number, services) for name, number in errand.pages)
        route = (f"{errand.kind}: the critic asked to look again",)
        return Found(hits=hits, unread=hits, route=route, query=errand.query)
    documents, notes = _where(errand, services)
    if errand.sub_question.whole and len(documents or ()) == 1:
        whole, told = _whole((documents or ())[0], services)
        if whole:
            return Found(
                hits=whole, unread=whole, route=(*notes, told), query=errand.query, whole=True
            )
        notes = (*notes, told)
    return _search(errand, documents, notes, services)


def _search(
    errand: Errand,
    documents: tuple[str, ...] | None,
    notes: tuple[str, ...],
    services: Services,
) -> Found:
    query, notes = _worded(errand, services, notes)
    found = services.corpus.find(
        query,
        services.effort.hits + len(errand.without),
        documents=documents,
        modalities=errand.sub_question.modalities,
        # A first look may stop where pages fit much worse, such as beside one that was named.
        cut="fixed" if errand.without or services.deliberation is None else "ratio",
    )
    hits, notes = _ranked(errand, tuple(found.hits), services, notes)
    route = (*notes, *found.route.reasons)
    unread = unseen(hits, errand)[: services.effort.hits]
    if errand.without and len(unread) < FEW and len(documents or ()) == 1:
        whole, told = _whole((documents or ())[0], services)
        rest = [hit for hit in unseen(whole, errand) if hit.page not in {h.page for h in unread}]
        if rest and services.deliberation is not None:
            return Found(
                hits=(*hits, *rest), unread=(*unread, *rest), route=(*route, told), query=query
            )
    return Found(hits=hits, unread=tuple(unread), route=route, query=query)


def unseen(hits: Sequence[Hit], errand: Errand) -> list[Hit]:
    """Those that were not read for the sub-question before."""
    seen = frozenset(errand.without)
    return [hit for hit in hits if (hit.document, hit.page) not in seen]


def _worded(
    errand: Errand, services: Services, notes: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The critic's words where it sent the errand; else the sub-question, or a model's wording."""
    team = services.deliberation
    asked = errand.sub_question
    if not services.effort.rewrite or team is None or errand.query != asked.question:
        return errand.query, notes
    task = Task(question=errand.question, sub_question=asked, hits=(), ledger=errand.known)
    try:
        return team.search_words(task, errand.searches).strip() or errand.query, notes
    except UNWILLING as error:
        return errand.query, (*notes, failure("wording the search", error))


def _ranked(
    errand: Errand, hits: tuple[Hit, ...], services: Services, notes: tuple[str, ...]
) -> tuple[tuple[Hit, ...], tuple[str, ...]]:
    """The hits as a model orders them, where the effort asks for it; else as they were found."""
    team = services.deliberation
    if not services.effort.rerank or team is None or len(hits) < 2:
        return hits, notes
    try:
        return team.rank(errand.sub_question.question, hits), notes
    except UNWILLING as error:
        return hits, (*notes, failure("ordering the hits", error))


def _where(errand: Errand, services: Services) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The ids to search in: the plan's hint as far as it names documents that may be searched."""
    allowed = services.documents
    hinted, notes = [], []
    for name in errand.sub_question.documents:
        try:
            id_ = services.corpus.document(name).id
        except UnknownDocumentError:
            notes.append(f"no document {name!r}: searched everywhere")
            continue
        if allowed is None or id_ in allowed:
            hinted.append(id_)
    if hinted:
        return tuple(hinted), tuple(notes)
    if allowed is None:
        there = services.corpus.documents()
        allowed = (there[0].id,) if len(there) == 1 else None
    return allowed, tuple(notes)


def _whole(document_id: str, services: Services) -> tuple[tuple[Hit, ...], str]:
    """All pages of a document, if it is short enough; and a word on it either way.

    Reading the whole document where it fits is the strongest of simple methods.
    """
    document, most = services.corpus.document(document_id), services.effort.whole
    letters = 0
    hits = []
    for number in range(1, document.page_count + 1):
        page = services.corpus.page(document_id, number)
        letters += len(page.text)
        if letters > LETTERS * most:
            told = f"{document.name!r} is not read whole: it is longer than {most} tokens"
            return (), told
        hits.append(_page(document, page))
    return tuple(hits), f"{document.name!r} is read whole: {len(hits)} pages"


def _named(name: str, number: int, services: Services) -> Hit:
    document = services.corpus.document(name)
    if services.documents is not None and document.id not in services.documents:
        raise UnknownDocumentError(
            f"The document {name!r} is not among those that may be searched."
        )
    page = services.corpus.page(document.id, number)
    return replace(_page(document, page), text=page.text)


def _page(document: Document, page: Page) -> Hit:
    """A page as a hit of its own; its words are read where they are needed."""
    return Hit(
        document=document.name,
        document_id=document.id,
        page=page.number,
        page_label=page.label,
        bbox=None,
        modality="page",
        score=1.0,
        text="",
    )
