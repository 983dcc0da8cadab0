"""One writer a corpus. The lock dies with its process, so a kill never leaves one behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pagehop.tools.errors import CorpusBusyError


@contextmanager
def writer(folder: Path) -> Iterator[None]:
    """Hold the writer's lock of the corpus in `folder` while the block runs.

    Raises:
        CorpusBusyError: another process, or another thread of this one, holds it.
    """
    from filelock import FileLock, Timeout

    locks = folder / "locks"
    locks.mkdir(mode=0o700, exist_ok=True)
    holder = locks / "writer.pid"
    lock = FileLock(locks / "writer.lock", timeout=0, thread_local=False, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        pid = holder.read_text("utf-8").strip() if holder.exists() else ""
        busy = f"Process {pid}" if pid else "Another process"
        raise CorpusBusyError(
            f"{busy} is adding to or removing from the corpus {str(folder)!r}. "
            "Wait until it has ended, or stop it: what it has finished is kept."
        ) from None
    try:
        holder.write_text(str(os.getpid()), "utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
