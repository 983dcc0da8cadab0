"""A small library, read into a corpus once, and the program that works on it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.apps.program import REPORT, RIVAL, Program, Ran, run, run_here, write_pdf


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two reports, read into the corpus `corpus` beside them."""
    folder = tmp_path_factory.mktemp("library")
    write_pdf(folder / "alder.pdf", REPORT)
    write_pdf(folder / "birch.pdf", RIVAL)
    added = run_here("add", "alder.pdf", "birch.pdf", "--corpus", "corpus", cwd=folder)
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
    return lambda *arguments: run_here("--corpus", "corpus", *arguments, cwd=library)
