"""The corpus as a user meets it."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pymupdf
import pytest

from pagehop.tools import Corpus, Stage, StderrProgress
from pagehop.tools.errors import (
    BadBoxError,
    EmptyQuestionError,
    InputError,
    PageOutOfRangeError,
    StorageError,
    UnknownChannelError,
    UnknownDocumentError,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for name, texts in {
        "birds.pdf": ("Penguins are birds that swim.", "Ostriches are birds that run."),
        "bears.pdf": ("Bears sleep in the winter.",),
    }.items():
        pdf = pymupdf.open()
        for text in texts:
            pdf.new_page(width=400, height=200).insert_text((20, 60), text, fontsize=12)
        pdf.save(folder / name)
        pdf.close()
    with Corpus(folder / "corpus") as opened:
        opened.add(folder, until=Stage.LAYOUT)
        yield opened


def test_documents_are_listed_by_name(corpus):
    assert [(d.name, d.page_count) for d in corpus.documents()] == [
        ("bears.pdf", 1),
        ("birds.pdf", 2),
    ]


def test_what_is_on_a_page_can_be_asked_by_name_or_id(corpus):
    identity = corpus.document("birds.pdf").id
    assert corpus.page("birds.pdf", 2) == corpus.page(identity, 2)
    assert corpus.words("birds", 2)[0].text == "Ostriches"
    assert [p.page for p in corpus.passages("birds.pdf")] == [1, 2]
    assert corpus.passages("birds.pdf", 1)[0].text == "Penguins are birds that swim."
    assert {region.page for region in corpus.regions("birds.pdf", 2)} == {2}
    for ask in (corpus.page, corpus.words, corpus.regions, corpus.passages):
        with pytest.raises(PageOutOfRangeError, match="pages 1 to 2"):
            ask("birds.pdf", 3)
        with pytest.raises(UnknownDocumentError):
            ask("fish.pdf", 1)


def test_a_search_finds_the_page_and_can_be_narrowed(corpus):
    assert (
        corpus.search("which birds swim?")[0].document,
        corpus.search("which birds swim?")[0].page,
    ) == (
        "birds.pdf",
        1,
    )
    assert {hit.document for hit in corpus.search("birds", documents=["bears"])} <= {"bears.pdf"}
    found = corpus.find("birds that run", 1, channels=["lexical"])
    assert [(hit.document, hit.page) for hit in found.hits] == [("birds.pdf", 2)]
    assert found.route.channels == ("lexical",)
    alone = corpus.find("birds that run", 1, channels="lexical", documents="birds.pdf")
    assert [(hit.document, hit.page) for hit in alone.hits] == [("birds.pdf", 2)]
    assert alone.route.channels == ("lexical",)


def test_a_unit_or_a_cut_that_is_none_is_named_with_those_there_are(corpus):
    with pytest.raises(InputError, match="no unit 'regions'; there are 'page', 'region'"):
        corpus.search("birds", unit="regions")
    with pytest.raises(InputError, match="no cut 'half'; there are 'fixed', 'ratio', 'mixture'"):
        corpus.search("birds", cut="half")


def test_a_search_for_nothing_or_nowhere_is_refused(corpus):
    with pytest.raises(EmptyQuestionError):
        corpus.search("  ")
    with pytest.raises(InputError, match="1 to 10,000"):
        corpus.search("birds", 0)
    with pytest.raises(UnknownDocumentError):
        corpus.search("birds", documents=["fish.pdf"])
    with pytest.raises(UnknownChannelError):
        corpus.search("birds", channels=["smell"])


def test_a_corpus_is_usable_again_after_it_was_closed(corpus):
    corpus.close()
    assert corpus.page("bears.pdf", 1).text == "Bears sleep in the winter."
    assert corpus.image("bears.pdf", 1, dpi=36).size == (200, 100)


def test_the_check_of_a_sound_corpus_finds_nothing(corpus):
    assert corpus.check() == ()


def test_a_file_is_no_corpus(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="a corpus is a folder"):
        Corpus(tmp_path / "file")


def test_a_name_too_long_for_a_folder_is_refused(tmp_path):
    with pytest.raises(StorageError, match="too long"):
        Corpus(tmp_path / ("a" * 300))


def test_a_corpus_that_is_deleted_while_it_is_filled_is_said_and_not_made_anew(tmp_path):
    pymupdf.open().new_page().parent.save(tmp_path / "page.pdf")

    def delete(what, done, total):
        shutil.rmtree(tmp_path / "corpus", ignore_errors=True)

    with Corpus(tmp_path / "corpus") as corpus, pytest.raises(StorageError, match="deleted"):
        corpus.add(tmp_path / "page.pdf", until=Stage.TEXT, progress=delete)
    assert not (tmp_path / "corpus" / "catalogue.sqlite3").exists()


def test_a_catalogue_with_mangled_text_is_called_damaged(corpus, tmp_path):
    (tmp_path / "corpus").mkdir()
    torn = tmp_path / "corpus" / "catalogue.sqlite3"
    with closing(sqlite3.connect(corpus.path / torn.name)) as source:
        source.execute("VACUUM INTO ?", (str(torn),))
    torn.write_bytes(torn.read_bytes().replace(b"birds.pdf", b"\x9airds.pdf"))
    with Corpus(tmp_path / "corpus") as mangled, pytest.raises(StorageError, match="damaged"):
        mangled.documents()


def test_a_page_or_a_part_that_cannot_be_shown_is_refused(corpus):
    with pytest.raises(PageOutOfRangeError):
        corpus.page("bears.pdf", 10**30)
    with pytest.raises(BadBoxError, match="less than a pixel"):
        corpus.image("bears.pdf", 1, clip=(0.5, 0.5, 0.50001, 0.50001))


def test_a_query_of_bytes_that_are_no_text_is_searched_as_far_as_it_is(corpus):
    assert corpus.search("penguins \udcff swim")[0].document == "birds.pdf"


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_tools_loads_nothing_heavy():
    heavy = "{'torch', 'chromadb', 'pymupdf', 'PIL', 'rich', 'numpy', 'transformers', 'langgraph'}"
    assert (
        run(f"import sys, pagehop.tools as t; t.Corpus; print({heavy} & set(sys.modules))")
        == "set()"
    )


def test_reading_a_corpus_starts_no_process(corpus):
    code = """
import sys, subprocess
def told(event, arguments):
    if event.startswith(("subprocess", "os.fork", "os.posix_spawn")):
        print(event)
sys.addaudithook(told)
from pagehop.tools import Corpus
with Corpus(sys.argv[1]) as corpus:
    hit = corpus.search("birds that run", channels=["lexical"])[0]
    print(hit.page, len(corpus.words("birds", 1)))
"""
    assert run(code, corpus.path) == "2 5"


def test_every_public_name_can_be_loaded():
    import pagehop.tools

    for name in pagehop.tools.__all__:
        assert getattr(pagehop.tools, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_this"):
        pagehop.tools.nothing_like_this  # noqa: B018


def test_progress_is_lines_with_rate_and_time_left_where_there_is_no_terminal(capsys):
    with StderrProgress() as progress:
        for done in (*range(101), 100):
            progress("Reading text", done, 100)
    written = capsys.readouterr()
    assert written.out == ""
    (last,) = written.err.splitlines()
    assert last.startswith("Reading text: 100/100, ")
