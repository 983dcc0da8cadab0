"""The farm's side of its children: asked over a socket, ended when they take too long."""

import array
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, get_args

from pagehop.tools.corpus import wire
from pagehop.tools.corpus.reading import Limits
from pagehop.tools.corpus.records import Outcome
from pagehop.tools.errors import WorkerError

START_SECONDS = 120.0
# Nothing else of our environment reaches a process that reads hostile files: no keys, no proxies.
KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class StepFailed(Exception):  # noqa: N818  it is an answer, not a fault
    """A child refused a step (it is `alive`), or ended over it."""

    def __init__(self, outcome: Outcome, reason: str, *, alive: bool) -> None:
        super().__init__(reason)
        self.outcome: Outcome = outcome
        self.alive = alive


class Nursery:
    """The process that forks children; started at the first need of one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closed = False

    def fork(self, *, models: bool) -> "Child":
        """A fresh child.

        Args:
            models: whether it will run the layout or OCR model, which need more memory.

        Raises:
            WorkerError: no process can be started, or the farm is closed.
        """
        memory = self._limits.model_memory_bytes if models else self._limits.memory_bytes
        request = {"op": "fork", "memory": memory, "written": self._limits.written_bytes}
        with self._lock:
            control = self._started()
            try:
                wire.send(control, request)
                record, _ = wire.receive(control, START_SECONDS)
                control.settimeout(START_SECONDS)
                _, sent, _, _ = control.recvmsg(1, socket.CMSG_SPACE(array.array("i").itemsize))
                return Child(self, record["pid"], array.array("i", sent[0][2])[0], models=models)
            except (OSError, EOFError, ValueError, LookupError) as error:
                self._stop()
                raise WorkerError(
                    f"No process could be started to read files ({error})."
                ) from error
            except BaseException:  # interrupted: its late answer would be taken for the next one
                self._stop()
                raise

    def end(self, pid: int) -> int:
        """Kill a child; returns how it ended: -signal, or its exit status."""
        with self._lock:
            if self._control is None:
                return 0
            try:
                wire.send(self._control, {"op": "end", "pid": pid})
                record, _ = wire.receive(self._control, START_SECONDS)
            except (OSError, EOFError, ValueError):
                self._stop()
                return 0
            except BaseException:
                self._stop()
                raise
        return int(record["status"])

    def close(self) -> None:
        """End it for good, and with it every child."""
        with self._lock:
            self._closed = True
            self._stop()

    def _started(self) -> socket.socket:
        if self._closed:  # while somebody still read: a process started now would never be ended
            raise WorkerError("The farm is closed.")
        if self._process is not None and self._process.poll() is not None:
            self._stop()  # somebody killed it
        if self._control is not None:
            return self._control
        if not hasattr(os, "fork"):
            raise WorkerError(
                "Files are read in forked processes, which this system does not have."
            )
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "pagehop.tools.corpus.nursery", str(theirs.fileno())]
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | ONE_THREAD
        self._control = ours
        with theirs, tempfile.TemporaryFile() as said:
            try:
                self._process = subprocess.Popen(  # noqa: S603  our own module
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                    pass_fds=[theirs.fileno()], env=environment, cwd=Path("/"),
                    start_new_session=True,
                )  # fmt: skip
                theirs.close()  # so that its end is noticed
                wire.receive(ours, START_SECONDS)
            except (OSError, EOFError, ValueError) as error:
                self._stop()
                said.seek(0)
                last = said.read()[-500:].decode(errors="replace").strip()
                message = f"The process that reads files did not start. {last or error}"
                raise WorkerError(message) from error
            except BaseException:
                self._stop()
                raise
        return ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()  # its children are told by the kernel, or by their closed sockets
            self._process.wait()
        self._control = self._process = None


class Child:
    """A process that reads files for us, one request at a time, asked by one thread."""

    def __init__(self, nursery: Nursery, pid: int, fd: int, *, models: bool) -> None:
        self.pid = pid
        self.models = models
        self.opened: tuple[str, str, str | None] | None = None  # path, kind, password
        self.page_count = 0  # of what it has open
        self.pages = 0  # read so far
        self._nursery = nursery
        self._socket = socket.socket(fileno=fd)
        self._ending = threading.Lock()
        self._status: int | None = None

    @property
    def alive(self) -> bool:
        """Whether nobody has ended it, and it can be asked."""
        return self._status is None

    @property
    def gone(self) -> bool:
        """Whether something ended it while it was idle; it has nothing to say otherwise."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)  # that it hung up is always told
        return bool(poll.poll(0))

    def ask(self, op: str, seconds: float, **request: Any) -> tuple[dict[str, Any], bytes]:  # noqa: ANN401  JSON
        """Have one step done.

        Raises:
            StepFailed: it cannot be done, or ended the child.
        """
        try:
            wire.send(self._socket, {"op": op, "seconds": seconds, **request})
            record, blob = wire.receive(self._socket, seconds)
        except TimeoutError as error:
            self.end()
            reason = f"Reading it took longer than {seconds:g} seconds."
            raise StepFailed("over limit", reason, alive=False) from error
        except (OSError, EOFError, ValueError) as error:
            raise _postmortem(self.end()) from error
        except BaseException:  # interrupted: its late answer would be taken for the next one
            self.end()
            raise
        if "outcome" in record:
            reason = str(record.get("reason", ""))[:500]
            raise StepFailed(_outcome(record["outcome"]), reason, alive=True)
        return record, blob

    def hang_up(self) -> None:
        """Ask nothing more; it ends by itself when it is idle."""
        self._socket.close()

    def kill(self) -> int:
        """Kill it, from any thread; one that waits for its answer is told that it is gone.

        Returns:
            -signal or the exit status it had.
        """
        with self._ending:  # once: its process id may be another's by now
            if self._status is None:
                self._status = self._nursery.end(self.pid)
            return self._status

    def end(self) -> int:
        """Kill it and hang up; returns -signal or the exit status it had."""
        status = self.kill()
        self._socket.close()
        return status


def _outcome(claimed: object) -> Outcome:
    """What a child claims, where it is one of the outcomes."""
    return next((known for known in get_args(Outcome) if known == claimed), "damaged")


def _postmortem(status: int) -> StepFailed:
    if status == -signal.SIGXCPU:
        return StepFailed(
            "over limit", "Reading it takes more processor time than allowed.", alive=False
        )
    if status == -signal.SIGXFSZ:
        return StepFailed("over limit", "Reading it writes more than allowed.", alive=False)
    name = signal.Signals(-status).name if status < 0 else f"status {status}"
    return StepFailed("damaged", f"Reading it ended the reader ({name}).", alive=False)
