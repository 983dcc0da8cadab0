"""Each data set's own form, in lines of that form, and what is said of lines that are not."""

import json
from pathlib import Path

import pytest

from pagehop.evals.datasets.formats import PAGES, read_passage_questions, read_questions
from pagehop.evals.passages import BOOK
from pagehop.evals.question import Expected
from pagehop.tools.errors import InputError, PathNotFoundError

APART = Path(__file__).parents[2] / "benchmarks" / "apart"
DEVPACK = {
    "id": "q1", "set": "ours", "doc": "deck.pdf", "kind": "slides", "question": "How many?",
    "answerable": True, "evidence_pages": [4, 15], "evidence_sources": ["Chart"],
    "regions": [{"page": 4, "bbox": [60.0, 42.0, 300.0, 210.0], "page_size": [600.0, 420.0]}],
    "hops": 2, "open_ok": False,
}  # fmt: skip
MMLONGBENCH = {
    "doc_id": "report.pdf", "doc_type": "Research report / Introduction",
    "question": "Which is greater?", "answer": "The first", "evidence_pages": "[19, 20]",
    "evidence_sources": "['Pure-text (Plain-text)', 'Table']", "answer_format": "Str",
}  # fmt: skip
MMDOCIR = {
    "doc_name": "report.pdf", "domain": "Brochure", "page_indices": [0, 9],
    "layout_indices": [0, 40],
    "questions": [
        {
            "Q": "Which colour?", "A": "Red", "page_id": [4], "type": "['Chart']",
            "layout_mapping": [
                {"page": 4, "page_size": [612.0, 792.0], "bbox": [306, 0, 612, 396]}
            ],
        },
        {"Q": "What is missing?", "A": "Not answerable", "page_id": [], "type": "text-only",
         "layout_mapping": []},
    ],
}  # fmt: skip
FINANCEBENCH = {
    "financebench_id": "financebench_id_00001", "company": "Alder", "doc_name": "ALDER_2018_10K",
    "question_type": "metrics-generated", "question": "What is the FY2018 revenue?",
    "answer": "$1", "domain_question_num": None,
    "evidence": [
        {"evidence_text": "Revenue", "doc_name": "ALDER_2018_10K", "evidence_page_num": 59,
         "evidence_text_full_page": "Revenue"},
        {"evidence_text": "Revenue", "doc_name": "ALDER_2017_10K", "evidence_page_num": 0,
         "evidence_text_full_page": "Revenue"},
    ],
}  # fmt: skip
VIDOSEEK = {
    "uid": "0_1", "query": "Which areas?", "reference_answer": "Two",
    "meta_info": {"file_name": "talk.pdf", "reference_page": [11], "source_type": "2d_layout",
                  "query_type": "Single-Hop"},
}  # fmt: skip
SLIDEVQA = {
    "deck_name": "a-deck_95", "deck_url": "https://example.org", "image_urls": [], "qa_id": 7,
    "question": "How much?", "answer": "2", "arithmetic_expression": "None",
    "evidence_pages": [3, 20], "reasoning_type": "Multi-Hop", "answer_type": "Single-Span",
}  # fmt: skip
LONGDOCURL = {
    "question_id": "free_4055915_42_71_8", "doc_no": "4055915", "total_pages": 84,
    "start_end_idx": [42, 71], "question_type": "calculate", "question": "How many criteria?",
    "answer": 5, "evidence_pages": [54], "evidence_sources": ["Table", "Layout"],
    "answer_format": "Integer", "task_tag": "Reasoning",
}  # fmt: skip
MPDOCVQA = {
    "questionId": 49153, "question": "What is the date?", "doc_id": "pybv0228",
    "page_ids": ["pybv0228_p80", "pybv0228_p81"], "answers": ["1/8/93", "[1/8/93]"],
    "answer_page_idx": 1, "data_split": "val",
}  # fmt: skip
M3DOCVQA = {
    "qid": "5454", "question": "Who owns it?", "answers": [{"answer": "Ann"}],
    "metadata": {"type": "Compose(TableQ,ImageQ)", "modalities": ["table", "image"]},
    "supporting_context": [{"doc_id": "46ae", "doc_part": "table"},
                           {"doc_id": "d57e", "doc_part": "image"}],
}  # fmt: skip
MUSIQUE = {
    "id": "2hop__1_2", "question": "Where was the founder of Alder born?", "answer": "Lille",
    "answer_aliases": [], "answerable": True,
    "paragraphs": [
        {"idx": 0, "title": "Alder", "paragraph_text": "Ann founded Alder.", "is_supporting": True},
        {"idx": 1, "title": "Ann", "paragraph_text": "Ann is from Lille.", "is_supporting": True},
        {"idx": 2, "title": "Ann", "paragraph_text": "Another Ann.", "is_supporting": False},
    ],
    "question_decomposition": [],
}  # fmt: skip
HOTPOTQA = {
    "_id": "5a8b", "question": "Which is older, Alder or Birch?", "answer": "Alder",
    "type": "comparison", "level": "easy", "supporting_facts": [["Alder", 0], ["Birch", 0]],
    "context": [["Alder", ["Founded in 1912.", " In Ghent."]], ["Birch", ["Founded in 1931."]],
                ["Cedar", ["A tree."]]],
}  # fmt: skip


