"""Late interaction at scale, against exact brute force, faiss over all tokens, and fast-plaid.

    python benchmarks/late.py VECTORS.npz [--pages 1000 10000 41005] [--cores 2] [--queries 10]
                              [--faiss-pages 10000] [--plaid-pages 1000] [--keep DIR]

VECTORS.npz holds real ColQwen2 token vectors, one (tokens, 128) array a page, named
`document_page`; `late_pages.py` says how pages and queries are made from them. For each number of
pages: seconds to build, bytes a page on disk and in memory, milliseconds a query, and how many of
the ten best pages by exact MaxSim are among the ten found. Everything is measured in one run, one
query at a time, with the cores named: brute force goes through the pages block by block, and
between its blocks all others are asked in turn, so that other work on the machine slows all of them
alike. CPU time is of all cores together. Prints Markdown. Brute force is needed: it says what is
right. faiss and fast-plaid (`pip install faiss-cpu fast-plaid`) are asked up to so many pages
each: faiss holds all vectors in memory, 15 GB for 41,005 pages, and fast-plaid's index of these
takes a day of two cores to build with its defaults, two hours with `--plaid-sample 600
--plaid-centroids 8192`. With `--keep` stores and fast-plaid's indexes stay, and a later run uses
them again.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

BLOCK = 128  # pages made, stored and multiplied at a time
TOP = 10
WARMING = 4  # queries of each difficulty that are asked before all others


Search = Callable[[NDArray[np.float32]], list[int]]


@dataclass
class Row:
    """One way to search so many pages."""

    pages: int
    name: str
    search: Search | None
    build: float | None = None  # seconds
    disk: float | None = None  # bytes a page
    memory: float | None = None
    spent: list[tuple[float, float]] = field(default_factory=list)  # seconds, of all cores, a query
    found: list[list[int]] = field(default_factory=list)  # pages, by query
    on_disk: bool = False  # and not in this process's memory
    last: NDArray[np.float32] | None = None  # query

    def ask(self, query: NDArray[np.float32]) -> None:
        """Search, and note what it took.

        What lies on disk is brought to the system's memory before, where the vectors of all others
        are; the query before it is asked in between, so that no cache still holds the pages.
        """
        if self.on_disk:
            self.search(query)
            self.search(query if self.last is None else self.last)
            self.last = query
        began, worked = time.perf_counter(), time.process_time()
        self.found.append(self.search(query))
        self.spent.append((time.perf_counter() - began, time.process_time() - worked))


def main() -> None:
    options = arguments()
    limit_cores(options.cores)
    import torch  # after the limits, which it reads when it is loaded

    torch.set_num_threads(options.cores)
    from late_pages import PageMaker, compare

    maker = PageMaker(options.vectors)
    print(f"{options.cores} cores of {processor()}; {options.queries} queries a difficulty.\n")
    print(table(("best cosine of a token", "real pages", "made pages"), compare(maker)))
    folder = options.keep or Path(tempfile.mkdtemp(prefix="late-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        measure(options, maker, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def measure(options: argparse.Namespace, maker: "PageMaker", folder: Path) -> None:  # noqa: F821
    """Make a store of each size, and print a table for each."""
    from pagehop.tools.retrieval.late.store import LateStore

    costs = []
    for pages in sorted(options.pages):
        store = LateStore(folder / f"store-{pages}", encoder="made", dim=128)
        rows, exact, kinds = compared(options, maker, store, folder, pages)
        print(f"\n### {pages:,} pages\n\n{report(rows, exact, kinds)}\n", flush=True)
        print(one_more(store, maker, pages), flush=True)
        costs.append((pages, [np.median([s[0] for s in row.spent]) * 1e3 for row in rows[:2]]))
        store.close()
    if len(costs) > 1:
        print(f"\n### Cost against size\n\n{fitted(costs, ('late store', 'brute force'))}")


def compared(options, maker, store, folder, pages):  # noqa: ANN001, ANN201
    from late_pages import COSINES
    from late_rivals import brute

    queries = [
        maker.query(difficulty, number, pages)
        for number in range(options.queries)
        for difficulty in COSINES
    ]
    built = grow(store, maker, pages)
    blocks = reader(store, pages)
    rows = [*ours(store, pages, built)]
    rows += rivals(options, blocks, pages, folder)
    asked = [query.tokens for query in queries]
    waiting = deque((row, query) for query in asked for row in rows)
    jobs = len(waiting)
    # Others first: what is compiled, read or mapped once is not a search's cost.
    for number in range(options.queries, options.queries + WARMING):
        for difficulty in COSINES:
            for row in rows:
                row.search(maker.query(difficulty, number, pages).tokens)

    def between(done: float) -> None:
        while jobs - len(waiting) < done * jobs:
            row, query = waiting.popleft()
            row.ask(query)

    scores, spent = brute(blocks, asked, pages, between)
    exact = [np.lexsort((np.arange(pages), -row))[:TOP].tolist() for row in scores]
    rows.insert(1, Row(pages, "exact brute force, fp32", None, spent=spent, found=exact))
    return rows, exact, [query.difficulty for query in queries]


def ours(store, pages: int, built: float | None) -> list[Row]:  # noqa: ANN001
    keys = {key(number): number for number in range(pages)}

    def search(query: NDArray[np.float32]) -> list[int]:
        return [keys[one.key] for one in store.search(query, TOP)]

    sizes = (store.disk_bytes / pages, store.memory_bytes / pages)
    return [Row(pages, "late store", search, built, *sizes, on_disk=True)]


def rivals(options, blocks, pages, folder) -> list[Row]:  # noqa: ANN001
    """faiss and fast-plaid where they are wanted, at several settings each."""
    from late_rivals import Faiss, Plaid

    rows = []
    if pages <= options.faiss_pages:
        faiss = Faiss(blocks, pages, options.cores)
        for probes, tokens in ((1, 10), (8, 1_000), (32, 10_000)):
            search = partial(faiss.search, k=TOP, probes=probes, tokens=tokens)
            name = f"faiss IVF, {probes} of 1,024 cells, {tokens:,} tokens a query token"
            each = faiss.bytes / pages
            rows.append(Row(pages, name, search, faiss.seconds, each, each))
    if pages <= options.plaid_pages:
        plaid = Plaid(
            blocks, folder / f"plaid-{pages}", options.plaid_sample, options.plaid_centroids
        )
        for probes, full in ((4, 1_024), (8, 4_096), (32, 8_192)):
            search = partial(plaid.search, k=TOP, probes=probes, full=full)
            name = f"fast-plaid, {probes} probes, {full:,} full scores"
            each = plaid.bytes / pages
            rows.append(Row(pages, name, search, plaid.seconds, each, each))
    return rows


def grow(store, maker, pages: int) -> float | None:  # noqa: ANN001
    """Add all pages; the seconds that the store took, or None if they were kept."""
    if len(store.keys()) == pages:
        return None
    spent = 0.0
    for first in range(0, pages, BLOCK):
        made = [(key(at), maker.page(at)) for at in range(first, min(first + BLOCK, pages))]
        began = time.perf_counter()
        store.add(made)
        spent += time.perf_counter() - began
    return spent


def one_more(store, maker, pages: int) -> str:  # noqa: ANN001
    """Add one page, find it, remove it again."""
    page = maker.page(pages + 10_000)
    began = time.perf_counter()
    store.add([(("one-more", 1), page)])
    added = time.perf_counter()
    found = store.search(page[5:25].astype(np.float32), 1)[0].key
    ended = time.perf_counter()
    store.remove([("one-more", 1)])
    assert found == ("one-more", 1), found
    return (
        f"One page more: added in {(added - began) * 1e3:.0f} ms, found first "
        f"{(ended - added) * 1e3:.0f} ms later, nothing rebuilt."
    )


def reader(store, pages: int) -> Callable[[], Iterator[tuple[int, list[NDArray[np.float16]]]]]:  # noqa: ANN001
    """The stored vectors, block by block in the order of their numbers."""

    def blocks() -> Iterator[tuple[int, list[NDArray[np.float16]]]]:
        for first in range(0, pages, BLOCK):
            wanted = [key(at) for at in range(first, min(first + BLOCK, pages))]
            yield first, [store.vectors(one) for one in wanted]

    return blocks


def report(rows: Sequence[Row], exact: Sequence[Sequence[int]], kinds: Sequence[str]) -> str:
    brute = np.median(rows[1].spent, axis=0)
    lines = []
    for row in rows:
        recalls = [
            len(set(got) & set(best)) / TOP for got, best in zip(row.found, exact, strict=True)
        ]
        by_kind = [
            fmean(r for r, kind in zip(recalls, kinds, strict=True) if kind == one)
            for one in ("easy", "middle", "hard")
        ]
        p50, p95 = np.quantile([wall for wall, _ in row.spent], [0.5, 0.95])
        cpu = np.median([cpu for _, cpu in row.spent])
        lines.append(
            (
                row.name,
                f"{fmean(recalls):.3f}",
                " / ".join(f"{one:.2f}" for one in by_kind),
                f"{p50 * 1e3:.1f}",
                f"{p95 * 1e3:.1f}",
                f"{cpu * 1e3:.1f}",
                f"{brute[0] / p50:.1f} / {brute[1] / cpu:.1f}",
                "" if row.build is None else f"{row.build / row.pages * 1e3:.1f}",
                "" if row.disk is None else f"{row.disk / 1e3:.1f}",
                "" if row.memory is None else f"{row.memory / 1e3:.1f}",
            )
        )
    heads = (
        "method",
        "recall@10",
        "easy / middle / hard",
        "p50 ms",
        "p95 ms",
        "CPU ms",
        "times faster than brute, clock / CPU",
        "build ms/page",
        "disk kB/page",
        "memory kB/page",
    )
    return table(heads, lines)


def fitted(costs: Sequence[tuple[int, Sequence[float]]], names: Sequence[str]) -> str:
    """A line through the medians, and what it says of a million pages."""
    lines = []
    sizes = np.array([pages for pages, _ in costs])
    for at, name in enumerate(names):
        slope, start = np.polyfit(sizes, [times[at] for _, times in costs], 1)
        million = start + slope * 1e6
        lines.append(
            (name, f"{start:.1f} ms + {slope * 1e3:.2f} µs a page", f"{million / 1e3:.2f} s")
        )
    return table(("method", "p50", "at a million pages"), lines)


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def key(number: int) -> tuple[str, int]:
    """The key of page `number`: documents of twelve pages."""
    return f"document-{number // 12:05d}", number % 12 + 1


def limit_cores(cores: int) -> None:
    """Use so many cores; the libraries read how many when they are loaded, so start again."""
    wanted = {
        "OMP_NUM_THREADS": str(cores),
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin take the core from each other
        "OPENBLAS_NUM_THREADS": "1",  # numpy's products here are small
    }
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:cores]))
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, sys.orig_argv)


def processor() -> str:
    """The processor's name, where the system tells."""
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vectors", type=Path)
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000, 41_005])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--queries", type=int, default=10, help="of each difficulty")
    parser.add_argument("--faiss-pages", type=int, default=10_000, help="0: without it")
    parser.add_argument("--plaid-pages", type=int, default=1_000, help="0: without it")
    parser.add_argument("--plaid-sample", type=int, help="pages that its centroids are made from")
    parser.add_argument("--plaid-centroids", type=int, help="how many; by its own rule 65,536")
    parser.add_argument("--keep", type=Path, help="where files stay; 9 GB for 41,005 pages")
    return parser.parse_args()


if __name__ == "__main__":
    main()
