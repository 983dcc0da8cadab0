"""Adding files: every one ends in an outcome, and none costs another anything."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from pagehop.tools import Corpus, Stage
from pagehop.tools.corpus.discovery import discover, shown_name
from pagehop.tools.errors import CorpusBusyError, PathNotFoundError


def write_pdf(path, *pages, **saving):
    pdf = pymupdf.open()
    for text in pages:
        pdf.new_page(width=400, height=300).insert_textbox((30, 30, 370, 270), text, fontsize=14)
    path.parent.mkdir(parents=True, exist_ok=True)
    pdf.save(path, **saving)
    pdf.close()
    return path


def write_locked(path, *pages):
    return write_pdf(
        path, *pages, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="open", owner_pw="own"
    )


def write_picture(path, text):
    pdf = pymupdf.open()
    page = pdf.new_page(width=300, height=80)
    page.insert_text((20, 50), text, fontsize=24)
    page.get_pixmap(dpi=150).save(path)
    pdf.close()
    return path


@pytest.fixture
def corpus(tmp_path):
    with Corpus(tmp_path / "corpus") as opened:
        yield opened


def outcomes(files):
    return {file.path.name: file.outcome for file in files}


def test_a_first_document_without_a_word_is_added_and_nothing_is_found_in_it(corpus, tmp_path):
    blank = corpus.add(write_pdf(tmp_path / "blank.pdf", "")).added
    assert outcomes(blank) == {"blank.pdf": "indexed"}
    assert corpus.search("penguins") == []


def test_every_file_ends_in_an_outcome_and_the_good_ones_are_read(corpus, tmp_path):
    good = write_pdf(tmp_path / "good.pdf", "Penguins live in the south.", "Bears in the north.")
    files = {
        "empty.pdf": b"",
        "page.pdf": b"<html><body>not a PDF</body></html>",
        "cut.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog",
        "letter.docx": b"PK\x03\x04 and so on",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    write_locked(tmp_path / "locked.pdf", "secret")
    named = [tmp_path / name for name in [*files, "locked.pdf"]]
    report = corpus.add(*named, good, until=Stage.TEXT)
    assert outcomes(report.added) == {"good.pdf": "indexed"}
    assert report.pages == 2
    assert outcomes(report.failed) == {
        "empty.pdf": "empty",
        "page.pdf": "unsupported",
        "cut.pdf": "damaged",
        "letter.docx": "unsupported",
        "locked.pdf": "encrypted",
    }
    assert all(file.reason.endswith(".") for file in report.failed)
    assert [document.name for document in corpus.documents()] == ["good.pdf"]
    assert "north" in corpus.page("good.pdf", 2).text


def test_text_of_all_files_comes_before_regions_of_any(corpus, tmp_path):
    for number in range(3):
        write_pdf(tmp_path / f"{number}.pdf", f"Text {number}", "more")
    told = []
    corpus.add(
        tmp_path,
        until=Stage.LAYOUT,
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    tasks = list(dict.fromkeys(what for what, _, _ in told))
    assert tasks[:3] == ["Looking at files", "Reading text", "Finding regions"]
    assert told.index(("Reading text", 6, 6)) < told.index(("Finding regions", 0, 6))
    assert corpus.page("1.pdf", 2).stage is Stage.LAYOUT


def test_the_same_content_under_another_name_is_one_document_with_two_names(corpus, tmp_path):
    first = write_pdf(tmp_path / "first.pdf", "Hello")
    second = tmp_path / "second.pdf"
    second.write_bytes(first.read_bytes())
    report = corpus.add(first, second, until=Stage.TEXT)
    assert (outcomes(report.added), outcomes(report.skipped)) == (
        {"first.pdf": "indexed"},
        {"second.pdf": "indexed"},
    )
    assert corpus.document("second.pdf").names == ("first.pdf", "second.pdf")
    assert len(corpus.documents()) == 1


def test_two_documents_with_one_file_name_stay_apart(corpus, tmp_path):
    paths = [write_pdf(tmp_path / year / "report.pdf", year) for year in ("2022", "2023")]
    elsewhere = write_pdf(tmp_path / "other" / "2023" / "report.pdf", "another")
    corpus.add(*paths, elsewhere, until=Stage.TEXT)
    names = {document.name: corpus.page(document.id, 1).text for document in corpus.documents()}
    assert names == {
        "report.pdf": "2022",
        "report (2023).pdf": "2023",
        "report (2).pdf": "another",
    }
    corpus.add(*paths, elsewhere, until=Stage.TEXT)
    assert [document.names for document in corpus.documents()] == [
        (name,) for name in sorted(names)
    ]


def test_a_complete_document_is_skipped_and_a_half_read_one_goes_on(corpus, tmp_path):
    path = write_pdf(tmp_path / "a.pdf", "Hello " * 30, "World " * 30)
    corpus.add(path, until=Stage.TEXT)
    assert "regions and pictures are not" in corpus.document("a.pdf").reason
    assert [file.name for file in corpus.add(path, until=Stage.TEXT).skipped] == ["a.pdf"]
    assert [file.name for file in corpus.add(path).added] == ["a.pdf"]
    assert corpus.document("a.pdf").reason == ""
    assert [file.name for file in corpus.add(path).skipped] == ["a.pdf"]


def test_a_missing_path_is_refused_before_anything_is_done(corpus, tmp_path):
    path = write_pdf(tmp_path / "a.pdf", "Hello")
    with pytest.raises(PathNotFoundError, match="nowhere"):
        corpus.add(path, tmp_path / "nowhere.pdf")
    assert corpus.documents() == ()


def test_a_folder_gives_its_files_but_hidden_ones_and_refuses_links_that_lead_out(tmp_path):
    corpus_folder = tmp_path / "in" / "corpus"
    corpus_folder.mkdir(parents=True)
    for name in ("b.pdf", "a.PNG", "notes.txt", ".hidden.pdf", "sub/c.pdf", ".git/d.pdf"):
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (corpus_folder / "original.pdf").touch()
    (tmp_path / "outside.pdf").touch()
    (tmp_path / "in" / "out.pdf").symlink_to(tmp_path / "outside.pdf")
    (tmp_path / "in" / "inside.pdf").symlink_to(tmp_path / "in" / "b.pdf")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    os.mkfifo(tmp_path / "in" / "pipe.pdf")
    found = discover([tmp_path / "in", tmp_path / "in" / "b.pdf"], apart_from=corpus_folder)
    tried = [source.path.name for source in found if not source.refusal]
    assert tried == ["a.PNG", "b.pdf", "pipe.pdf", "c.pdf"]
    assert [(s.path.name, s.refusal[0]) for s in found if s.refusal] == [
        ("notes.txt", "unsupported"),
        ("out.pdf", "unsupported"),
    ]


@pytest.mark.parametrize("side", [8_000, 10_000, 20_000])  # ours, Pillow's warning, its error
def test_a_picture_of_too_many_pixels_is_over_the_limit(corpus, tmp_path, side):
    Image.new("1", (side, side)).save(tmp_path / "huge.png")
    (failed,) = corpus.add(tmp_path / "huge.png").failed
    assert (failed.outcome, "limit is 50 million" in failed.reason) == ("over limit", True)


def test_a_link_to_itself_costs_only_itself(corpus, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "self.pdf").symlink_to(tmp_path / "in" / "self.pdf")
    assert outcomes(corpus.add(tmp_path / "in").failed) == {"self.pdf": "damaged"}


def test_a_pipe_is_never_opened(corpus, tmp_path):
    os.mkfifo(tmp_path / "pipe.pdf")
    assert outcomes(corpus.add(tmp_path / "pipe.pdf").failed) == {"pipe.pdf": "unsupported"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain name.pdf", "plain name.pdf"),
        ("line\nbreak\x1b[31m.pdf", "line\ufffdbreak\ufffd[31m.pdf"),
        ("e\u0301.pdf", "\u00e9.pdf"),
        ("\u202egnp.pdf", "\ufffdgnp.pdf"),
        (os.fsdecode(b"latin-\xe9.pdf"), "latin-\ufffd.pdf"),
    ],
)
def test_a_name_is_shown_without_what_could_deceive_or_break(name, shown):
    assert shown_name(Path(name)) == shown


def test_a_file_of_an_odd_name_is_read(corpus, tmp_path):
    path = write_pdf(tmp_path / "a.pdf", "Hello")
    odd = tmp_path / os.fsdecode(b"-rf \n\xe9;'.pdf")
    path.rename(odd)
    report = corpus.add(tmp_path, until=Stage.TEXT)
    assert [file.name for file in report.added] == ["-rf \ufffd\ufffd;'.pdf"]
    assert corpus.page("-rf \ufffd\ufffd;'.pdf", 1).text == "Hello"


def test_a_locked_file_is_read_with_its_password_which_is_kept_nowhere(corpus, tmp_path):
    path = write_locked(tmp_path / "locked.pdf", "The treasure is on the island. " * 5)
    assert outcomes(corpus.add(path, password="wrong").failed) == {"locked.pdf": "encrypted"}
    refused = corpus.add(path, password="open", link=True).failed[0]
    assert (refused.outcome, "linked" in refused.reason) == ("encrypted", True)
    report = corpus.add(path, password="open", until=Stage.TEXT)
    assert outcomes(report.added) == {"locked.pdf": "indexed"}
    assert "treasure" in corpus.page("locked.pdf", 1).text
    assert corpus.image("locked.pdf", 1, dpi=36).size == (200, 150)  # no password needed again
    # The later stages need none either.
    assert outcomes(corpus.add(path, until=Stage.LAYOUT).added) == {"locked.pdf": "indexed"}


def test_a_picture_is_read_and_its_words_are_found(corpus, tmp_path):
    path = write_picture(tmp_path / "sign.png", "Harbour closed 1987")
    corpus.add(path)
    page = corpus.page("sign.png", 1)
    assert page.ocr
    assert "1987" in page.text
    year = next(word for word in corpus.words("sign.png", 1) if "1987" in word.text)
    assert year.bbox[0] > 0.5
    assert corpus.search("when was the harbour closed", channels=["lexical"])[0].page == 1


def test_a_second_writer_is_told_who_is_writing(corpus, tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom pagehop.tools.corpus.lock import writer\n"
        "with writer(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    path = write_pdf(tmp_path / "a.pdf", "Hello")
    with subprocess.Popen(
        [sys.executable, "-c", code, corpus.path], stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(CorpusBusyError, match=f"Process {holder.pid} is"):
            corpus.add(path)
        holder.kill()  # the lock dies with its process
    assert outcomes(corpus.add(path, until=Stage.TEXT).added) == {"a.pdf": "indexed"}


def test_others_read_while_one_adds(corpus, tmp_path):
    corpus.add(write_pdf(tmp_path / "a.pdf", "Hello"), until=Stage.TEXT)
    write_pdf(tmp_path / "b.pdf", *("many pages" for _ in range(30)))
    code = (
        "import sys\nfrom pagehop.tools import Corpus, Stage\n"
        "Corpus(sys.argv[1]).add(sys.argv[2], until=Stage.TEXT)"
    )
    with subprocess.Popen([sys.executable, "-c", code, corpus.path, tmp_path / "b.pdf"]) as adding:
        seen = {1}
        while max(seen) < 31 and adding.poll() is None:
            assert corpus.page("a.pdf", 1).text == "Hello"
            seen.add(len(corpus.catalogue.page_digests()))
            time.sleep(0.005)
        adding.kill()
    assert max(seen) == 31
    assert len(seen) > 2  # it was watched growing
