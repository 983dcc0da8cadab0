"""`make demo` keeps its promise: both papers are cited, and every quote stands in its box."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pagehop.apps.cli import main
from pagehop.tools import Corpus
from pagehop.tools.boxes import share_inside

ROOT = Path(__file__).parents[2]
PAPERS = {"2023.acl-long.386.pdf", "2023.findings-emnlp.248.pdf"}


def letters(text: str) -> str:
    """What is compared of a quote and its page: letters and digits, in order."""
    return "".join(re.findall(r"[^\W_]", text.casefold()))


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, str]:
    """The folder that the demo has filled, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
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
    return folder, ran.stdout


@pytest.mark.slow
def test_the_demo_cites_both_papers_and_writes_a_picture_of_each_place(demo):
    folder, printed = demo
    cited = re.findall(r"^\[c\d+\] (\S+), page \d+", printed, flags=re.MULTILINE)
    assert set(cited) == PAPERS
    pictures = list((folder / "figures").glob("*.png"))
    assert len(pictures) == len(cited)
    with Image.open(pictures[0]) as picture:
        assert picture.height > picture.width > 300


@pytest.mark.slow
def test_every_quote_of_the_demo_stands_inside_its_box_on_its_page(demo, capsys):
    folder, printed = demo
    question = re.search(r'pagehop ask "([^"]+)"', printed)
    assert question is not None
    corpus_folder = folder / "corpus"
    assert main(["--corpus", str(corpus_folder), "ask", question[1], "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {citation["document"] for citation in answer["citations"]} == PAPERS
    with Corpus(corpus_folder) as corpus:
        for citation in answer["citations"]:
            words = corpus.words(citation["document"], citation["page"])
            inside = [w.text for w in words if share_inside(w.bbox, tuple(citation["bbox"])) > 0.5]
            assert letters(citation["quote"]) in letters(" ".join(inside)), citation
