"""The documentation names what is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_an_invariant_names_is_there():
    written = "\n".join(path.read_text() for path in ROOT.glob("tests/**/*.py"))
    named = re.findall(r"`(test_[a-z0-9_]+)`", (ROOT / "docs" / "architecture.md").read_text())
    assert len(named) > 20
    missing = [name for name in named if f"def {name}(" not in written]
    assert not missing


def test_every_file_that_the_documentation_names_is_there():
    for page in (ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")):
        for path in re.findall(
            r"`((?:agents|tools|graphs|apps|tests|benchmarks|examples)/[\w./]+)`", page.read_text()
        ):
            assert (ROOT / path.rstrip("/")).exists(), f"{page.name} names {path}"


def test_the_picture_of_the_graph_has_the_nodes_of_the_graph():
    from pagehop.graphs.question import wiring

    picture = (ROOT / "docs" / "architecture.md").read_text().split("## The way of a question")[1]
    for node in wiring().nodes:
        assert node in picture.split("```")[1], node
