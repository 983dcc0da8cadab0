"""What is kept of a question on disk, and who may run on a thread."""

import os
import stat
import subprocess
import sys
import threading

import pytest
from langchain_core.messages import HumanMessage

from pagehop.graphs.lease import Lease
from pagehop.graphs.runs import Runs, forget_document
from pagehop.tools.errors import (
    CorpusVersionError,
    InvalidReplyError,
    ModelCallError,
    StorageError,
    ThreadBusyError,
)
from pagehop.tools.evidence import Answer


@pytest.fixture
def runs(tmp_path):
    opened = Runs(tmp_path / "runs.sqlite3")
    yield opened
    opened.close()


def ask(runs, question, thread="t"):
    return runs.start(thread, question, [HumanMessage(question)])


def test_a_question_is_kept_with_its_messages_until_it_ends(runs):
    started = ask(runs, "How much?")
    kept = runs.last("t")
    assert (kept.id, kept.question, kept.status) == (started.id, "How much?", "running")
    assert [message.text for message in kept.messages] == ["How much?"]
    runs.end(started, Answer(question="How much?", text="5", status="answered"))
    ended = runs.last("t")
    assert ended.status == "answered"
    assert ended.answer["answer"] == "5"
    assert runs.last("another thread") is None


def test_a_new_question_leaves_the_unfinished_one(runs):
    first = ask(runs, "One?")
    runs.journal(first).put("k", {"content": "paid"})
    second = ask(runs, "Two?")
    assert runs.last("t").id == second.id
    assert runs.journal(first).get("k") is None


def test_a_failed_run_says_why_and_can_go_on(runs):
    run = ask(runs, "One?")
    runs.fail(run, StorageError("The disk is full."))
    assert (runs.last("t").status, runs.last("t").reason) == (
        "failed",
        "StorageError: The disk is full.",
    )
    runs.resume(run)
    assert runs.last("t").status == "running"


def test_a_failed_run_keeps_what_was_paid_for_until_it_ends(runs):
    run = ask(runs, "One?")
    journal = runs.journal(run)
    journal.put("k", {"content": "paid"})
    runs.fail(run, ModelCallError("no route to host"))
    assert journal.get("k") == {"content": "paid"}
    runs.resume(run)
    runs.end(run, Answer(question="One?", text="", status="unanswerable"))
    assert journal.get("k") is None


def test_a_reply_that_was_no_good_is_not_kept_for_the_next_try(runs):
    run = ask(runs, "One?")
    runs.journal(run).put("k", {"content": "gibberish"})
    runs.fail(run, InvalidReplyError("The reply is no answer."))
    assert runs.journal(run).get("k") is None


def test_a_journal_keeps_replies_until_its_run_ends(runs):
    run = ask(runs, "One?")
    journal = runs.journal(run)
    assert journal.get("k") is None
    journal.put("k", {"content": "é", "tokens": 3})
    assert runs.journal(run).get("k") == {"content": "é", "tokens": 3}
    runs.end(run, Answer(question="One?", text="", status="unanswerable"))
    assert journal.get("k") is None


def test_many_threads_write_at_once(runs):
    run = ask(runs, "One?")
    journal = runs.journal(run)
    writers = [
        threading.Thread(target=lambda n=n: [journal.put(f"{n}-{i}", {"n": n}) for i in range(10)])
        for n in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert all(journal.get(f"{n}-{i}") == {"n": n} for n in range(8) for i in range(10))


def test_the_file_is_its_owners_alone_and_every_commit_is_on_disk(runs, tmp_path):
    ask(runs, "One?")
    for path in tmp_path.glob("runs.sqlite3*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert runs.row("PRAGMA journal_mode", ())[0] == "wal"
    assert runs.row("PRAGMA synchronous", ())[0] == 2


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    first = Runs(tmp_path / "runs.sqlite3")
    first.write(("PRAGMA user_version = 99", ()))
    first.close()
    with pytest.raises(CorpusVersionError, match="newer"):
        Runs(tmp_path / "runs.sqlite3")


def test_forgetting_a_document_leaves_no_byte_of_the_threads_that_held_it(runs, tmp_path):
    run = ask(runs, "What is the SECRETWORD of it?")
    runs.journal(run).put("k", {"content": "SECRETWORD"})
    runs.fail(run, ModelCallError("SECRETWORD is too long"))
    runs.touch("t", ["d1", "d2"])
    other = ask(runs, "Something else?", thread="u")
    runs.touch("u", ["d2"])
    assert runs.forget("d1") == ("t",)
    assert runs.last("t") is None
    assert runs.last("u").id == other.id
    runs.close()  # reading the file while it is open would drop SQLite's locks on it
    assert all(b"SECRETWORD" not in path.read_bytes() for path in tmp_path.glob("runs.sqlite3*"))
    assert forget_document(tmp_path, "d2") == ("u",)
    assert forget_document(tmp_path / "no corpus", "d2") == ()


def test_opening_the_file_twice_in_a_process_keeps_what_is_written(runs, tmp_path):
    """Closing a plain handle would drop SQLite's locks, and another process the rows."""
    run = ask(runs, "One?")
    second = Runs(tmp_path / "runs.sqlite3")
    read = (
        "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); "
        "print(file.execute('SELECT count(*) FROM journal').fetchone()[0]); file.close()"
    )
    command = [sys.executable, "-c", read, str(tmp_path / "runs.sqlite3")]
    subprocess.run(command, check=True, capture_output=True)
    runs.journal(run).put("k", {})
    told = subprocess.run(command, check=True, capture_output=True)
    assert told.stdout == b"1\n"
    second.close()


def test_one_run_a_thread_at_a_time(tmp_path):
    first = Lease(tmp_path, "t")
    with pytest.raises(ThreadBusyError, match="'t'"):
        Lease(tmp_path, "t")
    Lease(tmp_path, "u").release()
    first.release()
    Lease(tmp_path, "t").release()


def test_a_lease_dies_with_its_process(tmp_path):
    code = (
        "import sys, os\n"
        "from pathlib import Path\n"
        "from pagehop.graphs.lease import Lease\n"
        "lease = Lease(Path(sys.argv[1]), 't')\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ},
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ThreadBusyError):
            Lease(tmp_path, "t")
        holder.kill()
        holder.wait()
        Lease(tmp_path, "t").release()
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
