"""The retriever: a question to hits, over one document or all, and the route that led to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document
from pagehop.tools.errors import EmptyQuestionError, UnknownChannelError
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.assembly import Parts
from pagehop.tools.retrieval.cascade import DOCUMENTS, reordered
from pagehop.tools.retrieval.channel import Hit, Match, Progress, Query, Scope
from pagehop.tools.retrieval.cut import kept
from pagehop.tools.retrieval.duplicates import Collapsed, collapsed
from pagehop.tools.retrieval.fusion import Place, Scores, ranked
from pagehop.tools.retrieval.hits import HitMaker, PassageScores, Unit
from pagehop.tools.retrieval.rerank import DEPTH as RERANKED
from pagehop.tools.retrieval.rerank import Reranker, reranked
from pagehop.tools.retrieval.routing.pilots import Granularity
from pagehop.tools.retrieval.scoring import Request, Scored, Scorer
from pagehop.tools.retrieval.settings import Cut, Settings
from pagehop.tools.retrieval.signals.leading import leading
from pagehop.tools.retrieval.words.questions import without_instructions


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Why the search went where it went, for a person."""

    reasons: tuple[str, ...] = ()
    references: tuple[tuple[str, int], ...] = ()  # document name, page
    channels: tuple[str, ...] = ()  # those that were asked
    modalities: tuple[Modality, ...] = ()  # those that the route chose; empty: channels were given
    granularity: Granularity = "region"  # how much of a document the question is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits, best first, and the route to them."""

    hits: tuple[Hit, ...]
    route: Route


