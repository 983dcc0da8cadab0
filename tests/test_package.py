"""What is installed is complete, and the program starts without its heavy parts."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("tools", "agents", "graphs", "evals", "apps")
HEAVY = (
    "torch", "transformers", "chromadb", "langgraph", "langchain_core", "pymupdf", "rapidocr",
    "onnxruntime", "numpy", "PIL", "rich", "sqlite3",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The wheel that setuptools makes of a copy of the tree."""
    copy = tmp_path_factory.mktemp("tree")
    for layer in LAYERS:
        shutil.copytree(
            ROOT / layer, copy / layer, ignore=shutil.ignore_patterns("__pycache__", ".*")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    build = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"
    built = subprocess.run(
        [sys.executable, "-c", build], cwd=copy, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return zipfile.ZipFile(copy / built.stdout.split()[-1])


def test_every_file_of_the_four_folders_is_in_the_wheel(wheel):
    tree = {
        f"pagehop/{path.relative_to(ROOT).as_posix()}"
        for layer in LAYERS
        for path in (ROOT / layer).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    assert tree - set(wheel.namelist()) == set()


def test_every_layer_is_typed_and_the_namespace_has_no_module_of_its_own(wheel):
    names = wheel.namelist()
    assert {f"pagehop/{layer}/py.typed" for layer in LAYERS} <= set(names)
    assert "pagehop/__init__.py" not in names


def test_prompts_the_schema_and_the_licence_are_in_the_wheel(wheel):
    names = wheel.namelist()
    assert any(name.startswith("pagehop/agents/prompts/") for name in names)
    assert any(name.endswith("answer.schema.json") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    program = (
        "import sys\n"
        "from pagehop.apps.cli import main\n"
        f"sys.argv = ['pagehop', *{arguments!r}]\n"
        "code = main()\n"
        f"print('loaded', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "sys.exit(code)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "loaded []"
