"""Two small reports, read as far as their text, to ask questions of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pagehop.tools import Corpus, Stage
from tests.apps.program import REPORT, RIVAL, write_pdf


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """The corpus of alder.pdf (2 pages) and birch.pdf (1 page)."""
    folder = tmp_path_factory.mktemp("evals")
    paths: list[Path] = [
        write_pdf(folder / "alder.pdf", REPORT),
        write_pdf(folder / "birch.pdf", RIVAL),
    ]
    with Corpus(folder / "corpus") as opened:
        opened.add(*paths, until=Stage.TEXT, workers=1)
        yield opened
