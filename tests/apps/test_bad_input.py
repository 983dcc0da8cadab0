"""Bad input gets one clear line and exit code 2, and loses nothing."""

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.apps.program import REPORT, run, write_pdf

PROGRAM = (sys.executable, "-m", "pagehop.apps")
ASK = ("ask", "When was Alder Mills founded?")


@pytest.fixture
def corpus(library: Path, tmp_path: Path) -> Path:
    """A copy of the corpus, for a test that harms it."""
    return Path(shutil.copytree(library / "corpus", tmp_path / "corpus"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "missing.pdf"], "'missing.pdf'"),
        (["ask", "What?", "missing.pdf"], "'missing.pdf'"),
        (["ask", ""], "question is empty"),
        (["ask", " \n"], "question is empty"),
        (["ask", "?!"], "question is empty"),
        (["search", " "], "query is empty"),
        (["search", "\u2026 \U0001f34e"], "query is empty"),
        ([*ASK, "--figures", "alder.pdf"], "'alder.pdf' is a file"),
        ([*ASK, "--in", "cedar.pdf"], "cedar.pdf"),
        (["search", "revenue", "--in", "cedar.pdf"], "cedar.pdf"),
        (["remove", "cedar.pdf"], "cedar.pdf"),
        (["info", "cedar.pdf"], "cedar.pdf"),
        (["info", "alder.pdf", "--page", "0"], "1 to 2"),
        (["info", "alder.pdf", "--page", "3"], "1 to 2"),
        (["info", "alder.pdf", "--page", "9" * 30], "1 to 2"),
        (["list", "--corpus", "a" * 300], "pagehop add"),
        (["add", "a" * 300], "no file or folder"),
        ([*ASK, "--thread", "\udcff"], "thread id"),
        (["info", "alder.pdf", "--page", "1", "--box", "0.5,0.5,0.5,0.9"], "no area"),
        (["info", "alder.pdf", "--page", "1", "--box", "0,0,7,9"], "outside"),
        (["info", "alder.pdf", "--page", "1", "--box", "a,b"], "four numbers"),
        (["info", "alder.pdf", "--box", "0,0,1,1"], "--page"),
        (["search", "revenue", "--channel", "psychic"], "psychic"),
        ([*ASK, "--model", "nobody:none"], "nobody"),
        ([*ASK, "--model", "no-such-model"], "no-such-model"),
        ([*ASK, "--rounds", "0"], "--rounds"),
        (["search", "revenue", "-k", "many"], "-k"),
        (["search", "revenue", "-k", "0"], "1 to 10,000"),
        (["search", "revenue", "-k", "-3"], "1 to 10,000"),
        (["search", "revenue", "-k", "100000"], "1 to 10,000"),
        (["search"], "--image FILE"),
        (["search", "revenue", "--cut", "rough"], "--cut"),
        (["search", "revenue", "--tag", "nothing"], "nothing"),
        (["search", "revenue", "--folder", "elsewhere"], "elsewhere"),
        (["search", "--image", "missing.png"], "missing.png"),
        (["search", "--image", "alder.pdf"], "no picture"),
        (["search", "--image", "."], "no picture"),
        (["serch", "revenue"], "serch"),
        (["add"], "PATH"),
        (["list", "--corpus", "nowhere"], "pagehop add"),
        (["doctor", "--colour"], "--colour"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(pagehop, arguments, said):
    ran = pagehop(*arguments)
    assert ran.code == 2, ran.err
    assert said in ran.complaint
    assert ran.out == ""


def test_a_model_without_its_key_is_refused_before_anything_is_sent(pagehop):
    pytest.importorskip("langchain_openai", reason="the openai extra is not installed")
    ran = pagehop(*ASK, "--model", "openai:gpt-5-mini")
    assert ran.code == 2
    assert "OPENAI_API_KEY" in ran.complaint


def test_a_question_to_no_corpus_makes_none(tmp_path):
    assert run(*ASK, cwd=tmp_path).code == 2
    assert run("ask", "What?", "missing.pdf", cwd=tmp_path).code == 2
    assert list(tmp_path.glob(".pagehop*")) == []


def test_a_file_that_is_no_pdf_is_named_with_its_reason(tmp_path):
    (tmp_path / "page.pdf").write_text("<html><body>hello</body></html>")
    (tmp_path / "notes.docx").write_bytes(b"PK\x03\x04 not a PDF")
    ran = run("add", "page.pdf", "notes.docx", cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.count("unsupported") == 2
    assert "Traceback" not in ran.err


def test_a_folder_with_no_document_in_it_is_bad_input(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("no document")
    ran = run("add", "in", cwd=tmp_path)
    assert ran.code == 2
    assert "no PDF and no image" in ran.complaint


def test_a_question_of_bytes_that_are_no_text_is_asked_as_far_as_it_is(pagehop):
    assert pagehop("ask", "When was Alder Mills founded? \udcff").code == 0


def test_output_that_was_closed_before_the_start_is_no_fault(corpus, library):
    command = [*PROGRAM, "list", "--corpus", str(corpus)]
    closed = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        cwd=library,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in closed.stderr


def test_a_locked_file_is_named_and_the_remedy_too(tmp_path):
    write_pdf(tmp_path / "locked.pdf", REPORT, encryption=4, user_pw="sesame", owner_pw="x")
    for password in ([], ["--password", "wrong"]):
        ran = run("add", "locked.pdf", *password, cwd=tmp_path)
        assert ran.code == 2
        (failed,) = [line for line in ran.err.splitlines() if line.startswith("failed")]
        assert "locked.pdf: encrypted" in failed
        assert "password" in failed


def test_a_corpus_of_a_newer_version_is_left_alone(corpus, library):
    with closing(sqlite3.connect(corpus / "catalogue.sqlite3")) as catalogue:
        catalogue.execute("PRAGMA user_version = 9999")
    before = {file: file.read_bytes() for file in corpus.rglob("*.sqlite3")}
    ran = run("search", "revenue", "--corpus", corpus, cwd=library)
    assert ran.code == 2
    assert "version" in ran.complaint
    assert {file: file.read_bytes() for file in before} == before


def test_a_corpus_that_another_process_writes_is_not_touched(corpus, library):
    hold = (
        "import sys; from pathlib import Path; from pagehop.tools.corpus.lock import writer\n"
        f"with writer(Path({str(corpus)!r})): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        for command in (["add", "alder.pdf"], ["remove", "birch.pdf"]):
            ran = run(*command, "--corpus", corpus, cwd=library)
            assert ran.code == 2, ran.err
            assert str(holder.pid) in ran.complaint
    finally:
        holder.communicate("")
    assert run("remove", "birch.pdf", "--corpus", corpus, cwd=library).code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_corpus_that_may_not_be_written_is_said(corpus, library):
    for path in (corpus, *corpus.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)
    ran = run("search", "revenue", "--corpus", corpus, cwd=library)
    for path in (corpus, *corpus.rglob("*")):
        path.chmod(0o700)
    assert ran.code == 2
    assert "must be writable" in ran.complaint


def test_a_full_disk_is_said_and_what_was_there_stays(corpus, library):
    write_pdf(library / "thick.pdf", (("Thick", *(f"line {n} of much" for n in range(25))),) * 60)
    size = (corpus / "catalogue.sqlite3").stat().st_size

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, size + 4096))

    full = subprocess.run(
        [*PROGRAM, "add", "thick.pdf", "--until", "text", "--corpus", str(corpus)],
        cwd=library,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        preexec_fn=small,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert full.returncode == 2, full.stderr
    assert "Traceback" not in full.stderr
    listed = json.loads(run("list", "--json", "--corpus", corpus, cwd=library).out)["documents"]
    assert {"alder.pdf", "birch.pdf"} <= {document["document"] for document in listed}
