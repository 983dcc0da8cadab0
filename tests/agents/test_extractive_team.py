"""The team without a model, on real pages: it finds, quotes, and says what it could not find."""

from dataclasses import replace

import pymupdf
import pytest

from pagehop.agents.checks.verifier import verify
from pagehop.agents.extractive import extractive_team
from pagehop.agents.team import Case, Objection, Plan, Search, SubQuestion, Task
from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage
from tests.agents.team_contract import TeamContract, investigated

ROVER = [
    "Rover-9: a planner for slow machines. Rover-9 is small. We present Rover-9.",
    """The planner samples routes at a temperature of 0.4 and keeps the best. It was first driven
    on 14 March 2019 near Tromso. We test it on three public route collections, called Alps,
    Dunes and Fjord.""",
]
GLIDER = [
    "GliderNet reads the wind. GliderNet is a network. This is GliderNet.",
    """For repeatable results the temperature is set to 0 in all runs. GliderNet was tested on
    five public route collections. Remote Sensing Unit (RSU) staff flew it.""",
]
COSTS = [["Item", "2021", "2022"], ["Wheel hubs", "310", "295"], ["Solar panels", "1,120", "980"]]
SLIDE = ("Battery plan", "The battery lasts 46 hours", "Charging takes 3 hours")


def write_paper(path, paragraphs, table=None):
    pdf = pymupdf.open()
    page = pdf.new_page(width=500, height=600)
    page.insert_textbox((50, 50, 450, 90), paragraphs[0], fontsize=12)
    page.insert_textbox((50, 110, 450, 260), " ".join(paragraphs[1].split()), fontsize=11)
    page = pdf.new_page(width=500, height=600)
    page.insert_text((50, 60), "Table 1: Costs in thousand euros by year", fontsize=11)
    for row, cells in enumerate(table or []):
        for column, cell in enumerate(cells):
            page.insert_text((60 + column * 120, 100 + row * 24), cell, fontsize=11)
    if table:
        for line in range(len(table) + 1):
            page.draw_line((50, 84 + line * 24), (410, 84 + line * 24))
        for x in (50, 170, 290, 410):
            page.draw_line((x, 84), (x, 84 + 24 * len(table)))
    pdf.save(path)


def write_slide(path):
    """A page that is one picture: no text layer."""
    drawn = pymupdf.open()
    page = drawn.new_page(width=600, height=400)
    for number, line in enumerate(SLIDE):
        page.insert_text((60, 90 + 80 * number), line, fontsize=28)
    picture = page.get_pixmap(dpi=110).tobytes("png")
    pdf = pymupdf.open()
    pdf.new_page(width=600, height=400).insert_image((0, 0, 600, 400), stream=picture)
    pdf.save(path)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extractive")
    write_paper(folder / "rover.pdf", ROVER, COSTS)
    write_paper(folder / "glider.pdf", GLIDER)
    write_slide(folder / "slide.pdf")
    with Corpus(folder / "corpus") as corpus:
        corpus.add(*sorted(folder.glob("*.pdf")), until=Stage.OCR, workers=1)
        yield corpus


@pytest.fixture
def team(corpus):
    return extractive_team(corpus)


def answered(team, corpus, question):
    case = investigated(team, corpus, question)
    return case, verify(team.summarize(case), case.ledger, corpus)


class TestExtractiveTeam(TeamContract):
    @pytest.fixture
    def asked(self):
        return "Where was the planner first driven?", "Tromso"


def test_a_question_over_two_papers_is_answered_from_both(team, corpus):
    question = "Which temperature does Rover-9 use, and which temperature does GliderNet use?"
    case, result = answered(team, corpus, question)
    assert [sub.answer for sub in case.plan.sub_questions] == ["0.4", "0"]
    assert {c.document for c in result.citations} == {"rover.pdf", "glider.pdf"}
    assert all(c.verified and c.bbox for c in result.citations)
    assert result.objections == ()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many route collections is GliderNet tested on?", "five"),
        ("What does RSU stand for?", "Remote Sensing Unit"),
        ("When was the planner first driven near Tromso?", "14 March 2019"),
        ("What were the costs of the solar panels in 2022?", "980"),
    ],
)
def test_the_gate_opens_for_what_stands_beside_its_words(team, corpus, question, answer):
    case, result = answered(team, corpus, question)
    assert case.plan.sub_questions[0].answer == answer
    assert result.draft.text == answer
    assert result.citations


