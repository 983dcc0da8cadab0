"""One pass over a scope: the route is chosen, channels are asked, votes fused, signals added."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Lock

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.channel import Channel, Match, Query, Scope
from pagehop.tools.retrieval.fusion import Ballot, Scores, blend, boosted, reciprocal
from pagehop.tools.retrieval.naming.directory import Directory
from pagehop.tools.retrieval.naming.pointing import Pointing, point
from pagehop.tools.retrieval.ranking import Asked, Knowing, Signal, adjusted
from pagehop.tools.retrieval.routing.makeup import made_of
from pagehop.tools.retrieval.routing.router import Routed, Router
from pagehop.tools.retrieval.settings import Settings

DEPTH = 1_000  # pages a channel is asked for, always, so that more hits never reorder the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is searched for and where, as every part of a search needs it."""

    query: Query
    scope: Scope
    documents: Mapping[str, Document]  # those of the scope, by id
    settings: Settings
    channels: Collection[str] | None = None  # names of those to ask; None: as the route decides
    hint: Sequence[Modality] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The pages of a scope with their scores, and how they came by them."""

    scores: Scores
    lists: Mapping[str, Sequence[Match]]  # channel -> what it found, best first
    pointing: Pointing
    routed: Routed | None  # None: the channels were given


class Scorer:
    """Scores the pages of a scope. Safe for threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        channels: Mapping[str, Channel],
        signals: Sequence[Signal],
        router: Router | None,
        directory: Directory | None,
    ) -> None:
        self._catalogue = catalogue
        self._channels = channels
        self._signals = tuple(signals)
        self._router = router
        self._directory = directory
        self._lock = Lock()
        self._threads: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """End the threads that channels are asked in, and let go of files; both come back."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        for one in self._knowing():
            one.close()

    def update(self) -> None:
        """Bring what signals and the directory keep of documents up to date."""
        for one in self._knowing():
            one.update()

    def score(self, request: Request, routed: Routed | None = None) -> Scored:
        """Score pages; the route of an earlier pass over more documents is kept where given."""
        lists, routed = self._ask(request, routed)
        pointing = Pointing()
        if request.settings.pointing:
            # Names are weighed against those of the scope: the directory knows them of all.
            directory = self._directory if request.scope.documents is None else None
            pointing = point(
                request.query.text, request.documents, self._catalogue, request.scope, directory
            )
        scores = boosted(self._votes(lists, request), pointing.pages)
        for place in scores:
            scores[place] += pointing.documents.get(place[0], 0.0)
        asked = Asked(
            query=request.query,
            scope=request.scope,
            documents=request.documents,
            lists=lists,
            granularity=routed.granularity if routed else "region",
        )
        scores = adjusted(self._counting(request.settings), asked, scores)
        return Scored(scores=scores, lists=lists, pointing=pointing, routed=routed)

    def _ask(
        self, request: Request, routed: Routed | None
    ) -> tuple[dict[str, Sequence[Match]], Routed | None]:
        """What each channel finds: first those that are always asked, then those of the route."""
        if request.channels is not None:
            return self._found(request.channels, request), None
        first = [name for name, one in self._channels.items() if _always(one)]
        ahead = [] if routed else self._read_ahead(request)
        try:
            found = self._found(first, request)
        finally:
            wait(ahead)
        rest = [name for name in self._channels if name not in found]
        if self._router is not None and request.settings.route:
            routed = routed or self._routed(self._router, request, found)
            rest = [name for name in rest if self._channels[name].modality in routed.modalities]
        found |= self._found(rest, request)
        if not any(found[name] for name in rest):  # as where no page has a table: ask the others
            found |= self._found([name for name in self._channels if name not in found], request)
        return {name: found[name] for name in self._channels if name in found}, routed

    def _read_ahead(self, request: Request) -> list[Future[None]]:
        """The question read for its route while words are searched: either takes as long."""
        if self._router is None or not request.settings.route or len(request.documents) < 2:
            return []
        return [self._pool().submit(self._router.read, request.query.text)]

    def _routed(
        self, router: Router, request: Request, found: Mapping[str, Sequence[Match]]
    ) -> Routed:
        best = next(iter(found.values()), ())
        return router.route(
            request.query.text, hint=request.hint, made=made_of(best, self._catalogue)
        )

    def _found(self, names: Collection[str], request: Request) -> dict[str, Sequence[Match]]:
        """What these channels find, many documents searched by all at the same time."""
        if len(names) < 2 or len(request.documents) < 2:  # a thread would cost more than it gives
            return {name: self._search(name, request) for name in names}
        *others, last = names
        waiting: dict[str, Future[Sequence[Match]]] = {}
        try:
            for name in others:
                waiting[name] = self._pool().submit(self._search, name, request)
            own = self._search(last, request)
        finally:
            wait(waiting.values())  # also when one failed: none shall search on unseen
        return {name: one.result() for name, one in waiting.items()} | {last: own}

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(thread_name_prefix="pagehop-channel")
            return self._threads

    def _search(self, name: str, request: Request) -> Sequence[Match]:
        many = len(request.documents) > 1
        query = replace(request.query, against_hubs=many and request.settings.hubs)
        return self._channels[name].search(query, request.scope, DEPTH)

    def _knowing(self) -> list[Knowing]:
        parts = (self._directory, *self._signals)
        return [one for one in parts if isinstance(one, Knowing)]

    def _counting(self, settings: Settings) -> list[Signal]:
        chosen = settings.signals
        return [one for one in self._signals if chosen is None or one.name in chosen]

    def _votes(self, lists: Mapping[str, Sequence[Match]], request: Request) -> Scores:
        """The votes of the channels that were asked, as shares of all that could have been.

        So a vote weighs the same whatever the route leaves out, against references and signals
        too, which add the same whatever the route.
        """
        fuse = blend if request.settings.fusion == "blend" else reciprocal
        voting = self._channels if request.channels is None else lists
        return fuse(
            {
                name: Ballot(
                    lists.get(name, ()),
                    self._channels[name].weight,
                    getattr(self._channels[name], "floor", None),
                )
                for name in voting
            }
        )


def _always(channel: Channel) -> bool:
    """Whether the route has no say in it: an index of whole pages, of whatever they are made."""
    return bool(getattr(channel, "always", False))
