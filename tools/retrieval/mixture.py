"""A mixture of two normal distributions in one dimension: the scores that fit, and the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ROUNDS = 100
_STILL = 1e-7  # a change of the likelihood a score under which the fit has settled
_NARROWEST = 1e-3  # of the scores' own spread: a component never shrinks to one point


@dataclass(frozen=True, slots=True)
class Normal:
    """One component."""

    share: float  # of all scores, 0 to 1
    mean: float
    deviation: float

    def density(self, score: float) -> float:
        """Its part of the mixture's density at a score."""
        distance = (score - self.mean) / self.deviation
        return self.share * math.exp(-0.5 * distance * distance) / self.deviation


def mixture(scores: Sequence[float]) -> tuple[Normal, Normal] | None:
    """The lower and the upper component, by expectation maximisation; None if none can be told.

    It begins with the halves of the scores, so that the same scores always give the same fit.
    (Dempster, Laird and Rubin, 1977.)
    """
    ordered = sorted(scores)
    spread = ordered[-1] - ordered[0] if ordered else 0.0
    if len(ordered) < 4 or spread <= 0:
        return None
    narrowest = spread * _NARROWEST
    middle = len(ordered) // 2
    low = _fitted(ordered, [1.0] * middle + [0.0] * (len(ordered) - middle), narrowest)
    high = _fitted(ordered, [0.0] * middle + [1.0] * (len(ordered) - middle), narrowest)
    before = -math.inf
    for _ in range(_ROUNDS):
        upper = [upper_share(low, high, score) for score in ordered]
        if not 0 < sum(upper) < len(ordered):
            return None
        low = _fitted(ordered, [1 - one for one in upper], narrowest)
        high = _fitted(ordered, upper, narrowest)
        now = sum(math.log(low.density(one) + high.density(one) + 1e-300) for one in ordered)
        if abs(now - before) < _STILL * len(ordered):
            break
        before = now
    return (low, high) if low.mean <= high.mean else (high, low)


def upper_share(low: Normal, high: Normal, score: float) -> float:
    """How likely a score is of the upper component, 0 to 1."""
    below, above = low.density(score), high.density(score)
    if below + above == 0.0:  # far from both
        return float(score > (low.mean + high.mean) / 2)
    return above / (below + above)


def _fitted(scores: Sequence[float], weights: Sequence[float], narrowest: float) -> Normal:
    total = sum(weights) or 1e-12
    mean = sum(weight * score for weight, score in zip(weights, scores, strict=True)) / total
    square = sum(w * (score - mean) ** 2 for w, score in zip(weights, scores, strict=True)) / total
    return Normal(total / len(scores), mean, max(math.sqrt(square), narrowest))
