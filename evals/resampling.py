"""How sure a mean is, and a difference of two: bootstrap over documents.

Questions of one document stand and fall together, so documents are drawn again, not questions
(a cluster bootstrap: Davison and Hinkley, Bootstrap Methods and their Application, 1997, 3.8).
The draws are the same at every call, so that a table does not change from run to run.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
_SEED = 20_240_917


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with the middle 95 % of what it would be on other documents of the kind."""

    mean: float
    low: float
    high: float
    count: int  # questions
    documents: int  # of one, nothing is known about others, and the interval has no width


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one configuration is better than another on the same questions."""

    mean: float  # the first less the second
    low: float
    high: float
    won: float  # the share of resamples in which the first is better; of equal ones a half
    documents: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Values of questions, in groups that stand for the documents."""

    values: Sequence[float]
    groups: Sequence[Hashable]  # of each value

    def macro(self) -> Estimate:
        """The mean over documents of the mean over their questions: each document counts once."""
        means = self._sums() / self._counts()
        return self._estimate(_drawn(len(means)) @ means / len(means), float(means.mean()))

    def micro(self) -> Estimate:
        """The mean over questions, whatever document they are about."""
        sums, counts = self._sums(), self._counts()
        draws = _drawn(len(sums))
        return self._estimate((draws @ sums) / (draws @ counts), float(sums.sum() / counts.sum()))

    def less(self, other: "Sample") -> Difference:
        """The macro mean of this less that of another sample of the same questions.

        Raises:
            ValueError: the other has other questions.
        """
        gaps = self._gaps(other) / self._counts()
        means = _drawn(len(gaps)) @ gaps / len(gaps)
        return _difference(float(gaps.mean()), means, len(gaps))

    def less_by_question(self, other: "Sample") -> Difference:
        """The micro mean of this less that of another sample of the same questions.

        Raises:
            ValueError: the other has other questions.
        """
        gaps, counts = self._gaps(other), self._counts()
        draws = _drawn(len(gaps))
        means = (draws @ gaps) / (draws @ counts)
        return _difference(float(gaps.sum() / counts.sum()), means, len(gaps))

    def _gaps(self, other: "Sample") -> NDArray[np.float64]:
        """(documents,) sums of this less those of the other."""
        if list(self.groups) != list(other.groups):
            raise ValueError("Two samples are compared question by question: give the same ones.")
        return self._sums() - other._sums()

    def _sums(self) -> NDArray[np.float64]:
        totals: dict[Hashable, float] = dict.fromkeys(self.groups, 0.0)
        for group, value in zip(self.groups, self.values, strict=True):
            totals[group] += value
        return np.array(list(totals.values()))

    def _counts(self) -> NDArray[np.float64]:
        counts: dict[Hashable, float] = dict.fromkeys(self.groups, 0.0)
        for group in self.groups:
            counts[group] += 1
        return np.array(list(counts.values()))

    def _estimate(self, means: NDArray[np.float64], mean: float) -> Estimate:
        return Estimate(mean, *_middle(means), len(self.values), len(set(self.groups)))


def _difference(mean: float, means: NDArray[np.float64], documents: int) -> Difference:
    low, high = _middle(means)
    won = float(((means > 0) + 0.5 * (means == 0)).mean())
    return Difference(mean, low, high, won, documents)


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


@lru_cache(maxsize=4)  # thousands of documents take tens of megabytes
def _drawn(groups: int) -> NDArray[np.float64]:
    """(RESAMPLES, groups): how often each group is drawn in each resample."""
    random = np.random.default_rng(_SEED)
    return random.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES).astype(np.float64)
