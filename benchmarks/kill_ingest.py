"""Kill an ingest at random moments, again and again, and compare what comes out with a quiet run.

    python benchmarks/kill_ingest.py PATH... [--kills 20] [--builds 8] [--seed 7] [--workers N]
                                     [--folder DIR]

A quiet run first: its stages are timed. Then a second corpus is filled by runs that are killed
with -9 at random moments of the reading, a third of them while vectors are made or the index is
built. Then the flat file of vectors is deleted `--builds` times, and the run that writes it anew
is killed with all its children. One last run is left alone. The two catalogues are compared row
by row, the vectors number by number, and what the index holds with what the catalogue holds.
Prints one JSON object; exits with 1 when anything differs.
"""

import argparse
import contextlib
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pagehop.tools import Corpus
from pagehop.tools.retrieval.dense.channel import DenseChannel
from pagehop.tools.retrieval.dense.encoder import Encoder

READING = ("Looking at files", "Reading text", "Finding regions", "Reading pictures")
BUILDING = "Building the vector index"
ADD = """
import sys
from pagehop.tools import Corpus
def told(what, done, total):
    print(what, done, total, sep="\\t", flush=True)
with Corpus(sys.argv[1]) as corpus:
    report = corpus.add(*sys.argv[3:], workers=int(sys.argv[2]) or None, progress=told)
print("end", len(report.failed), report.pages, sep="\\t", flush=True)
"""


@dataclass
class Task:
    """One task of a run as it was seen from outside."""

    first: float = 0.0  # seconds after the run began
    last: float = 0.0
    done: int = 0
    total: int = 0


@dataclass
class Run:
    """One run of `add`, in a process of its own."""

    tasks: dict[str, Task] = field(default_factory=dict)
    seconds: float = 0.0
    failed: int = 0
    ended: bool = False


def main() -> None:
    """Run, kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--builds", type=int, default=8, help="kills while vectors are written")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=0, help="0: one a core")
    parser.add_argument("--folder", type=Path, help="where the two corpora are made and kept")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="kill-ingest-"))
    try:
        summary = compare(folder, options)
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(summary, indent=2))
    sys.exit(0 if summary["equal"] else 1)


def compare(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """A quiet run and a killed one over the same files."""
    quiet, killed = folder / "quiet", folder / "killed"
    paths, workers = options.paths, options.workers
    whole = run(quiet, paths, workers)
    log(f"quiet run: {whole.seconds:.1f} s")
    moments = plan(options.kills, options.seed)
    where = [kill_somewhere(killed, paths, workers, whole, moment) for moment in moments]
    run(killed, paths, workers)
    without_index(killed)
    build = run(killed, paths, workers).tasks[BUILDING]
    chance = random.Random(options.seed)
    for _ in range(options.builds):
        after = chance.random() * (build.last - build.first)
        where.append(kill_in_build(killed, paths, workers, after))
    last = run(killed, paths, workers)
    rows, different = compared_rows(quiet, killed)
    vectors = compared_vectors(quiet, killed)
    held = vectors["equal"] and not vectors["lost"] and not vectors["left_over"]
    return {
        "equal": not different and held and last.ended,
        "kills": len([what for what in where if what]),
        "killed_during": {what: where.count(what) for what in sorted({*where} - {""})},
        "rows": rows,
        "different_rows": different[:10],
        "vectors": vectors,
        "quiet_seconds": round(whole.seconds, 1),
        "last_run_seconds": round(last.seconds, 1),
        "failed_files": whole.failed,
        "per_second": {
            what: round(task.done / (task.last - task.first), 2)
            for what, task in whole.tasks.items()
            if task.done and task.last > task.first + 0.05
        },
        "seconds": {what: round(task.last - task.first, 1) for what, task in whole.tasks.items()},
        "problems": {"quiet": problems(quiet), "killed": problems(killed)},
    }


@dataclass
class Moment:
    """When a run is killed: a share, 0 to 1, of its reading or of its indexing."""

    indexing: bool
    share: float


def plan(kills: int, seed: int) -> Iterator[Moment]:
    """Two kills in the reading, then, while that lasts, one in the indexing, and so on."""
    chance = random.Random(seed)
    reading = kills - kills // 3
    for _ in range(reading):
        yield Moment(indexing=False, share=chance.random() * 2 / max(reading, 1))
    for _ in range(kills - reading):
        yield Moment(indexing=True, share=chance.random())


def kill_somewhere(corpus: Path, paths: list[str], workers: int, whole: Run, moment: Moment) -> str:
    """Run, kill at that moment; the task it was in, or "" where the run ended before."""
    indexing = [task for what, task in whole.tasks.items() if what not in READING]
    begun = min((task.first for task in indexing), default=whole.seconds)
    span = (whole.seconds - begun) if moment.indexing else begun
    process = start(corpus, paths, workers)
    assert process.stdout is not None
    what = "start"
    deadline = None if moment.indexing else time.monotonic() + moment.share * span
    lines = _lines(process)
    while deadline is None or time.monotonic() < deadline:
        line = next(lines, None)
        if line is None:
            process.wait()
            return ""
        if not line:
            continue
        what = line.split("\t")[0]
        if deadline is None and what not in READING:
            deadline = time.monotonic() + moment.share * span
    process.kill()
    process.wait()
    log(f"killed during {what}")
    return what


def without_index(corpus: Path) -> None:
    """Delete the file of vectors."""
    for index in corpus.glob("index/vectors-*"):
        shutil.rmtree(index)


def kill_in_build(corpus: Path, paths: list[str], workers: int, after: float) -> str:
    """Kill a run that writes the file of vectors anew, and all its children, so many seconds in."""
    without_index(corpus)
    process = start(corpus, paths, workers)
    begun: float | None = None
    for line in _lines(process):
        if begun is None and line.startswith(BUILDING):
            begun = time.monotonic()
        if begun is not None and time.monotonic() - begun > after:
            break
    ended = process.poll() is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    log(f"killed {after:.3f} s into the build" if not ended else "built already")
    return "" if ended else BUILDING


def run(corpus: Path, paths: list[str], workers: int) -> Run:
    """One run that is left alone."""
    seen = Run()
    begun = time.monotonic()
    process = start(corpus, paths, workers)
    assert process.stdout is not None
    for line in process.stdout:
        now = time.monotonic() - begun
        what, done, total = line.strip().split("\t")
        if what == "end":
            seen.failed, seen.ended = int(done), True
            continue
        task = seen.tasks.setdefault(what, Task(first=now))
        task.last, task.done, task.total = now, int(done), int(total)
    if process.wait():
        sys.exit(f"The run of {corpus} failed.")
    seen.seconds = time.monotonic() - begun
    return seen


def start(corpus: Path, paths: list[str], workers: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", ADD, str(corpus), str(workers), *paths]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Lines as they come, and "" every hundredth of a second without one."""
    assert process.stdout is not None
    descriptor, rest = process.stdout.fileno(), b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], 0.01)
        if not ready:
            yield ""
            continue
        block = os.read(descriptor, 65536)
        if not block:
            return
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode()


