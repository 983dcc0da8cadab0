"""An evaluation from questions to tables, on a corpus of two reports."""

import json
from dataclasses import replace

import pytest

from pagehop.evals.cases import Case, prepare
from pagehop.evals.configurations import CONFIGURATIONS, SIGNALS, configurations
from pagehop.evals.measures import DOCUMENTS, PAGES, REGIONS
from pagehop.evals.question import GoldRegion, Question
from pagehop.evals.record import record
from pagehop.evals.report import Report
from pagehop.evals.retrieval import Task, evaluate
from pagehop.evals.runs import Outcome
from pagehop.evals.tables import markdown
from pagehop.tools.errors import InputError
from pagehop.tools.retrieval.assembly import assemble

FOUNDED = Question(
    id="founded",
    text="When was Alder Mills founded?",
    set="ours",
    documents=("alder.pdf",),
    pages=frozenset({("alder.pdf", 1)}),
    regions=(GoldRegion(document="alder.pdf", page=1, bbox=(0.1, 0.15, 0.5, 0.2)),),
    modalities=frozenset({"text"}),
    kind="report",
)
EMPLOYEES = replace(
    FOUNDED,
    id="employees",
    text="How many employees had the company in 2023?",
    pages=frozenset({("alder.pdf", 2)}),
    regions=(),
    alone=False,
)
LOOMS = replace(
    FOUNDED,
    id="looms",
    text="Where was Birch Looms founded?",
    documents=("birch",),
    pages=frozenset({("birch", 1)}),
    regions=(),
    set="theirs",
)


@pytest.fixture(scope="module")
def report(corpus) -> Report:
    task = Task(
        questions=[FOUNDED, EMPLOYEES, LOOMS],
        configurations=configurations("bm25,rrf,default,ratio"),
        regions=True,
    )
    return evaluate(corpus, task)


def test_a_search_that_finds_everything_measures_one(report):
    for name in ("R@5", "MRR@10", "nDCG@5", "all@5"):
        assert report.macro("default", PAGES[name], report.cases).mean == 1


def test_each_data_set_has_its_own_tables_after_those_of_all(report):
    assert list(report.sets) == ["all questions", "ours", "theirs"]
    shown = markdown(report)
    assert "## all questions: 3 questions, 2 documents" in shown
    assert "## theirs: 1 question, 1 document" in shown
    assert "| bm25 | 100.0 (100.0 to 100.0)" in shown
    assert "| bm25 | 100.0 (one document)" in shown
    assert "| evidence: text | 3 |" in shown
    assert "| text layer: yes | 3 |" in shown
    assert "## Pages kept by the cut" in shown
    assert "## Routes" in shown
    assert "| gold: text | 3 |" in shown
    assert "| catalogue.sqlite3 |" in shown


def test_regions_are_searched_for_where_gold_boxes_are(report):
    outcomes = report.outcomes["default"]
    assert outcomes["founded"].regions
    assert not outcomes["employees"].regions
    estimate = report.micro("default", REGIONS["area@5"], report.cases)
    assert estimate.count == 1
    assert 0 < estimate.mean <= 1


def test_a_document_is_found_where_all_are_searched_at_once(corpus):
    task = Task(questions=[FOUNDED, LOOMS], configurations=configurations("bm25"), pooled=True)
    pooled = evaluate(corpus, task)
    assert pooled.macro("bm25", DOCUMENTS["document@1"], pooled.cases).mean == 1
    assert {document for document, _ in pooled.outcomes["bm25"]["looms"].pages} != set(
        pooled.cases[1].documents
    )
    assert "document@1" in markdown(pooled)


def test_documents_alone_can_be_measured_where_no_page_is_labelled(corpus):
    task = Task(
        questions=[replace(LOOMS, pages=frozenset(), regions=())],
        configurations=configurations("bm25"),
        pooled=True,
    )
    shown = markdown(evaluate(corpus, task))
    assert "no page is labelled" in shown
    assert "| bm25 | 100.0" in shown


def test_the_record_holds_every_number_and_is_json(report):
    said = json.loads(json.dumps(record(report)))
    best = said["sets"]["ours"]["measures"]["default"]["R@1"]["by_document"]
    assert best == {"mean": 1.0, "low": 1.0, "high": 1.0, "count": 2, "documents": 1}
    assert said["reference"] == "default"
    assert [case["id"] for case in said["cases"]] == ["founded", "employees", "looms"]
    assert [one["gold"] for one in said["routes"]["questions"]] == [["text"]] * 3
    assert said["cases"][0]["gold"] == said["cases"][0]["found"]["default"][:1]


