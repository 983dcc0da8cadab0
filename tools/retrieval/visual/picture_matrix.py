"""The vectors of all pictures as one matrix, and the best picture of each page."""

from collections.abc import Collection, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.visual.ledger import Place
from pagehop.tools.retrieval.visual.rendering import Item

Vectors: TypeAlias = NDArray[np.float32]


class PictureMatrix:
    """Vectors of pages, tables and figures. It never changes, so that threads may share it."""

    def __init__(self, items: Sequence[Item], vectors: Vectors) -> None:
        """Take the vectors, (n, dim), of these items, which come in order."""
        self._items = items
        self._vectors = vectors
        self._places = sorted({item[:2] for item in items})
        number = {place: at for at, place in enumerate(self._places)}
        self._place = np.array([number[item[:2]] for item in items], dtype=np.int64)
        self._documents = [document for document, _ in self._places]

    def best(
        self,
        sought: Sequence[Vectors],
        k: int,
        documents: Collection[str],
        without: Collection[Place],
    ) -> list[tuple[Item, float]]:
        """The best picture of each of the `k` best pages, by falling score; ties in order.

        Args:
            sought: (dim,) of the words, of the crop, or of both; of both, each is stretched to 0
                to 1, as words are never as near to a picture as a picture is.
            k: at most so many pages.
            documents: ids to search in.
            without: pages to leave out.
        """
        left = set(without)
        open_place = [
            document in documents and place not in left
            for document, place in zip(self._documents, self._places, strict=True)
        ]
        rows = np.flatnonzero(np.array(open_place, dtype=np.bool_)[self._place])
        if not len(rows) or not sought:
            return []
        # all rows, always: a product with fewer differs in its last digits
        halves = [(self._vectors @ one)[rows] for one in sought]
        scores = (
            halves[0] if len(halves) == 1 else np.sum([_stretched(one) for one in halves], axis=0)
        )
        order = np.argsort(-scores, kind="stable")
        _, firsts = np.unique(self._place[rows[order]], return_index=True)
        chosen = order[np.sort(firsts)[:k]]
        return [
            (self._items[row], float(score))
            for row, score in zip(rows[chosen].tolist(), scores[chosen], strict=True)
        ]


def _stretched(scores: Vectors) -> Vectors:
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.ones_like(scores)
