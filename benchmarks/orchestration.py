"""What the graph itself costs: per model call, in a fan-out, and on disk over a long chat.

    python benchmarks/orchestration.py [--turns 20] [--call 0.5]

The roles are played by a team that waits as long as a model call and says little, over a corpus
of two small documents. The graph's own time is the wall time less what was spent in the team, in
the search and in the checks of quotes.
"""

import argparse
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymupdf

from pagehop.agents.budget import Budget
from pagehop.agents.team import Case, Draft, Findings, Plan, SubQuestion, Task, Turn, Verdict
from pagehop.graphs.agent import DocumentAgent
from pagehop.graphs.question import wiring
from pagehop.graphs.runs import RUN_FILE, RunFile
from pagehop.graphs.saver import CorpusSaver
from pagehop.graphs.visit import Setup
from pagehop.tools import Corpus, Stage
from pagehop.tools.evidence import Claim, Evidence

FACT = "The harvest of village {n} came to {n}00 tons."
REPEATS = 5


class Clock:
    """Seconds spent in what it times, calls within calls once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._deep = threading.local()

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time a call, unless one around it is timed already."""
        if getattr(self._deep, "inside", False):
            yield
            return
        self._deep.inside = True
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started
            self._deep.inside = False


class TimedCorpus(Corpus):
    """A corpus whose reads and searches are timed: they are no orchestration."""

    clock: Clock

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 any attribute
        found = super().__getattribute__(name)
        if name not in ("find", "words", "regions", "page", "document", "documents"):
            return found
        clock: Clock = super().__getattribute__("clock")

        def timed(*args: Any, **options: Any) -> Any:  # noqa: ANN401
            with clock.timed():
                return found(*args, **options)

        return timed


class WaitingTeam:
    """Each role waits as a model would, and says the least that goes on."""

    name = "waiting"

    def __init__(self, clock: Clock, call: float, hops: int) -> None:
        self._clock, self._call, self._hops = clock, call, hops
        self.calls = 0

    def _wait(self) -> None:
        self.calls += 1
        with self._clock.timed():
            time.sleep(self._call)

    def contextualize(self, question: str, turns: Sequence[Turn]) -> str:
        """The question as it is."""
        return question

    def plan(self, question: str, documents: Sequence[str]) -> Plan:
        """As many independent sub-questions as asked for."""
        self._wait()
        return Plan(
            sub_questions=tuple(
                SubQuestion(id=f"q{n}", question=f"{question} ({n})", modalities=("text",))
                for n in range(1, self._hops + 1)
            )
        )

    def read(self, task: Task) -> Findings:
        """One fact of the first page."""
        self._wait()
        hit = task.hits[0]
        number = int(task.sub_question.id[1:])
        found = Evidence(
            document=hit.document,
            document_id=hit.document_id,
            page=1,
            modality="text",
            quote=FACT.format(n=number),
            sub_question=task.sub_question.id,
            agent="text",
        )
        return Findings(evidence=(found,), answer=f"{number}00 tons", confidence=0.9)

    def look(self, task: Task) -> Findings:
        """Nothing."""
        self._wait()
        return Findings()

    def critique(self, case: Case) -> Verdict:
        """Enough."""
        self._wait()
        return Verdict(ruling="sufficient")

    def summarize(self, case: Case) -> Draft:
        """A claim for each piece of evidence of this turn."""
        self._wait()
        now = [found for found in case.ledger if ":" not in found.sub_question]
        claims = tuple(Claim(text=found.quote, citations=(found.id,)) for found in now)
        return Draft(text="\n".join(claim.text for claim in claims), claims=claims)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--call", type=float, default=0.5, help="seconds of a model call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, TimedCorpus(Path(folder) / "corpus") as corpus:
        corpus.clock = Clock()
        corpus.add(_pdf(Path(folder) / "harvest.pdf"), until=Stage.TEXT)
        corpus.find("warm up", 3)
        _own_time(corpus, options.call)
        _fan_out(corpus, options.call)
        _growth(corpus, options.turns)


