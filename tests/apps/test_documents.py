"""add, list, info, remove: what is in a corpus, for a person and for a program."""

import json
import shutil

from PIL import Image

from tests.apps.program import REPORT, run, run_here, write_pdf


def test_added_documents_are_listed(here):
    listed = json.loads(here("list", "--json").out)["documents"]
    assert [(document["document"], document["pages"]) for document in listed] == [
        ("alder.pdf", 2),
        ("birch.pdf", 1),
    ]
    assert "alder.pdf" in here("list").out


def test_what_is_not_read_to_the_end_is_said_by_list_and_ask(tmp_path):
    write_pdf(tmp_path / "alder.pdf", REPORT)
    assert run_here("add", "alder.pdf", "--until", "text", cwd=tmp_path).code == 0
    assert "unfinished" in run_here("list", cwd=tmp_path).out
    early = run_here("ask", "When was Alder Mills founded?", cwd=tmp_path)
    assert "Not read to the end, so that not everything in them is found: alder.pdf" in early.err
    assert run_here("add", "alder.pdf", cwd=tmp_path).code == 0
    assert "unfinished" not in run_here("list", cwd=tmp_path).out
    late = run_here("ask", "When was Alder Mills founded?", cwd=tmp_path)
    assert "Not read" not in late.err


def test_the_short_id_of_the_list_names_the_document(here):
    row = next(line for line in here("list").out.splitlines() if line.startswith("birch.pdf"))
    shown = row.split()[-1]
    assert json.loads(here("info", shown, "--json").out)["document"] == "birch.pdf"
    assert here("info", shown[:-1]).code == 2


def test_what_is_there_is_skipped_and_that_is_no_failure(here):
    again = here("add", "alder.pdf")
    assert again.code == 0, again.err
    assert "skipped  alder.pdf" in again.out


def test_a_bad_file_is_reported_a_locked_one_opens_and_the_good_one_beside_them_is_added(tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    write_pdf(folder / "good.pdf", REPORT)
    write_pdf(folder / "locked.pdf", REPORT[:1], encryption=4, user_pw="sesame", owner_pw="x")
    (folder / "bad.pdf").write_text("this is no PDF")
    added = run_here("add", "papers", "--password", "sesame", "--until", "text", cwd=tmp_path)
    assert added.code == 0, added.err
    assert "added    good.pdf, 2 pages" in added.out
    assert "added    locked.pdf, 1 page\n" in added.out
    (failed,) = [line for line in added.err.splitlines() if line.startswith("failed")]
    assert "bad.pdf: unsupported" in failed
    assert (tmp_path / ".pagehop" / "catalogue.sqlite3").exists()


def test_the_corpus_is_that_of_the_current_folder_unless_one_is_named(library, tmp_path):
    for name in (".pagehop", "other"):
        shutil.copytree(library / "corpus", tmp_path / name)
    for ways in ([], ["--corpus", "other"]):
        before = run(*ways, "list", cwd=tmp_path)
        assert before.out == run("list", *ways, cwd=tmp_path).out
        assert "alder.pdf" in before.out
    environment = {"PAGEHOP_CORPUS": str(tmp_path / "nowhere")}
    assert run("list", cwd=tmp_path, env=environment).code == 2


def test_info_tells_of_the_corpus_a_document_and_a_page(here):
    assert json.loads(here("info", "--json").out)["pages"] == 3
    assert json.loads(here("info", "alder.pdf", "--json").out)["pages"] == 2
    assert "names     alder.pdf" in here("info", "alder.pdf").out
    page = json.loads(here("info", "alder.pdf", "--page", "1", "--json").out)
    assert "founded in 1912" in page["text"]


def test_info_shows_the_words_in_a_box_and_its_picture(here, library):
    box = ("--box", "0,0,1,0.14", "--picture", "box.png")
    part = json.loads(here("info", "alder.pdf", "--page", "1", *box, "--json").out)
    assert part["text"] == "Annual report of Alder Mills"
    with Image.open(library / "box.png") as picture:
        assert picture.width > 4 * picture.height


def test_a_removed_document_is_gone_and_so_are_the_answers_that_quote_it(here, library, tmp_path):
    corpus = tmp_path / "corpus"
    shutil.copytree(library / "corpus", corpus)
    asked = here("ask", "When was Birch Looms founded?", "--corpus", corpus)
    assert "Birch Looms was founded" in asked.out
    removed = here("remove", "birch.pdf", "--corpus", corpus)
    assert removed.out == "removed  birch.pdf, 1 page\n"
    left = json.loads(here("list", "--json", "--corpus", corpus).out)["documents"]
    assert [document["document"] for document in left] == ["alder.pdf"]
    files = [file for file in corpus.rglob("*") if file.is_file()]
    assert [file for file in files if b"Birch Looms" in file.read_bytes()] == []


def test_documents_are_sorted_by_tag_and_folder_and_searched_by_them(library, tmp_path):
    corpus = tmp_path / "corpus"
    shutil.copytree(library / "corpus", corpus)
    tagged = run_here("--corpus", corpus, "add", "alder.pdf", "--tag", "Trees", cwd=library)
    assert tagged.code == 0, tagged.err
    listed = json.loads(run_here("--corpus", corpus, "list", "--json", cwd=library).out)
    assert [document["tags"] for document in listed["documents"]] == [["trees"], []]

    def found(*options):
        ran = run_here("--corpus", corpus, "search", "revenue", *options, "--json", cwd=library)
        assert ran.code == 0, ran.err
        return {hit["document"] for hit in json.loads(ran.out)["hits"]}

    assert found("--tag", "trees") == {"alder.pdf"}
    assert found("--folder", library.name) == {"alder.pdf", "birch.pdf"}
    refused = run_here("--corpus", corpus, "search", "x", "--tag", "rocks", cwd=library)
    assert refused.code == 2
    assert "There are 'trees'." in refused.err
