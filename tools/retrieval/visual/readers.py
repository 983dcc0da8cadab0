"""What a late-interaction channel reads: pages as pictures, or the passages that stand on them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.boxes import BBox
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.visual.grids import seen_by, unpacked
from pagehop.tools.retrieval.visual.late_encoder import Encoded, LateEncoder
from pagehop.tools.retrieval.visual.ledger import Place
from pagehop.tools.retrieval.visual.rendering import Pictures, render

LONG_SIDE = 2_048  # pixels of a page's longer side: no encoder known here looks closer


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A page that was encoded; without vectors where nothing is on it, or it failed."""

    place: Place
    vectors: NDArray[np.float32] | None = None
    detail: Any = None  # for `spot`, as JSON can hold it
    error: str = ""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where on a page the query looked."""

    passage_id: str | None = None
    region_id: str | None = None


class Reader(Protocol):
    """What a channel reads, and how a person chooses it."""

    name: str
    modality: Modality
    weight: float

    def states(self) -> Mapping[Place, str]:
        """Every page that can be read, and a digest of what it holds."""
        ...

    def read(self, encoder: LateEncoder, places: Sequence[Place]) -> list[Reading]:
        """Encode these pages; one that cannot be read costs only itself."""
        ...

    def spot(self, place: Place, detail: Any, tokens: Sequence[int]) -> Spot:  # noqa: ANN401
        """Where the page's tokens that a query chose, one for each of its own, stand."""
        ...


class PictureReader:
    """Pages as pictures. A document's picture never changes: its id is the hash of its bytes."""

    name = "visual"
    modality: Modality = "page"
    weight = 0.7  # as much as words: published, these models and words find about as much

    def __init__(self, catalogue: Catalogue, pictures: Pictures) -> None:
        self._catalogue = catalogue
        self._pictures = pictures

    def states(self) -> Mapping[Place, str]:
        """Every page that has been read; nothing of it that may change."""
        return dict.fromkeys(self._catalogue.page_digests(), "picture")

    def read(self, encoder: LateEncoder, places: Sequence[Place]) -> list[Reading]:
        """Render and encode these pages."""
        whole = {(*place, ""): None for place in places}
        shown, failed = render(self._catalogue, self._pictures, whole, LONG_SIDE)
        encoded = dict(zip(shown, encoder.pictures(list(shown.values())), strict=True))
        return [
            Reading(place=place, error=failed[item])
            if (item := (*place, "")) in failed
            else Reading(
                place=place,
                vectors=encoded[item].vectors,
                detail=[block.packed() for block in encoded[item].blocks],
            )
            for place in places
        ]

    def spot(self, place: Place, detail: Any, tokens: Sequence[int]) -> Spot:  # noqa: ANN401
        """The table, figure or passage that most of the chosen patches show."""
        blocks = unpacked(detail or ())
        looked = [box for token in tokens if (box := seen_by(token, blocks))]
        return most_seen(self._catalogue, place, looked)


class PassageReader:
    """The passages of a page, each encoded alone, all their word pieces together."""

    name = "late"
    modality: Modality = "text"
    weight = 0.3  # as the dense channel: it reads the same words

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def states(self) -> Mapping[Place, str]:
        """Every page that has been read, and the digest of its text."""
        return self._catalogue.page_digests()

    def read(self, encoder: LateEncoder, places: Sequence[Place]) -> list[Reading]:
        """Encode the passages of these pages."""
        passages = {place: self._catalogue.passages(*place) for place in places}
        texts = [one.text for found in passages.values() for one in found]
        vectors = iter(encoder.passages(texts))
        readings = []
        for place, found in passages.items():
            parts: list[Encoded] = [next(vectors) for _ in found]
            if not parts:
                readings.append(Reading(place=place))
                continue
            starts = np.cumsum([0, *(len(part.vectors) for part in parts)]).tolist()
            readings.append(
                Reading(
                    place=place,
                    vectors=np.concatenate([part.vectors for part in parts]),
                    detail=[[one.id, start] for one, start in zip(found, starts[:-1], strict=True)],
                )
            )
        return readings

    def spot(self, place: Place, detail: Any, tokens: Sequence[int]) -> Spot:  # noqa: ANN401
        """The passage that most of the chosen word pieces stand in."""
        if not detail or not tokens:
            return Spot()
        starts = [start for _, start in detail]
        votes = Counter(np.searchsorted(starts, tokens, side="right").tolist())
        best = max(sorted(votes), key=lambda one: votes[one])
        passage = self._catalogue.passage(detail[best - 1][0])
        if passage is None or (passage.document_id, passage.page) != place:
            return Spot()  # the page has been read again, and not yet encoded
        return Spot(passage.id, passage.region_id)


def most_seen(catalogue: Catalogue, place: Place, looked: Sequence[BBox]) -> Spot:
    """The table, figure or passage in which most of these boxes have their middle."""
    middles = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in looked]
    passages = catalogue.passages(*place)
    spots = [(Spot(one.id, one.region_id), one.boxes) for one in passages]
    told = {one.region_id for one in passages}
    spots += [
        (Spot(None, region.id), (region.bbox,))
        for region in catalogue.regions(*place)
        if region.kind in ("table", "figure") and region.id not in told
    ]
    votes = {spot: sum(_inside(middle, boxes) for middle in middles) for spot, boxes in spots}
    groups: Counter[str | None] = Counter()
    for spot, count in votes.items():
        groups[spot.region_id or spot.passage_id] += count
    if not groups or not max(groups.values()):
        return Spot()
    group = max(groups, key=lambda one: groups[one])  # the first in reading order of equal ones
    of_it = [spot for spot in votes if (spot.region_id or spot.passage_id) == group]
    return max(of_it, key=lambda spot: votes[spot])


def _inside(middle: tuple[float, float], boxes: Sequence[BBox]) -> bool:
    x, y = middle
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)
