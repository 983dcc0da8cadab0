"""The catalogue: rows in, the same records out, whatever happens in between."""

import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import SCHEMA_VERSION
from pagehop.tools.corpus.packing import pack_words, unpack_words
from pagehop.tools.corpus.records import Document, Passage, Region, Stage, Word
from pagehop.tools.errors import (
    CorpusBusyError,
    CorpusVersionError,
    PageOutOfRangeError,
    StorageError,
    UnknownDocumentError,
)

A, B = "a" * 32, "b" * 32
ENCODER = "tiny-1"


def document(identity=A, name="annual report.pdf", pages=3):
    return Document(
        id=identity,
        names=(name,),
        kind="pdf",
        page_count=pages,
        title="",
        bytes=10,
        outcome="partial",
    )


def passage(text, identity=A, page=1, number=0):
    return Passage(
        id=f"{identity}:{page}:p{number}", document_id=identity, page=page, kind="text", text=text
    )


def put(catalogue, *texts, identity=A, number=1, stage=Stage.TEXT):
    page = replace(catalogue.page(identity, number), stage=stage, text="\n".join(texts))
    cut = [passage(text, identity, number, n) for n, text in enumerate(texts)]
    catalogue.put_page(page, (), (), cut)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalogue.sqlite3"


@pytest.fixture
def catalogue(path):
    opened = Catalogue(path)
    opened.register(document(), f"{A}.pdf")
    yield opened
    opened.close()


boxes = st.tuples(*[st.integers(0, 100_000).map(lambda n: n / 100_000)] * 4)
texts = st.text(st.characters(codec="utf-8"))
word_lists = st.lists(st.builds(Word, texts, boxes, st.integers(0, 500), st.booleans()))


@given(word_lists)
def test_words_come_back_as_they_went_in(words):
    assert unpack_words(pack_words(words)) == tuple(words)


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_any_text_can_be_stored_lone_surrogates_excepted(catalogue, text):
    put(catalogue, text)
    kept = text.encode("utf-8", "replace").decode()
    assert catalogue.page(A, 1).text == kept
    assert [found.text for found in catalogue.passages(A)] == [kept]


def test_regions_and_passages_come_back_as_they_went_in(catalogue):
    region = Region(
        id=f"{A}:2:r0",
        document_id=A,
        page=2,
        order=0,
        kind="table",
        bbox=(0.1, 0.2, 0.3, 0.4),
        text="a 1",
        caption="Table 2: x",
        label="Table 2",
        cells=(("a", "1"), ("b", "")),
        cell_boxes=(((0.1, 0.2, 0.2, 0.3), None), (None, None)),
        markdown="|a|1|",
    )
    row = replace(
        passage("a 1", page=2),
        kind="table",
        heading=("1 Results", "1.2 Tables"),
        boxes=((0.1, 0.2, 0.3, 0.3),),
        region_id=region.id,
    )
    page = replace(catalogue.page(A, 2), stage=Stage.LAYOUT, label="iv", outline=("Results",))
    catalogue.put_page(page, (), (region,), (row,))
    assert catalogue.regions(A) == catalogue.regions(A, 2) == (region,)
    assert catalogue.passages(A, 2) == (row,)
    assert catalogue.passage(row.id) == row
    assert catalogue.passage("none") is None
    assert catalogue.regions(A, 1) == ()
    kept = catalogue.page(A, 2)
    assert (kept.label, kept.outline, kept.stage) == ("iv", ("Results",), Stage.LAYOUT)


def test_a_page_stage_replaces_the_one_before(catalogue):
    put(catalogue, "one", "two", "three")
    put(catalogue, "one and two", stage=Stage.LAYOUT)
    assert [found.text for found in catalogue.passages(A)] == ["one and two"]
    assert catalogue.pending(A, Stage.TEXT) == (2, 3)
    assert catalogue.pending(A, Stage.OCR) == (1,)


def test_a_page_stage_that_fails_half_way_leaves_the_page_as_it_was(catalogue):
    put(catalogue, "one")
    before = list(catalogue.dump())
    page = replace(catalogue.page(A, 1), stage=Stage.LAYOUT, text="two")
    with pytest.raises(StorageError):
        catalogue.put_page(page, (), (), [passage("x"), passage("same id twice")])
    assert list(catalogue.dump()) == before


def test_the_digest_changes_with_the_text_and_only_then(catalogue):
    put(catalogue, "one")
    first = catalogue.page_digests()
    put(catalogue, "one", stage=Stage.LAYOUT)
    assert catalogue.page_digests() == first
    assert list(first) == [(A, 1)]  # pages that were never read have none
    put(catalogue, "two")
    assert catalogue.page_digests() != first


def test_the_generation_grows_with_every_change_also_of_another_thread(catalogue, path):
    seen = catalogue.generation()
    worker = threading.Thread(target=put, args=(catalogue, "one"))
    worker.start()
    worker.join()
    assert catalogue.generation() > seen
    seen = catalogue.generation()
    other = Catalogue(path)
    put(other, "two")
    other.close()
    assert catalogue.generation() > seen
    seen = catalogue.generation()
    catalogue.documents()
    assert catalogue.generation() == seen


