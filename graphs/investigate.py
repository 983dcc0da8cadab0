"""From an errand to the material of the agents: which pages, and who is to see them."""

from dataclasses import replace

from pagehop.agents.team import Search, Task
from pagehop.graphs.searching import find
from pagehop.graphs.services import Services
from pagehop.graphs.state import Assignment, Errand, Searched, Update
from pagehop.tools.retrieval.channel import Hit

PICTURES = frozenset({"figure", "page"})


def gather(errand: Errand, services: Services) -> Update:
    """Find the pages, and hand them to the agents that can use them.

    A page that was seen for the sub-question before is not read again; that this search finds
    it too is kept.
    """
    found = find(errand, services)
    services.seen(tuple(dict.fromkeys(hit.document_id for hit in found.hits)))
    search = Search(
        sub_question=errand.sub_question.id,
        query=found.query,
        route=found.route,
        pages=tuple((hit.document, hit.page) for hit in found.hits),
    )
    return {
        "searches": (Searched(wave=errand.wave, search=search),),
        "assignments": assign(errand, found.unread, whole=found.whole),
    }


def assign(errand: Errand, hits: tuple[Hit, ...], *, whole: bool = False) -> tuple[Assignment, ...]:
    """Text and tables to the text agent; pages to the image agent where pictures may matter.

    The text agent is asked even without hits: it may have a tool that knows. The image agent
    sees every hit unless the plan wants text or tables alone and no hit is a picture. A place
    that is to be read again, and was read off a picture, is the image agent's alone.
    """
    task = Task(
        question=errand.question,
        sub_question=replace(errand.sub_question, question=_asked(errand)),
        hits=hits,
        ledger=errand.known,
        whole=whole,
        doubt=errand.reason if errand.kind == "conflict" else "",
    )
    read = Assignment(wave=errand.wave, role="read", task=task)
    wanted = frozenset(errand.sub_question.modalities)
    pictured = any(hit.modality in PICTURES for hit in hits)
    if not hits or (errand.kind == "search" and wanted and not (wanted & PICTURES or pictured)):
        return (read,)
    look = Assignment(wave=errand.wave, role="look", task=replace(task, closer=errand.closer))
    closer = errand.kind == "depth" and wanted <= PICTURES and wanted
    return (look,) if closer or _was_seen(errand) else (read, look)


def _was_seen(errand: Errand) -> bool:
    """Whether all that is known of the pages to be read again was read off their pictures."""
    known = [entry for entry in errand.known if (entry.document, entry.page) in errand.pages]
    again = errand.pages and {(entry.document, entry.page) for entry in known} == {*errand.pages}
    return bool(again) and all(e.agent == "image" and not e.verbatim for e in known)


def _asked(errand: Errand) -> str:
    """The critic's wording where it sent the errand, so that agents know what is still missing."""
    asked, query = errand.sub_question.question, errand.query
    return asked if query == asked else f"{asked} ({query})"
