"""What all tests share: the demo, which is run once, as it takes longer than everything else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

# The texts here are short: threads that wait for each other cost more than they give.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Programs that tests start hear Ctrl-C, even where the tests run in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Path, str]:
    """The folder that the demo has filled, and what it printed.

    Its `corpus` has both papers, read whole; a test that changes it works on a copy. Of tests
    in several processes the first runs it for all.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demo"
    printed = folder.with_suffix(".txt")
    with FileLock(folder.with_suffix(".lock")):
        if not printed.exists():
            folder.mkdir()
            printed.write_text(_run_demo(folder))
    return folder, printed.read_text()


def _run_demo(folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        [ROOT / "scripts" / "demo"],
        env=os.environ | {"DEMO": str(folder), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
