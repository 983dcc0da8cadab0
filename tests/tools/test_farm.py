"""Files are read in processes that can be killed, and one bad page costs only itself."""

import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import psutil
import pymupdf
import pytest
from PIL import Image

from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.reading import Job, Limits, TextRead, Trouble
from pagehop.tools.corpus.records import Stage
from pagehop.tools.errors import (
    BadBoxError,
    EncryptedFileError,
    PageOutOfRangeError,
    PathNotFoundError,
    UnsupportedFileError,
    WorkerError,
)


@pytest.fixture(scope="module")
def farm():
    with Farm(2) as farm:
        yield farm


def pdf(path, texts, **save):
    document = pymupdf.open()
    for text in texts:
        page = document.new_page(width=400, height=600)
        page.insert_text((50, 100), text)
    document.save(path, **save)
    return path


def bomb(path, pages=3, bad=2):
    """A PDF whose page `bad` runs a form that runs a form ... 10 ** 9 times."""
    document = pymupdf.open()
    for number in range(1, pages + 1):
        document.new_page().insert_text((50, 100), f"page {number}")
    level = document.get_new_xref()
    document.update_object(level, "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]>>")
    document.update_stream(level, b"0 0 m 1 1 l S")
    for _ in range(9):
        outer = document.get_new_xref()
        form = (
            f"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F {level} 0 R>>>>>>"
        )
        document.update_object(outer, form)
        document.update_stream(outer, b"/F Do " * 10)
        level = outer
    page = document[bad - 1]
    document.xref_set_key(page.xref, "Resources", f"<</XObject<</F {level} 0 R>>>>")
    contents = document.get_new_xref()
    document.update_object(contents, "<<>>")
    document.update_stream(contents, b"/F Do")
    document.xref_set_key(page.xref, "Contents", f"{contents} 0 R")
    document.save(path)
    return path


def job(path, pages, stage=Stage.TEXT, **more):
    return Job(
        document_id=path.name, path=path, kind="pdf", stage=stage, pages=tuple(pages), **more
    )


