"""The passages' vectors as a search sees them: exact over what is few, by sign codes over many."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.dense.codes import Codes, nearest
from pagehop.tools.retrieval.dense.products import product

Place: TypeAlias = tuple[str, int]  # document id, page
Near: TypeAlias = tuple[float, Place, str]  # cosine, a page, its passage nearest to the query

EXACT = 30_000  # passages; fewer are all compared, more are first sifted by their codes
CANDIDATES = 4_000  # of the sifted, so many are compared; benchmarks/scale.py tells the recall
_GATHERED = 4_096  # rows copied together out of the file
_DECIMALS = 6  # of a score: below that, equal vectors may differ by where they lie


@dataclass(frozen=True)
class Rows:
    """One moment's rows; passages stand page by page, in the order of the file."""

    places: Sequence[Place]
    pages: Mapping[str, Sequence[int]]  # document id -> where its pages are in `places`
    starts: NDArray[np.int64]  # (pages + 1,): where each page's passages begin
    page_of: NDArray[np.int32]  # (n,): where the page of each passage is in `places`
    numbers: NDArray[np.uint32]  # (n,): of a passage within its page
    at: NDArray[np.int64]  # (n,): its row in the file, ascending
    codes: Codes
    vectors: NDArray[np.float32]  # the file, (rows, dim)

    def __len__(self) -> int:
        return len(self.at)

    def passage_id(self, passage: int) -> str:
        """The id that the catalogue knows a passage by."""
        document, page = self.places[self.page_of[passage]]
        return f"{document}:{page}:p{self.numbers[passage]}"

    def nearest(
        self,
        query: NDArray[np.float32],
        documents: Collection[str] | None,
        without: Collection[Place],
        k: int,
    ) -> list[Near]:
        """The `k` pages with the passages nearest to the query; of equal ones the earlier."""
        passages = self.candidates(query, documents)
        if k < 1 or not len(passages):
            return []
        scores = np.round(self._scores(passages, query), _DECIMALS)
        return self.best_pages(passages, scores, without, k)

    def best_pages(
        self,
        passages: NDArray[np.intp],
        scores: NDArray[np.float32],
        without: Collection[Place],
        k: int,
    ) -> list[Near]:
        """The best `k` pages of some passages (ascending), each by its best passage."""
        pages = self.page_of[passages]
        begins = np.r_[True, pages[1:] != pages[:-1]]
        group = np.cumsum(begins) - 1  # of each passage: which of the pages, in their order
        starts = np.flatnonzero(begins)
        highest = np.maximum.reduceat(scores, starts)
        tops = np.flatnonzero(scores == highest[group])
        first = tops[np.unique(group[tops], return_index=True)[1]]  # the best passage of each page
        chosen = first[_best(highest, k + len(without))]
        found = [
            (round(score, _DECIMALS), self.places[page], passage)
            for score, page, passage in zip(
                scores[chosen].tolist(),
                pages[chosen].tolist(),
                passages[chosen].tolist(),
                strict=True,
            )
            if self.places[page] not in without
        ]
        found.sort(key=lambda near: (-near[0], near[1]))
        return [(score, place, self.passage_id(one)) for score, place, one in found[:k]]

    def candidates(
        self, query: NDArray[np.float32], documents: Collection[str] | None
    ) -> NDArray[np.intp]:
        """The passages that are compared, ascending."""
        if documents is None:
            passages, codes = np.arange(len(self)), self.codes
        else:
            passages = self._of(documents)
            codes = self.codes[:, passages] if len(passages) > EXACT else self.codes[:, :0]
        if len(passages) <= EXACT:
            return passages
        return passages[nearest(codes, query, CANDIDATES)]

    def _of(self, documents: Collection[str]) -> NDArray[np.intp]:
        inside = np.zeros(len(self.places), dtype=bool)
        for document in documents:
            inside[list(self.pages.get(document, ()))] = True
        return np.flatnonzero(inside[self.page_of])

    def _scores(
        self, passages: NDArray[np.intp], query: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        rows = self.at[passages]
        scores = np.empty(len(rows), dtype=np.float32)
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        if len(breaks) * 8 < len(rows):
            for start, end in pairwise([0, *breaks.tolist(), len(rows)]):
                scores[start:end] = product(self.vectors[rows[start] : rows[end - 1] + 1], query)
            return scores
        for start in range(0, len(rows), _GATHERED):
            part = slice(start, start + _GATHERED)
            scores[part] = product(self.vectors[rows[part]], query)
        return scores


def table_of(
    pages: Sequence[tuple[str, int, int, bytes, bytes]],
    vectors: NDArray[np.float32],
    words: int,
) -> Rows:
    """The rows of pages: (document id, page, first row, passage numbers, codes), by first row.

    Args:
        pages: those that have passages.
        vectors: the file, (rows, dim).
        words: 64-bit words of a code.
    """
    counts = np.array([len(numbers) // 4 for _, _, _, numbers, _ in pages], dtype=np.int64)
    firsts = np.array([first for _, _, first, _, _ in pages], dtype=np.int64)
    starts = np.r_[np.int64(0), np.cumsum(counts)]
    page_of = np.repeat(np.arange(len(pages), dtype=np.int32), counts)
    within = np.arange(len(page_of)) - starts[page_of]
    of_document: dict[str, list[int]] = {}
    for at, (document, _, _, _, _) in enumerate(pages):
        of_document.setdefault(document, []).append(at)
    codes = np.frombuffer(b"".join(page[4] for page in pages), dtype="<u8").reshape(-1, words)
    return Rows(
        places=[(document, number) for document, number, _, _, _ in pages],
        pages=of_document,
        starts=starts,
        page_of=page_of,
        numbers=np.frombuffer(b"".join(page[3] for page in pages), dtype="<u4"),
        at=firsts[page_of] + within,
        codes=np.ascontiguousarray(codes.T),
        vectors=vectors,
    )


def _best(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Where the `k` highest scores are, in no order, and all that equal the last."""
    if len(scores) <= k:
        return np.arange(len(scores))
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    return np.flatnonzero(scores >= last)
