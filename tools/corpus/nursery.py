"""The process that children are forked from: `python -m pagehop.tools.corpus.nursery FD`.

It has loaded PyMuPDF with its layout model, and Pillow, opens no file itself, and starts no
threads, so a fork costs milliseconds and inherits nothing that breaks. Linux and macOS only.
"""

# mypy: allow-untyped-calls

import array
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from typing import Any

from pagehop.tools.corpus import wire

PARENT_CHECK_SECONDS = 5.0


def main() -> None:
    """Fork a child at each request until the farm is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    farm = os.getppid()
    load()
    children: set[int] = set()
    gc.freeze()
    wire.send(control, {"ready": os.getpid()})
    while True:
        try:
            record, _ = wire.receive(control, PARENT_CHECK_SECONDS)
        except TimeoutError:
            if os.getppid() != farm:  # killed, and some other process of its holds the socket
                return
            continue
        except (EOFError, OSError):
            return
        if record["op"] == "fork":
            children.add(_fork(control, record))
        else:
            known = record["pid"] in children  # that of an earlier nursery may be anybody's by now
            children.discard(record["pid"])
            wire.send(control, {"status": _end(record["pid"]) if known else 0})


def load() -> None:
    """Import what children need, models with one thread: others would not survive a fork."""
    import onnxruntime

    class OneThread(onnxruntime.SessionOptions):  # type: ignore[misc]  # untyped
        def __init__(self) -> None:
            super().__init__()
            self.intra_op_num_threads = 1
            self.inter_op_num_threads = 1

    onnxruntime.SessionOptions = OneThread
    import PIL.Image
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    PIL.Image.init()
    from pagehop.tools.corpus import child  # noqa: F401  loaded once, here


def _fork(control: socket.socket, limits: dict[str, Any]) -> int:
    """Fork a child and hand the farm its process id and its end of a socket."""
    ours, theirs = socket.socketpair()
    nursery = os.getpid()
    pid = os.fork()
    if pid == 0:
        control.close()
        theirs.close()
        _confine(nursery, limits)
        from pagehop.tools.corpus import child

        with contextlib.suppress(EOFError, OSError):  # the farm is done with us
            child.serve(ours)
        os._exit(0)
    ours.close()
    wire.send(control, {"pid": pid})
    control.settimeout(None)
    control.sendmsg(
        [b"f"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))]
    )
    theirs.close()
    return pid


def _confine(nursery: int, limits: dict[str, Any]) -> None:
    """Limit this child for good; it ends with the nursery even when stuck in C."""
    _die_with_parent()
    if os.getppid() != nursery:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    for which, value in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["written"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(
            ValueError, OSError
        ):  # macOS knows no RLIMIT_AS; a lower hard limit stays
            resource.setrlimit(which, (value, value))


def _die_with_parent() -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def _end(pid: int) -> int:
    """Kill a child of ours and say how it ended: -signal, or its exit status."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return 0


if __name__ == "__main__":
    main()
