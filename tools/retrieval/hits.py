"""From scored pages to hits: which passage of a page is shown, and where it stands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from pagehop.tools.boxes import enclose
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Document, Page, Passage
from pagehop.tools.retrieval.channel import Hit, Match, Query, Scope
from pagehop.tools.retrieval.fusion import Place, Scores, ranked

Unit: TypeAlias = Literal["page", "region"]

_WINDOW = 50  # the best pages: those whose passages and kinds are looked at
_KIND = 0.15  # added to a page that has a passage of a wanted kind
_NEAREST = 0.5  # of a passage's score: that another channel chose it for its page
_OWN = 0.5  # of a region's score: how well its passage fits, beside its page
_PREVIEW = 300  # characters of a page that has no passage


@runtime_checkable
class PassageScores(Protocol):
    """A channel that can also say how well each passage of a page fits."""

    def passages(self, query: Query, scope: Scope, pages: Collection[Place]) -> Mapping[str, float]:
        """Passage id -> score, 0 where nothing fits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HitMaker:
    """Makes the hits of one search."""

    catalogue: Catalogue
    documents: Mapping[str, Document]
    scorers: Sequence[PassageScores]
    query: Query
    scope: Scope
    lists: Mapping[str, Sequence[Match]]
    modalities: Collection[str]

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
            return self._region_hits(scores, places[:_WINDOW], k)
        shown = places[:k]
        fit = self._fit(shown)
        return [self._page_hit(place, scores[place], fit) for place in shown]

    def _page_hit(self, place: Place, score: float, fit: Mapping[str, float]) -> Hit:
        passages = self._passages(place)
        best = max(passages, key=lambda one: self._wanted(one, fit), default=None)
        if best is None or not fit.get(best.id):
            best = None
        return self._hit(self.catalogue.page(*place), best, score)

    def _region_hits(self, scores: Scores, places: Sequence[Place], k: int) -> list[Hit]:
        fit = self._fit(places)
        highest = max(fit.values(), default=0.0)
        found = [
            (scores[place] + _OWN * fit[one.id] / highest + self._bonus(one), place, one)
            for place in places
            for one in self._passages(place)
            if fit.get(one.id)
        ]
        best = sorted(found, key=lambda one: -one[0])[:k]  # stable: the better page goes first
        return [self._hit(self.catalogue.page(*place), one, score) for score, place, one in best]

    def _bonus(self, passage: Passage) -> float:
        return _KIND if passage.kind in self.modalities else 0.0

    def _wanted(self, passage: Passage, fit: Mapping[str, float]) -> tuple[bool, float]:
        score = fit.get(passage.id, 0.0)
        return passage.kind in self.modalities and score > 0, score

    def _fit(self, places: Sequence[Place]) -> dict[str, float]:
        """How well passages of these pages fit: by the scorers, and as the channels chose."""
        fit: dict[str, float] = {}
        for scorer in self.scorers:
            scored = scorer.passages(self.query, self.scope, places)
            highest = max(scored.values(), default=0.0) or 1.0
            for one, score in scored.items():
                fit[one] = fit.get(one, 0.0) + score / highest
        chosen = {
            match.passage_id
            for matches in self.lists.values()
            for match in matches
            if match.passage_id and (match.document_id, match.page) in set(places)
        }
        for one in chosen:
            fit[one] = fit.get(one, 0.0) + _NEAREST
        return fit

    def _passages(self, place: Place) -> Sequence[Passage]:
        return self.catalogue.passages(*place)

    def _hit(self, page: Page, passage: Passage | None, score: float) -> Hit:
        place = (page.document_id, page.number)
        ranks = {
            name: rank
            for name, matches in self.lists.items()
            for rank, match in enumerate(matches, start=1)
            if (match.document_id, match.page) == place
        }
        hit = Hit(
            document=self.documents[page.document_id].name,
            document_id=page.document_id,
            page=page.number,
            page_label=page.label,
            bbox=None,
            modality="page",
            score=round(score, 6),
            channels=ranks,
            text=page.text[:_PREVIEW],
        )
        if passage is None:
            return hit
        return replace(
            hit,
            bbox=enclose(passage.boxes),
            boxes=passage.boxes,
            modality=passage.kind,
            text=passage.text,
            passage_id=passage.id,
            region_id=passage.region_id,
        )
