"""Lexical and dense search over many pages: python benchmarks/scale.py SOURCE QUESTIONS FOLDER

SOURCE is a corpus that `pagehop add` has filled: its pages, varied, become corpora of each size
under FOLDER (see scale_corpus.py for how, and for what their vectors are), which are kept for the
next run. QUESTIONS is JSON lines with `question`. Wall times are of this machine as it is; the
processor time beside them (of all threads) says what an idle one would need.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scale_corpus import Source, add_document, make, read

from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.dense.channel import DenseChannel
from pagehop.tools.retrieval.dense.chroma_index import ChromaIndex
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.fusion import Ballot, blend

SIZES = (1_000, 10_000, 41_005)
K = 1_000  # pages a channel is asked for, as the retriever does
REST = ("index/cards*", "index/first_pages*", "index/statements*")
ENDS = map("".join, product(".,;:!?", repeat=3))  # they change a question for the encoder alone
OPEN = """
import sys, time
from pagehop.tools import Corpus
start = time.perf_counter()
corpus = Corpus(sys.argv[1])
corpus.retriever
opened = time.perf_counter()
corpus.retriever.update()
ready = time.perf_counter()
corpus.find(sys.argv[2])
print(opened - start, ready - start, time.perf_counter() - ready)
"""


@dataclass(frozen=True)
class Timing:
    """Milliseconds a call: the median and the 95th percentile by the clock, the median of work."""

    p50: float
    p95: float
    work: float

    def __str__(self) -> str:
        return f"{self.p50:.1f} / {self.p95:.1f} ({self.work:.1f})"


def main() -> None:
    options = arguments()
    questions = list(
        dict.fromkeys(json.loads(line)["question"] for line in options.questions.open())
    )
    questions = questions[:: max(1, len(questions) // options.count)][: options.count]
    source = read(options.source, Encoder().id)
    built, searched = [], {}
    for pages in options.pages:
        folder = options.folder / str(pages)
        built.append([f"{pages:,}", *build(source, folder, pages)])
        with Corpus(folder) as corpus:
            searched[pages] = stages(corpus, questions)
            built[-1] += changes(source, corpus)
            if options.chroma:
                print(beside_chroma(corpus, questions, folder / "chroma"), flush=True)
    print(table(BUILT, built), table(*timings(searched)), fitted(searched), sep="\n\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, nargs="+", default=SIZES)
    parser.add_argument("--count", type=int, default=60, help="questions asked for each number")
    parser.add_argument("--chroma", action="store_true", help="Chroma on the same vectors too")
    return parser.parse_args()


BUILT = (
    "pages", "passages", "lexical build s", "vectors build s", "the rest build s",
    "bytes a page: catalogue", "lexical", "vectors", "the rest", "open s",
    "open, indexes checked s", "first search s", "recall@10",
    "one document added s", "next search ms", "removed s",
)  # fmt: skip


def build(source: Source, folder: Path, pages: int) -> list[str]:
    """Make the corpus and its indexes where they are missing; seconds, bytes a page, opening."""
    if not folder.exists():
        make(source, folder, pages, partial(told, f"making {pages:,} pages"))
    with Corpus(folder) as corpus:
        took = [f"{seconds(one.update):.1f}" for one in (*channels(corpus), corpus.retriever)]
        passages = len(corpus.catalogue.vectors(source.encoder)[0])
    sizes = [
        sum(path.stat().st_size for pattern in some for path in folder.glob(pattern)) / pages
        for some in (["catalogue*"], ["index/lexical*"], ["index/vectors-*/*"], REST)
    ]
    command = [sys.executable, "-c", OPEN, str(folder), "Which company had the most employees?"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    opened = [f"{float(one):.2f}" for one in ended.stdout.split()]
    return [f"{passages:,}", *took, *(f"{size:,.0f}" for size in sizes), *opened]


def stages(corpus: Corpus, questions: Sequence[str]) -> dict[str, dict[str, Timing]]:
    """Scope -> stage -> milliseconds, warm."""
    ids = [document.id for document in corpus.documents()]
    scopes = {
        "all": None,
        "one document": ids[:1],
        "ten documents": ids[:10],
        "5 % of documents": ids[::20],
    }
    for question in questions[:3]:
        corpus.find(question)
    return {
        name: {
            stage: timed(search, fresh(questions)) for stage, search in ways(corpus, chosen).items()
        }
        for name, chosen in scopes.items()
    }


def fresh(questions: Sequence[str]) -> list[str]:
    """The questions so that no cache of vectors knows them yet."""
    end = next(ENDS)
    return [f"{one} {end}" for one in questions]


def ways(corpus: Corpus, chosen: Collection[str] | None) -> dict[str, Callable[[str], Any]]:
    """What is timed; of all documents, the first time that most of those that lead are seen."""
    scope = Scope(documents=None if chosen is None else frozenset(chosen))
    lexical, dense = channels(corpus)
    threads = ThreadPoolExecutor(2)

    def both(text: str) -> object:
        waiting = [
            (one, threads.submit(one.search, Query(text=text), scope, K))
            for one in (lexical, dense)
        ]
        return blend(
            {
                one.name: Ballot(found.result(), one.weight, getattr(one, "floor", None))
                for one, found in waiting
            }
        )

    def find(text: str) -> object:
        return corpus.find(text, documents=None if chosen is None else list(chosen))

    return {
        "encode": Encoder().query,
        "lexical": lambda text: lexical.search(Query(text=text), scope, K),
        "dense, encoded": lambda text: dense.search(Query(text=text), scope, K),
        "both, encoded and fused": both,
        "Corpus.find": find,
        "Corpus.find again": find,
    }


def timed(search: Callable[[str], Any], questions: Sequence[str]) -> Timing:
    walls, works = [], []
    for question in questions:
        start, work = time.perf_counter(), time.process_time()
        search(question)
        walls.append(1e3 * (time.perf_counter() - start))
        works.append(1e3 * (time.process_time() - work))
    return Timing(*np.percentile(walls, [50, 95]).tolist(), float(np.median(works)))


def changes(source: Source, corpus: Corpus) -> list[str]:
    """Recall of the sifted search, then one document more, and one less, in the indexes."""
    share = recall(channels(corpus)[1], source.matrix[::40])
    number = int(time.time())  # a document that no earlier run has added
    document = add_document(source, corpus.catalogue, number, 12)
    added = seconds(corpus.retriever.update)
    after = seconds(lambda: [one.search(Query(text="x"), Scope(), 10) for one in channels(corpus)])
    corpus.catalogue.erase(document.id)
    removed = seconds(corpus.retriever.update)
    return [f"{share:.4f}", f"{added:.2f}", f"{1e3 * after:.0f}", f"{removed:.2f}"]


def recall(dense: DenseChannel, queries: NDArray[np.float32]) -> float:
    """Of the ten passages nearest to each query, the share that the search finds."""
    rows = dense.rows()
    found = 0
    for query in queries:
        candidates = rows.candidates(query, None)
        best = np.argpartition(rows.vectors[rows.at] @ query, -10)[-10:]
        found += np.isin(best, candidates).sum()
    return found / (10 * len(queries))


def beside_chroma(corpus: Corpus, questions: Sequence[str], folder: Path) -> str:
    """The same vectors in Chroma: built, opened, searched for as many as give the pages."""
    rows, index = channels(corpus)[1].rows(), ChromaIndex(folder)
    ids = [rows.passage_id(one) for one in range(len(rows))]
    vectors = np.asarray(rows.vectors[rows.at])
    build_s = seconds(lambda: index.ensure(ids, vectors, grow=True))
    index.close()
    open_s = seconds(lambda: index.ensure(ids, vectors, grow=False))
    encoder = Encoder()
    lines = []
    for n in (100, 2_000):
        for one in questions:
            encoder.query(one)
        times = timed(lambda text, n=n: index.nearest(encoder.query(text), n), questions)
        exact = timed(lambda text: rows.nearest(encoder.query(text), None, (), K), questions)
        hits = [
            len(
                {one for one, _ in index.nearest(encoder.query(text), n)[:10]}
                & {ids[at] for at in np.argsort(-(vectors @ encoder.query(text)))[:10]}
            )
            for text in questions[:20]
        ]
        lines.append([f"{len(ids):,}", str(n), str(times), f"{np.mean(hits) / 10:.3f}", str(exact)])
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    index.close()
    head = f"Chroma: built in {build_s:.0f} s, opened in {open_s:.1f} s, {size / 1e6:.0f} MB."
    columns = ("passages", "asked for", "Chroma ms", "recall@10", "flat file ms")
    return f"{head}\n\n{table(columns, lines)}\n"


def channels(corpus: Corpus) -> tuple[Any, Any]:
    return corpus.retriever.channels["lexical"], corpus.retriever.channels["dense"]


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timings(
    searched: dict[int, dict[str, dict[str, Timing]]],
) -> tuple[Sequence[str], list[list[str]]]:
    stages_of = next(iter(next(iter(searched.values())).values()))
    rows = [
        [f"{pages:,}", scope, *map(str, times.values())]
        for pages, scopes in searched.items()
        for scope, times in scopes.items()
    ]
    return ("pages", "searched", *(f"{one}: p50 / p95 (work) ms" for one in stages_of)), rows


def fitted(searched: dict[int, dict[str, dict[str, Timing]]]) -> str:
    """Work against size, as a line: what a page costs, and what a million would."""
    if len(searched) < 2:
        return "Cost against size needs two sizes."
    rows = []
    for stage in searched[min(searched)]["all"]:
        costs = [scopes["all"][stage].work for scopes in searched.values()]
        slope, base = np.polyfit(list(searched), costs, 1).tolist()
        rows.append([stage, f"{base:.1f}", f"{1e3 * slope:.2f}", f"{base + 1e6 * slope:,.0f}"])
    head = ("work of a search of all", "ms at no page", "µs a page", "ms at a million pages")
    return table(head, rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def told(what: str, done: int) -> None:
    if done % 50 < 12:
        print(f"\r{what}: {done:,}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
