"""The retriever: every channel is asked, their votes are fused, and the route is explained."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document
from pagehop.tools.errors import EmptyQuestionError, UnknownChannelError
from pagehop.tools.retrieval.channel import Channel, Hit, Match, Progress, Query, Scope
from pagehop.tools.retrieval.dense import DenseChannel
from pagehop.tools.retrieval.fusion import (
    Ballot,
    Place,
    Scores,
    blend,
    boosted,
    reciprocal,
)
from pagehop.tools.retrieval.hits import HitMaker, PassageScores, Unit
from pagehop.tools.retrieval.lexical import LexicalChannel
from pagehop.tools.retrieval.pointing import Pointing, point
from pagehop.tools.retrieval.ranking import Asked, Signal, adjusted
from pagehop.tools.retrieval.settings import Settings

DEPTH = 1_000  # pages a channel is asked for, always, so that more hits never reorder the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Why the search went where it went, for a person."""

    reasons: tuple[str, ...] = ()
    references: tuple[tuple[str, int], ...] = ()  # document name, page
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits, best first, and the route to them."""

    hits: tuple[Hit, ...]
    route: Route


class Retriever:
    """Finds pages and regions of a catalogue's documents. Safe for threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        *,
        encoder: str | None = None,
        channels: Sequence[Channel] | None = None,
        signals: Sequence[Signal] = (),
    ) -> None:
        """Search what a catalogue holds.

        Args:
            catalogue: the documents.
            folder: where derived indexes live; all of it can be deleted.
            encoder: a path or a name of a sentence encoder; None: all-MiniLM-L6-v2.
            channels: instead of `default_channels(catalogue, folder, encoder)`.
            signals: what else ranks pages, in this order.

        Raises:
            UnknownModelError: the encoder's weights are not on this machine.
        """
        self._catalogue = catalogue
        given = default_channels(catalogue, folder, encoder) if channels is None else channels
        self.channels = {channel.name: channel for channel in given}
        self._signals = tuple(signals)

    def update(self, progress: Progress | None = None) -> None:
        """Bring every channel up to date with the catalogue."""
        for channel in self.channels.values():
            channel.update(progress)

    def search(  # noqa: PLR0913 - the ways to narrow a search
        self,
        text: str,
        *,
        k: int = 10,
        documents: Collection[str] | None = None,
        unit: Unit = "page",
        channels: Sequence[str] | None = None,
        without: Collection[Place] = (),
        modalities: Sequence[str] = (),
        settings: Settings | None = None,
    ) -> Found:
        """Find pages, or regions, that answer a question.

        Args:
            text: a question or words.
            k: at most so many hits; more never reorder the first.
            documents: ids to search in; None: all.
            unit: "page": one hit a page; "region": the best passages, several a page allowed.
            channels: names of those to ask; None: all.
            without: (document id, page) that have been seen.
            modalities: kinds to prefer, of text, table, figure; never leaves out what fits else.
            settings: which parts of the search count; None: all.

        Raises:
            EmptyQuestionError, UnknownDocumentError, UnknownChannelError: as they say.
        """
        if not text.strip():
            raise EmptyQuestionError("The question is empty. Ask something, in any language.")
        settings = settings or Settings()
        asked = self._chosen(channels)
        scope, known = self._scope(documents, without)
        query = Query(text=text)
        lists = self._ask(asked, query, scope)
        pointing = Pointing()
        if settings.pointing:
            pointing = point(text, known, self._catalogue, scope)
        scores = boosted(self._votes(asked, lists, settings), pointing.pages)
        for place in scores:
            scores[place] += pointing.documents.get(place[0], 0.0)
        context = Asked(query=query, scope=scope, documents=known, lists=lists)
        scores = adjusted(self._counting(settings), context, scores)
        hits = HitMaker(
            catalogue=self._catalogue,
            documents=known,
            scorers=[one for one in self.channels.values() if isinstance(one, PassageScores)],
            query=query,
            scope=scope,
            lists=lists,
            modalities=frozenset(modalities),
        ).make(scores, max(k, 0), unit)
        route = Route(
            reasons=(*pointing.reasons, _told(asked, lists, known)),
            references=pointing.references,
            channels=tuple(asked),
        )
        return Found(hits=tuple(hits), route=route)

    def problems(self) -> tuple[str, ...]:
        """What a person should know about the channels."""
        return tuple(said for channel in self.channels.values() for said in channel.problems())

    def close(self) -> None:
        """Let go of files and locks."""
        for channel in self.channels.values():
            channel.close()

    def _chosen(self, names: Sequence[str] | None) -> dict[str, Channel]:
        if names is None:
            return self.channels
        unknown = [name for name in names if name not in self.channels]
        if unknown or not names:
            asked = f"There is no channel {unknown[0]!r}." if unknown else "No channel was chosen."
            there = ", ".join(map(repr, self.channels))
            raise UnknownChannelError(f"{asked} The channels are {there}.")
        return {name: self.channels[name] for name in names}

    def _scope(
        self, documents: Collection[str] | None, without: Collection[Place]
    ) -> tuple[Scope, dict[str, Document]]:
        if documents is None:
            known, chosen = self._catalogue.documents(), None
        else:
            known = tuple(self._catalogue.document(one) for one in sorted(set(documents)))
            chosen = frozenset(document.id for document in known)
        scope = Scope(documents=chosen, without=frozenset(without))
        return scope, {document.id: document for document in known}

    def _ask(
        self, asked: Mapping[str, Channel], query: Query, scope: Scope
    ) -> dict[str, Sequence[Match]]:
        """What each channel finds, all at the same time."""
        with ThreadPoolExecutor(max_workers=len(asked) or 1) as threads:
            waiting = {
                name: threads.submit(channel.search, query, scope, DEPTH)
                for name, channel in asked.items()
            }
            return {name: found.result() for name, found in waiting.items()}

    def _counting(self, settings: Settings) -> list[Signal]:
        chosen = settings.signals
        return [one for one in self._signals if chosen is None or one.name in chosen]

    def _votes(
        self,
        asked: Mapping[str, Channel],
        lists: Mapping[str, Sequence[Match]],
        settings: Settings,
    ) -> Scores:
        fuse = blend if settings.fusion == "blend" else reciprocal
        return fuse(
            {
                name: Ballot(lists[name], channel.weight, getattr(channel, "floor", None))
                for name, channel in asked.items()
            }
        )


def default_channels(
    catalogue: Catalogue, folder: Path, encoder: str | None = None
) -> list[Channel]:
    """The channels that a corpus has without asking: lexical and dense."""
    return [LexicalChannel(catalogue, folder), DenseChannel(catalogue, folder, encoder)]


def _told(
    asked: Mapping[str, Channel],
    lists: Mapping[str, Sequence[Match]],
    documents: Mapping[str, Document],
) -> str:
    where = "one document" if len(documents) == 1 else f"{len(documents)} documents"
    counts = ", ".join(f"{name} found {len(lists[name])} pages" for name in asked)
    return f"Searched {where}: {counts}."
