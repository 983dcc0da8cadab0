"""The examples run as they stand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(demo, tmp_path_factory):
    """A corpus that has the papers already: they are read once for all tests."""
    return shutil.copytree(demo[0] / "corpus", tmp_path_factory.mktemp("examples") / "corpus")


def run(name, folder):
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / name), str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_tool_defined_in_a_script_is_called_and_cited(folder):
    told = run("custom_tool.py", folder)
    assert told.splitlines() == [
        "In room 2, on shelf 14.",
        "[c1] tool:shelf: Logic-LM: room 2, shelf 14",
    ]


def test_a_follow_up_in_a_chat_is_understood(folder):
    told = run("chat.py", folder)
    understood = told.splitlines()[-1]
    assert "LOGIC-LM" in understood
    assert "dataset" in understood
    assert told.count("2023.findings-emnlp.248.pdf, page") >= 2


def test_a_run_tells_its_way(folder):
    told = run("streaming.py", folder)
    for sign in ("plan  ", "search  ", "critic  ", "verified  ", "answer  "):
        assert f"\n{sign}" in f"\n{told}"
    assert "2023.acl-long.386.pdf p. " in told
    assert "2023.findings-emnlp.248.pdf p. " in told


def test_a_channel_of_ones_own_finds_beside_the_usual_ones(folder):
    told = run("custom_channel.py", folder).splitlines()
    assert len(told) == 3
    assert all("'lexical'" in line and "'phrases'" in line for line in told)
