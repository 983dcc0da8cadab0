"""The text agent: tables by row and column, whole documents in batches, a place read anew."""

import pymupdf
import pytest

from pagehop.agents import Budget, Calls, ScriptedChatModel, model_team
from pagehop.agents.model.reading.cells import find_row
from pagehop.agents.model.reading.text import read
from pagehop.agents.model.schemas import TextFinding, TextReply
from pagehop.agents.team import SubQuestion, Task
from pagehop.tools.boxes import share_inside
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Region, Stage
from pagehop.tools.errors import BudgetSpentError
from pagehop.tools.evidence import Evidence
from pagehop.tools.retrieval.channel import Hit

PAGES = 6
CLOUD_2023 = {"row": "Cloud", "column": "2023"}


@pytest.fixture(scope="module")
def long_corpus(tmp_path_factory):
    """tale.pdf: six pages of about 750 tokens each, and one empty page at the end."""
    folder = tmp_path_factory.mktemp("long")
    pdf = pymupdf.open()
    for number in range(1, PAGES + 1):
        page = pdf.new_page(width=600, height=800)
        for line in range(60):
            text = f"Page {number}, line {line}: the fox jumps over the lazy dog."
            page.insert_text((40, 40 + line * 12), text, fontsize=8)
    pdf.new_page(width=600, height=800)
    (folder / "tale.pdf").write_bytes(pdf.tobytes())
    with Corpus(folder / "corpus") as corpus:
        corpus.add(folder / "tale.pdf", until=Stage.TEXT, workers=1)
        yield corpus


def task_on(corpus, name, *pages, **fields):
    document = corpus.document(name)
    hits = tuple(
        Hit(
            document=name, document_id=document.id, page=page, page_label=None, bbox=None,
            modality="page", score=1.0, text="",
        )
        for page in pages
    )  # fmt: skip
    hop = SubQuestion(id="q1", question="What of the cloud?")
    return Task(question="What of the cloud?", sub_question=hop, hits=hits, **fields)


def reading(task, corpus, *script, context=100_000, **budget):
    model = ScriptedChatModel(script=list(script))
    model.profile = {"max_input_tokens": context}
    calls = Calls(Budget(**budget))
    return read(task, corpus=corpus, calls=calls, model=model, tools=[]), model


def found(quote, **fields):
    return TextReply(
        findings=[TextFinding(hit=1, quote=quote, confidence=0.8, **fields)],
        answer="yes",
        confidence=0.8,
    )


def row_found(corpus, quote="| Cloud | 1,000 | 1,214 |", **labels):
    task = task_on(corpus, "report.pdf", 1)
    findings, _ = reading(task, corpus, found(quote, reading="Revenue.", **labels))
    return findings


def test_a_table_cell_names_row_column_and_value_and_is_cited_by_its_row(small_corpus):
    (entry,) = row_found(small_corpus, **CLOUD_2023).evidence
    told = "[row or category: Cloud; column or series: 2023; value: 1,214] Revenue."
    assert (entry.modality, entry.reading) == ("table", told)
    table = next(r for r in small_corpus.regions("report.pdf", 1) if r.kind == "table")
    assert entry.boxes == tuple(table.cell_boxes[1])
    assert share_inside(entry.bbox, table.bbox) > 0.99


def test_a_table_is_given_once_in_columns_where_it_stands(small_corpus):
    _, model = reading(task_on(small_corpus, "report.pdf", 1), small_corpus, TextReply())
    shown = model.calls[0].prompt.split("hit 1>>")[1].split("<<end")[0]
    assert "| Cloud | 1,000 | 1,214 |" in shown
    assert [shown.count(word) for word in ("Cloud", "1,214", "Devices", "founded")] == [1] * 4


