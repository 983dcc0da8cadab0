"""The funnel of a search by late interaction: sketches, codes, exact scores.

A sketch of every page, a sixth of its tokens in two bits a dimension, is scanned for the nearest
pages, some times the root of their number; the codes of all their tokens for the nearest `depth`;
these are scored exactly, by MaxSim over the 16-bit vectors in 32-bit floats. How many pages each
step leaves does not depend on how many are asked for, so that a longer list begins with the
shorter one.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.codes import PAGE_BITS, Planes, row_planes
from pagehop.tools.retrieval.late.maxsim import maxsim
from pagehop.tools.retrieval.late.scan import distances
from pagehop.tools.retrieval.late.view import Key, Positions, View

_QUERY_BITS = {"sketch": 2, "codes": 3}  # a dimension of a query's token, in each scan
_COMPILED_FROM = 256  # pages; fewer are scanned by numpy before numba has compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many pages each step of a search leaves, and how large a file grows."""

    sketched: int = 25  # pages left by the scan of sketches, times the root of those scanned
    depth: int = 128  # pages left by the scan of codes: scored exactly, the most that are found
    segment_tokens: int = 2_000_000  # about 0.6 GB: what a compaction rewrites at least


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A page and its exact MaxSim."""

    key: Key
    score: float  # at most the number of query tokens
    tokens: NDArray[np.int64] | None = None  # per query token: the page token it matched best


@dataclass(frozen=True, slots=True)
class Funnel:
    """Finds the pages of a view that answer a query best."""

    limits: Limits
    device: str | None  # of torch, for the exact scores; None: a GPU if there is one
    _: KW_ONLY
    compiled: bool  # whether codes are scanned by numba

    def best(self, view: View, query: NDArray[np.float32], among: Positions) -> list[Scored]:
        """The best pages among some, `limits.depth` at most, best first."""
        sketched = int(self.limits.sketched * len(among) ** 0.5)
        left = self._nearest(view, "sketch", query, among, max(sketched, self.limits.depth))
        return self.exact(view, query, self._nearest(view, "codes", query, left, self.limits.depth))

    def _nearest(
        self,
        view: View,
        what: Literal["sketch", "codes"],
        query: NDArray[np.float32],
        positions: Positions,
        keep: int,
    ) -> Positions:
        """The `keep` pages nearest by their compact codes, in the order of their keys."""
        if len(positions) <= keep:
            return positions
        planes = row_planes(query, _QUERY_BITS[what])
        far = self._far(view, what, planes, positions)
        # Position breaks ties, so that the choice does not depend on the order of the work.
        ranks = far * len(view) + positions
        return positions[np.sort(np.argpartition(ranks, keep)[:keep])]

    def _far(
        self, view: View, what: Literal["sketch", "codes"], planes: Planes, positions: Positions
    ) -> NDArray[np.int64]:
        """How far each page is from a query, segment by segment."""
        starts, counts = (
            (view.pooled_start, view.pooled) if what == "sketch" else (view.start, view.tokens)
        )
        far = np.zeros(len(positions), dtype=np.int64)
        of_segment = view.segment[positions]
        for number, segment in view.segments.items():
            here = np.flatnonzero(of_segment == number)
            at = positions[here]
            far[here] = distances(
                getattr(segment, what),
                starts[at],
                counts[at],
                planes,
                PAGE_BITS,
                compiled=self.compiled and len(positions) >= _COMPILED_FROM,
            )
        return far

    def exact(self, view: View, query: NDArray[np.float32], positions: Positions) -> list[Scored]:
        """These pages by exact MaxSim, best first; ties in the order of their keys."""
        device = self.device or _best_device()
        made = maxsim(query, [view.vectors(int(at)) for at in positions], device)
        scored = [
            Scored(view.key(int(at)), one.score, one.tokens)
            for at, one in zip(positions, made, strict=True)
        ]
        return sorted(scored, key=lambda one: (-one.score, one.key))


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