def _own_time(corpus: TimedCorpus, call: float) -> None:
    print("| checkpoints | the graph's own ms a model call | share of a call |")
    print("|---|---|---|")
    for durable in (False, True):
        own = []
        for repeat in range(REPEATS + 1):
            agent, team = _agent(corpus, call=0.0, hops=1, durable=durable)
            corpus.clock.seconds = 0.0
            wall = _ask(agent, f"own {durable} {repeat}", durable=durable)
            own.append((wall - corpus.clock.seconds) / team.calls)
            agent.close()
        middle = statistics.median(own[1:])
        kind = "on disk" if durable else "none"
        print(f"| {kind} | {1000 * middle:.1f} | {100 * middle / call:.2f} % of {call:g} s |")


def _fan_out(corpus: TimedCorpus, call: float) -> None:
    print("\n| sub-questions | seconds | ideal | ratio |")
    print("|---|---|---|---|")
    for hops in (1, 8):
        walls = []
        for repeat in range(3):
            agent, _ = _agent(corpus, call=call, hops=hops, durable=False)
            walls.append(_ask(agent, f"fan {hops} {repeat}", durable=False))
            agent.close()
        ideal, wall = 4 * call, min(walls)  # plan, read side by side, critique, summarize
        print(f"| {hops} | {wall:.2f} | {ideal:.2f} | {wall / ideal:.2f} |")


def _growth(corpus: TimedCorpus, turns: int) -> None:
    agent, _ = _agent(corpus, call=0.0, hops=2, durable=True)
    print("\n| turn | last checkpoint, kB | all of the thread, kB |")
    print("|---|---|---|")
    for turn in range(1, turns + 1):
        _ask(agent, f"Turn {turn}?", durable=True, thread="growth")
        if turn in (1, 2, 5, 10, turns):
            last, whole = _sizes(corpus.path / RUN_FILE, "growth")
            print(f"| {turn} | {last / 1000:.1f} | {whole / 1000:.0f} |")
    agent.close()


def _sizes(path: Path, thread: str) -> tuple[int, int]:
    with sqlite3.connect(path) as connection:
        (last,) = connection.execute(
            "SELECT length(checkpoint) FROM checkpoints WHERE thread_id = ? "
            "ORDER BY checkpoint_id DESC LIMIT 1",
            (thread,),
        ).fetchone()
        (all_,) = connection.execute(
            "SELECT sum(length(checkpoint)) FROM checkpoints WHERE thread_id = ?", (thread,)
        ).fetchone()
        (writes,) = connection.execute(
            "SELECT sum(length(value)) FROM writes WHERE thread_id = ?", (thread,)
        ).fetchone()
    return int(last), int(all_) + int(writes or 0)


def _agent(
    corpus: TimedCorpus, *, call: float, hops: int, durable: bool
) -> tuple[DocumentAgent, WaitingTeam]:
    team = WaitingTeam(corpus.clock, call, hops)
    file = corpus.path / RUN_FILE
    saver = CorpusSaver(file) if durable else None
    setup = Setup(corpus=corpus, team_of=lambda _: team, budget=Budget(), runs=RunFile(file))
    return DocumentAgent.of(wiring().compile(checkpointer=saver), setup), team


def _ask(agent: DocumentAgent, question: str, *, durable: bool, thread: str = "") -> float:
    config: Any = {"configurable": {"thread_id": thread or question}} if durable else None
    started = time.perf_counter()
    answer = agent.invoke({"question": question}, config)["answer"]
    wall = time.perf_counter() - started
    assert answer.status == "answered", answer
    return wall


def _pdf(path: Path) -> Path:
    with pymupdf.open() as document:
        page = document.new_page()
        for number in range(1, 9):
            page.insert_text((72, 72 + 24 * number), FACT.format(n=number))
        document.save(path)
    return path


if __name__ == "__main__":
    main()
