"""Imports point one way, and only the graphs speak LangGraph."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERED = "apps -> evals -> graphs -> agents -> tools"
LAYERS = ("tools", "agents", "graphs", "evals", "apps")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code in which a test may plant an import."""
    for layer in LAYERS:
        shutil.copytree(
            ROOT / layer, tmp_path / "pagehop" / layer, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layers_hold(tree):
    linted = lint(tree)
    assert linted.returncode == 0, linted.stdout
    assert "2 kept, 0 broken" in linted.stdout


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        (
            "tools/boxes.py",
            "import pagehop.agents.calling.calls",
            LAYERED,
        ),
        ("agents/calling/calls.py", "import pagehop.graphs", LAYERED),
        ("agents/calling/calls.py", "import langgraph.graph", "only graphs speaks LangGraph"),
        ("apps/printing.py", "import langgraph.types", "only graphs speaks LangGraph"),
    ],
)
def test_a_planted_import_against_the_layers_is_found(tree, module, planted, contract):
    path = tree / "pagehop" / module
    path.write_text(f"{path.read_text()}\n{planted}\n")
    linted = lint(tree)
    assert linted.returncode == 1, linted.stdout
    assert f"{contract} BROKEN" in linted.stdout
