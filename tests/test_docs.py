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

    written = "".join((ROOT / "docs" / f"{n}.md").read_text() for n in ("retrieval", "answers"))
    steps = {name for name in CONFIGURATIONS if name.startswith("no-")}
    for name in {*NAMES, *CONFIGURATIONS, STEPS} - steps:
        assert f"`{name}`" in written, name


def test_every_module_that_the_documentation_runs_is_there():
    for page in (ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")):
        for name in re.findall(r"python -m pagehop\.([\w.]+)", page.read_text()):
            assert (ROOT / f"{name.replace('.', '/')}.py").exists(), f"{page.name} runs {name}"


def test_the_efforts_are_documented_with_their_numbers():
    from pagehop.agents.budget import EFFORTS

    table = (ROOT / "docs" / "answers.md").read_text().split("<!-- efforts -->")[1]
    rows = [line.strip("|").split("|") for line in table.split("\n\n")[0].strip().split("\n")]
    told = [[cell.strip().replace(",", "") for cell in row[1:]] for row in rows[2:]]
    names = ["rounds", "model_calls", "tokens", "seconds"]
    steps = ["hits", "pictures", "planner", "critic", "whole", "second_looks", "samples"]
    values = [[getattr(e.budget, name) for e in EFFORTS.values()] for name in names]
    values += [[getattr(e, name) for e in EFFORTS.values()] for name in steps]
    flags = [[getattr(e, name) for e in EFFORTS.values()] for name in ("rewrite", "rerank")]
    expected = [[f"{v:g}" if isinstance(v, float) else str(v) for v in row] for row in values]
    expected += [["yes" if v else "no" for v in row] for row in flags]
    assert [cell.strip() for cell in rows[0][1:]] == list(EFFORTS)
    assert told == expected