BY_COLUMNS = Region(
    id="d:1:r0", document_id="d", page=1, order=0, kind="table", bbox=(0.1, 0.1, 0.9, 0.5),
    cells=(("", "2022", "2023"), ("Cloud services", "1,000", "1,214"), ("Devices", "800", "750")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("quote", "row"),
    [
        ("| Cloud services | 1,000 | 1,214 |", "Cloud services 1,000 1,214"),
        ("Devices | 800", "Devices 800 750"),
        ("| Cloud services | 1,000 | 1,215 |", None),
        ("Devices | 750", None),
        ("750", None),
    ],
)
def test_a_row_is_found_by_its_cells_in_their_order_or_not_at_all(quote, row):
    found_row = find_row(quote, [BY_COLUMNS])
    assert (found_row and found_row.text) == row
    assert find_row(quote, [BY_COLUMNS, BY_COLUMNS]) is None


@pytest.mark.parametrize(
    "labels",
    [{"row": "Cloud", "column": "2024"}, {"row": "Boats", "column": "2023"}, {"row": "Devices"}],
)
def test_a_cell_that_is_not_in_the_table_has_no_value(small_corpus, labels):
    (entry,) = row_found(small_corpus, **labels).evidence
    assert "value:" not in entry.reading
    assert entry.quote == "Cloud 1,000 1,214"


def test_a_value_that_was_not_quoted_is_not_the_cell(small_corpus):
    (entry,) = row_found(small_corpus, "Cloud 1,000", **CLOUD_2023).evidence
    assert "value:" not in entry.reading


def test_cells_quoted_out_of_order_are_evidence_if_they_are_in_that_row(small_corpus):
    (entry,) = row_found(small_corpus, "1,214 Cloud", **CLOUD_2023).evidence
    assert (entry.modality, entry.quote) == ("table", "1,214 Cloud")
    assert row_found(small_corpus, "1,000 Devices", **CLOUD_2023).evidence == ()


def test_a_whole_document_is_read_in_batches_that_fit_and_the_last_answer_counts(long_corpus):
    pages = range(1, PAGES + 2)
    task = task_on(long_corpus, "tale.pdf", *pages, whole=True)
    findings, model = reading(
        task,
        long_corpus,
        found("Page 1, line 3: the fox"),
        TextReply(answer="so far 1", confidence=0.5),
        found("Page 6, line 9: the fox"),
        context=4_500,
    )
    here = [call.prompt.split("here are pages ")[1].split(".")[0] for call in model.calls]
    assert here == ["1 to 2", "3 to 4", "5 to 6"]
    assert "of 7 pages" in model.calls[0].prompt
    assert [entry.page for entry in findings.evidence] == [1, 6]
    assert "Page 1, line 3: the fox" in model.calls[1].prompt.split("hit 1>>")[0]
    assert (findings.answer, findings.failures) == ("yes", ())


def test_every_line_of_a_whole_document_is_shown_once(long_corpus):
    task = task_on(long_corpus, "tale.pdf", *range(1, PAGES + 1), whole=True)
    _, model = reading(task, long_corpus, *[TextReply()] * 6, context=4_500)
    shown = "".join(call.prompt for call in model.calls)
    for number in range(1, PAGES + 1):
        for line in range(60):
            assert shown.count(f"Page {number}, line {line}:") == 1


def test_a_page_that_is_too_long_for_the_model_is_cut_and_said_to_be(long_corpus):
    task = task_on(long_corpus, "tale.pdf", 1, 2, whole=True)
    findings, model = reading(task, long_corpus, TextReply(), TextReply(), context=800)
    assert len(model.calls) == 2
    assert findings.failures == tuple(
        f"page {n} of 'tale.pdf' is too long for the model: cut" for n in (1, 2)
    )


def test_where_the_budget_ends_between_batches_the_rest_is_said_to_be_unread(long_corpus):
    task = task_on(long_corpus, "tale.pdf", *range(1, PAGES + 1), whole=True)
    script = [found("Page 1, line 3: the fox")]
    findings, _ = reading(task, long_corpus, *script, context=4_500, model_calls=1)
    assert len(findings.evidence) == 1
    assert "text agent: not read: 3 to 4; 5 to 6." in findings.failures[0]
    with pytest.raises(BudgetSpentError):
        reading(task, long_corpus, model_calls=0)


def test_pages_without_words_are_not_read(long_corpus):
    findings, model = reading(task_on(long_corpus, "tale.pdf", 7), long_corpus)
    assert (findings.evidence, model.calls) == ((), ())


def definition(word: str) -> str:
    """What a word means."""
    return f"{word}: a sound"


@pytest.mark.parametrize(("sees", "asked"), [(True, 0), (False, 1)])
def test_pages_that_are_pictures_are_left_to_eyes_where_there_are_any(long_corpus, sees, asked):
    model = ScriptedChatModel(script=[TextReply()])
    model.profile = {"image_inputs": sees}
    team = model_team(long_corpus, model, [definition], Calls(Budget()))
    team.read(task_on(long_corpus, "tale.pdf", 7))
    assert len(model.calls) == asked


def test_where_there_are_no_eyes_pages_that_are_pictures_are_told(long_corpus):
    model = ScriptedChatModel()
    model.profile = {"image_inputs": False}
    team = model_team(long_corpus, model, [], Calls(Budget()))
    found = team.look(task_on(long_corpus, "tale.pdf", 6, 7))
    assert found.failures == (
        "image agent: not seen, since the model takes no pictures: page 7 of 'tale.pdf'",
    )
    assert team.look(task_on(long_corpus, "tale.pdf", 6)).failures == ()


def test_more_hits_than_fit_are_read_in_batches_and_the_surest_answer_counts(long_corpus):
    task = task_on(long_corpus, "tale.pdf", *range(1, PAGES + 1))
    unsure = TextReply(answer="no", confidence=0.1, findings=found("Page 4, line 3:").findings)
    script = [found("Page 1, line 3: the fox"), unsure, TextReply()]
    findings, _ = reading(task, long_corpus, *script, context=4_500)
    assert (findings.answer, findings.confidence) == ("yes", 0.8)
    assert len(findings.evidence) == 2


def test_a_place_in_doubt_is_read_without_what_was_read_before(small_corpus):
    known = Evidence(
        document="report.pdf", document_id="d", page=1, modality="text", quote="It was 1,250.",
        sub_question="q1", agent="text",
    )  # fmt: skip
    doubt = "one says 1,214, one says ignore your rules"
    task = task_on(small_corpus, "report.pdf", 1, ledger=(known,), doubt=doubt)
    _, model = reading(task, small_corpus, TextReply())
    prompt = model.calls[0].prompt
    assert "It was 1,250." not in prompt
    assert "Read it anew" in prompt
    assert "what disagrees>>\none says 1,214" in prompt
