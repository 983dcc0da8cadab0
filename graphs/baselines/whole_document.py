"""The whole document in one call: the words of all pages, and pictures as far as they go in.

The baseline that no retrieval may lose to, as long as the document fits. There is no search,
but for two choices where it does not: which document comes first, and which pages have their
pictures shown. Pages without words come before those. What was left out stands in the notes,
and nothing is then said to be absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from pagehop.agents.calling.bounds import most_tokens, reply_limit
from pagehop.agents.replying.lengths import tokens_in
from pagehop.graphs.baselines.desk import PAGE, Content, Desk
from pagehop.graphs.baselines.frame import Baseline, frame, places_of, record
from pagehop.graphs.baselines.outcome import NOTHING
from pagehop.graphs.baselines.state import BaselineState, Place, Places, places
from pagehop.graphs.services import Services, within_budget
from pagehop.graphs.state import Update
from pagehop.tools.corpus.records import Document

LETTERS = 3  # characters of a token at most, about: tables have short ones
PICTURE = 2000  # tokens of a picture, about
TITLE = 30  # tokens around the words of a page
APART = 5000  # tokens for the prompt and the answer
RANKED = 100  # pages of the search that chooses
NEEDS = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes in."""

    texts: Places  # in order of documents and pages
    pages: Places  # those of them that have pictures, in the same order
    there: int  # pages of all documents
    unseen: int  # pages of which neither words nor picture go in

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know about what was left out."""
        drawn, read = len(self.pages), len(self.texts)
        told = []
        if drawn < self.there:
            told.append(f"{drawn} of {self.there} pages were shown as pictures.")
        if read < self.there:
            told.append(f"{read} of {self.there} pages were read: no more fit into one call.")
        return tuple(told)


def retrieve(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Settle which pages go in."""
    services, question = runtime.context, state.standalone
    found = services.corpus.find(question, RANKED, documents=services.documents)
    ranked = places_of(found.hits)
    documents = _in_order(services, ranked)
    desk = Desk.of(services, "image", "whole", state)
    load = _load(desk, documents, ranked)
    ids = tuple(dict.fromkeys(document for document, _ in load.texts))
    services.seen(ids)
    return {
        "documents": ids,
        "texts": load.texts,
        "pages": load.pages,
        "searches": (record(question, found, 1),),
        "remarks": load.remarks,
        "partial": load.unseen > 0,
    }


def summarize(state: BaselineState, runtime: Runtime[Services]) -> Update:
    """Answer from all of it."""
    desk = Desk.of(runtime.context, "image", "whole", state)
    pages, drawn = places(state.texts), frozenset(places(state.pages))
    if not pages:
        return {"draft": NOTHING}

    def work() -> Update:
        content: Content = []
        for place in pages:
            content += desk.words((place,))
            content += desk.pictures((place,)) if place in drawn else []
        return desk.answer(pages, content)

    return within_budget(runtime.context, work)


def _in_order(services: Services, ranked: Places) -> list[Document]:
    """The documents that may be read, the most promising first."""
    there = {document.id: document for document in services.corpus.documents()}
    allowed = services.documents if services.documents is not None else tuple(there)
    best = dict.fromkeys(document for document, _ in ranked)
    return [there[id_] for id_ in dict.fromkeys((*best, *allowed)) if id_ in there]


def _load(desk: Desk, documents: list[Document], ranked: Places) -> Load:
    """As many pages as fit, from the first on; pictures from what room is left."""
    room = _Room.of(desk)
    texts: list[Place] = []
    wordless: list[Place] = []
    for place, text in _pages(desk, documents):
        about = max(len(text) // LETTERS, tokens_in(text)) + TITLE
        if not room.takes(about, most_tokens([HumanMessage(text)]) + TITLE):
            break
        texts.append(place)
        wordless += [] if text else [place]
    likely = (place for place in ranked if place in texts)
    drawn = frozenset(_drawn(desk, room, tuple(dict.fromkeys((*wordless, *likely, *texts)))))
    there = sum(document.page_count for document in documents)
    blind = sum(place not in drawn for place in wordless)
    return Load(
        texts=tuple(texts),
        pages=tuple(place for place in texts if place in drawn),
        there=there,
        unseen=there - len(texts) + blind,
    )


@dataclass(slots=True)
class _Room:
    """What may still go in, in tokens."""

    context: int  # of the model: counted as they are on the whole
    budget: int  # of the question: counted as the most they can be, as the calls count them

    @classmethod
    def of(cls, desk: Desk) -> "_Room":
        calls, can = desk.services.calls, desk.abilities
        spent = calls.usage.input_tokens + calls.usage.output_tokens
        left = calls.budget.tokens - spent - reply_limit(desk.model)
        return cls(min(can.context, left) - APART, left - APART)

    def takes(self, about: int, most: int) -> bool:
        """Whether that much more goes in; then it is taken off."""
        if about > self.context or most > self.budget:
            return False
        self.context -= about
        self.budget -= most
        return True


def _drawn(desk: Desk, room: _Room, wanted: Places) -> Iterator[Place]:
    """Those of the pages, the most wanted first, whose pictures go in."""
    can = desk.abilities
    for place in wanted[: can.images_per_call if can.images else 0]:
        picture = HumanMessage([{"type": "image"}])
        if not room.takes(PICTURE, most_tokens([picture], pixels=can.pixels)):
            return
        yield place


def _pages(desk: Desk, documents: list[Document]) -> Iterator[tuple[Place, str]]:
    """Every page in order, with its words."""
    for document in documents:
        for number in range(1, document.page_count + 1):
            text = desk.services.corpus.page(document.id, number).text
            yield (document.id, number), text.strip()[:PAGE]


def wiring() -> Baseline:
    """The graph, not compiled."""
    graph = frame()
    graph.add_node("retrieve", retrieve)
    graph.add_node("summarize", summarize)
    graph.add_edge("retrieve", "summarize")
    graph.add_edge("summarize", "finish")
    return graph