def test_what_is_not_asked_is_counted_and_said(corpus):
    questions = [
        FOUNDED,
        replace(FOUNDED, id="1", documents=("cedar.pdf",)),
        replace(FOUNDED, id="2", documents=("cedar.pdf",)),
        replace(FOUNDED, id="3", answerable=False),
        replace(FOUNDED, id="4", pages=frozenset()),
        replace(FOUNDED, id="5", pages=frozenset({("alder.pdf", 3)})),
        replace(FOUNDED, id="6"),
        replace(FOUNDED, id="7"),
    ]
    prepared = prepare(questions, corpus, pooled=False, limit=2)
    assert [case.question.id for case in prepared.cases] == ["founded", "6"]
    assert prepared.notes == (
        "Not asked: 2 questions, about documents that the corpus does not have: cedar.pdf (2).",
        "Not asked: 1 question, to which the documents have no answer.",
        "Not asked: 1 question, whose pages nobody labelled, only their documents.",
        "Not asked: 1 question, with a gold page that the document does not have.",
        "Not asked: 1 question, beyond the limit.",
    )


def test_a_question_that_says_this_document_is_not_asked_of_all_at_once(corpus):
    prepared = prepare([FOUNDED, EMPLOYEES], corpus, pooled=True)
    assert [case.question.id for case in prepared.cases] == ["founded"]
    assert "cannot be understood without their document" in prepared.notes[0]


def test_no_question_left_is_an_error_that_says_why(corpus):
    lost = replace(FOUNDED, documents=("cedar.pdf",))
    with pytest.raises(InputError, match=r"No question is left .* does not have: cedar.pdf \(1\)"):
        prepare([lost], corpus, pooled=False)


def test_an_unknown_configuration_is_an_error_that_names_those_there_are():
    with pytest.raises(InputError, match=r"no configuration 'best'\. There are bm25, dense, rrf"):
        configurations("bm25,best")
    assert [one.name for one in configurations(" rrf, bm25,rrf")] == ["rrf", "bm25"]
    assert [one.name for one in configurations("")][-3:] == ["default", "ratio", "mixture"]


def test_the_steps_are_the_default_and_each_of_its_parts_left_out():
    steps = configurations("bm25,steps")
    assert [one.name for one in steps[:3]] == ["bm25", "default", "no-pointing"]
    assert {one.name for one in steps[2:]} == {
        name for name in CONFIGURATIONS if name.startswith("no-")
    }


def test_the_signals_that_can_be_left_out_are_those_that_are_shipped(corpus, tmp_path):
    shipped = assemble(corpus.catalogue, tmp_path / "index").signals
    assert tuple(one.name for one in shipped) == SIGNALS


def test_a_planted_better_configuration_wins_in_the_report():
    cases = tuple(case_of(f"q{number}", f"d{number % 10}") for number in range(40))
    good = {case.question.id: outcome_of(case, rank=0) for case in cases}
    bad = {
        case.question.id: outcome_of(case, rank=0 if number % 4 else 9)
        for number, case in enumerate(cases)
    }
    ways = configurations("bm25,default")
    found = Report(
        cases=cases,
        notes=(),
        configurations=ways,
        outcomes={"default": good, "bm25": bad},
        pooled=False,
        bytes_a_page={},
    )
    difference = found.less("bm25", PAGES["R@1"], cases)
    assert difference.mean == 0.25
    assert difference.low > 0
    assert difference.won > 0.99
    assert found.less("bm25", PAGES["R@10"], cases).won == 0.5


def case_of(name: str, document: str) -> Case:
    question = Question(id=name, text="?", set="s", documents=(document,))
    return Case(
        question=question,
        documents=frozenset({document}),
        gold=frozenset({(document, 1)}),
        regions={},
    )


def outcome_of(case: Case, rank: int) -> Outcome:
    [(document, page)] = case.gold
    others = [(document, page + number) for number in range(1, 10)]
    return Outcome(pages=(*others[:rank], (document, page), *others[rank:]), seconds=0.01)
