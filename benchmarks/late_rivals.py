"""What the late store is measured against, each over the same pages, answering one query at a time.

- `Brute`: exact MaxSim in fp32, one matrix product a block of pages, on all cores. The vectors are
  brought to memory and to fp32 before the clock starts, and all queries are asked of a block before
  the next one: only arithmetic is timed, mostly from the cache.
- `Faiss`: IVFFlat over all tokens with 1,024 cells, as M3DocRAG does it: for each query token the
  nearest `tokens` tokens, the best a page, summed; a page that is missing for a query token gets 0.
- `Plaid`: fast-plaid with its own defaults (4 bits a dimension), or, so that its index is built in
  less time, with so many centroids, from a sample of the pages, in two rounds of k-means, not four.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Spent = tuple[float, float]  # seconds by the clock, and of all cores
Blocks = Callable[[], Iterator[tuple[int, list[NDArray[np.float16]]]]]  # first page, pages

_CELLS = 1_024
_TRAINING = 131_072  # tokens that the cells are made from


def brute(
    blocks: Blocks, queries: Sequence[Floats], count: int, between: Callable[[float], None]
) -> tuple[Floats, list[Spent]]:
    """Exact scores of all pages for all queries, and what each query took.

    Args:
        blocks: the pages.
        queries: all are asked block by block.
        count: of pages.
        between: called after each block with the share that is done: so that others are measured
            under the same load.
    """
    scores = np.zeros((len(queries), count), dtype=np.float32)
    spent = [(0.0, 0.0)] * len(queries)
    for first, pages in blocks():
        tokens = torch.from_numpy(np.concatenate(pages)).float().T.contiguous()
        starts = np.cumsum([0, *(len(page) for page in pages[:-1])])
        for at, query in enumerate(queries):
            asked = torch.from_numpy(query)
            began, worked = time.perf_counter(), time.process_time()
            best = np.maximum.reduceat((asked @ tokens).numpy(), starts, axis=1)
            scores[at, first : first + len(pages)] = best.sum(axis=0)
            wall, cpu = time.perf_counter() - began, time.process_time() - worked
            spent[at] = (spent[at][0] + wall, spent[at][1] + cpu)
        between((first + len(pages)) / count)
    return scores, spent


class Faiss:
    """M3DocRAG's index."""

    def __init__(self, blocks: Blocks, count: int, cores: int) -> None:
        import faiss

        faiss.omp_set_num_threads(cores)
        self._page = np.zeros(0, dtype=np.int32)
        began = time.perf_counter()
        spent = 0.0  # on reading pages, which is not the index's
        index: Any = None
        lengths: list[int] = []
        for _, pages in blocks():
            paused = time.perf_counter()
            tokens = np.concatenate(pages).astype(np.float32)
            lengths += [len(page) for page in pages]
            spent += time.perf_counter() - paused
            if index is None:
                quantizer = faiss.IndexFlatIP(tokens.shape[1])
                index = faiss.IndexIVFFlat(
                    quantizer, tokens.shape[1], _CELLS, faiss.METRIC_INNER_PRODUCT
                )
                index.train(tokens[:_TRAINING])
            index.add(tokens)
        self._index = index
        self._page = np.repeat(np.arange(count, dtype=np.int32), lengths)
        self.seconds = time.perf_counter() - began - spent
        self.bytes = int(index.ntotal) * (index.d * 4 + 8)

    def search(self, query: Floats, k: int, probes: int, tokens: int) -> list[int]:
        self._index.nprobe = probes
        scores, found = self._index.search(query, tokens)
        total: dict[int, float] = {}
        for row, where in zip(scores, found, strict=True):
            best: dict[int, float] = {}
            for score, token in zip(row.tolist(), where.tolist(), strict=True):
                if token >= 0:
                    page = int(self._page[token])
                    best[page] = max(best.get(page, score), score)
            for page, score in best.items():
                total[page] = total.get(page, 0.0) + score
        return sorted(total, key=lambda page: (-total[page], page))[:k]


class Plaid:
    """fast-plaid, on the CPU; an index that is in the folder already is used again."""

    def __init__(
        self, blocks: Blocks, folder: Path, sample: int | None, centroids: int | None
    ) -> None:
        from fast_plaid import search

        noted = folder.with_suffix(".seconds")
        there = noted.exists()
        self._index = search.FastPlaid(index=str(folder), device="cpu")
        if not there:
            documents = [
                torch.from_numpy(np.array(page)) for _, pages in blocks() for page in pages
            ]
            began = time.perf_counter()
            options = {} if sample is None else {"n_samples_kmeans": sample, "kmeans_niters": 2}
            with _so_many(centroids):
                self._index.create(documents_embeddings=documents, start_from_scratch=0, **options)
            noted.write_text(str(time.perf_counter() - began))
        self.seconds = float(noted.read_text())
        self.bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def search(self, query: Floats, k: int, probes: int, full: int) -> list[int]:
        asked = torch.from_numpy(query)[None]
        found = self._index.search(
            queries_embeddings=asked,
            top_k=k,
            n_ivf_probe=probes,
            n_full_scores=full,
            show_progress=False,
        )
        return [int(page) for page, _ in found[0]]


@contextmanager
def _so_many(centroids: int | None) -> Iterator[None]:
    """fast-plaid's own k-means takes how many centroids are made; its `create` does not."""
    from fast_plaid.search import fast_plaid

    own = fast_plaid.compute_kmeans
    if centroids is not None:
        fast_plaid.compute_kmeans = partial(own, num_partitions=centroids)
    try:
        yield
    finally:
        fast_plaid.compute_kmeans = own
