"""pagehop eval, as a person runs it."""

import json

import pytest

ROWS = (
    {
        "doc": "alder.pdf", "question": "When was Alder Mills founded?", "evidence_pages": [1],
        "answer": "1912", "answer_format": "Int",
    },
    {"doc": "alder.pdf", "question": "How many employees in 2023?", "evidence_pages": [2]},
    {"doc": "birch.pdf", "question": "Where was Birch Looms founded?", "evidence_pages": [1]},
)  # fmt: skip


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
    said = set(ran.out.replace(",", " ").replace(".", " ").replace(";", " ").split())
    assert {*NAMES, *(one.name for one in configurations())} <= said


def test_the_help_of_answers_names_every_format_rule_graph_and_effort(here):
    from pagehop.agents.budget import EFFORTS
    from pagehop.evals.datasets.formats import PAGES
    from pagehop.evals.scoring.rules import RULES
    from pagehop.graphs.baselines import GRAPHS

    ran = here("eval", "answers", "--help")
    said = "".join(ran.out.split())  # lines are broken at hyphens too
    assert not [one for one in (*PAGES, *RULES, *GRAPHS, *EFFORTS) if one not in said]


def test_answers_are_measured_kept_and_measured_again(here, questions, tmp_path):
    out, numbers = tmp_path / "run.jsonl", tmp_path / "numbers.json"
    ran = here("eval", "answers", "--data", questions, "--limit", 2, "--seed", 1, "--out", out)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("# Answers of `pagehop`, within the question's documents")
    assert "Asking questions: 2/2" in ran.err
    assert len(out.read_text().splitlines()) == 2
    again = here(
        "eval", "answers", "--data", questions, "--out", out, "--resume", "--jobs", 2,
        "--compare", out, "--json", numbers,
    )  # fmt: skip
    assert again.code == 0, again.err
    assert len(out.read_text().splitlines()) == 3
    assert "## Less `pagehop`, model `none`, effort standard" in again.out
    record = json.loads(numbers.read_text())
    assert record["rule"] == "plain/1"
    (founded,) = [one for one in record["questions"] if one["id"].endswith("line 1")]
    assert founded["right"] is True
    assert founded["measures"]["cites a gold page"] == 1
    assert [one["right"] for one in record["questions"]].count(None) == 2  # no answer is given


def test_a_published_design_is_measured_by_its_name(here, questions):
    ran = here("eval", "answers", "--data", questions, "--graph", "one-shot")
    assert ran.code == 2
    assert "one-shot" in ran.complaint  # it needs a model


def test_a_format_that_judges_score_says_so(here, tmp_path):
    path = tmp_path / "vidoseek.json"
    example = {
        "uid": "1", "query": "When was Alder Mills founded?", "reference_answer": "1912",
        "meta_info": {"file_name": "alder.pdf", "reference_page": [1]},
    }  # fmt: skip
    path.write_text(json.dumps({"examples": [example]}))
    ran = here("eval", "answers", "--data", path, "--format", "vidoseek", "--pooled")
    assert ran.code == 0, ran.err
    assert "vidoseek is scored by judges" in ran.err
    assert "Answers of `pagehop`, all documents at once" in ran.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--data", "nowhere.jsonl"], "There is no file 'nowhere.jsonl'"),
        (["--data", "QUESTIONS", "--format", "hotpotqa"], "There is no format 'hotpotqa'"),
        (["--data", "QUESTIONS", "--rule", "bleu"], "There is no rule 'bleu'"),
        (["--data", "QUESTIONS", "--graph", "best"], "There is no graph 'best'"),
        (["--data", "QUESTIONS", "--effort", "none"], "There is no effort 'none'"),
        (["--data", "QUESTIONS", "--model", "parrot"], "names no provider"),
        (["--data", "QUESTIONS", "--resume"], "--resume needs the file (--out)"),
        (["--data", "QUESTIONS", "--extract"], "--extract asks the judge"),
        (["--data", "QUESTIONS", "--out", "none/run.jsonl"], "'none/run.jsonl' cannot be written"),
        (["--data", "QUESTIONS", "--compare", "none.jsonl"], "There is no file 'none.jsonl'"),
        (["--data", "QUESTIONS", "--kinds", "best"], "kinds"),
        (["--data", "QUESTIONS", "--jobs", "0"], "jobs"),
    ],
)
def test_bad_input_to_answers_is_one_line(here, questions, arguments, complaint):
    ran = here("eval", "answers", *(questions if one == "QUESTIONS" else one for one in arguments))
    assert ran.code == 2
    assert complaint in ran.complaint


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
