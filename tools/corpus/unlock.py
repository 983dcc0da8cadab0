"""A copy of a locked PDF that opens without a password, made by a process that can be killed.

Run as a module it is that process: it reads the paths and the password from its input, so that
the password appears neither among the processes nor in a file.
"""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pagehop.tools.corpus.reading import Limits
from pagehop.tools.errors import WorkerError


def unlock(source: Path, target: Path, password: str, limits: Limits | None = None) -> None:
    """Write `source` without its encryption to `target`.

    Raises:
        WorkerError: it could not be unlocked within the limits.
    """
    allowed = limits or Limits()
    order = {
        "source": str(source.resolve()),
        "target": str(target.resolve()),
        "password": password,
        "memory": allowed.memory_bytes,
        "written": allowed.file_bytes,
    }
    try:
        done = subprocess.run(  # noqa: S603  (our own module)
            [sys.executable, "-I", "-m", __name__],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=allowed.render_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WorkerError(
            f"{str(source)!r} could not be unlocked within {allowed.render_seconds:.0f} s."
        ) from None
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise WorkerError(f"{str(source)!r} could not be unlocked: {why[-1:] or done.returncode}.")


def _main() -> None:
    import resource

    order = json.loads(sys.stdin.buffer.read())
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["written"],) * 2)
    pymupdf: Any = import_module("pymupdf")  # the parent never loads it; it is hardly typed
    with pymupdf.open(order["source"], filetype="pdf") as document:
        if document.needs_pass and not document.authenticate(order["password"]):
            sys.exit("the password is wrong")
        document.save(order["target"], encryption=pymupdf.PDF_ENCRYPT_NONE)


if __name__ == "__main__":
    _main()
