"""Work on all cores, by threads of our own: numba's are not safe when several threads search."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

Part = TypeVar("Part")
Made = TypeVar("Made")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def on_all(work: Callable[[Part], Made], parts: Iterable[Part]) -> list[Made]:
    """What comes of each part, in their order; for work that lets other threads run."""
    return list(_pool().map(work, parts))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="late")
