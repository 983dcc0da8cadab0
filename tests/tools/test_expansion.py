"""The vocabulary: what a question's words are called in documents."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.errors import VocabularyError
from pagehop.tools.retrieval.signals.statements import statements
from pagehop.tools.retrieval.words.analysis import counted, term_hash, words
from pagehop.tools.retrieval.words.expansion import (
    FILE,
    Entry,
    Vocabulary,
    corpus_vocabulary,
    read_vocabulary,
    shipped,
)

SPREAD = Vocabulary(
    [
        Entry(asked=("burn rate", "ROA"), also=("net cash used",), indirect=True, reason="a ratio"),
        Entry(asked=("sales",), also=("turnover",), reason="a line"),
    ]
)


@pytest.mark.parametrize("entry", shipped().entries, ids=lambda entry: entry.asked[0])
def test_every_shipped_entry_has_a_reason_and_is_found_by_each_of_its_phrases(entry):
    assert entry.reason
    assert entry.also
    assert set(entry.statements) <= set(statements())
    for phrase in entry.asked:
        assert words(phrase)
        assert entry in shipped().meant(f"What was ACME's {phrase} in 2021?")


@pytest.mark.parametrize(
    ("question", "needed"),
    [
        ("What is the return on assets?", {"income statement", "balance sheet"}),
        ("What was the quick ratio at year end?", {"balance sheet"}),
        ("How large was capex in FY2019?", {"cash flow statement"}),
        ("Who founded the company?", set()),
        ("How do I pair the headset?", set()),
    ],
)
def test_a_question_needs_the_statements_its_figures_stand_in(question, needed):
    assert {name for one in shipped().meant(question) for name in one.statements} == needed


def test_endings_and_capitals_do_not_matter_but_words_are_whole():
    assert SPREAD.meant("BURN RATES of startups")[0].reason == "a ratio"
    assert not SPREAD.meant("Which roads are roaming?")
    assert not SPREAD.meant("the rate of burn")


def test_words_of_an_expansion_count_less_than_the_question_s_own():
    weights = SPREAD.weights("what is the burn rate of cash")
    assert weights[term_hash("burn")] == weights[term_hash("cash")] == 1
    assert 0 < weights[term_hash("net cash")] < 1


def test_a_line_of_a_statement_is_searched_for_in_its_own_words_alone():
    assert term_hash("turnov") not in SPREAD.weights("sales in spring")


def test_names_and_numbers_and_quotes_count_more():
    weights = SPREAD.weights('Where does Zurich mention the "green roof" of 2019?')
    assert weights[term_hash("mention")] == 1
    for stressed in ("zurich", "2019", "green", "green roof"):
        assert weights[term_hash(stressed)] > 1


@given(st.text())
def test_every_term_of_a_question_keeps_at_least_its_weight(text):
    weights = shipped().weights(text)
    assert all(weights[term] >= times for term, times in counted(text).items())
    assert all(weight > 0 for weight in weights.values())


def test_a_corpus_adds_its_own_words_to_the_shipped_ones(tmp_path):
    assert corpus_vocabulary(tmp_path) is shipped()
    own = tmp_path / FILE
    own.write_text(json.dumps({"asked": ["termination clause"], "also": ["notice period"]}) + "\n")
    both = corpus_vocabulary(tmp_path)
    assert len(both.entries) == len(shipped().entries) + 1
    assert both.meant("Is there a termination clause?")[0].also == ("notice period",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"own\.jsonl, line 2 is no JSON"),
        ("[]", r"line 2 has no phrases under 'asked'"),
        ('{"also": ["x"]}', r"line 2 has no phrases under 'asked'"),
        ('{"asked": ["the of"]}', r"line 2 has no phrases under 'asked'"),
        ('{"asked": "roa"}', r"line 2 has no phrases under 'asked'"),
        ('{"asked": ["roa"], "also": [1]}', r"line 2 has also=\[1\]"),
    ],
)
def test_a_line_that_is_no_entry_is_named(tmp_path, line, said):
    own = tmp_path / "own.jsonl"
    own.write_text('{"asked": ["roa"]}\n' + line + "\n")
    with pytest.raises(VocabularyError, match=said):
        read_vocabulary(own)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(VocabularyError, match=r"nowhere\.jsonl"):
        read_vocabulary(tmp_path / "nowhere.jsonl")