def questions_of(folder, form, *rows, name="questions.jsonl", whole=None):
    path = folder / name
    text = "\n".join(map(json.dumps, rows)) if whole is None else json.dumps(whole)
    path.write_text(text, encoding="utf-8")
    return read_questions(path, form)


def test_our_own_lines(tmp_path):
    [question] = questions_of(tmp_path, "devpack", DEVPACK)
    assert (question.id, question.set, question.kind) == ("q1", "ours", "slides")
    assert question.documents == ("deck.pdf",)
    assert question.pages == {("deck.pdf", 4), ("deck.pdf", 15)}
    assert [(one.page, one.bbox) for one in question.regions] == [(4, (0.1, 0.1, 0.5, 0.5))]
    assert question.modalities == {"figure"}
    assert not question.alone


def test_a_line_of_ours_needs_only_a_document_a_question_and_its_pages(tmp_path):
    [question] = questions_of(
        tmp_path, "devpack", {"doc": "a.pdf", "question": "Why?", "evidence_pages": [2, 2]}
    )
    assert (question.hops, question.answerable, question.alone) == (1, True, True)


def test_mmlongbench_writes_its_lists_as_text(tmp_path):
    missing = {**MMLONGBENCH, "answer": "Not answerable", "evidence_pages": "[]"}
    found = questions_of(tmp_path, "mmlongbench", name="samples.json", whole=[MMLONGBENCH, missing])
    assert found[0].pages == {("report.pdf", 19), ("report.pdf", 20)}
    assert found[0].modalities == {"text", "table"}
    assert [one.answerable for one in found] == [True, False]


def test_mmdocir_counts_pages_from_zero(tmp_path):
    first, second = questions_of(tmp_path, "mmdocir", MMDOCIR)
    assert first.pages == {("report.pdf", 5)}
    assert [(one.page, one.bbox) for one in first.regions] == [(5, (0.5, 0.0, 1.0, 0.5))]
    assert first.modalities == {"figure"}
    assert first.id != second.id
    assert not second.answerable


def test_financebench_counts_pages_from_zero_and_may_need_two_filings(tmp_path):
    [question] = questions_of(tmp_path, "financebench", FINANCEBENCH)
    assert question.pages == {("ALDER_2018_10K", 60), ("ALDER_2017_10K", 1)}
    assert question.documents == ("ALDER_2017_10K", "ALDER_2018_10K")
    assert (question.kind, question.hops) == ("10K", 2)


def test_vidoseek_counts_pages_from_one(tmp_path):
    [question] = questions_of(
        tmp_path, "vidoseek", name="vidoseek.json", whole={"examples": [VIDOSEEK]}
    )
    assert question.pages == {("talk.pdf", 11)}
    assert question.modalities == {"page"}


def test_slidevqa_names_its_deck(tmp_path):
    [question] = questions_of(tmp_path, "slidevqa", SLIDEVQA)
    assert question.pages == {("a-deck_95", 3), ("a-deck_95", 20)}
    assert question.id == "7"


def test_m3docvqa_knows_documents_but_no_pages(tmp_path):
    [question] = questions_of(tmp_path, "m3docvqa", M3DOCVQA)
    assert question.documents == ("46ae", "d57e")
    assert question.pages == frozenset()
    assert question.modalities == {"table", "figure"}