class Retriever:
    """Finds pages and regions of a catalogue's documents. Safe for threads."""

    def __init__(self, catalogue: Catalogue, parts: Parts) -> None:
        """Search what a catalogue holds with these channels, signals and router."""
        self._catalogue = catalogue
        self.channels = {channel.name: channel for channel in parts.channels}
        self.router = parts.router
        self._scorer = Scorer(
            catalogue, self.channels, parts.signals, parts.router, parts.directory
        )

    def update(self, progress: Progress | None = None) -> None:
        """Bring every channel up to date with the catalogue."""
        for channel in self.channels.values():
            channel.update(progress)
        self._scorer.update()
        if self.router is not None:
            self.router.prepare()

    def forget(self) -> None:
        """Have nothing keep anything of what the catalogue has no longer."""
        for channel in self.channels.values():
            prune = getattr(channel, "prune", None)  # what needs no model to be loaded
            (prune or channel.update)()
        self._scorer.update()

    def search(  # noqa: PLR0913 - the ways to narrow a search
        self,
        query: str | Query,
        *,
        k: int = 10,
        documents: Collection[str] | None = None,
        unit: Unit = "page",
        channels: Sequence[str] | None = None,
        without: Collection[Place] = (),
        modalities: Sequence[Modality] = (),
        settings: Settings | None = None,
        reranker: Reranker | None = None,
    ) -> Found:
        """Find pages, or regions, that answer a question.

        Args:
            query: a question or words, or a picture with or without them.
            k: at most so many hits; more never reorder the first.
            documents: ids or names of those to search in; None: all.
            unit: "page": one hit a page; "region": the best blocks, several a page allowed.
            channels: names of those to ask; None: as the route decides.
            without: (document id, page) that have been seen.
            modalities: kinds to prefer, of text, table, figure; never leaves out what fits else.
            settings: which parts of the search count; None: all.
            reranker: reads the first hits again and orders them; None: nobody does.

        Raises:
            EmptyQuestionError, UnknownDocumentError, UnknownChannelError: as they say.
        """
        query = Query(text=query) if isinstance(query, str) else query
        if not query.text.strip() and query.image is None:
            raise EmptyQuestionError("The question is empty. Ask something, in any language.")
        self._check(channels)
        scope, known = self._scope(documents, without)
        request = Request(
            query=replace(query, text=without_instructions(query.text)),
            scope=scope,
            documents=known,
            settings=settings or Settings(),
            channels=channels,
            hint=modalities,
        )
        scored = self._scorer.score(request)
        unique = self._unique(request, self._cascaded(request, scored))
        maker = HitMaker(
            catalogue=self._catalogue,
            documents=known,
            scorers=[one for one in self.channels.values() if isinstance(one, PassageScores)],
            query=request.query,
            scope=scope,
            lists=scored.lists,
            modalities=frozenset(modalities),
            strata=_strata(request, scored),
            copies=unique.copies,
        )
        k = max(k, 0)
        hits = _cut(maker, unique.scores, k, unit, request.settings.cut)
        if reranker is not None and hits:
            more = maker.make(unique.scores, max(k, RERANKED), unit)
            hits = reranked(query.text, more, reranker)[: len(hits)]
        return Found(hits=tuple(hits), route=_route(request, scored))

    def problems(self) -> tuple[str, ...]:
        """What a person should know about the channels."""
        return tuple(said for channel in self.channels.values() for said in channel.problems())

    def close(self) -> None:
        """Let go of threads, files and locks."""
        self._scorer.close()
        for channel in self.channels.values():
            channel.close()

    def _cascaded(self, request: Request, scored: Scored) -> Scores:
        """The pages of the leading documents in the order that a search within each gives."""
        if not request.settings.cascade or len(request.documents) < 2:
            return scored.scores
        within = {}
        for document in leading(scored.scores, DOCUMENTS):
            alone = replace(
                request,
                scope=replace(request.scope, documents=frozenset({document})),
                documents={document: request.documents[document]},
            )
            within[document] = self._scorer.score(alone, scored.routed).scores
        return reordered(scored.scores, within)

    def _unique(self, request: Request, scores: Scores) -> Collapsed:
        if not request.settings.collapse:
            return Collapsed(scores, {})
        return collapsed(scores, self._catalogue)

    def _check(self, names: Sequence[str] | None) -> None:
        if names is None:
            return
        unknown = [name for name in names if name not in self.channels]
        if unknown or not names:
            asked = f"There is no channel {unknown[0]!r}." if unknown else "No channel was chosen."
            there = ", ".join(map(repr, self.channels))
            raise UnknownChannelError(f"{asked} The channels are {there}.")

    def _scope(
        self, documents: Collection[str] | None, without: Collection[Place]
    ) -> tuple[Scope, Mapping[str, Document]]:
        known = self._catalogue.documents_by_id()
        if documents is None:
            return Scope(documents=None, without=frozenset(without)), known
        named = [known.get(one) or self._catalogue.document(one) for one in documents]
        chosen = {document.id: document for document in sorted(named, key=lambda one: one.id)}
        return Scope(documents=frozenset(chosen), without=frozenset(without)), chosen


def _cut(maker: HitMaker, scores: Scores, k: int, unit: Unit, cut: Cut) -> list[Hit]:
    """The first `k` hits, or fewer where the others fit much worse."""
    if cut == "fixed":
        return maker.make(scores, k, unit)
    if unit == "page":
        return maker.make(scores, kept([scores[one] for one in ranked(scores)], cut, k), unit)
    hits = maker.make(scores, 2 * k, unit)  # a mixture needs to see what does not fit, too
    return hits[: kept(sorted((hit.score for hit in hits), reverse=True), cut, k)]


def _strata(request: Request, scored: Scored) -> Collection[Modality]:
    """The kinds of region that the route chose."""
    return scored.routed.modalities if request.settings.strata and scored.routed else ()


def _route(request: Request, scored: Scored) -> Route:
    routed, pointing = scored.routed, scored.pointing
    chosen = routed.reasons if routed else ()
    return Route(
        reasons=(*pointing.reasons, *chosen, _told(scored.lists, request.documents)),
        references=pointing.references,
        channels=tuple(scored.lists),
        modalities=tuple(routed.modalities) if routed else (),
        granularity=routed.granularity if routed else "region",
    )


def _told(lists: Mapping[str, Sequence[Match]], documents: Mapping[str, Document]) -> str:
    where = "one document" if len(documents) == 1 else f"{len(documents)} documents"
    counts = ", ".join(f"{name} found {len(found)} pages" for name, found in lists.items())
    return f"Searched {where}: {counts}."
