"""The program as a person runs it: with its own corpus, streams and exit code."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pymupdf

from pagehop.apps.cli import main

REPORT = (
    (
        "Annual report of Alder Mills",
        "Alder Mills was founded in 1912 in Ghent.",
        "In 2023 the total revenue was 48.2 million euros.",
    ),
    (
        "People",
        "In 2023 Alder Mills had 310 employees.",
        "The chief executive is Ines Van Damme.",
    ),
)
RIVAL = (
    (
        "Annual report of Birch Looms",
        "Birch Looms was founded in 1931 in Lille.",
        "In 2023 the total revenue was 51.7 million euros.",
    ),
)


@dataclass(frozen=True)
class Ran:
    """How one run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr that says what is wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("pagehop: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Program = Callable[..., Ran]


def run(*arguments: object, cwd: Path, env: dict[str, str] | None = None, stdin: str = "") -> Ran:
    """Run `pagehop` with these arguments in a clean environment."""
    kept = ("PATH", "LANG", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")
    clean = {name: os.environ[name] for name in kept if name in os.environ}
    clean |= {"HOME": str(cwd), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"} | (env or {})
    ended = subprocess.run(
        [sys.executable, "-m", "pagehop.apps", *map(str, arguments)],
        cwd=cwd,
        env=clean,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def run_here(*arguments: object, cwd: Path) -> Ran:
    """Run `pagehop` with these arguments in this process, where torch is loaded once."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.environ.pop("PAGEHOP_CORPUS", None)
        code = main([*map(str, arguments)])
    return Ran(code, out.getvalue(), err.getvalue())


def write_pdf(path: Path, pages: tuple[tuple[str, ...], ...], **saving: object) -> Path:
    """A PDF with a heading and lines of text on each page."""
    document = pymupdf.open()
    for heading, *lines in pages:
        page = document.new_page()
        page.insert_text((72, 90), heading, fontsize=18)
        for number, line in enumerate(lines):
            page.insert_text((72, 140 + 24 * number), line, fontsize=11)
    document.save(path, **saving)
    document.close()
    return path