def test_a_text_keeps_its_vector_when_its_page_goes_a_stage_further(catalogue):
    put(catalogue, "one", "two")
    catalogue.put_vectors(
        ENCODER, {f"{A}:1:p{n}": np.full(3, n, dtype=np.float32) for n in range(2)}
    )
    put(catalogue, "zero", "two", "one", stage=Stage.LAYOUT)
    assert [p.text for p in catalogue.passages_without_vector(ENCODER)] == ["zero"]
    ids, vectors = catalogue.vectors(ENCODER)
    assert ids == [f"{A}:1:p1", f"{A}:1:p2"]
    assert vectors.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert vectors.dtype == np.float32
    assert catalogue.vectors("another")[0] == []
    assert len(catalogue.passages_without_vector("another")) == 3


def test_vectors_can_be_had_for_some_documents(catalogue):
    catalogue.register(document(B, "b.pdf"), f"{B}.pdf")
    put(catalogue, "one")
    put(catalogue, "one", identity=B)
    catalogue.put_vectors(ENCODER, {f"{A}:1:p0": np.ones(2, dtype=np.float32)})
    assert catalogue.vectors(ENCODER, [B])[0] == [f"{B}:1:p0"]  # the same text, the same vector
    assert catalogue.vectors(ENCODER, [])[1].shape == (0, 2)


@pytest.mark.parametrize("vector", [np.ones(4), np.array([1.0, np.nan, 0.0]), np.ones((1, 3))])
def test_a_vector_of_another_size_or_not_finite_is_refused(catalogue, vector):
    put(catalogue, "one", "two")
    catalogue.put_vectors(ENCODER, {f"{A}:1:p0": np.ones(3, dtype=np.float32)})
    with pytest.raises(ValueError, match=r"must be \(3,\)"):
        catalogue.put_vectors(ENCODER, {f"{A}:1:p1": vector.astype(np.float32)})
    assert catalogue.vectors(ENCODER)[0] == [f"{A}:1:p0"]


def test_unused_vectors_are_forgotten(catalogue):
    put(catalogue, "one", "two")
    catalogue.put_vectors(ENCODER, {f"{A}:1:p{n}": np.ones(2, dtype=np.float32) for n in range(2)})
    put(catalogue, "two")
    catalogue.forget_unused_vectors()
    assert [row for row in catalogue.dump() if row[0] == "vectors"][1:] == []


@pytest.mark.parametrize("asked", [A, "annual report.pdf", "Annual Report.PDF", "annual report"])
def test_a_document_is_found_by_id_name_or_stem(catalogue, asked):
    assert catalogue.document(asked).id == A


def test_an_unknown_document_is_named_with_what_is_there(catalogue, tmp_path):
    with pytest.raises(UnknownDocumentError, match="Did you mean 'annual"):
        catalogue.document("anual report.pdf")
    with pytest.raises(UnknownDocumentError, match="there are 'annual"):
        catalogue.document("zzz")
    empty = Catalogue(tmp_path / "empty.sqlite3")
    with pytest.raises(UnknownDocumentError, match="is empty"):
        empty.document("zzz")
    empty.close()


def test_a_name_that_may_be_two_documents_is_refused_with_both(catalogue):
    catalogue.register(document(B, "annual report.png"), f"{B}.png")
    with pytest.raises(UnknownDocumentError, match=r"'annual report.pdf', 'annual report.png'"):
        catalogue.document("annual report")
    assert catalogue.document("annual report.png").id == B


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_page_out_of_range_is_refused(catalogue, number):
    with pytest.raises(PageOutOfRangeError, match="has pages 1 to 3"):
        catalogue.page(A, number)
    with pytest.raises(PageOutOfRangeError):
        catalogue.words(A, number)


def test_what_is_kept_of_the_documents_is_as_of_now_whoever_changed_them(catalogue, path):
    other = Catalogue(path)
    assert list(catalogue.documents_by_id()) == [A]
    assert catalogue.documents() is catalogue.documents()  # not read again
    other.register(document(B, "b.pdf"), f"{B}.pdf")
    assert list(catalogue.documents_by_id()) == [A, B]  # by name
    other.add_name(B, "copy of b.pdf")
    assert catalogue.document("copy of b.pdf").id == B
    other.erase(B)
    assert [one.id for one in catalogue.documents()] == [A]
    with pytest.raises(UnknownDocumentError):
        catalogue.document("b.pdf")
    other.close()


def test_texts_of_many_pages_and_the_openings_of_documents_are_read_together(catalogue):
    assert not catalogue.has_pages()
    catalogue.register(document(B, "b.pdf"), f"{B}.pdf")
    put(catalogue, "first of A")
    put(catalogue, "third of B", identity=B, number=3)
    assert catalogue.has_pages()
    wanted = [(B, 3), (A, 1), (A, 99), ("none", 1)]
    assert catalogue.texts(wanted) == {(A, 1): "first of A", (B, 3): "third of B"}
    assert catalogue.openings([A, B, "none"], 5) == {A: "first", B: ""}