def running(needle):
    """Ids of living processes whose command line has the needle."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if needle.encode() in line and state != "Z":
            found.append(int(entry.name))
    return found


def test_a_good_file_is_opened(farm, tmp_path):
    opened = farm.open(pdf(tmp_path / "a.pdf", ["one", "two"]))
    assert (opened.outcome, opened.kind, opened.page_count) == ("indexed", "pdf", 2)


def test_what_only_calls_itself_a_pdf_is_unsupported(farm, tmp_path):
    (tmp_path / "a.pdf").write_text("words, words <p>and %PDF-1.4 somewhere")
    (tmp_path / "b.pdf").write_text("just a letter to a friend")
    assert farm.open(tmp_path / "a.pdf").outcome in ("damaged", "unsupported")
    assert farm.open(tmp_path / "b.pdf").outcome == "unsupported"


def test_a_locked_file_opens_with_its_password_only(farm, tmp_path):
    path = pdf(
        tmp_path / "a.pdf",
        ["secret"],
        encryption=pymupdf.PDF_ENCRYPT_AES_256,
        user_pw="u",
        owner_pw="o",
    )
    assert farm.open(path).outcome == "encrypted"
    assert farm.open(path, password="x").outcome == "encrypted"
    assert farm.open(path, password="u").outcome == "indexed"
    (read,) = farm.read([job(path, [1], password="u")])
    assert read.text == "secret"
    (trouble,) = farm.read([job(path, [1])])
    assert (trouble.page, trouble.outcome) == (None, "encrypted")


def test_an_empty_user_password_is_none(farm, tmp_path):
    path = pdf(tmp_path / "a.pdf", ["open"], encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="o")
    assert farm.open(path).outcome == "indexed"


@pytest.mark.parametrize("workers", [1, 3])
def test_every_page_is_read_once_by_however_many_workers(tmp_path, workers):
    path = pdf(tmp_path / "a.pdf", [f"page number {n}" for n in range(1, 41)])
    with Farm(workers) as farm:
        reads = list(farm.read([job(path, range(1, 31)), job(path, range(31, 41))]))
    assert sorted((read.page, read.text) for read in reads) == [
        (n, f"page number {n}") for n in range(1, 41)
    ]


def test_a_page_that_never_ends_costs_only_itself(tmp_path, capfd):
    path = bomb(tmp_path / "bomb.pdf")
    started = time.monotonic()
    with Farm(1, Limits(text_seconds=1.0)) as farm:
        assert farm.open(path).page_count == 3
        reads = {read.page: read for read in farm.read([job(path, [1, 2, 3])])}
    assert reads[1].text == "page 1"
    assert reads[3].text == "page 3"
    assert isinstance(reads[2], Trouble)
    assert reads[2].outcome == "over limit"
    assert time.monotonic() - started < 15
    assert capfd.readouterr() == ("", "")


def test_a_document_that_kills_again_and_again_is_given_up(tmp_path):
    path = bomb(tmp_path / "bomb.pdf", pages=1, bad=1)
    document = pymupdf.open(path)
    for _ in range(5):
        document.fullcopy_page(0)
    document.save(tmp_path / "bombs.pdf")
    with Farm(1, Limits(text_seconds=0.4, deaths=2)) as farm:
        reads = list(farm.read([job(tmp_path / "bombs.pdf", range(1, 7))]))
    assert {read.outcome for read in reads} == {"over limit"}
    assert sorted(read.page for read in reads) == [1, 2, 3, 4, 5, 6]
    assert sum("Given up" in read.reason for read in reads) >= 3


def test_a_page_that_takes_too_much_memory_costs_only_itself(tmp_path):
    document = pymupdf.open()
    for text in ("one", "two"):
        document.new_page().insert_text((50, 100), text)
    contents = document[0].get_contents()[0]
    text = document.xref_stream(contents)
    document.update_stream(
        contents, text.replace(b"TJ", b"TJ " + b"(abcdefghij)Tj 0 -.0001 Td " * 200_000)
    )
    document.save(tmp_path / "a.pdf")
    with Farm(1, Limits(memory_bytes=450 * 2**20, text_seconds=20)) as farm:
        reads = {read.page: read for read in farm.read([job(tmp_path / "a.pdf", [1, 2])])}
    assert reads[1].outcome == "over limit"
    assert reads[2].text == "two"


def test_answers_never_get_mixed_up_when_children_are_killed(tmp_path):
    bad = bomb(tmp_path / "bomb.pdf", pages=1, bad=1)
    good = pdf(tmp_path / "good.pdf", [f"good {n}" for n in range(1, 13)])
    jobs = [one for n in range(1, 13) for one in (job(good, [n]), job(bad, [1]))]
    with Farm(2, Limits(text_seconds=0.3, deaths=100)) as farm:
        reads = list(farm.read(jobs))
    assert len(reads) == 24
    texts = {read.page: read.text for read in reads if isinstance(read, TextRead)}
    assert texts == {n: f"good {n}" for n in range(1, 13)}


def test_jobs_are_pulled_as_needed_and_reading_can_be_left(farm, tmp_path):
    path = pdf(tmp_path / "a.pdf", ["one"])
    pulled = itertools.count()
    reads = farm.read(job(path, [1]) for _ in pulled)
    assert [next(reads).text for _ in range(3)] == ["one"] * 3
    reads.close()
    assert next(pulled) < 20


def test_an_error_of_the_one_who_makes_jobs_comes_back(farm, tmp_path):
    def jobs():
        yield job(pdf(tmp_path / "a.pdf", ["one"]), [1])
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(farm.read(jobs()))


def test_a_file_that_is_gone_is_trouble_with_the_whole_job(farm, tmp_path):
    (trouble,) = farm.read([job(tmp_path / "gone.pdf", [1, 2, 3])])
    assert isinstance(trouble, Trouble)
    assert trouble.page is None


def test_no_key_of_the_environment_reaches_the_readers(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "0123456789abcdef")
    before = set(running("pagehop.tools.corpus.nursery"))
    with Farm(1) as farm:
        farm.open(pdf(tmp_path / "a.pdf", ["one"]))
        ours = [
            pid
            for pid in set(running("pagehop.tools.corpus.nursery")) - before
            if Path(f"/proc/{pid}/environ").exists()
        ]
        assert ours
        for pid in ours:
            assert b"0123456789abcdef" not in Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_nothing_outlives_a_killed_parent_even_when_stuck(tmp_path):
    path = bomb(tmp_path / "bomb.pdf", pages=1, bad=1)
    script = (
        "import sys\nfrom pathlib import Path\nfrom pagehop.tools.corpus.farm import Farm\n"
        "from pagehop.tools.corpus.reading import Job\n"
        "from pagehop.tools.corpus.records import Stage\n"
        "p = Path(sys.argv[1])\nfarm = Farm(1)\nfarm.open(p)\nprint('open', flush=True)\n"
        "list(farm.read([Job(document_id='d', path=p, kind='pdf', stage=Stage.TEXT, pages=(1,))]))"
    )
    before = set(running("pagehop.tools.corpus.nursery"))
    parent = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
    with parent:
        parent.stdout.readline()
        time.sleep(0.7)
        ours = [
            pid
            for pid in set(running("pagehop.tools.corpus.nursery")) - before
            if mine(pid, parent)
        ]
        assert len(ours) >= 2  # the nursery and a stuck child
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while left := set(ours) & set(running("pagehop.tools.corpus.nursery")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def mine(pid, parent):
    """Whether the process descends from the parent."""
    while pid > 1 and pid != parent.pid:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return pid == parent.pid


def test_the_nursery_loads_no_more_than_it_needs():
    script = (
        "import sys, pagehop.tools.corpus.nursery as nursery\nnursery.load()\nprint(*sys.modules)"
    )
    seen = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "pymupdf" in seen
    assert not {"torch", "transformers", "chromadb", "langgraph", "rapidocr", "cv2"} & set(seen)


def test_a_page_is_rendered_at_any_resolution(farm, tmp_path):
    path = pdf(tmp_path / "a.pdf", ["one"])
    whole = Image.open(BytesIO(farm.render(path, 1, dpi=144)))
    assert (whole.format, whole.size) == ("PNG", (800, 1200))
    part = Image.open(BytesIO(farm.render(path, 1, dpi=144, clip=(0.1, 0.1, 0.6, 0.2))))
    assert part.size == (400, 120)
    assert part.convert("RGB").tobytes() == whole.crop((80, 120, 480, 240)).convert("RGB").tobytes()


def test_what_cannot_be_rendered_says_why(farm, tmp_path):
    path = pdf(tmp_path / "a.pdf", ["one"])
    with pytest.raises(BadBoxError, match="million pixels"):
        farm.render(path, 1, dpi=5000)
    with pytest.raises(BadBoxError, match="no box"):
        farm.render(path, 1, dpi=72, clip=(0.5, 0.1, 0.2, 0.9))
    with pytest.raises(PageOutOfRangeError, match="pages 1 to 1"):
        farm.render(path, 2, dpi=72)
    with pytest.raises(PathNotFoundError, match=r"gone\.pdf"):
        farm.render(tmp_path / "gone.pdf", 1, dpi=72)
    (tmp_path / "page.pdf").write_text("<html>")
    with pytest.raises(UnsupportedFileError, match="HTML"):
        farm.render(tmp_path / "page.pdf", 1, dpi=72)
    locked = pdf(tmp_path / "l.pdf", ["x"], encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="u")
    with pytest.raises(EncryptedFileError, match="locked"):
        farm.render(locked, 1, dpi=72)


def test_a_closed_farm_says_so_and_starts_nothing_again(tmp_path):
    farm = Farm(2)
    path = pdf(tmp_path / "a.pdf", ["one"] * 90)
    reads = farm.read([job(path, range(1, 91))])
    next(reads)
    farm.close()
    with pytest.raises(WorkerError, match="closed"):
        list(reads)
    with pytest.raises(WorkerError, match="closed"):
        farm.open(path)


@contextmanager
def everything_is_let_go_of():
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(one.message) for one in told] == []


@pytest.mark.parametrize("end", ["closed", "left in the middle", "forgotten", "dead"])
def test_however_a_farm_ends_no_socket_and_no_process_is_left(tmp_path, end):
    path = pdf(tmp_path / "a.pdf", ["one"] * 40)
    with everything_is_let_go_of():
        farm = Farm(1)
        farm.open(path)
        reads = farm.read([job(path, range(1, 41))])
        next(reads)
        nursery = farm._nursery._process.pid
        knot = [farm, reads]
        knot.append(knot)  # only the collector can undo it
        if end == "dead":
            os.kill(nursery, signal.SIGKILL)
            farm._nursery._process.wait()
            assert len(list(reads)) == 39
            nursery = farm._nursery._process.pid  # the next one
        if end != "forgotten":
            farm.close()
        if end == "closed":
            reads.close()
        del farm, reads, knot
    with pytest.raises(ProcessLookupError):
        os.kill(nursery, 0)


def test_a_reading_that_is_left_does_not_wait_for_the_page_in_flight(tmp_path):
    endless = bomb(tmp_path / "bomb.pdf", pages=1, bad=1)
    path = pdf(tmp_path / "a.pdf", ["one"])
    with Farm(1, Limits(text_seconds=600)) as farm:
        reads = farm.read([job(path, [1]), job(endless, [1])])
        assert next(reads).text == "one"
        leaving = threading.Thread(target=reads.close, daemon=True)
        leaving.start()
        leaving.join(60)
        assert not leaving.is_alive()
        assert farm.open(path).page_count == 1  # the farm works on


class Interrupted(BaseException):
    pass


def test_an_interrupted_step_never_answers_the_next_one(tmp_path):
    def interrupt(*_):
        raise Interrupted

    path = bomb(tmp_path / "bomb.pdf", pages=1, bad=1)
    with Farm(1) as farm:
        assert farm.open(path).page_count == 1
        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            with pytest.raises(Interrupted):
                farm.render(path, 1, dpi=36)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert farm.open(pdf(tmp_path / "good.pdf", ["one", "two"])).page_count == 2


def test_an_idle_reader_that_something_else_killed_is_replaced(tmp_path):
    path = pdf(tmp_path / "good.pdf", ["One page."])
    with Farm(1) as farm:
        assert farm.open(path).outcome == "indexed"
        for nursery in psutil.Process().children():
            for reader in nursery.children():
                reader.kill()
                while reader.is_running() and reader.status() != psutil.STATUS_ZOMBIE:
                    time.sleep(0.01)
        assert farm.open(path).outcome == "indexed"
