"""Broken, locked, empty and odd files of public test suites: each ends in a typed outcome."""

import json
import time
from pathlib import Path

import pytest

from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.reading import Job, Limits, TextRead, Trouble
from pagehop.tools.corpus.records import Stage

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "badpdfs"
OUTCOMES = {
    "password": {"encrypted"},
    "opens:0pages": {"empty"},
    "opens:page-errors": {"indexed"},
    "opens": {"indexed"},
    "raises:open:EmptyFileError": {"empty"},
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not here")


def test_every_bad_file_ends_in_a_typed_outcome(capfd):
    records = list(map(json.loads, (FOLDER / "files.jsonl").read_text().splitlines()))
    started = time.monotonic()
    with Farm(2, Limits(text_seconds=10)) as farm:
        for record in records:
            path = FOLDER / record["file"]
            opened = farm.open(path)
            expected = OUTCOMES.get(record["status"], {"damaged", "unsupported"})
            assert opened.outcome in expected, (record["file"], opened)
            assert opened.reason or opened.outcome == "indexed"
            if record["password"]:
                opened = farm.open(path, password=record["password"])
                assert opened.outcome == "indexed", record["file"]
            if opened.outcome == "indexed":
                check_pages(farm, record, path, opened.page_count)
    assert len(records) == 79
    assert time.monotonic() - started < 60
    out, err = capfd.readouterr()
    assert (out, "Traceback" in err, "MuPDF" in err) == ("", False, False)


def check_pages(farm, record, path, count):
    pages = tuple(range(1, count + 1))
    job = Job(
        document_id="d",
        path=path,
        kind="pdf",
        stage=Stage.TEXT,
        pages=pages,
        password=record["password"],
    )
    reads = list(farm.read([job]))
    assert sorted(read.page for read in reads) == list(pages), record["file"]
    assert all(isinstance(read, TextRead | Trouble) for read in reads)
    if record["status"] == "opens:page-errors":
        assert any(isinstance(read, Trouble) and read.outcome == "damaged" for read in reads)
    else:
        assert all(isinstance(read, TextRead) for read in reads), record["file"]
