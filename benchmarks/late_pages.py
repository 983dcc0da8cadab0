"""Pages and queries for late interaction at scale, from the statistics of real ColQwen2 vectors.

**Pages.** A real page's tokens are gathered into 64 clusters; the page is a layout: which token is
in which cluster, and by how much it differs from the cluster's centre. A made page takes the
layout of a real one, and new centres: most are drawn from the normal distribution of the real
centres about a mean of its document and a mean of its own, some are taken over from its document's
template (how many differs from page to page: near-duplicates occur), and some from a pool of 200
real centres, the most common first (backgrounds, borders, boilerplate). `compare` prints how near
the result comes to the real pages.

**Queries.** There are no real query vectors. A query is 20 tokens of one page, each turned away
from it by noise with the tokens' own covariance, a third of it common to all tokens of the query,
until its cosine with the token is 0.9 (easy), 0.7 (middle) or 0.5 (hard).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PER_DOCUMENT = 12  # pages, as in M3DocVQA: 41,005 pages of 3,368 documents
COSINES = {"easy": 0.9, "middle": 0.7, "hard": 0.5}
QUERY_TOKENS = 20

_CLUSTERS = 64
_POOL = 200
_COMMON = 0.2  # share of a page's clusters from the pool
_DOCUMENT, _PAGE = 0.15, 0.30  # shares of the variance between documents, and between their pages
_JITTER = 0.15  # of a pooled centre, in standard deviations
_IN_COMMON = 0.3  # share of a query's noise that its tokens have in common


@dataclass(frozen=True)
class Query:
    """A query, how hard it is, and the page it was made from."""

    difficulty: str
    page: int
    tokens: Floats


class PageMaker:
    """Makes page `i`, always the same, from real pages' token vectors."""

    def __init__(self, path: Path, seed: int = 0) -> None:
        self.seed = seed
        with np.load(path, allow_pickle=False) as held:
            names = sorted(held.files)
            self.real = [held[name].astype(np.float32) for name in names]
        self.real_documents = [name.rsplit("_", 1)[0].split("_")[0] for name in names]
        rng = np.random.default_rng(seed)
        gathered = [clustered(page, rng) for page in self.real]
        self._layouts = [
            (labels, page - centres[labels])
            for page, (centres, labels) in zip(self.real, gathered, strict=True)
        ]
        centres = np.concatenate([centres for centres, _ in gathered])
        self._mean, self._root = centres.mean(axis=0), root(centres)
        self._lengths = np.linalg.norm(centres, axis=1)
        self._pool = centres[rng.choice(len(centres), _POOL, replace=False)]
        odds = 1 / np.arange(1, _POOL + 1)
        self._odds = odds / odds.sum()
        self._noise = root(np.concatenate(self.real))
        self._document: tuple[int, Floats, Floats] = (-1, self._mean, self._pool)

    def page(self, number: int) -> NDArray[np.float16]:
        """(tokens, 128) unit vectors of page `number`, from 0."""
        mean, template = self._of_document(number // PER_DOCUMENT)
        rng = np.random.default_rng((self.seed, 2, number))
        labels, rest = self._layouts[rng.integers(len(self._layouts))]
        centres = mean + _PAGE**0.5 * self._drawn(rng, 1)
        centres = centres + (1 - _DOCUMENT - _PAGE) ** 0.5 * self._drawn(rng, _CLUSTERS)
        drawn, shared = rng.random(_CLUSTERS), rng.beta(0.5, 0.9) * (1 - _COMMON)
        centres = np.where((drawn < shared)[:, None], template, centres)
        pooled = self._pool[rng.choice(_POOL, _CLUSTERS, p=self._odds)]
        pooled = pooled + _JITTER * self._drawn(rng, _CLUSTERS)
        centres = np.where((drawn > 1 - _COMMON)[:, None], pooled, centres)
        lengths = self._lengths[rng.integers(len(self._lengths), size=_CLUSTERS)]
        centres *= (lengths / np.linalg.norm(centres, axis=1))[:, None]
        return unit(centres[labels] + rest).astype(np.float16)

    def query(self, difficulty: str, number: int, pages: int) -> Query:
        """The `number`-th query of a difficulty to the first `pages` pages."""
        rng = np.random.default_rng((self.seed, 3, number, list(COSINES).index(difficulty)))
        page = int(rng.integers(pages))
        tokens = self.page(page).astype(np.float32)
        tokens = unit(tokens[rng.choice(len(tokens), QUERY_TOKENS, replace=False)])
        shape = (QUERY_TOKENS, tokens.shape[1])
        noise = _IN_COMMON**0.5 * rng.standard_normal((1, shape[1]))
        noise = (noise + (1 - _IN_COMMON) ** 0.5 * rng.standard_normal(shape)) @ self._noise.T
        noise -= (noise * tokens).sum(axis=1, keepdims=True) * tokens
        cosine = COSINES[difficulty]
        turned = cosine * tokens + (1 - cosine**2) ** 0.5 * unit(noise.astype(np.float32))
        return Query(difficulty, page, turned.astype(np.float32))

    def _of_document(self, number: int) -> tuple[Floats, Floats]:
        if self._document[0] != number:
            rng = np.random.default_rng((self.seed, 1, number))
            mean = self._mean + _DOCUMENT**0.5 * self._drawn(rng, 1)[0]
            template = mean + (1 - _DOCUMENT) ** 0.5 * self._drawn(rng, _CLUSTERS)
            self._document = (number, mean, template)
        return self._document[1:]

    def _drawn(self, rng: np.random.Generator, count: int) -> Floats:
        return rng.standard_normal((count, len(self._mean)), dtype=np.float32) @ self._root.T


def compare(maker: PageMaker, pages: int = 60) -> list[tuple[str, list[float], list[float]]]:
    """Quantiles 5, 25, 50, 75, 95 % of tokens' best cosines: (where, real, made)."""
    made = [maker.page(number).astype(np.float32) for number in range(pages)]
    real = best_cosines(maker.real, maker.real_documents)
    ours = best_cosines(made, [str(number // PER_DOCUMENT) for number in range(pages)])
    return [(where, quantiles(real[where]), quantiles(ours[where])) for where in real]


def best_cosines(pages: Sequence[Floats], documents: Sequence[str]) -> dict[str, Floats]:
    """For some tokens of some pages, the best cosine with another token, by where that is."""
    rng = np.random.default_rng(0)
    found: dict[str, list[Floats]] = {"same page": [], "same document": [], "other document": []}
    for at in range(0, len(pages), 3):
        tokens = pages[at][rng.choice(len(pages[at]), 100, replace=False)]
        for other, page in enumerate(pages):
            cosines = np.sort(tokens @ page.T, axis=1)
            if other == at:
                found["same page"].append(cosines[:, -2])
            elif documents[other] == documents[at]:
                found["same document"].append(cosines[:, -1])
            else:
                found["other document"].append(cosines[:, -1])
    return {where: np.concatenate(lists) for where, lists in found.items()}


def quantiles(values: Floats) -> list[float]:
    return [round(float(one), 2) for one in np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])]


def clustered(tokens: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """k-means: the centres, and each token's cluster."""
    centres = tokens[rng.choice(len(tokens), _CLUSTERS, replace=False)].copy()
    labels = np.zeros(len(tokens), dtype=np.int64)
    for _ in range(8):
        labels = (tokens @ centres.T - 0.5 * (centres**2).sum(axis=1)).argmax(axis=1)
        for cluster in np.unique(labels):
            centres[cluster] = tokens[labels == cluster].mean(axis=0)
    return centres, labels


def root(vectors: Floats) -> Floats:
    """A square root of the covariance: `root @ normal` has it."""
    values, basis = np.linalg.eigh(np.cov(vectors.T))
    return (basis * np.sqrt(np.maximum(values, 0))).astype(np.float32)


def unit(vectors: Floats) -> Floats:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
