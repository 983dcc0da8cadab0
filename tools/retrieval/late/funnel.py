"""The funnel of a search by late interaction: outlines, sketches, codes, exact scores.

An outline of a page is 32 vectors, a sketch a sixth as many as it has tokens, both in two bits a
dimension; its codes are all of its tokens in three. Each is scanned for fewer pages than the one
before: of all pages it leaves some times the root of their number. What the codes leave is scored
exactly, by MaxSim over the 16-bit vectors in 32-bit floats. How many pages each step leaves does
not depend on how many are asked for, up to half of `depth`, so that a longer list begins with the
shorter one; for more, more are scored.
"""

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.codes import CODE_BITS, SKETCH_BITS, Signed, query_bytes
from pagehop.tools.retrieval.late.maxsim import TOGETHER, Similarity, maxsim
from pagehop.tools.retrieval.late.scan import products
from pagehop.tools.retrieval.late.view import Form, Key, Positions, View

_COMPILED_FROM = 256  # pages; fewer are scanned by numpy before numba has compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many pages each step of a search leaves, and how large a file grows."""

    outlined: int = 60  # pages left by the scan of outlines, times the root of those scanned
    sketched: int = 24  # and by that of sketches
    depth: int = 48  # pages left by the scan of codes: scored exactly; if over half are asked, more
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
    compiled: bool  # whether numba scans codes and scores pages, or numpy and torch

    def best(
        self, view: View, query: NDArray[np.float32], among: Positions, k: int
    ) -> list[Scored]:
        """The `k` best pages among some, best first."""
        # The codes err by some ranks: more pages are scored than are asked for.
        depth = max(self.limits.depth, k + self.limits.depth // 2)
        if len(among) > depth:
            among = self._left(view, query, among, depth)
        return self.exact(view, query, among)[:k]

    def _left(
        self, view: View, query: NDArray[np.float32], among: Positions, depth: int
    ) -> Positions:
        """The `depth` pages nearest by their compact codes, in the order of their keys."""
        asked, root = query_bytes(query), len(among) ** 0.5
        compiled = self.compiled and len(among) >= _COMPILED_FROM
        steps: tuple[tuple[Form, float], ...] = (
            ("outline", self.limits.outlined * root),
            ("sketch", self.limits.sketched * root),
            ("codes", depth),
        )
        among = view.laid(among)
        for form, share in steps:
            keep = max(int(share), depth)
            if keep < len(among):
                near = _near(view, form, asked, among, compiled=compiled)
                among = among[_nearest(near, among, keep)]
        return np.sort(among)

    def exact(self, view: View, query: NDArray[np.float32], positions: Positions) -> list[Scored]:
        """These pages by exact MaxSim, best first; ties in the order of their keys."""
        scored = [
            Scored(view.key(int(at)), one.score, one.tokens)
            for at, one in zip(positions, self._similarities(view, query, positions), strict=True)
        ]
        return sorted(scored, key=lambda one: (-one.score, one.key))

    def _similarities(
        self, view: View, query: NDArray[np.float32], positions: Positions
    ) -> list[Similarity]:
        view.announce(positions)
        device = self.device or _best_device()
        if self.compiled and device == "cpu":
            from pagehop.tools.retrieval.late import exact

            if exact.can_use(view.dim):
                return exact.maxsim(query, [view.vectors(int(at)) for at in positions])
        return [
            one
            for first in range(0, len(positions), TOGETHER)
            for one in maxsim(query, view.read(positions[first : first + TOGETHER]), device)
        ]


def _nearest(near: NDArray[np.int64], positions: Positions, keep: int) -> NDArray[np.int64]:
    """Which `keep` of these pages are nearest, in the order that they are in; not all of them."""
    # Position breaks ties, so that the choice does not depend on the order of the work.
    ranks = positions - near * (int(positions.max()) + 1)
    return np.sort(np.argpartition(ranks, keep)[:keep])


def _near(
    view: View, form: Form, asked: Signed, positions: Positions, *, compiled: bool
) -> NDArray[np.int64]:
    """How near pages, in the order of their files, are to a query."""
    starts, counts = view.rows(form, positions)
    numbers, firsts = np.unique(view.segment[positions], return_index=True)
    ends = [*firsts[1:], len(positions)]
    blocks = [
        (getattr(view.segments[int(number)], form), starts[first:end], counts[first:end])
        for number, first, end in zip(numbers, firsts, ends, strict=True)
    ]
    bits = CODE_BITS if form == "codes" else SKETCH_BITS
    return products(blocks, asked, bits, compiled=compiled)


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
