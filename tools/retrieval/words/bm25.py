"""BM25, after Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

K1 = 1.2  # how fast a repeated term stops counting
B = 0.75  # how much a long text is held back


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the scope searched says about its terms; those of one document when one is searched."""

    texts: int  # how many texts the scope has
    average_length: float  # of them, in terms
    frequency: Mapping[int, int]  # term hash -> texts it occurs in

    def idf(self, term: int) -> float:
        """How telling a term is; above 0 even when every text has it."""
        n = self.frequency.get(term, 0)
        return math.log(1 + (self.texts - n + 0.5) / (n + 0.5))


def weigh(
    counts: NDArray[np.integer], lengths: NDArray[np.integer], idf: float, average_length: float
) -> Floats:
    """What one term adds to the score of texts in which it occurs `counts` times."""
    tf = counts.astype(np.float64)
    held = K1 * (1 - B + B * lengths / max(average_length, 1.0))
    return idf * tf * (K1 + 1) / (tf + held)


def score_text(
    query: Mapping[int, float],
    text: Mapping[int, int],
    statistics: Statistics,
    average_length: float,
) -> float:
    """The score of one text: a slow twin of `weigh`, for a passage or a test.

    Args:
        query: term hash -> how often the query has it, or how much it counts.
        text: term hash -> how often the text has it.
        statistics: of the scope; only the terms' rarity is taken from them.
        average_length: the length in terms that is neither helped nor held back.
    """
    held = K1 * (1 - B + B * sum(text.values()) / max(average_length, 1.0))
    return sum(
        times * statistics.idf(term) * tf * (K1 + 1) / (tf + held)
        for term, times in query.items()
        if (tf := text.get(term, 0))
    )
