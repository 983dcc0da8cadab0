"""After `remove` no byte of the document is left in the corpus folder."""

import shutil

import pymupdf
import pytest

from pagehop.tools import Corpus, Stage
from pagehop.tools.errors import UnknownDocumentError

SECRET = (
    "The quixotic zymurgist bequeathed his vexed jackdaw to Wolfgang.",
    "Sphinxes of black quartz hummed beneath the Ljubljana aqueduct.",
)
KEPT = "Ordinary minutes of an ordinary meeting about gardens."


def write_pdf(path, *pages):
    pdf = pymupdf.open()
    for text in pages:
        pdf.new_page(width=500, height=200).insert_text((20, 60), text, fontsize=12)
    pdf.save(path)
    pdf.close()
    return path


def stored(folder):
    """All bytes of all files of the corpus."""
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def windows(text, size=12):
    raw = text.encode()
    return [raw[start : start + size] for start in range(len(raw) - size + 1)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with two files and a corpus of them, used in every way that leaves traces."""
    folder = tmp_path_factory.mktemp("made")
    files = [
        write_pdf(folder / "secret.pdf", *SECRET),
        write_pdf(folder / "kept.pdf", KEPT, SECRET[0][:4]),
    ]
    with Corpus(folder / "corpus") as corpus:
        corpus.add(*files, until=Stage.LAYOUT)
        corpus.image("secret.pdf", 1, dpi=50)
        corpus.image("kept.pdf", 1, dpi=50)
        corpus.search("black quartz aqueduct")
    return folder


@pytest.fixture
def corpus(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    with Corpus(tmp_path / "corpus") as opened:
        yield opened


def test_nothing_of_a_removed_document_is_left(corpus):
    identity = corpus.document("secret.pdf").id
    before = stored(corpus.path)
    assert all(window in before for text in SECRET for window in windows(text))
    assert corpus.remove("secret.pdf").id == identity
    after = stored(corpus.path)
    assert [w for text in SECRET for w in windows(text) if w in after] == []
    assert identity.encode() not in after
    assert not [path for path in corpus.path.rglob("*") if identity in path.name]
    assert corpus.check() == ()


def test_what_stays_is_found_as_before(corpus):
    corpus.remove("secret.pdf")
    assert [document.name for document in corpus.documents()] == ["kept.pdf"]
    assert corpus.search("minutes of the meeting")[0].document == "kept.pdf"
    assert corpus.search("black quartz aqueduct", channels=["lexical"]) == []
    assert KEPT[:20].encode() in stored(corpus.path)
    with pytest.raises(UnknownDocumentError):
        corpus.remove("secret.pdf")


def test_a_removed_document_can_be_added_again(corpus, tmp_path):
    rows = list(corpus.catalogue.dump())
    corpus.remove("secret.pdf")
    corpus.add(tmp_path / "secret.pdf", until=Stage.LAYOUT)
    assert list(corpus.catalogue.dump()) == rows


def test_a_removal_that_was_killed_half_way_is_finished_by_the_next_call(corpus, tmp_path):
    identity = corpus.document("secret.pdf").id
    corpus.catalogue.erase(identity)  # and here it was killed
    assert any("removed document" in problem for problem in corpus.check())
    assert any(identity in problem for problem in corpus.check())
    corpus.add(tmp_path / "kept.pdf", until=Stage.LAYOUT)
    after = stored(corpus.path)
    assert [w for text in SECRET for w in windows(text) if w in after] == []
    assert corpus.check() == ()


def test_the_last_document_can_be_removed(corpus):
    for document in corpus.documents():
        corpus.remove(document.id)
    assert corpus.documents() == ()
    assert corpus.search("anything at all") == []
    assert corpus.check() == ()
    after = stored(corpus.path)
    assert [w for text in (*SECRET, KEPT) for w in windows(text) if w in after] == []
