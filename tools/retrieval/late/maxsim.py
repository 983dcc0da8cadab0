"""Exact MaxSim: the best match of each query token on a page, summed (ColBERT, 2020).

A page is scored from its own tokens alone. On a GPU pages are padded to one length, and what is
padded is masked to minus infinity, never to zero: a zero would beat every negative similarity, so
that a page's score would depend on the longest page beside it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

DECIMALS = 4  # of a score: a product's last bits depend on what is multiplied along with it

TOGETHER = 8  # pages a multiplication: enough for all cores, little enough for the cache
_SERIAL = 32_768  # numbers that torch converts without waking its threads, which costs more

_LOCAL = threading.local()


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """How well one page answers a query."""

    score: float  # at most the number of query tokens; rounded to DECIMALS
    tokens: NDArray[np.int64]  # (query tokens,): the page token that matched each best


def maxsim(
    query: NDArray[np.float32], pages: Sequence[NDArray[np.float16]], device: str = "cpu"
) -> list[Similarity]:
    """MaxSim of a query with each page, in 32-bit floats.

    Args:
        query: (query tokens, dim), rows of unit length; at least one.
        pages: (tokens, dim) each, rows of unit length; at least one; in memory that may be
            written to, as torch wants it. Lengths differ.
        device: a torch device; on any but the CPU pages are padded.
    """
    asked = torch.from_numpy(np.array(query, dtype=np.float32)).to(device)
    score = joined if device == "cpu" else padded
    return [
        one
        for start in range(0, len(pages), TOGETHER)
        for one in score(asked, pages[start : start + TOGETHER])
    ]


def joined(query: torch.Tensor, pages: Sequence[NDArray[np.float16]]) -> list[Similarity]:
    """MaxSim of pages laid end to end, on the CPU: no padding at all."""
    ends = np.cumsum([len(page) for page in pages]).tolist()
    tokens = _widened(pages, ends)
    similarities = (query @ tokens.T).numpy()  # query tokens, tokens of all pages
    made, rows = [], np.arange(len(query))
    for end, page in zip(ends, pages, strict=True):
        own = similarities[:, end - len(page) : end]
        where = own.argmax(axis=1)
        best = own[rows, where]
        made.append(Similarity(round(float(best.sum()), DECIMALS), where))
    return made


def padded(query: torch.Tensor, pages: Sequence[NDArray[np.float16]]) -> list[Similarity]:
    """MaxSim of pages padded to the longest of them, on the query's device."""
    longest = max(len(page) for page in pages)
    tokens = torch.zeros(len(pages), longest, query.shape[1], dtype=torch.float16)
    absent = torch.ones(len(pages), longest, dtype=torch.bool)
    for at, page in enumerate(pages):
        tokens[at, : len(page)] = torch.from_numpy(page)
        absent[at, : len(page)] = False
    similarities = tokens.to(query.device).float() @ query.T  # pages, tokens, query tokens
    similarities.masked_fill_(absent.to(query.device)[:, :, None], -torch.inf)
    best, where = similarities.max(dim=1)
    return [
        Similarity(round(score, DECIMALS), tokens_of)
        for score, tokens_of in zip(best.sum(dim=1).tolist(), where.cpu().numpy(), strict=True)
    ]


def _widened(pages: Sequence[NDArray[np.float16]], ends: Sequence[int]) -> torch.Tensor:
    """The pages' tokens in 32 bits, end to end, in memory that this thread uses again."""
    dim = pages[0].shape[1]
    held: torch.Tensor | None = getattr(_LOCAL, "tokens", None)
    if held is None or held.shape[1] != dim or len(held) < ends[-1]:
        held = _LOCAL.tokens = torch.empty(ends[-1], dim)
    rows = max(_SERIAL // dim, 1)
    for end, page in zip(ends, pages, strict=True):
        for first in range(0, len(page), rows):
            part = torch.from_numpy(page[first : first + rows])
            start = end - len(page) + first
            held[start : start + len(part)].copy_(part)
    return held[: ends[-1]]
