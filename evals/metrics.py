"""How good one ranking is. Pure: what was found, best first, against the gold; 0 to 1 each.

What is found twice counts once, where it first stands. All are those of the field: recall as
MMDocIR and MMLongBench-Doc count it, reciprocal rank and discounted gain cut at k.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from math import log2
from typing import TypeVar

Item = TypeVar("Item")


def recall(found: Sequence[Item], gold: Collection[Item], k: int) -> float:
    """The share of the gold among the first k.

    >>> recall(["b", "a", "c"], {"a", "z"}, 2)
    0.5
    """
    return len(set(gold) & set(first(found, k))) / len(set(gold))


def all_found(found: Sequence[Item], gold: Collection[Item], k: int) -> float:
    """1 where all of the gold is among the first k, else 0."""
    return float(set(gold) <= set(first(found, k)))


def precision(found: Sequence[Item], gold: Collection[Item]) -> float:
    """The share of what was found that is gold; 0 where nothing was."""
    seen = set(found)
    return len(seen & set(gold)) / len(seen) if seen else 0.0


def reciprocal_rank(found: Sequence[Item], gold: Collection[Item], k: int) -> float:
    """1 over the rank of the first gold item among the first k; 0 where there is none.

    >>> reciprocal_rank(["b", "a", "c"], {"a", "c"}, 10)
    0.5
    """
    ranks = (rank for rank, item in enumerate(first(found, k), 1) if item in gold)
    return 1 / next(ranks, float("inf"))


def ndcg(found: Sequence[Item], gold: Collection[Item], k: int) -> float:
    """Normalised discounted cumulative gain at k, each gold item worth the same.

    Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002.
    """
    gained = sum(1 / log2(rank + 1) for rank, item in enumerate(first(found, k), 1) if item in gold)
    best = sum(1 / log2(rank + 1) for rank in range(1, min(k, len(set(gold))) + 1))
    return gained / best


def first(found: Sequence[Item], k: int) -> list[Item]:
    """The first k different items."""
    return list(islice(dict.fromkeys(found), k))