def test_the_catalogue_belongs_to_its_owner_alone(catalogue, path):
    put(catalogue, "one")
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_newer_catalogue_is_refused_naming_both_versions(catalogue, path):
    catalogue.close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 6}")
    raw.close()
    with pytest.raises(
        CorpusVersionError, match=rf"version {SCHEMA_VERSION + 6}; .* {SCHEMA_VERSION}\."
    ):
        Catalogue(path)


def test_another_programs_file_is_refused(tmp_path):
    raw = sqlite3.connect(tmp_path / "other.db")
    raw.execute("CREATE TABLE mine (x)")
    raw.commit()
    raw.close()
    with pytest.raises(StorageError, match="another program"):
        Catalogue(tmp_path / "other.db")
    (tmp_path / "text.db").write_text("no database at all" * 100)
    with pytest.raises(StorageError, match="damaged"):
        Catalogue(tmp_path / "text.db")


def test_a_lost_catalogue_is_not_taken_for_an_empty_corpus(tmp_path):
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals" / "abc.pdf").write_bytes(b"%PDF-")
    for lost in (lambda path: None, lambda path: path.write_bytes(b"")):
        lost(tmp_path / "catalogue.sqlite3")
        with pytest.raises(StorageError, match="missing or empty"):
            Catalogue(tmp_path / "catalogue.sqlite3")
    assert (tmp_path / "originals" / "abc.pdf").exists()


def test_two_processes_can_make_one_catalogue_at_once(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from pagehop.tools.corpus.catalogue import Catalogue\n"
        "c = Catalogue(Path(sys.argv[1])); print(len(c.documents())); c.close()"
    )
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / "c.sqlite3"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert [maker.communicate()[0].strip() for maker in makers] == ["0"] * 4


def test_threads_write_side_by_side_and_nothing_is_lost(catalogue):
    catalogue.register(document(B, "b.pdf", pages=40), f"{B}.pdf")
    threads = [
        threading.Thread(
            target=lambda first: [
                put(catalogue, f"text {n}", identity=B, number=n) for n in range(first, 41, 4)
            ],
            args=(first,),
        )
        for first in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found.text for found in catalogue.passages(B)] == [f"text {n}" for n in range(1, 41)]
    assert catalogue.problems() == ()


def test_a_full_disk_is_one_clear_error_and_loses_nothing(tmp_path):
    """A limit on the size of files stands for the full disk; SQLite meets it at the same calls."""
    code = """
import resource, signal, sys
from pathlib import Path
from pagehop.tools.errors import StorageError
sys.path.insert(0, sys.argv[2])
from test_catalogue import A, Catalogue, document, put
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
catalogue = Catalogue(Path(sys.argv[1]))
catalogue.register(document(), f"{A}.pdf")
put(catalogue, "one")
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, -1))
try:
    put(catalogue, *(f"{n} " * 1000 for n in range(500)), number=2)
except StorageError as error:
    print(error)
print([p.text for p in catalogue.passages(A)], catalogue.page(A, 2).stage)
put(catalogue, "three", number=3)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "c.sqlite3", __file__.rsplit("/", 1)[0]],
        capture_output=True,
        text=True,
        check=False,
    )
    message, state = ran.stdout.splitlines()
    assert "c.sqlite3" in message
    assert "full" in message or "written" in message
    assert state == "['one'] 0"
    kept = Catalogue(tmp_path / "c.sqlite3")
    assert [found.text for found in kept.passages(A)][:1] == ["one"]
    assert kept.problems() == ()
    kept.close()


def test_what_is_erased_leaves_no_byte(catalogue, path):
    put(catalogue, "unmistakable words of a secret page")
    catalogue.put_vectors(ENCODER, {f"{A}:1:p0": np.full(2, 1.25, dtype=np.float32)})
    catalogue.register(document(B, "b.pdf"), f"{B}.pdf")
    put(catalogue, "what stays", identity=B)
    catalogue.erase(A)
    assert catalogue.has_residue()
    catalogue.finish_erasing()
    assert not catalogue.has_residue()
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"unmistakable" not in stored
    assert np.full(2, 1.25, dtype=np.float32).tobytes() not in stored
    assert b"what stays" in stored
    assert catalogue.document(B).name == "b.pdf"


def test_erasing_is_put_off_while_another_reads_and_done_later(catalogue, path):
    put(catalogue, "unmistakable words of a secret page")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM pages").fetchall()
    catalogue._database.connection.execute("PRAGMA busy_timeout = 100")
    catalogue.erase(A)
    with pytest.raises(CorpusBusyError, match="still in its log"):
        catalogue.finish_erasing()
    assert catalogue.has_residue()
    reader.execute("COMMIT")
    reader.close()
    catalogue.finish_erasing()
    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"unmistakable" not in stored
