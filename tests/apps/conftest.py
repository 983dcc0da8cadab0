"""A small library, read into a corpus once, and the program that works on it."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from pagehop.apps.cli import main
from tests.apps.program import REPORT, RIVAL, Program, Ran, run, write_pdf


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two reports, read into the corpus `corpus` beside them."""
    folder = tmp_path_factory.mktemp("library")
    write_pdf(folder / "alder.pdf", REPORT)
    write_pdf(folder / "birch.pdf", RIVAL)
    added = run("add", "alder.pdf", "birch.pdf", "--corpus", "corpus", cwd=folder)
    assert added.code == 0, added.err
    return folder


@pytest.fixture
def pagehop(library: Path) -> Program:
    """The program in a process of its own, on the two reports' corpus."""

    def program(*arguments: object, stdin: str = "") -> Ran:
        environment = {"PAGEHOP_CORPUS": str(library / "corpus")}
        return run(*arguments, cwd=library, env=environment, stdin=stdin)

    return program


@pytest.fixture
def here(library: Path) -> Callable[..., Ran]:
    """The program in this process, where torch is loaded once; the same corpus."""

    def program(*arguments: object) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(library),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(["--corpus", "corpus", *map(str, arguments)])
        return Ran(code, out.getvalue(), err.getvalue())

    return program
