"""The funnel of a search by late interaction: sketches, codes, exact scores.

A sketch of a page is a sixth of its tokens in two bits a dimension; its codes are all of them. Both
are scanned in rounds, some of the query's tokens at a time: after each round the pages that look
worst so far go no further, the same share of them each time (successive halving: Karnin, Koren and
Somekh, 2013), so that most pages are seen by few tokens. From all pages to some times the root of
their number it is the sketches that count; from there to `depth` a token's distance by the codes
takes the place of its distance by the sketch. What is left is scored exactly, by MaxSim over the
16-bit vectors in 32-bit floats. How many pages each step leaves does not depend on how many are
asked for, so that a longer list begins with the shorter one.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.late.codes import PAGE_BITS, Planes, half_step, row_planes
from pagehop.tools.retrieval.late.maxsim import TOGETHER, maxsim
from pagehop.tools.retrieval.late.scan import distances
from pagehop.tools.retrieval.late.view import Key, Positions, View

_QUERY_BITS = {"sketch": 2, "codes": 3}  # a dimension of a query's token, in each scan
_ROUNDS = {"sketch": 2, "codes": 2}  # the first a multiple of the second; each reads anew
_COMPILED_FROM = 256  # pages; fewer are scanned by numpy before numba has compiled

What: TypeAlias = Literal["sketch", "codes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many pages each step of a search leaves, and how large a file grows."""

    sketched: int = 25  # pages left by the scan of sketches, times the root of those scanned
    depth: int = 256  # pages left by the scan of codes: scored exactly, the most that are found
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
        if len(among) > self.limits.depth:
            among = self._left(view, query, among)
        return self.exact(view, query, among)

    def _left(self, view: View, query: NDArray[np.float32], among: Positions) -> Positions:
        """The `depth` pages nearest by their compact codes, in the order of their keys."""
        depth = self.limits.depth
        sketched = max(int(self.limits.sketched * len(among) ** 0.5), depth)
        compiled = self.compiled and len(among) >= _COMPILED_FROM
        # By file, so that each is one run; as they lie there, so that it is read forwards.
        among = among[np.lexsort((view.start[among], view.segment[among]))]
        rounds = _ROUNDS["sketch"]
        seen = np.zeros((rounds, len(among)), dtype=np.int64)  # by the sketch, round by round
        for number, keep in enumerate(_shares(len(among), sketched, rounds)):
            planes = self._planes(query, "sketch", number)
            seen[number] = _far(view, "sketch", planes, among, compiled=compiled)
            left = _nearest(seen.sum(axis=0), among, keep)
            among, seen = among[left], seen[:, left]
        far = seen.sum(axis=0)
        rounds = _ROUNDS["codes"]
        for number, keep in enumerate(_shares(len(among), depth, rounds)):
            planes = self._planes(query, "codes", number)
            far += _far(view, "codes", planes, among, compiled=compiled)
            far -= seen[number::rounds].sum(axis=0)  # of the same tokens
            left = _nearest(far, among, keep)
            among, seen, far = among[left], seen[:, left], far[left]
        return np.sort(among)

    @staticmethod
    def _planes(query: NDArray[np.float32], what: What, number: int) -> Planes:
        """The bits of the query's tokens whose turn it is, spread over all of it."""
        return row_planes(query[number :: _ROUNDS[what]], _QUERY_BITS[what])

    def exact(self, view: View, query: NDArray[np.float32], positions: Positions) -> list[Scored]:
        """These pages by exact MaxSim, best first; ties in the order of their keys."""
        device = self.device or _best_device()
        made = [
            one
            for first in range(0, len(positions), TOGETHER)
            for one in maxsim(query, view.read(positions[first : first + TOGETHER]), device)
        ]
        scored = [
            Scored(view.key(int(at)), one.score, one.tokens)
            for at, one in zip(positions, made, strict=True)
        ]
        return sorted(scored, key=lambda one: (-one.score, one.key))


def _shares(pages: int, keep: int, rounds: int) -> list[int]:
    """How many of the pages are left after each round: `keep` after the last.

    >>> _shares(1600, 100, 4)
    [800, 400, 200, 100]
    """
    share = min(keep / pages, 1.0)
    return [round(pages * share ** (number / rounds)) for number in range(1, rounds + 1)]


def _nearest(far: NDArray[np.int64], positions: Positions, keep: int) -> NDArray[np.int64]:
    """Which `keep` of these pages are nearest, in the order that they are in."""
    if len(far) <= keep:
        return np.arange(len(far))
    # Position breaks ties, so that the choice does not depend on the order of the work.
    ranks = far * (int(positions.max()) + 1) + positions
    return np.sort(np.argpartition(ranks, keep)[:keep])


def _far(
    view: View, what: What, planes: Planes, positions: Positions, *, compiled: bool
) -> NDArray[np.int64]:
    """How far pages, in the order of their files, are from a query: the same unit for both."""
    sketch = what == "sketch"
    starts, counts = (view.pooled_start, view.pooled) if sketch else (view.start, view.tokens)
    starts, counts, segments = starts[positions], counts[positions], view.segment[positions]
    numbers, firsts = np.unique(segments, return_index=True)
    blocks = []
    for number, first, end in zip(numbers, firsts, [*firsts[1:], len(positions)], strict=True):
        segment = view.segments[int(number)]
        codes = segment.sketch if sketch else segment.codes
        blocks.append((codes, starts[first:end], counts[first:end]))
    far = distances(blocks, planes, PAGE_BITS, compiled=compiled)
    return far * half_step(_QUERY_BITS[what])


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
