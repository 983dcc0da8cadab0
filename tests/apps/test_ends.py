"""However a run ends: interrupted, its reader gone, or by a fault of ours."""

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pagehop.apps.exits import report
from tests.apps.program import REPORT, run, run_here, write_pdf


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pagehop.apps", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_an_interrupted_add_says_so_and_the_same_command_goes_on(tmp_path):
    paper = write_pdf(tmp_path / "long.pdf", REPORT * 20)
    with start("add", paper, cwd=tmp_path) as adding:
        first = adding.stderr.readline()  # of the progress
        adding.send_signal(signal.SIGINT)
        _, told = adding.communicate(timeout=60)
    assert adding.returncode == 130, first + told
    assert "Nothing is lost: the same command goes on" in told
    assert "Traceback" not in told
    again = run("add", paper, "--until", "text", cwd=tmp_path)
    assert again.code == 0, again.err
    listed = json.loads(run("list", "--json", cwd=tmp_path).out)["documents"]
    assert [document["pages"] for document in listed] == [40]


def test_a_reader_that_goes_away_is_no_error(library):
    with start("list", "--json", "--corpus", "corpus", cwd=library) as listing:
        listing.stdout.close()
        assert listing.stderr.read() == ""


def test_a_fault_of_ours_is_one_line_and_the_way_to_see_more(capsys):
    assert report(ZeroDivisionError("division\nby zero")) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "ZeroDivisionError: division by zero" in told
    assert "PAGEHOP_DEBUG=1" in told


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "catalogue.sqlite3"),
        OSError(errno.EFBIG, "File too large", "catalogue.sqlite3"),
        sqlite3.OperationalError("database or disk is full"),
        PermissionError(errno.EACCES, "Permission denied", "catalogue.sqlite3"),
    ],
)
def test_a_full_or_closed_disk_is_bad_input_with_a_remedy(capsys, error):
    assert report(error) == 2
    assert "--corpus" in capsys.readouterr().err


def test_the_doctor_finds_a_healthy_installation_well(pagehop):
    examined = pagehop("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(examined.out)["checks"]}
    assert examined.code == 0, examined.err
    assert {"python", "text encoder", "OCR models", "layout models", "corpus"} <= set(checks)
    assert checks["corpus"]["finding"].startswith("2 documents, 3 pages")
    assert all(check["well"] for check in checks.values())


def test_the_doctor_tells_of_a_folder_that_nothing_can_be_locked_in(library, tmp_path):
    shutil.copytree(library / "corpus", tmp_path / "corpus")
    shutil.rmtree(tmp_path / "corpus" / "locks")
    (tmp_path / "corpus" / "locks").touch()
    examined = run_here("doctor", "--corpus", "corpus", "--json", cwd=tmp_path)
    checks = {check["name"]: check for check in json.loads(examined.out)["checks"]}
    assert (examined.code, checks["lock"]["well"]) == (1, False)
    assert checks["corpus"]["well"]
