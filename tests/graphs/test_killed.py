"""A run that is killed with -9 goes on with its thread id and pays for no finished call twice."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "killed.py"
CALLS = 6  # planner, three readers, critic, summarizer


class Killable:
    """The program in a process of its own."""

    def __init__(self, corpus, log, thread, pause=0.25):
        self.corpus, self.log, self.thread = corpus, log, thread
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(corpus), str(log), thread, str(pause)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def replies(self):
        """How many replies are on disk: that is when a call has finished."""
        with closing(sqlite3.connect(self.corpus / "runs.sqlite3")) as file:
            if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone():
                return 0
            return file.execute(
                "SELECT count(*) FROM journal JOIN runs ON runs.id = journal.run "
                "WHERE thread = ? AND key != 'marks'",
                (self.thread,),
            ).fetchone()[0]

    def kill_after(self, calls, extra):
        """Kill it `extra` seconds after that many model calls have finished."""
        assert self.process.stdout.readline() == b"asking\n", self.process.stderr.read()
        deadline = time.monotonic() + 60
        while calls and self.replies() < calls:
            assert time.monotonic() < deadline, self.lines()
            time.sleep(0.002)
        time.sleep(extra)
        assert self.process.poll() is None, "it ended before it could be killed"
        self.process.kill()
        self.process.communicate()

    def answer(self):
        told, errors = self.process.communicate(timeout=90)
        assert self.process.returncode == 0, errors.decode()
        return json.loads(told.splitlines()[-1])


@pytest.mark.parametrize(
    ("calls", "extra"),
    [(0, 0.1), (1, 0.0), (2, 0.0), (5, 0.0)],
    ids=["in the plan", "after the plan", "among the readers", "after the critic"],
)
def test_a_killed_run_goes_on_and_repeats_no_finished_call(library, tmp_path, calls, extra):
    log, thread = tmp_path / "calls.txt", f"killed {calls}"
    Killable(library.path, log, thread).kill_after(calls, extra)
    answer = Killable(library.path, log, thread, pause=0).answer()
    made = Counter(log.read_text().splitlines())
    assert answer["status"] == "answered"
    assert [hop["answer"] for hop in answer["plan"]] == [
        "Lisbon",
        "412 million euros",
        "Carlos Moedas",
    ]
    assert len(answer["citations"]) == 3
    assert (made.total(), max(made.values())) == (CALLS, 1), made
    assert answer["usage"]["model_calls"] == CALLS


def test_of_two_processes_on_one_thread_one_runs_and_the_other_is_told(library, tmp_path):
    first = Killable(library.path, tmp_path / "a.txt", "shared", pause=0.6)
    assert first.process.stdout.readline() == b"asking\n"
    deadline = time.monotonic() + 60
    while not first.lines() and time.monotonic() < deadline:
        time.sleep(0.01)
    second = Killable(library.path, tmp_path / "b.txt", "shared", pause=0)
    _, errors = second.process.communicate(timeout=90)
    if first.process.poll() is None:  # it still ran when the second one asked
        assert second.process.returncode != 0
        assert b"ThreadBusyError" in errors
        assert second.lines() == []
    assert first.answer()["status"] == "answered"
