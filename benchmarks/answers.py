"""Share of answerable questions whose answer cites a gold page, by kind; one table, one JSONL.

    python benchmarks/answers.py CORPUS QUESTIONS.jsonl --out runs.jsonl [--limit N] [--model M]

A question line has `doc`, `question`, `answerable`, `evidence_pages` (from 1) and
`evidence_sources`. Each question is asked within its own document. A run that failed is
counted apart and never scored. With --out, questions already there are not asked again.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pagehop.graphs import create_document_agent
from pagehop.tools import Corpus


def main() -> None:
    """Ask, score, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--model")
    options = parser.parse_args()
    questions = [json.loads(line) for line in options.questions.read_text().splitlines()]
    if options.limit:
        questions = random.Random(7).sample(questions, options.limit)
    done = _read(options.out)
    with Corpus(options.corpus) as corpus, options.out.open("a") as out:
        for number, question in enumerate(questions, 1):
            if question["id"] in done:
                continue
            record = _ask(corpus, question, options.model)
            done[question["id"]] = record
            out.write(json.dumps(record) + "\n")
            out.flush()
            print(f"\r{number}/{len(questions)}", end="", file=sys.stderr)
    _table([(question, done[question["id"]]) for question in questions])


def _ask(corpus: Corpus, question: dict[str, Any], model: str | None) -> dict[str, Any]:
    started = time.perf_counter()
    agent = create_document_agent(corpus, model, documents=[question["doc"]])
    try:
        answer = agent.invoke({"question": question["question"]})["answer"]
    except Exception as error:  # noqa: BLE001  one failed run is a row of its own kind
        return {"id": question["id"], "failed": f"{type(error).__name__}: {error}"}
    cited = [{"page": c.page, "verified": c.verified} for c in answer.citations]
    seconds = round(time.perf_counter() - started, 2)
    return {
        "id": question["id"],
        "status": answer.status,
        "text": answer.text,
        "cited": cited,
        "rounds": answer.usage.rounds,
        "seconds": seconds,
    }


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}


def _kinds(question: dict[str, Any]) -> Iterable[str]:
    yield "all"
    yield f"set {question['set']}"
    yield "one page" if question["hops"] == 1 else "several pages"
    yield from (f"evidence {source}" for source in question["evidence_sources"])


def _table(rows: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    failed = [record for _, record in rows if "failed" in record]
    scored = [(question, record) for question, record in rows if "failed" not in record]
    groups: dict[str, list[tuple[float, int, float]]] = defaultdict(list)
    for question, record in scored:
        if not question["answerable"] or not question["evidence_pages"]:
            continue
        pages = [cited["page"] for cited in record["cited"]]
        gold = set(question["evidence_pages"])
        hit = float(bool(gold & set(pages)))
        for kind in _kinds(question):
            groups[kind].append((hit, len(set(pages)), record["seconds"]))
    print("| questions | n | answer cites a gold page | pages cited | seconds |")
    print("|---|---|---|---|---|")
    for kind, values in sorted(groups.items(), key=lambda item: (item[0] != "all", item[0])):
        hits, pages, seconds = zip(*values, strict=True)
        print(
            f"| {kind} | {len(values)} | {100 * statistics.mean(hits):.1f} | "
            f"{statistics.mean(pages):.1f} | {statistics.mean(seconds):.2f} |"
        )
    unanswerable = [record for question, record in scored if not question["answerable"]]
    declined = sum(record["status"] == "unanswerable" for record in unanswerable)
    print(f"\nUnanswerable questions declined: {declined} of {len(unanswerable)}. ", end="")
    print(f"Runs that failed, not scored: {len(failed)}.")
    for record in failed:
        print(f"  {record['id']}: {record['failed']}")


if __name__ == "__main__":
    main()