def compared_rows(quiet: Path, killed: Path) -> tuple[dict[str, int], list[str]]:
    """How many rows a table has, and the rows that only one of the two has."""
    with Corpus(quiet) as one, Corpus(killed) as other:
        first = [repr(row) for row in one.catalogue.dump()]
        second = [repr(row) for row in other.catalogue.dump()]
        tables = [row[0] for row in one.catalogue.dump()]
    only = sorted({*first} ^ {*second})
    if first != second and not only:
        only = ["the rows are the same, their order or number is not"]
    return {table: tables.count(table) for table in dict.fromkeys(tables)}, [r[:300] for r in only]


def compared_vectors(quiet: Path, killed: Path) -> dict[str, Any]:
    """Whether the vectors are the same, and how many of them the index has not, or wrong."""
    encoder = Encoder().id
    with Corpus(quiet) as one, Corpus(killed) as other:
        ids, vectors = one.catalogue.vectors(encoder)
        own_ids, own = other.catalogue.vectors(encoder)
        missing = len(other.catalogue.passages_without_vector(encoder))
        indexed = indexed_vectors(other)
    same = ids == own_ids and bool(np.allclose(vectors, own, atol=1e-5))
    kept = dict(zip(own_ids, own, strict=True))
    right = [name for name in kept if name in indexed and np.array_equal(indexed[name], kept[name])]
    return {
        "equal": same and not missing,
        "count": len(own_ids),
        "missing": missing,
        "indexed": len(indexed),
        "lost": len(kept) - len(right),
        "left_over": len(indexed.keys() - kept.keys()),
    }


def indexed_vectors(corpus: Corpus) -> dict[str, NDArray[np.float32]]:
    """Passage id -> vector, as the dense channel searches them."""
    dense = corpus.retriever.channels["dense"]
    assert isinstance(dense, DenseChannel)
    rows = dense.rows()
    return {rows.passage_id(one): rows.vectors[rows.at[one]] for one in range(len(rows))}


def problems(corpus: Path) -> list[str]:
    with Corpus(corpus) as opened:
        return list(opened.check())


def log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
