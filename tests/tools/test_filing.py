"""Tags and folders: documents sorted by a person, and a catalogue that did not know them yet."""

import sqlite3
from importlib.resources import files

import pytest

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.database import APPLICATION_ID
from pagehop.tools.corpus.filing import checked_tag
from pagehop.tools.corpus.readable import ReadableCorpus
from pagehop.tools.corpus.records import Document
from pagehop.tools.errors import InputError, UnknownDocumentError

A, B, C = "a" * 32, "b" * 32, "c" * 32


def document(identity, name):
    return Document(
        id=identity,
        names=(name,),
        kind="pdf",
        page_count=1,
        title="",
        bytes=1,
        outcome="indexed",
    )


@pytest.fixture
def corpus(tmp_path):
    corpus = ReadableCorpus(tmp_path)
    for identity, name, folder in (
        (A, "a.pdf", "/data/reports/2022"),
        (B, "b.pdf", "/data/reports/2023"),
        (C, "c.pdf", "/data/decks"),
    ):
        corpus.catalogue.register(document(identity, name), f"{identity}.pdf")
        corpus.catalogue.put_folder(identity, folder)
    corpus.catalogue.tag(A, ["finance"])
    corpus.catalogue.tag(C, ["finance", "talk"])
    yield corpus
    corpus.catalogue.close()


def test_no_filter_is_the_whole_corpus(corpus):
    assert corpus.choose() is None


def test_documents_are_chosen_by_any_of_the_tags_whatever_their_case(corpus):
    assert corpus.choose(tags=["Finance"]) == (A, C)
    assert corpus.choose(tags=["talk", "finance"]) == (A, C)


@pytest.mark.parametrize("folder", ["reports", "/data/reports", "data/reports", "reports/"])
def test_a_folder_holds_what_is_below_it_by_its_path_or_its_last_parts(corpus, folder):
    assert corpus.choose(folders=[folder]) == (A, B)


def test_the_root_of_another_path_and_half_a_name_are_no_folder(corpus):
    for folder in ("/reports", "report", "."):
        with pytest.raises(UnknownDocumentError, match="No document was added from the folder"):
            corpus.choose(folders=[folder])


def test_documents_tags_and_folders_narrow_each_other(corpus):
    assert corpus.choose(["a.pdf", "b.pdf"], tags=["finance"]) == (A,)
    assert corpus.choose(tags=["finance"], folders=["decks"]) == (C,)
    with pytest.raises(UnknownDocumentError, match="together"):
        corpus.choose(tags=["talk"], folders=["2022"])


def test_an_unknown_tag_is_refused_naming_those_there_are(corpus):
    with pytest.raises(UnknownDocumentError, match=r"'fiance'.*'finance', 'talk'"):
        corpus.choose(tags=["fiance"])


@pytest.mark.parametrize("tag", ["", "  ", "two\nlines", "x" * 101])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(InputError, match="is no tag"):
        checked_tag(tag)


def test_a_document_may_come_from_several_folders_and_writing_it_again_changes_nothing(corpus):
    corpus.catalogue.put_folder(A, "/elsewhere")
    before = corpus.catalogue.generation()
    corpus.catalogue.put_folder(A, "/elsewhere")
    corpus.catalogue.tag(A, ["finance"])
    assert corpus.catalogue.generation() == before
    assert corpus.choose(folders=["elsewhere"]) == (A,)


def test_tags_and_folders_go_with_their_document(corpus):
    corpus.catalogue.erase(C)
    with pytest.raises(UnknownDocumentError):
        corpus.choose(tags=["talk"])
    with pytest.raises(UnknownDocumentError):
        corpus.choose(folders=["decks"])


def test_a_catalogue_of_the_first_version_is_brought_up_to_date_with_its_documents(tmp_path):
    path = tmp_path / "catalogue.sqlite3"
    script = files("pagehop.tools.corpus").joinpath("schema.sql").read_text("utf-8")
    raw = sqlite3.connect(path)
    raw.executescript(
        f"{script} INSERT INTO meta VALUES ('generation', 0), ('residue', 0);"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
        f"INSERT INTO documents VALUES ('{A}', 'pdf', 1, '', 1, 'indexed', '', '', 'x');"
        f"INSERT INTO names VALUES ('old.pdf', '{A}', 0);"
    )
    raw.close()
    catalogue = Catalogue(path)
    catalogue.tag(catalogue.document("old.pdf").id, ["kept"])
    catalogue.close()
    again = Catalogue(path)
    assert again.tagged(["kept"]) == {A}
    again.close()
