"""The ledger in order: the same said once, with all ids; contradictions side by side."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.agents.model.consolidation import consolidate
from pagehop.agents.model.listing import told_ledger
from pagehop.tools.corpus.wording import numbers
from pagehop.tools.evidence import Evidence

ROW = (0.1, 0.2, 0.9, 0.22)
NEAR = (0.1, 0.19, 0.85, 0.23)
FAR = (0.1, 0.7, 0.9, 0.72)


def evidence(quote="Cloud 1,000 1,214", **fields):
    settings = {
        "document": "report.pdf", "document_id": "d1", "page": 1, "bbox": ROW,
        "modality": "table", "sub_question": "q1", "agent": "text", "confidence": 0.6,
    }  # fmt: skip
    return Evidence(quote=quote, **(settings | fields))


def test_one_place_read_and_seen_is_one_entry_with_both_ids_and_says_so():
    read = evidence(reading="Cloud in 2023")
    seen = evidence("1,214", bbox=NEAR, modality="page", agent="image", confidence=0.9)
    (entry,) = consolidate([read, seen])
    assert entry.ids == (seen.id, read.id), "the surest first"
    assert entry.told == read, "the fuller quote is told"
    assert entry.corroborated
    assert (entry.confidence, entry.readings) == (0.9, ("Cloud in 2023",))
    told = told_ledger((read, seen))
    assert told.startswith(f"{seen.id} = {read.id} [q1; report.pdf, page 1, table; 0.90; text and")
    assert told.count("\n") == 0


@pytest.mark.parametrize(
    "other",
    [
        evidence(bbox=FAR),
        evidence(page=2),
        evidence(document_id="d2"),
        evidence("Cloud 1,000 1,215"),
        evidence("not Cloud 1,000 1,214"),
        evidence("Devices 800 750", bbox=NEAR),
        evidence(modality="tool", page=0, document_id="tool:x"),
    ],
)
def test_another_place_another_number_or_a_denial_is_another_entry(other):
    assert len(consolidate([evidence(), other])) == 2


def test_the_same_words_on_a_page_are_one_where_a_box_is_not_known():
    (entry,) = consolidate([evidence(), evidence("Cloud: 1,000; 1,214", bbox=None, page=1)])
    assert len(entry.ids) == 2


def test_values_of_one_chart_stay_apart():
    chart = {"bbox": FAR, "modality": "figure", "verbatim": False}
    values = [evidence(f"{year}: {value}", **chart) for year, value in ((2014, 399), (2015, 490))]
    assert len(consolidate(values)) == 2


def test_other_numbers_for_the_same_stand_next_to_each_other_and_say_so():
    one = evidence("Total revenue was 1,964 million", modality="text", confidence=0.9)
    other = evidence("The total revenue was 2,000 million", page=7, modality="text", confidence=0.1)
    between = [
        evidence(f"Something else, {n}", page=n, modality="text", confidence=0.5) for n in (3, 4, 5)
    ]
    entries = consolidate([one, *between, other])
    assert [entry.told for entry in entries[:2]] == [one, other]
    assert (entries[0].against, entries[1].against) == ((other.id,), (one.id,))
    assert f"(other numbers: {other.id})" in told_ledger((one, other))


def test_other_years_do_not_contradict():
    entries = consolidate([evidence("Revenue in 2022 was 5"), evidence("Revenue in 2023 was 6")])
    assert [entry.against for entry in entries] == [(), ()]


def test_no_modality_crowds_out_the_others():
    texts = [evidence(f"word{n}", modality="text", page=n, confidence=0.9) for n in range(1, 9)]
    figure = evidence("a chart", modality="figure", page=9, confidence=0.1)
    assert consolidate([*texts, figure])[1].told == figure


def test_a_list_that_is_too_long_says_how_much_is_left_out():
    ledger = [evidence(f"word{n} " * 50, page=n, confidence=n / 100) for n in range(1, 30)]
    told = told_ledger(ledger, tokens=500)
    assert "page 29" in told
    assert "more, less certain, are left out)" in told.splitlines()[-1]
    assert len(told) < 4 * 600


boxes = st.sampled_from([ROW, NEAR, FAR, None])
quotes = st.sampled_from(
    ["Cloud 1,000 1,214", "1,214", "cloud: 1,000, 1,214", "no Cloud 5", "Cloud 1,000 1,300", ""]
)
ledgers = st.lists(
    st.builds(
        evidence,
        quotes,
        bbox=boxes,
        page=st.integers(1, 2),
        modality=st.sampled_from(["text", "table", "figure", "page", "tool"]),
        agent=st.sampled_from(["text", "image"]),
        sub_question=st.sampled_from(["q1", "q2"]),
        confidence=st.sampled_from([0.2, 0.5, 0.9]),
        reading=st.sampled_from(["", "so", "otherwise"]),
    ),
    max_size=12,
)


@given(ledgers, st.randoms(use_true_random=False))
def test_the_order_of_the_ledger_makes_no_difference(ledger, random):
    shuffled = list(ledger)
    random.shuffle(shuffled)
    assert consolidate(shuffled) == consolidate(ledger)


@given(ledgers)
def test_no_id_is_lost_and_none_is_made(ledger):
    ids = [id_ for entry in consolidate(ledger) for id_ in entry.ids]
    assert set(ids) == {found.id for found in ledger}


@given(ledgers)
def test_what_is_merged_is_of_one_page_and_its_numbers_are_told(ledger):
    known = {found.id: found for found in ledger}
    for entry in consolidate(ledger):
        merged = [known[id_] for id_ in entry.ids]
        assert {(found.document_id, found.page) for found in merged} == {
            (entry.told.document_id, entry.told.page)
        }
        for found in merged:
            assert set(numbers(found.quote)) <= set(numbers(entry.told.quote))


@given(ledgers)
def test_consolidating_what_is_told_changes_nothing_more(ledger):
    told = [entry.told for entry in consolidate(ledger)]
    assert {entry.told for entry in consolidate(told)} <= set(told)


def test_evidence_of_two_sub_questions_names_both():
    entries = consolidate([evidence(), replace(evidence(), sub_question="q2", confidence=0.1)])
    assert [entry.sub_questions for entry in entries] == [("q1", "q2")]


def test_other_rows_and_numbered_names_are_no_contradiction():
    pairs = [
        ("Recruiter A viewed 120 profiles", "Recruiter B viewed 109 profiles"),
        ("Table 3: results", "Table 5: results"),
        ("Pairing with Windows 8.1", "Pairing with Windows 10"),
        ("red, green, blue: 3", "red, green, blue: 2"),
    ]
    for one, other in pairs:
        told = consolidate([evidence(one, page=1), evidence(other, page=2)])
        assert not any(found.against for found in told), (one, other)
