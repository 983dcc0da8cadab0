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
            r"(?:`|python )((?:agents|tools|graphs|evals|apps|tests|benchmarks|examples)/[\w./]+)",
            page.read_text(),
        ):
            assert (ROOT / path.rstrip("/")).exists(), f"{page.name} names {path}"


def test_the_picture_of_the_graph_has_the_nodes_of_the_graph():
    from pagehop.graphs.question import wiring

    picture = (ROOT / "docs" / "architecture.md").read_text().split("## The way of a question")[1]
    for node in wiring().nodes:
        assert node in picture.split("```")[1], node


def test_the_documentation_of_the_search_tells_of_every_format_and_every_configuration():
    from pagehop.evals.configurations import CONFIGURATIONS, STEPS
    from pagehop.evals.datasets.formats import NAMES

    written = (ROOT / "docs" / "retrieval.md").read_text()
    steps = {name for name in CONFIGURATIONS if name.startswith("no-")}
    for name in {*NAMES, *CONFIGURATIONS, STEPS} - steps:
        assert f"`{name}`" in written, name


def test_every_module_that_the_documentation_runs_is_there():
    for page in (ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")):
        for name in re.findall(r"python -m pagehop\.([\w.]+)", page.read_text()):
            assert (ROOT / f"{name.replace('.', '/')}.py").exists(), f"{page.name} runs {name}"
