"""From scored pages to hits: which block of a page is shown, and where it stands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document, Passage, PassageKind, Region
from pagehop.tools.retrieval.blocks import Block, PageLayout, told, whole
from pagehop.tools.retrieval.channel import Hit, Match, Query, Scope
from pagehop.tools.retrieval.fusion import Place, Scores, ranked
from pagehop.tools.retrieval.strata import stratified
from pagehop.tools.retrieval.words.analysis import words

Unit: TypeAlias = Literal["page", "region"]

_WINDOW = 50  # the best pages: those that are asked for a wanted kind
_READ = 25  # the best pages: those whose blocks are compared; of 25 pages there are about 100
_KIND = 0.15  # added to a page that has a passage of a wanted kind
_NEAREST = 0.5  # of a passage's score: that another channel chose it for its page
_OWN = 0.35  # of a region's score: how well its passage fits, beside its page
_PREVIEW = 300  # characters of a page that has no passage

Votes: TypeAlias = Mapping[Place, Mapping[str, tuple[int, Match]]]  # channel -> rank from 1, match


@runtime_checkable
class PassageScores(Protocol):
    """A channel that can also say how well each passage of a page fits."""

    def passages(self, query: Query, scope: Scope, pages: Collection[Place]) -> Mapping[str, float]:
        """Passage id -> score, 0 where nothing fits."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A block, the passage it is of, and how well that fits; a figure may have no passage."""

    place: Place
    block: Block
    kind: PassageKind
    passage: Passage | None
    fit: float  # above 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HitMaker:
    """Makes the hits of one search."""

    catalogue: Catalogue
    documents: Mapping[str, Document]
    scorers: Sequence[PassageScores]
    query: Query
    scope: Scope
    lists: Mapping[str, Sequence[Match]]
    modalities: Collection[str]  # to prefer
    strata: Collection[str] = ()  # of each of which the first regions hold one
    copies: Mapping[Place, Sequence[Place]] = field(default_factory=dict)  # of a page, elsewhere

    def make(self, scores: Scores, k: int, unit: Unit) -> list[Hit]:
        """The `k` best pages, or regions of the best pages, as hits."""
        if self.modalities:
            scores = scores | {
                place: scores[place] + _KIND
                for place in ranked(scores)[:_WINDOW]
                if any(one.kind in self.modalities for one in self._passages(place))
            }
        places = ranked(scores)
        if unit == "region":
            return self._region_hits(scores, places[:_READ], k)
        shown = places[:k]
        votes = self._votes(shown)
        fit = self._fit(shown, votes)
        return [
            self._hit(place, self._best(place, fit), scores[place], votes[place]) for place in shown
        ]

    def _best(self, place: Place, fit: Mapping[str, float]) -> Shown | None:
        return max(self._shown(place, fit), key=self._wanted, default=None)

    def _region_hits(self, scores: Scores, places: Sequence[Place], k: int) -> list[Hit]:
        votes = self._votes(places)
        fit = self._fit(places, votes)
        found = [one for place in places for one in self._shown(place, fit)]
        highest = max((one.fit for one in found), default=1.0)
        scored = [
            (scores[one.place] + _OWN * one.fit / highest + self._bonus(one), one) for one in found
        ]
        best = sorted(scored, key=lambda each: -each[0])  # stable: the better page goes first
        unique = _once(best)
        order = stratified([one.kind for _, one in unique], self.strata)
        return [
            self._hit(one.place, one, score, votes[one.place])
            for score, one in (unique[at] for at in order[:k])
        ]

    def _bonus(self, shown: Shown) -> float:
        return _KIND if shown.kind in self.modalities else 0.0

    def _wanted(self, shown: Shown) -> tuple[bool, float]:
        return shown.kind in self.modalities, shown.fit

    def _votes(self, places: Sequence[Place]) -> Votes:
        """Which channels found these pages, and at which rank; nothing of other pages."""
        votes: dict[Place, dict[str, tuple[int, Match]]] = {place: {} for place in places}
        for name, matches in self.lists.items():
            for rank, match in enumerate(matches, start=1):
                place = (match.document_id, match.page)
                if place in votes:
                    votes[place].setdefault(name, (rank, match))
        return votes

    def _fit(self, places: Sequence[Place], votes: Votes) -> dict[str, float]:
        """How well passages and regions fit, by id: by the scorers, and as the channels chose."""
        fit: dict[str, float] = {}
        for scorer in self.scorers:
            scored = scorer.passages(self.query, self.scope, places)
            highest = max(scored.values(), default=0.0) or 1.0
            for one, score in scored.items():
                fit[one] = fit.get(one, 0.0) + score / highest
        chosen = {
            match.region_id or match.passage_id
            for found in votes.values()
            for _, match in found.values()
        }
        for name in chosen:
            if name:
                fit[name] = fit.get(name, 0.0) + _NEAREST
        return fit

    def _shown(self, place: Place, fit: Mapping[str, float]) -> list[Shown]:
        """The blocks of a page that fit, in reading order."""
        passages = self._passages(place)
        layout = PageLayout(passages, self.catalogue.regions(*place))
        rarity = dict.fromkeys(words(self.query.text), 1.0)
        found = []
        for passage in passages:
            own = fit.get(passage.id, 0.0) + fit.get(passage.region_id or "", 0.0)
            if own:
                shares = told(layout.blocks(passage), rarity)
                found += [
                    Shown(place, block, passage.kind, passage, own * share)
                    for share, block in shares
                ]
        silent = _chosen_without_passage(layout, fit)
        return found + [
            Shown(place, whole(region), "table" if region.kind == "table" else "figure", None, own)
            for region, own in silent
        ]

    def _passages(self, place: Place) -> Sequence[Passage]:
        return self.catalogue.passages(*place)

    def _hit(
        self,
        place: Place,
        shown: Shown | None,
        score: float,
        found: Mapping[str, tuple[int, Match]],
    ) -> Hit:
        page = self.catalogue.page(*place)
        hit = Hit(
            document=self.documents[page.document_id].name,
            document_id=page.document_id,
            page=page.number,
            page_label=page.label,
            bbox=None,
            modality="page",
            score=round(score, 6),
            channels={name: rank for name, (rank, _) in found.items()},
            reasons=tuple(
                f"{name}: {match.reason}" for name, (_, match) in found.items() if match.reason
            ),
            text=page.text[:_PREVIEW],
            copies=tuple(
                (self.documents[document].name, number)
                for document, number in self.copies.get(place, ())
            ),
        )
        if shown is None:
            return hit
        return replace(
            hit,
            bbox=shown.block.bbox,
            boxes=shown.block.boxes,
            modality=shown.kind,
            text=shown.block.text,
            passage_id=shown.passage.id if shown.passage else None,
            region_id=shown.block.region_id,
        )


def _once(scored: Sequence[tuple[float, Shown]]) -> list[tuple[float, Shown]]:
    """Each table or figure once, at its best passage."""
    seen: set[str] = set()
    kept = []
    for score, shown in scored:
        region = shown.block.region_id
        if region is None or region not in seen:
            kept.append((score, shown))
        if region is not None:
            seen.add(region)
    return kept


def _chosen_without_passage(
    layout: PageLayout, fit: Mapping[str, float]
) -> list[tuple[Region, float]]:
    """Regions that a channel chose and no passage is of: a picture that nobody describes."""
    told_of = {passage.region_id for passage in layout.passages}
    return [
        (region, fit[region.id])
        for region in layout.regions
        if region.id in fit and region.id not in told_of
    ]
