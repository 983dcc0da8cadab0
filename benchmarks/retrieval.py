"""Recall of gold pages: python benchmarks/retrieval.py CORPUS QUESTIONS.jsonl [--pooled] ...

CORPUS is a folder that `pagehop add` has filled. A line of QUESTIONS has `doc` (file name),
`question`, `answerable`, `evidence_pages` (from 1), and, for the tables, `set`,
`evidence_sources` and `open_ok`; a `docs.json` beside it tells which documents have no text
layer. Recall at k is |gold in the first k| / |gold|, averaged over the questions; the interval
is a bootstrap over documents, since questions of one document stand and fall together.
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.errors import UnknownDocumentError
from pagehop.tools.retrieval.channel import Match, Query, Scope
from pagehop.tools.retrieval.fusion import Ballot, Place, Scores, blend, boosted, ranked, reciprocal
from pagehop.tools.retrieval.pointing import Pointing, point
from pagehop.tools.retrieval.retriever import DEPTH

KS = (1, 3, 5, 10)
RESAMPLES = 1_000


@dataclass(frozen=True)
class Case:
    """One question with its gold, and what was found for it under each method."""

    document: str
    groups: tuple[str, ...]
    gold: frozenset[Place]
    found: Mapping[str, Sequence[Place]]

    def recall(self, method: str, k: int) -> float:
        return len(self.gold & set(self.found[method][:k])) / len(self.gold)


def main() -> None:
    options = arguments()
    questions = [json.loads(line) for line in options.questions.open(encoding="utf-8")]
    kinds = text_layers(options.questions.parent / "docs.json")
    with Corpus(options.corpus) as corpus:
        cases = [
            case
            for question in questions
            if wanted(question, options.pooled)
            and (case := try_one(corpus, question, options, kinds)) is not None
        ][: options.limit]
    if not cases:
        sys.exit("No question is about a document of this corpus.")
    print(report(cases))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--pooled", action="store_true", help="search all documents at once")
    parser.add_argument("--channels", nargs="+", help="only these, beside the fused rows")
    parser.add_argument("--limit", type=int, help="at most so many questions")
    parser.add_argument("--weight", type=float, help="of the dense channel, instead of its own")
    return parser.parse_args()


def wanted(question: Mapping[str, Any], pooled: bool) -> bool:
    if not question["answerable"] or not question["evidence_pages"]:
        return False
    return bool(question.get("open_ok", True)) if pooled else True


def try_one(
    corpus: Corpus,
    question: Mapping[str, Any],
    options: argparse.Namespace,
    layers: Mapping[str, str],
) -> Case | None:
    """Search for one question; None when its document is not in the corpus."""
    try:
        document = corpus.document(question["doc"])
    except UnknownDocumentError:
        return None
    scope = Scope(documents=None if options.pooled else frozenset({document.id}))
    ballots = ask(corpus, question["question"], scope, options.weight)
    known = {one.id: one for one in (corpus.documents() if options.pooled else [document])}
    pointing = point(question["question"], known, corpus.catalogue, scope)
    names = options.channels or sorted(ballots)
    found = {f"{name} only": ranked(blend({name: ballots[name]})) for name in names}
    found |= fused(ballots, pointing)
    groups = ["all", f"set: {question.get('set', '?')}"]
    groups += [f"kind: {kind}" for kind in question.get("evidence_sources", ())]
    groups += [layers[question["doc"]]] if question["doc"] in layers else []
    groups += ["one gold page" if len(set(question["evidence_pages"])) == 1 else "several"]
    gold = frozenset((document.id, page) for page in question["evidence_pages"])
    return Case(question["doc"], tuple(groups), gold, found)


def ask(corpus: Corpus, text: str, scope: Scope, weight: float | None) -> dict[str, Ballot]:
    ballots = {}
    for name, channel in corpus.retriever.channels.items():
        matches: Sequence[Match] = channel.search(Query(text=text), scope, DEPTH)
        ballots[name] = Ballot(matches, channel.weight, getattr(channel, "floor", None))
    if weight is not None:
        ballots["dense"] = replace(ballots["dense"], weight=weight)
        ballots["lexical"] = replace(ballots["lexical"], weight=1 - weight)
    return ballots


def fused(ballots: Mapping[str, Ballot], pointing: Pointing) -> dict[str, list[Place]]:
    """The rankings of the methods that put channels together."""
    votes, ranks = blend(ballots), reciprocal(ballots)
    return {
        "fused, no references": ranked(votes),
        "fused": ranked(pointed(votes, pointing)),
        "reciprocal ranks": ranked(pointed(ranks, pointing)),
    }


def pointed(scores: Scores, pointing: Pointing) -> Scores:
    full = boosted(scores, pointing.pages)
    return {place: score + pointing.documents.get(place[0], 0.0) for place, score in full.items()}


def text_layers(path: Path) -> dict[str, str]:
    """Document -> whether it has a text layer; empty without the file."""
    if not path.exists():
        return {}
    documents = json.loads(path.read_text(encoding="utf-8"))
    return {
        one["doc"]: "no text layer" if one["pages_without_text"] == one["pages"] else "text layer"
        for one in documents
    }


def report(cases: Sequence[Case]) -> str:
    """All tables, as Markdown."""
    methods = list(cases[0].found)
    head = f"{len(cases)} questions, {len({case.document for case in cases})} documents."
    rows = [
        [method, *(cell(cases, method, k) for k in KS), macro(cases, method)] for method in methods
    ]
    tables = [head, table(["method", *(f"R@{k} (95 %)" for k in KS), "R@5 by document"], rows)]
    groups = defaultdict(list)
    for case in cases:
        for group in case.groups:
            groups[group].append(case)
    rows = [
        [group, str(len(group_cases)), *(percent(mean(group_cases, "fused", k)) for k in KS)]
        for group, group_cases in sorted(groups.items())
    ]
    tables.append(table(["fused, by group", "questions", *(f"R@{k}" for k in KS)], rows))
    return "\n\n".join(tables)


def mean(cases: Iterable[Case], method: str, k: int) -> float:
    return fmean(case.recall(method, k) for case in cases)


def cell(cases: Sequence[Case], method: str, k: int) -> str:
    low, high = interval(cases, lambda some: mean(some, method, k))
    return f"{percent(mean(cases, method, k))} ({percent(low)} to {percent(high)})"


def macro(cases: Sequence[Case], method: str) -> str:
    return percent(fmean(mean(some, method, 5) for some in by_document(cases)))


def interval(
    cases: Sequence[Case], measure: Callable[[Sequence[Case]], float]
) -> tuple[float, float]:
    """The middle 95 % of the measure when documents are drawn again, with replacement."""
    documents, draw = by_document(cases), random.Random(0)
    values = sorted(
        measure([case for some in draw.choices(documents, k=len(documents)) for case in some])
        for _ in range(RESAMPLES)
    )
    return values[int(RESAMPLES * 0.025)], values[int(RESAMPLES * 0.975)]


def by_document(cases: Iterable[Case]) -> list[list[Case]]:
    grouped = defaultdict(list)
    for case in cases:
        grouped[case.document].append(case)
    return list(grouped.values())


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