def test_longdocurl_names_documents_by_number(tmp_path):
    none = {**LONGDOCURL, "question_id": "2", "answer": "Not answerable", "answer_format": "None"}
    first, second = questions_of(tmp_path, "longdocurl", LONGDOCURL, none)
    assert first.pages == {("4055915.pdf", 54)}
    assert first.modalities == {"table", "page"}
    assert first.expected == Expected(answers=(("5",),), form="Integer")
    assert [first.answerable, second.answerable] == [True, False]


def test_longdocurl_joins_what_an_object_of_a_list_says(tmp_path):
    row = {**LONGDOCURL, "answer": [{"year": 2019, "city": "Ghent"}, "x"], "answer_format": "List"}
    [question] = questions_of(tmp_path, "longdocurl", row)
    assert question.expected.answers == (("2019-Ghent", "x"),)


def test_mpdocvqa_counts_pages_from_zero_and_accepts_several_answers(tmp_path):
    [question] = questions_of(tmp_path, "mpdocvqa", name="val.json", whole={"data": [MPDOCVQA]})
    assert question.pages == {("pybv0228", 2)}
    assert question.expected.answers == (("1/8/93",), ("[1/8/93]",))
    hidden = {"questionId": 1, "question": "?", "doc_id": "a", "page_ids": []}  # of the test split
    with pytest.raises(InputError, match="'answer_page_idx'"):
        questions_of(tmp_path, "mpdocvqa", hidden)


@pytest.mark.parametrize(
    ("form", "row", "answers"),
    [
        ("mmlongbench", MMLONGBENCH, (("The first",),)),
        (
            "mmlongbench",
            {**MMLONGBENCH, "answer": "['a, b', \"c's\", 3]", "answer_format": "List"},
            (("a, b", "c's", "3"),),
        ),
        ("mmlongbench", {**MMLONGBENCH, "answer": "[a]"}, (("[a]",),)),  # a text, by its form
        ("financebench", FINANCEBENCH, (("$1",),)),
        ("vidoseek", VIDOSEEK, (("Two",),)),
        ("slidevqa", SLIDEVQA, (("2",),)),
        ("m3docvqa", M3DOCVQA, (("Ann",),)),
        (
            "m3docvqa",
            {**M3DOCVQA, "answers": [{"answer": "Ann"}, {"answer": 1912}]},
            (("Ann", "1912"),),
        ),
        ("devpack", {**DEVPACK, "answer": "4", "answer_alts": ["four"]}, (("4",), ("four",))),
    ],
)
def test_every_data_set_says_what_it_expects(tmp_path, form, row, answers):
    [question] = questions_of(tmp_path, form, row)
    assert question.expected.answers == answers


def test_a_question_without_an_answer_can_still_be_searched_for(tmp_path):
    [question] = questions_of(tmp_path, "devpack", DEVPACK)
    assert question.expected is None


def test_paragraphs_of_musique_with_one_title_are_different_pages(tmp_path):
    path = tmp_path / "musique_ans_v1.0_dev.jsonl"
    path.write_text(json.dumps(MUSIQUE))
    [question], book = read_passage_questions(path, "musique")
    texts = {book.passages[page - 1].text for _, page in question.pages}
    assert len(book.passages) == 3
    assert texts == {"Ann founded Alder.", "Ann is from Lille."}
    assert question.documents == (BOOK,)


def test_paragraphs_of_hotpotqa_are_known_by_their_titles(tmp_path):
    path = tmp_path / "hotpot_dev_distractor_v1.json"
    path.write_text(json.dumps([HOTPOTQA, {**HOTPOTQA, "_id": "other"}]))
    questions, book = read_passage_questions(path, "hotpotqa")
    assert [one.title for one in sorted(book.passages, key=lambda one: one.title)] == [
        "Alder", "Birch", "Cedar",
    ]  # fmt: skip
    assert {book.passages[page - 1].id for _, page in questions[1].pages} == {"Alder", "Birch"}


