"""What the late store is measured against, each over the same pages, answering one query at a time.

- `Brute`: exact MaxSim in fp32, one matrix product a block of pages, on all cores. The vectors are
  brought to memory and to fp32 before the clock starts: only arithmetic is timed.
- `Faiss`: IVFFlat over all tokens with 1,024 cells, as M3DocRAG does it: for each query token the
  nearest `tokens` tokens, the best a page, summed; a page that is missing for a query token gets 0.
- `Plaid`: fast-plaid with its own defaults (4 bits a dimension).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Blocks = Callable[[], Iterator[tuple[int, list[NDArray[np.float16]]]]]  # first page, pages

_CELLS = 1_024
_TRAINING = 131_072  # tokens that the cells are made from


def brute(blocks: Blocks, queries: Sequence[Floats], count: int) -> tuple[Floats, list[float]]:
    """Exact scores of all pages for all queries, and the seconds each query took."""
    scores = np.zeros((len(queries), count), dtype=np.float32)
    seconds = [0.0] * len(queries)
    for first, pages in blocks():
        tokens = torch.from_numpy(np.concatenate(pages)).float().T.contiguous()
        starts = np.cumsum([0, *(len(page) for page in pages[:-1])])
        for at, query in enumerate(queries):
            asked = torch.from_numpy(query)
            began = time.perf_counter()
            best = np.maximum.reduceat((asked @ tokens).numpy(), starts, axis=1)
            scores[at, first : first + len(pages)] = best.sum(axis=0)
            seconds[at] += time.perf_counter() - began
    return scores, seconds


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
    """fast-plaid, on the CPU."""

    def __init__(self, blocks: Blocks, folder: Path) -> None:
        from fast_plaid import search

        documents = [torch.from_numpy(np.array(page)) for _, pages in blocks() for page in pages]
        self._index = search.FastPlaid(index=str(folder), device="cpu")
        began = time.perf_counter()
        self._index.create(documents_embeddings=documents, start_from_scratch=0)
        self.seconds = time.perf_counter() - began
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
