"""`make demo` and the README keep their promises."""

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from pagehop.apps.cli import main
from pagehop.tools import Corpus
from pagehop.tools.boxes import share_inside

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAPERS = {"2023.acl-long.386.pdf", "2023.findings-emnlp.248.pdf"}


def letters(text: str) -> str:
    """What is compared of a quote and its page: letters and digits, in order."""
    return "".join(re.findall(r"[^\W_]", text.casefold()))


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


@pytest.fixture
def beside_the_samples(demo, tmp_path, monkeypatch) -> Path:
    """A working folder as the README's reader has it, with the papers read already."""
    shutil.copytree(demo[0] / "corpus", tmp_path / "papers")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none: nothing is called")
    return tmp_path


@pytest.mark.slow
def test_the_python_of_the_readme_runs(beside_the_samples, capsys):
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 2
    assert len(ast.parse(blocks[0]).body) == 6  # however the formatter breaks its lines
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert "2023.findings-emnlp.248.pdf" in capsys.readouterr().out
    names["corpus"].close()


def test_the_readme_names_commands_and_options_that_the_program_has(capsys):
    listed = re.search(r"```text\n(.*?)```", README, flags=re.DOTALL)[1]
    commands = re.findall(r"(?:pagehop |\| )([a-z]+)", listed)
    assert set(commands) == {
        "add", "ask", "chat", "search", "encode", "eval", "list", "remove", "info", "doctor",
    }  # fmt: skip
    for line in listed.splitlines():
        command = line.split()[1]
        assert main([command, "--help"]) == 0
        helped = capsys.readouterr().out
        for option in re.findall(r"(?<= |\()(--?[a-zA-Z]+)", line):
            assert option in helped, f"{command} {option}"


def test_the_readme_points_at_files_that_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_the_readmes_two_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for command in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert command in targets
