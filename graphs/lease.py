"""Who may run on a thread: one process, one run at a time."""

import hashlib
from pathlib import Path

from filelock import FileLock, Timeout

from pagehop.tools.errors import ThreadBusyError


class Lease:
    """The right to run on a thread id. It dies with the process that holds it.

    Raises:
        ThreadBusyError: another run holds it.
    """

    def __init__(self, folder: Path, thread: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.blake2b(thread.encode(), digest_size=12).hexdigest()
        # not thread-local: an async run may be closed in another thread than it began in
        self._lock = FileLock(folder / f"thread-{name}.lock", thread_local=False, mode=0o600)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ThreadBusyError(
                f"Another run is working on the thread {thread!r}. Wait for it, or use another "
                "thread id."
            ) from None

    def release(self) -> None:
        """Let the next one run."""
        self._lock.release()