def test_a_table_cell_is_cited_with_its_box(team, corpus):
    _, result = answered(team, corpus, "What were the costs of the solar panels in 2022?")
    (citation,) = result.citations
    assert citation.modality == "table"
    assert "980" in citation.quote
    x0, y0, x1, y1 = citation.boxes[-1]
    assert x0 <= 300 / 500 <= x1
    assert y0 <= 145 / 600 <= y1


def test_without_a_short_answer_the_lines_speak_and_it_says_that_nobody_read_them(team, corpus):
    _, result = answered(team, corpus, "Why does the planner keep the best routes?")
    assert "samples routes at a temperature" in result.draft.text
    assert any("No language model" in note for note in result.draft.notes)


def test_a_page_that_is_a_picture_is_read_through_ocr(team, corpus):
    case, result = answered(team, corpus, "How many hours does the battery last?")
    assert case.plan.sub_questions[0].answer == "46"
    assert result.citations[0].document == "slide.pdf"
    assert result.citations[0].modality in {"page", "figure"}


def test_what_is_nowhere_is_not_answered(team, corpus):
    case, result = answered(team, corpus, "Who painted the Mona Lisa?")
    assert team.critique(case).ruling != "sufficient"
    assert not result.draft.answerable
    assert "Mona Lisa" in result.draft.text
    assert result.citations == ()


def test_no_claim_states_a_word_that_is_not_on_its_page(team, corpus):
    for question in ("Where was it driven?", "What is GliderNet?", "Which collections are public?"):
        case, _ = answered(team, corpus, question)
        quotes = {found.id: found.quote for found in case.ledger}
        for claim in team.summarize(case).claims:
            (cited,) = claim.citations
            assert claim.text.strip("“”") in quotes[cited]


def test_an_image_agent_looks_only_where_it_is_told_to(team, corpus):
    hits = tuple(corpus.search("battery hours", 3, documents=["slide.pdf"]))
    sub = SubQuestion(id="q1", question="How long does the battery last?")
    everything = team.look(Task(question="", sub_question=sub, hits=hits))
    assert any("46 hours" in found.quote for found in everything.evidence)
    corner = team.look(Task(question="", sub_question=sub, hits=hits, closer=(0.0, 0.8, 0.2, 1.0)))
    assert corner.evidence == ()


def a_case(question, ledger=(), searched=1, **changes):
    sub = SubQuestion(id="q1", question=question, settled=True, **changes)
    searches = tuple(
        Search(sub_question="q1", query=f"{question}{n or ''}", route=(), pages=(("a.pdf", n + 1),))
        for n in range(searched)
    )
    return Case(
        question=question, plan=Plan(sub_questions=(sub,)), ledger=ledger, searches=searches
    )


def test_the_critic_searches_once_more_for_what_is_not_covered(team):
    verdict = team.critique(a_case("How many bees live in Ticino?"))
    assert verdict.ruling == "gaps"
    assert "Ticino" in verdict.gaps[0].query
    assert (
        team.critique(a_case("How many bees live in Ticino?", searched=2)).ruling == "unanswerable"
    )


def test_the_critic_asks_for_nothing_when_there_is_an_answer(team, corpus):
    case = a_case("How many bees live in Ticino?", answer="7")
    assert team.critique(case).gaps == ()


def test_a_claim_that_was_refused_is_not_made_again(team, corpus):
    case = investigated(team, corpus, "Why does the planner keep the best routes?")
    first = team.summarize(case).claims[0]
    mended = team.summarize(replace(case, objections=(Objection(claim=first.text, reason="no"),)))
    assert first.text not in {claim.text for claim in mended.claims}


def test_the_same_question_is_answered_the_same_way_every_time(team, corpus):
    question = "What was tested on public route collections?"
    assert investigated(team, corpus, question) == investigated(team, corpus, question)


def test_only_the_first_reading_gives_a_short_answer(team, corpus):
    question = "How many route collections is GliderNet tested on?"
    (sub,) = team.plan(question, ["glider.pdf"]).sub_questions
    task = Task(question="", sub_question=sub, hits=tuple(corpus.search(sub.question, 3)))
    first = team.read(task)
    assert first.answer == "five"
    again = team.read(replace(task, ledger=first.evidence))
    assert again.answer == ""
    assert again.evidence
