"""pagehop eval, as a person runs it."""

import json

import pytest

ROWS = (
    {"doc": "alder.pdf", "question": "When was Alder Mills founded?", "evidence_pages": [1]},
    {"doc": "alder.pdf", "question": "How many employees in 2023?", "evidence_pages": [2]},
    {"doc": "birch.pdf", "question": "Where was Birch Looms founded?", "evidence_pages": [1]},
)


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    return path


def test_an_evaluation_prints_tables_and_writes_its_numbers(here, questions, tmp_path):
    record = tmp_path / "numbers.json"
    ran = here("eval", "retrieval", questions, "--configurations", "bm25,default", "--json", record)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("# Search, within the question's document")
    assert "3 questions about 2 documents" in ran.out
    assert "| bm25 | 100.0 (100.0 to 100.0) |" in ran.out
    assert "Searching: 3/3" in ran.err
    assert json.loads(record.read_text())["questions"] == 3


def test_all_documents_at_once(here, questions):
    ran = here("eval", "retrieval", questions, "--pooled", "--configurations", "bm25", "--limit", 1)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("# Search, all documents at once")
    assert "- Not asked: 2 questions, beyond the limit." in ran.out
    assert "document@1" in ran.out


def test_passages_are_made_into_a_corpus_of_their_own(here, tmp_path):
    path = tmp_path / "hotpot.json"
    path.write_text(
        json.dumps(
            [
                {
                    "_id": "1",
                    "question": "Which was founded earlier, Alder Mills or Birch Looms?",
                    "supporting_facts": [["Alder Mills", 0], ["Birch Looms", 0]],
                    "context": [
                        ["Alder Mills", ["Alder Mills was founded in 1912."]],
                        ["Birch Looms", ["Birch Looms was founded in 1931."]],
                        ["Cedar", ["The cedar is a tree."]],
                    ],
                }
            ]
        )
    )
    ran = here(
        "eval", "retrieval", path, "--format", "hotpotqa", "--corpus", tmp_path / "passages",
        "--configurations", "bm25",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "## HotpotQA: 1 question, 1 document" in ran.out
    assert "| bm25 | 50.0 (one document) | 100.0 (one document) |" in ran.out


def test_searching_on_is_measured_beside_one_search(here, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    passages = [
        {"id": "a", "title": "Alder Mills", "text": "Alder Mills was founded by Ann Peeters."},
        {"id": "b", "title": "Ann Peeters", "text": "Ann Peeters was born in Lille in 1880."},
        {"id": "c", "title": "Cedar", "text": "The cedar is a tree."},
    ]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, passages)))
    asked = {
        "id": "1", "source": "musique", "question": "Where was the founder of Alder Mills born?",
        "gold_passages": ["a", "b"],
    }  # fmt: skip
    (folder / "dev.jsonl").write_text(json.dumps(asked))
    ran = here("eval", "multihop", folder, "--corpus", tmp_path / "passages")
    assert ran.code == 0, ran.err
    assert "| musique | 1 | BM25, one search | 100.0 (one document)" in ran.out
    assert "| musique | 1 | agent, extractive team | 100.0 (one document)" in ran.out


def test_the_help_names_every_format_and_every_configuration(here):
    from pagehop.evals.configurations import configurations
    from pagehop.evals.datasets.formats import NAMES

    ran = here("eval", "retrieval", "--help")
    assert ran.code == 0
    said = ran.out.replace(",", " ").replace(".", " ").replace(";", " ").split()
    assert {*NAMES, *(one.name for one in configurations())} <= set(said)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere.jsonl"], "There is no file 'nowhere.jsonl'"),
        (["QUESTIONS", "--format", "squad"], "There is no format 'squad'. There are devpack"),
        (["QUESTIONS", "--configurations", "best"], "There is no configuration 'best'"),
        (["QUESTIONS", "--limit", "0"], "limit"),
        (["QUESTIONS", "--corpus", "nowhere"], "There is no corpus in 'nowhere'"),
        (["QUESTIONS", "--configurations", "bm25", "--json", "none/n.json"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line(here, questions, arguments, complaint):
    ran = here(
        "eval", "retrieval", *(questions if one == "QUESTIONS" else one for one in arguments)
    )
    assert ran.code == 2
    assert complaint in ran.complaint


def test_questions_about_other_documents_are_one_line(here, tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text(json.dumps({"doc": "cedar.pdf", "question": "Why?", "evidence_pages": [1]}))
    ran = here("eval", "retrieval", path)
    assert ran.code == 2
    assert "about documents that the corpus does not have: cedar.pdf (1)" in ran.complaint
