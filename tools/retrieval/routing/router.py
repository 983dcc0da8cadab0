"""The router: which modalities answer a question, and how much of a document it is about.

Cheapest first, and nothing is trained. What the question names ("the chart", "Table 3") is
certain. Else the nearest pilot questions vote (RouterRetriever, Lee et al., 2025; the modalities
and granularities are UniversalRAG's, Yeo et al., 2025), together with what the pages that share
the question's words are made of: a question whose words stand in tables is about a table, however
it is put. When unsure the route is the union.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.evidence import Modality
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.naming.mentions import mentions
from pagehop.tools.retrieval.routing.pilot_vectors import vectors_of
from pagehop.tools.retrieval.routing.pilots import SHIPPED, Granularity, Pilot, read_pilots

CONTENTS: tuple[Modality, ...] = ("text", "table", "figure")  # what a page is made of

# Calibrated on labelled questions, one document left out at a time: the optimum was 15 and 2.5 to
# a twentieth whichever was left out, and no kind needed a prior of its own beside them.
_NEAREST = 2  # pilots of a kind that speak for it
_LIKENESS = 15.0  # what a cosine counts
_MAKEUP = 2.5  # what a share of the pages counts
_UNSURE = 0.12  # probability from which a modality is asked
_HINTED = 0.5  # what a model's hint is worth at least
_TYPICAL: Mapping[Modality, float] = {"text": 0.7, "table": 0.15, "figure": 0.15}  # of pages
_GRAIN = 0.02  # cosine by which another granularity must be nearer than a region

_NAMED: Mapping[Modality, re.Pattern[str]] = {
    "table": re.compile(r"\btables?\b(?! of contents)", re.IGNORECASE),
    "figure": re.compile(
        r"\b(?:charts?|graphs?|diagrams?|plots?|pictures?|photos?|photographs?|images?|icons?|maps?"
        r"|logos?|drawings?|illustrations?|screenshots?|flowcharts?|colou?r(?:s|ed)?)\b"
        r"|\b(?:this|that|the|each|which|how many|of) figures?\b(?! (?:for|of)\b)",
        re.IGNORECASE,
    ),
}
_ALL = re.compile(
    r"\b(?:whole|entire|throughout)\b.{0,20}\b(?:document|report|paper|book|guide|manual|deck"
    r"|slides|presentation|file)\b|\bhow many (?:figures|tables|charts|pages|slides|chapters"
    r"|sections|images|pictures|photos|diagrams|maps)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Where a question is looked for, and why."""

    modalities: Mapping[Modality, float]  # those to ask -> how likely they answer, 0 to 1
    granularity: Granularity = "region"
    margin: float = 0.0  # by how much the likeliest leads the next, 0 to 1
    reasons: tuple[str, ...] = field(default=())  # for a person


