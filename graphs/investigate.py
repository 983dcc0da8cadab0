"""From an errand to the material of the agents: which pages, and who is to see them."""

from dataclasses import replace

from pagehop.agents.team import Search, Task
from pagehop.graphs.services import Services
from pagehop.graphs.state import Assignment, Errand, Searched, Update
from pagehop.tools.errors import UnknownDocumentError
from pagehop.tools.retrieval.channel import Hit

PICTURES = frozenset({"figure", "page"})


def gather(errand: Errand, services: Services) -> Update:
    """Search, or open the named pages, and hand the hits to the agents that can use them.

    A page that was seen for the sub-question before is not read again; that this search finds
    it too is kept.
    """
    if errand.kind == "search":
        hits, route = _search(errand, services)
    else:
        hits = tuple(_whole_page(name, page, services) for name, page in errand.pages)
        route = (f"{errand.kind}: the critic asked to look again",)
    services.seen(tuple(dict.fromkeys(hit.document_id for hit in hits)))
    pages = tuple((hit.document, hit.page) for hit in hits)
    search = Search(
        sub_question=errand.sub_question.id, query=errand.query, route=route, pages=pages
    )
    seen = frozenset(errand.without) if errand.kind == "search" else frozenset()
    fresh = [hit for hit, page in zip(hits, pages, strict=True) if page not in seen]
    return {
        "searches": (Searched(wave=errand.wave, search=search),),
        "assignments": assign(errand, tuple(fresh[: services.hits])),
    }


def assign(errand: Errand, hits: tuple[Hit, ...]) -> tuple[Assignment, ...]:
    """Text and tables to the text agent; pages to the image agent where pictures may matter.

    The text agent is asked even without hits: it may have a tool that knows. The image agent
    sees every hit unless the plan wants text or tables alone and no hit is a picture.
    """
    task = Task(
        question=errand.question,
        sub_question=replace(errand.sub_question, question=_asked(errand)),
        hits=hits,
        ledger=errand.known,
    )
    read = Assignment(wave=errand.wave, role="read", task=task)
    wanted = frozenset(errand.sub_question.modalities)
    pictured = any(hit.modality in PICTURES for hit in hits)
    if not hits or (errand.kind == "search" and wanted and not (wanted & PICTURES or pictured)):
        return (read,)
    look = Assignment(wave=errand.wave, role="look", task=replace(task, closer=errand.closer))
    return (look,) if errand.kind == "depth" and wanted <= PICTURES and wanted else (read, look)


def _asked(errand: Errand) -> str:
    """The critic's wording where it sent the errand, so that agents know what is still missing."""
    asked, query = errand.sub_question.question, errand.query
    return asked if query == asked else f"{asked} ({query})"


def _search(errand: Errand, services: Services) -> tuple[tuple[Hit, ...], tuple[str, ...]]:
    documents, notes = _where(errand, services)
    found = services.corpus.find(
        errand.query,
        services.hits + len(errand.without),
        documents=documents,
        modalities=errand.sub_question.modalities,
    )
    return tuple(found.hits), (*notes, *found.route.reasons)


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
    return (tuple(hinted) or allowed), tuple(notes)


def _whole_page(name: str, number: int, services: Services) -> Hit:
    """A named page as a hit of its own.

    Raises:
        UnknownDocumentError: the corpus has no such document, or it may not be searched.
    """
    document = services.corpus.document(name)
    if services.documents is not None and document.id not in services.documents:
        raise UnknownDocumentError(
            f"The document {name!r} is not among those that may be searched."
        )
    page = services.corpus.page(document.id, number)
    return Hit(
        document=document.name,
        document_id=document.id,
        page=number,
        page_label=page.label,
        bbox=None,
        modality="page",
        score=1.0,
        text=page.text,
    )
