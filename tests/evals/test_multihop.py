"""Searching on with what was found brings pages together that one search does not."""

import json

import pytest

from pagehop.evals.multihop import WAYS, Report, main, markdown, read_folder, record
from pagehop.tools.errors import InputError

QUESTION = "What is the name of the waterfall in the country of the Lumo River?"
PASSAGES = {
    "river": ("Lumo River", "The Lumo River rises in Vandoria and ends in the Amber Sea."),
    "falls": ("Argent Falls", "Of all that Vandoria has, Argent Falls is the highest."),
    **{
        name: (
            f"{name} Falls",
            f"Here is the name of a waterfall in a country by a river: {name} Falls.",
        )
        for name in ("Ister", "Ostra", "Quell", "Brine", "Cormo", "Delta", "Eider", "Fenn", "Gault")
    },
    **{
        name: (f"{name} bread", f"Bread from {name} is baked with salt and sold in the morning.")
        for name in ("Hallow", "Ilmen", "Jarve")
    },
}


def write(folder, questions, name="questions.jsonl"):
    rows = [{"id": id_, "title": title, "text": text} for id_, (title, text) in PASSAGES.items()]
    told = {"corpus.jsonl": rows, name: questions}
    for file, lines in told.items():
        (folder / file).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def question(**changes):
    return {
        "id": "one",
        "question": QUESTION,
        "source": "made",
        "gold_passages": ["river", "falls"],
    } | changes


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    folder = tmp_path_factory.mktemp("multihop")
    write(folder, [question()])
    return main(folder, folder / "home", lambda *_: None)


def test_the_agent_finds_both_pages_where_one_search_finds_one(report):
    bm25, single, agent = report.rows
    assert (bm25.way, single.way, agent.way) == WAYS
    assert bm25.recall_5.mean == single.recall_5.mean == 0.5
    assert agent.recall_5.mean == agent.all_10.mean == 1.0
    assert agent.searches > single.searches == 1


def test_the_table_and_the_record_tell_the_same(report):
    said = markdown(report)
    told = json.loads(json.dumps(record(report)))
    for row in told["rows"]:
        assert f"| {row['way']} | {100 * row['recall_5']['mean']:.1f} (" in said
    assert len(told["rankings"]) == len(WAYS)


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ([question(gold_passages=["nowhere"])], "'nowhere', which is not among the 14 passages"),
        ([question(gold_passages=[])], "no question with `gold_passages`"),
        ([{"id": "one"}], "no field 'question'"),
    ],
)
def test_questions_that_cannot_be_measured_are_refused(tmp_path, questions, said):
    write(tmp_path, questions)
    with pytest.raises(InputError, match=said):
        read_folder(tmp_path)


def test_two_files_of_questions_are_one_too_many(tmp_path):
    write(tmp_path, [question()])
    write(tmp_path, [question()], name="more.jsonl")
    with pytest.raises(InputError, match="has 2 files of questions"):
        read_folder(tmp_path)
