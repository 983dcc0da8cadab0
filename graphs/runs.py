"""What was asked on a thread and how it ended: our own rows.

They are written before the first step and after the last. LangGraph's `get_state().next == ()`
does not prove that a run has finished, and before its first checkpoint there is nothing to
resume. These rows know both.
"""

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from langchain_core.messages import BaseMessage, messages_from_dict, messages_to_dict

from pagehop.graphs.database import connect
from pagehop.graphs.journal import RunJournal
from pagehop.tools.errors import CorpusVersionError, InvalidReplyError, StorageError
from pagehop.tools.evidence import Answer

RUN_FILE = "runs.sqlite3"  # in the corpus folder
VERSION = 1
# running; as the answer says; failed: an error; left: another question took its place
Ending: TypeAlias = Literal["running", "answered", "unanswerable", "incomplete", "failed", "left"]
Statement: TypeAlias = tuple[str, tuple[object, ...]]  # SQL and its values

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    thread TEXT NOT NULL,
    question TEXT NOT NULL,
    messages TEXT NOT NULL,      -- JSON: what the question adds to the conversation
    started REAL NOT NULL,       -- seconds since 1970
    ended REAL,
    status TEXT NOT NULL,        -- an `Ending`
    reason TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT ''  -- JSON, as `ask --json` prints it
);
CREATE INDEX IF NOT EXISTS runs_of_thread ON runs (thread, started);
CREATE TABLE IF NOT EXISTS journal (
    run TEXT NOT NULL, key TEXT NOT NULL, reply TEXT NOT NULL, PRIMARY KEY (run, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS touched (   -- whose text a thread may hold
    thread TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (thread, document)
) WITHOUT ROWID;
"""
INSERT = """
INSERT INTO runs (id, thread, question, messages, started, status) VALUES (?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One question on a thread."""

    id: str
    thread: str
    question: str
    messages: tuple[BaseMessage, ...]
    status: Ending
    reason: str = ""
    answer: Mapping[str, Any] | None = None


class Runs:
    """The rows of runs in a corpus folder. Safe in threads; every write is on disk on return.

    Raises:
        StorageError: the file cannot be opened or written.
        CorpusVersionError: a newer version wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = connect(path)
        found = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            self._connection.close()
            raise CorpusVersionError(
                f"{str(path)!r} was written by a newer pagehop (form {found}, this one knows "
                f"{VERSION}). Update pagehop."
            )
        if found < VERSION:
            self._connection.executescript(SCHEMA + f"PRAGMA user_version={VERSION};")

    def start(self, thread: str, question: str, messages: Sequence[BaseMessage]) -> Run:
        """Store a question before its first step; whatever ran on the thread is left."""
        run = Run(
            id=uuid.uuid4().hex,
            thread=thread,
            question=question,
            messages=tuple(messages),
            status="running",
        )
        told = json.dumps(messages_to_dict(messages))
        now = time.time()
        self.write(
            ("UPDATE runs SET status = 'left', ended = ? WHERE thread = ? AND status = 'running'",
             (now, thread)),
            ("DELETE FROM journal WHERE run IN (SELECT id FROM runs WHERE thread = ?)", (thread,)),
            (INSERT, (run.id, thread, question, told, now, run.status)),
        )  # fmt: skip
        return run

    def last(self, thread: str) -> Run | None:
        """The newest run of the thread."""
        row = self.row(
            "SELECT id, thread, question, messages, status, reason, answer FROM runs "
            "WHERE thread = ? ORDER BY started DESC, rowid DESC LIMIT 1",
            (thread,),
        )
        if row is None:
            return None
        id_, thread, question, messages, status, reason, answer = row
        return Run(
            id=id_,
            thread=thread,
            question=question,
            messages=tuple(messages_from_dict(json.loads(messages))),
            status=cast("Ending", status),
            reason=reason,
            answer=json.loads(answer) if answer else None,
        )

    def end(self, run: Run, answer: Answer) -> None:
        """Store how the run ended; its journal has done its work."""
        told = json.dumps(answer.as_dict(), ensure_ascii=False)
        self.write(_ended(run, answer.status, answer=told), _without_journal(run))

    def fail(self, run: Run, error: BaseException) -> None:
        """Store that the run ended in an error; a later try pays for no finished call again.

        Where a reply was no good the journal goes: it would give the same one every time.
        """
        told = _ended(run, "failed", reason=f"{type(error).__name__}: {error}")
        if isinstance(error, InvalidReplyError):
            self.write(told, _without_journal(run))
        else:
            self.write(told)

    def resume(self, run: Run) -> None:
        """Let a failed run go on."""
        self.write(
            (
                "UPDATE runs SET status = 'running', ended = NULL, reason = '' WHERE id = ?",
                (run.id,),
            )
        )

    def touch(self, thread: str, documents: Sequence[str]) -> None:
        """Store that the thread is about to hold text of these documents, by their ids."""
        rows = [
            ("INSERT OR IGNORE INTO touched (thread, document) VALUES (?, ?)", (thread, document))
            for document in documents
        ]
        self.write(*rows)

    def touched(self, thread: str) -> tuple[str, ...]:
        """The ids of the documents whose text the thread may hold."""
        return self._column("SELECT document FROM touched WHERE thread = ?", thread)

    def forget(self, document: str) -> tuple[str, ...]:
        """Erase every thread that may hold text of the document; returns their ids."""
        threads = self._column("SELECT thread FROM touched WHERE document = ?", document)
        for thread in threads:
            self.erase(thread)
        return threads

    def journal(self, run: Run) -> RunJournal:
        """The replies of the run's finished model calls."""
        return RunJournal(self, run.id)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def erase(self, thread: str) -> None:
        """Delete what is stored of a thread: its runs, its journal and its checkpoints."""
        statements = [
            ("DELETE FROM journal WHERE run IN (SELECT id FROM runs WHERE thread = ?)", (thread,)),
            ("DELETE FROM runs WHERE thread = ?", (thread,)),
            ("DELETE FROM touched WHERE thread = ?", (thread,)),
        ]
        if self.row("SELECT 1 FROM sqlite_master WHERE name = 'checkpoints'", ()):
            statements += [
                ("DELETE FROM checkpoints WHERE thread_id = ?", (thread,)),
                ("DELETE FROM writes WHERE thread_id = ?", (thread,)),
            ]
        self.write(*statements)
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _column(self, query: str, value: str) -> tuple[str, ...]:
        with self._lock, closing(self._connection.cursor()) as cursor:
            return tuple(row[0] for row in cursor.execute(query, (value,)))

    def write(self, *statements: Statement) -> None:
        """Run the statements in one transaction; it is on disk on return."""
        with self._lock:
            try:
                with self._connection:
                    for statement, values in statements:
                        self._connection.execute(statement, values)
            except sqlite3.OperationalError as error:
                raise StorageError(f"The run could not be stored: {error}.") from error

    def row(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
            return row


def _ended(run: Run, status: Ending, *, reason: str = "", answer: str = "") -> Statement:
    return (
        "UPDATE runs SET status = ?, ended = ?, reason = ?, answer = ? WHERE id = ?",
        (status, time.time(), reason, answer, run.id),
    )


def _without_journal(run: Run) -> Statement:
    return ("DELETE FROM journal WHERE run = ?", (run.id,))


class RunFile:
    """The file of runs of a corpus, opened when it is first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._runs: Runs | None = None

    def __call__(self) -> Runs:
        """The open file."""
        with self._lock:
            if self._runs is None:
                self._runs = Runs(self._path)
            return self._runs

    def close(self) -> None:
        """Close it if it was opened."""
        with self._lock:
            if self._runs is not None:
                self._runs.close()
                self._runs = None


def forget_document(folder: Path, document_id: str) -> tuple[str, ...]:
    """Erase every thread of a corpus that may hold text of a document; returns their ids.

    What a checkpointer of your own has kept elsewhere is yours to erase.

    Args:
        folder: the corpus folder.
        document_id: of a document that is being removed, or is gone already.
    """
    path = folder / RUN_FILE
    if not path.exists():
        return ()
    with closing(Runs(path)) as runs:
        return runs.forget(document_id)