class Router:
    """Routes questions by pilot questions. The pilots are encoded at the first one."""

    def __init__(self, pilots: Path | None, encoder: Encoder, *, cache: Path | None = None) -> None:
        """Route by the pilots that ship with pagehop and one's own.

        Args:
            pilots: a file of further ones, in the form of the shipped `pilots.jsonl`.
            encoder: what makes questions near to each other.
            cache: a folder where the pilots' vectors are kept; None: made at every start.

        Raises:
            BadPilotsError: the file cannot be read, or a line of it is no pilot.
        """
        own = read_pilots(pilots) if pilots else ()
        self._pilots: tuple[Pilot, ...] = (*read_pilots(SHIPPED), *own)
        self._encoder = encoder
        self._cache = cache
        self._making = Lock()

    def prepare(self) -> None:
        """Encode the pilots now, and not at the first question."""
        with self._making:
            _ = self._vectors

    def middle(self) -> NDArray[np.float32]:
        """The mean of the pilots' vectors, (dim,): what all questions have in common."""
        self.prepare()
        return self._middle

    def read(self, text: str) -> None:
        """Encode a question that will be routed; the vector is remembered."""
        if text.strip():
            self._encoder.query(text)

    def route(
        self,
        text: str,
        *,
        hint: Sequence[Modality] = (),
        made: Mapping[Modality, float] | None = None,
    ) -> Routed:
        """Which modalities to ask.

        Args:
            text: the question; without any, everything is asked.
            hint: modalities that a model expects; they are added, and take nothing away.
            made: what the pages that share its words are made of, as `makeup.made_of` tells;
                None or empty: not known.
        """
        if not text.strip():
            return Routed(
                modalities=dict.fromkeys((*CONTENTS, "page"), 1.0),
                reasons=("A picture alone says nothing of what is looked for: all are asked.",),
            )
        self.prepare()
        likeness = self._vectors @ self._encoder.query(text)
        shares = _shares(self._near(likeness), made or _TYPICAL)
        chosen = {kind: share for kind, share in shares.items() if share >= _UNSURE}
        said = _said(text)
        chosen |= dict.fromkeys(said, 1.0)
        chosen |= {kind: max(shares.get(kind, 0.0), _HINTED) for kind in hint if kind != "tool"}
        chosen |= self._pictures(chosen, likeness)
        first, second = sorted((shares[kind] for kind in CONTENTS), reverse=True)[:2]
        return Routed(
            modalities={kind: chosen[kind] for kind in (*CONTENTS, "page") if kind in chosen},
            granularity=self._granularity(text, likeness),
            margin=first - second,
            reasons=(
                *(f"“{word}” names a {kind}." for kind, word in said.items()),
                *self._why(likeness, shares, made or {}),
                *(f"The plan expects the answer in a {kind}." for kind in hint if kind != "tool"),
            ),
        )

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        return vectors_of([pilot.question for pilot in self._pilots], self._encoder, self._cache)

    @cached_property
    def _middle(self) -> NDArray[np.float32]:
        mean: NDArray[np.float32] = self._vectors.mean(axis=0)
        return mean

    def _near(self, likeness: NDArray[np.float32]) -> dict[Modality, float]:
        """How near the nearest pilots of each kind are."""
        return {kind: _best(likeness, at) for kind, at in self._of_modality.items()}

    @cached_property
    def _of_modality(self) -> dict[Modality, list[int]]:
        kinds: tuple[Modality, ...] = (*CONTENTS, "page")
        return {
            kind: [at for at, pilot in enumerate(self._pilots) if kind in pilot.modalities]
            for kind in kinds
        }

    @cached_property
    def _of_granularity(self) -> dict[Granularity, list[int]]:
        return {
            grain: [at for at, pilot in enumerate(self._pilots) if pilot.granularity == grain]
            for grain in get_args(Granularity)
        }

    def _pictures(
        self, chosen: Mapping[Modality, float], likeness: NDArray[np.float32]
    ) -> dict[Modality, float]:
        """Whether pictures of pages are asked: what is no running text is seen on them too."""
        near = self._near(likeness)
        own = 1 / (1 + math.exp(_LIKENESS * (near["text"] - near["page"])))
        share = max([own, *(chosen[kind] for kind in ("table", "figure") if kind in chosen)])
        return {"page": max(share, chosen.get("page", 0.0))} if share >= _UNSURE else {}

    def _granularity(self, text: str, likeness: NDArray[np.float32]) -> Granularity:
        asked = mentions(text)
        if asked.pages:
            return "page"
        if asked.sections:
            return "section"
        if _ALL.search(text):
            return "document"
        near = {grain: _best(likeness, at) for grain, at in self._of_granularity.items()}
        best = max(near, key=lambda grain: near[grain])
        return best if near[best] > near["region"] + _GRAIN else "region"

    def _why(
        self,
        likeness: NDArray[np.float32],
        shares: Mapping[Modality, float],
        made: Mapping[Modality, float],
    ) -> Iterator[str]:
        """The pilot that the question is most like, and what its words' pages are made of."""
        pilot = self._pilots[int(np.argmax(likeness))]
        yield (
            f"It is most like “{pilot.question}”, which is answered by "
            f"{' and '.join(pilot.modalities)}."
        )
        if made:
            parts = ", ".join(
                f"{made[kind]:.0%} {kind}" for kind in CONTENTS if made.get(kind, 0) >= 0.01
            )
            yield f"The pages that share most of its words are {parts}."
        likely = ", ".join(f"{kind} {shares[kind]:.2f}" for kind in CONTENTS)
        yield f"How likely each answers: {likely}; asked from {_UNSURE:.2f} on."


def _shares(
    near: Mapping[Modality, float], made: Mapping[Modality, float]
) -> dict[Modality, float]:
    """The probability of each content, by its pilots and by what the pages are made of."""
    scores = {kind: _LIKENESS * near[kind] + _MAKEUP * made.get(kind, 0.0) for kind in CONTENTS}
    highest = max(scores.values())
    grown = {kind: math.exp(score - highest) for kind, score in scores.items()}
    total = sum(grown.values())
    return {kind: one / total for kind, one in grown.items()}


def _said(text: str) -> dict[Modality, str]:
    """The modalities that the question names, and the word that does."""
    named: dict[Modality, str] = {item.kind: item.said for item in mentions(text).items}
    for kind, pattern in _NAMED.items():
        if kind not in named and (found := pattern.search(text)):
            named[kind] = found.group()
    return named


def _best(likeness: NDArray[np.float32], at: Sequence[int]) -> float:
    return float(np.sort(likeness[at])[-_NEAREST:].mean())