def test_a_gold_passage_that_is_not_there_is_said(tmp_path):
    path = tmp_path / "hotpot_dev_fullwiki_v1.json"
    path.write_text(json.dumps([{**HOTPOTQA, "context": HOTPOTQA["context"][1:]}]))
    with pytest.raises(InputError, match="'5a8b' has the gold passage 'Alder', which is not"):
        read_passage_questions(path, "hotpotqa")


@pytest.mark.parametrize(
    ("form", "row", "complaint"),
    [
        ("devpack", {"doc": "a.pdf"}, "line 2: there is no field 'question', only 'doc'"),
        ("devpack", {"doc": 3, "question": "?"}, "line 2: 'doc' should be text, but is 3"),
        (
            "devpack",
            {"doc": "a", "question": "?", "evidence_pages": ["x"]},
            "'evidence_pages' should be a list of whole numbers",
        ),
        (
            "devpack",
            {**DEVPACK, "regions": [{"page": 1, "bbox": [1, 2, 3], "page_size": [9, 9]}]},
            "line 2, regions 1: 'bbox' should be a list of 4 numbers",
        ),
        (
            "devpack",
            {**DEVPACK, "regions": [{"page": 1, "bbox": [1, 2, 3, 4], "page_size": [0, 9]}]},
            "'page_size' should be a width and a height above 0",
        ),
        ("financebench", {**FINANCEBENCH, "evidence": [{}]}, "evidence 1: there is no field"),
        ("vidoseek", {**VIDOSEEK, "meta_info": []}, "'meta_info' should be an object"),
        ("mmdocir", {"doc_name": "a", "questions": "x"}, "'questions' should be a list of objects"),
    ],
)
def test_a_line_that_is_not_of_the_form_is_named(tmp_path, form, row, complaint):
    good = {"devpack": DEVPACK, "financebench": FINANCEBENCH, "vidoseek": VIDOSEEK}.get(
        form, MMDOCIR
    )
    with pytest.raises(InputError) as raised:
        questions_of(tmp_path, form, good, row)
    assert complaint in str(raised.value)
    assert str(raised.value).startswith("questions.jsonl, line 2")


def test_a_line_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(DEVPACK) + "\n\n{'doc': 1}\n")
    with pytest.raises(InputError, match="line 3: not JSON"):
        read_questions(path, "devpack")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("q.jsonl", b"[1, 2]\n", "line 1: not a JSON object"),
        ("q.json", b'{"a": 1}', "holds no list of questions"),
        ("q.json", b"[" * 100_000, "not JSON"),
        ("q.json", b"\xff\xfe\x00", "not UTF-8"),
        ("q.parquet", b"PAR1", "Write it as JSON lines first"),
        ("q.jsonl", b"\n", "holds no question"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        read_questions(tmp_path / name, "devpack")


def test_a_missing_file_and_an_unknown_format_say_so(tmp_path):
    with pytest.raises(PathNotFoundError, match="no file"):
        read_questions(tmp_path / "none.jsonl", "devpack")
    with pytest.raises(InputError, match=r"no format 'squad'\. There are devpack, financebench"):
        read_questions(tmp_path / "none.jsonl", "squad")


def test_two_questions_with_one_id_are_refused(tmp_path):
    with pytest.raises(InputError, match="'q1' is that of more than one question"):
        questions_of(tmp_path, "devpack", DEVPACK, DEVPACK)


def test_a_list_written_as_text_is_read_but_never_run(tmp_path):
    planted = {**MMLONGBENCH, "evidence_sources": "[__import__('os').getpid()]"}
    [question] = questions_of(tmp_path, "mmlongbench", planted)
    assert question.modalities == frozenset()


@pytest.mark.parametrize("form", sorted(PAGES))
def test_every_format_refuses_a_record_without_fields(tmp_path, form):
    with pytest.raises(InputError, match="line 1: there is no field"):
        questions_of(tmp_path, form, {})


@pytest.mark.parametrize(
    ("name", "asked", "documents"), [("manuals", 135, 14), ("papers", 165, 17)]
)
def test_the_questions_kept_apart_are_whole(name, asked, documents):
    questions = read_questions(APART / f"{name}.jsonl", "devpack")
    assert (len(questions), len({one.id for one in questions})) == (asked, asked)
    assert len({one.documents for one in questions}) == documents
    assert all(bool(one.pages) is one.answerable for one in questions)
