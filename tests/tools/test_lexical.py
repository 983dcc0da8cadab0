"""The lexical channel: words into terms, terms into scores, and an index that mends itself."""

import sqlite3
from collections import Counter
from contextlib import closing

import numpy as np
import pytest
from channel_contract import (
    DECK,
    PAPER,
    QUERIES,
    REPORT,
    TEXTS,
    ChannelContract,
    fill,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.words.analysis import counted, counted_among, term_hash, terms, words
from pagehop.tools.retrieval.words.bm25 import Statistics, score_text, weigh
from pagehop.tools.retrieval.words.channel import LexicalChannel

EVERYWHERE = Scope()


@pytest.fixture
def catalogue(tmp_path):
    catalogue = fill(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


@pytest.fixture
def channel(catalogue, tmp_path):
    return LexicalChannel(catalogue, tmp_path / "index")


def places(channel, text, scope=EVERYWHERE):
    return [(one.document_id, one.page) for one in channel.search(Query(text=text), scope, 20)]


class TestContract(ChannelContract):
    @pytest.fixture
    def channel(self, catalogue, tmp_path):
        return LexicalChannel(catalogue, tmp_path / "index")


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("1,214 units", "1214"),
        ("up 3.5%", "3.5"),
        ("up 3.5%", "3.5%"),
        ("FY2018", "2018"),
        ("multi-hop", "hop"),
        ("multi-hop", "multihop"),
        ("Form 10-K", "10k"),
        ("the company's revenues", "revenu"),
        ("costs of revenue", "cost revenu"),
        ("ﬁnance", "financ"),
        ("東京都", "京都"),
        ("iso_9001", "9001"),
    ],
)
def test_a_text_has_the_term(text, term):
    assert term in terms(text)


def test_stop_words_are_no_terms_and_pairs_reach_over_them():
    assert terms("the cost of the revenue") == ["cost", "revenu", "cost revenu"]


@given(st.text())
def test_any_text_has_terms_without_spaces_at_their_ends(text):
    assert all(term and term == term.strip() for term in terms(text))
    assert counted(text) == Counter(map(term_hash, terms(text)))


WORDS = st.lists(
    st.sampled_from(["cost", "of", "revenue", "1,214", "3.5%", "multi-hop", "R2D2", "東京", "the"])
)


@given(WORDS.map(" ".join) | st.text(), WORDS.map(" ".join))
def test_the_terms_of_a_query_are_counted_as_all_are(text, query):
    wanted, everything = counted(query), counted(text)
    some = counted_among(text, wanted)
    assert some.total() == everything.total()
    assert {term: some[term] for term in wanted} == {term: everything[term] for term in wanted}


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_case_never_matters(text):
    assert terms(text.upper()) == terms(text.lower())


@given(
    st.lists(st.lists(st.integers(0, 8), max_size=12), min_size=1, max_size=8),
    st.lists(st.integers(0, 8), min_size=1, max_size=4),
)
def test_scores_over_postings_equal_the_slow_definition(texts, query):
    texts, wanted = [Counter(text) for text in texts], Counter(query)
    lengths = np.array([text.total() for text in texts])
    statistics = Statistics(
        len(texts),
        float(lengths.mean()),
        {term: sum(term in text for text in texts) for term in wanted},
    )
    fast = np.zeros(len(texts))
    for term, times in wanted.items():
        counts = np.array([text[term] for text in texts])
        fast += times * weigh(counts, lengths, statistics.idf(term), statistics.average_length)
    slow = [score_text(wanted, text, statistics, statistics.average_length) for text in texts]
    assert fast == pytest.approx(slow)


def test_rarity_is_that_of_the_documents_searched(channel, catalogue):
    """ "revenue" is rare in the deck, and on every other page of the report."""
    write(catalogue, REPORT, 1, "Revenue and wind.")
    assert places(channel, "revenue wind", Scope(documents=frozenset({DECK})))[0] == (DECK, 2)
    alone = channel.search(Query(text="revenue"), Scope(documents=frozenset({PAPER})), 1)[0]
    together = channel.search(Query(text="revenue"), EVERYWHERE, 20)
    assert alone.score != next(one.score for one in together if one.document_id == PAPER)


def test_neighbouring_words_count_more_than_the_same_words_apart(channel, catalogue):
    write(catalogue, REPORT, 1, "cash reported by the firm, and the flow of rivers in summer")
    write(catalogue, REPORT, 2, "rivers reported by the firm, and the cash flow of the summer")
    assert places(channel, "cash flow")[0] == (REPORT, 2)


def test_words_read_off_a_figure_are_found(channel, catalogue, tmp_path):
    page = catalogue.page(REPORT, 1)
    figure = catalogue.passages(REPORT, 1)[0]
    read = type(figure)(
        id=f"{REPORT}:1:p1", document_id=REPORT, page=1, kind="figure", text="Osmosis membrane"
    )
    catalogue.put_page(page, (), (), [figure, read])
    assert places(channel, "osmosis") == [(REPORT, 1)]


def test_the_best_passage_of_a_page_has_the_best_score(channel, catalogue):
    write(catalogue, REPORT, 1, "A letter to shareholders.", "Osmosis explained.", "The end.")
    places(channel, "osmosis")
    scores = channel.passages(Query(text="osmosis"), EVERYWHERE, [(REPORT, 1)])
    assert max(scores, key=scores.get) == f"{REPORT}:1:p1"
    assert scores[f"{REPORT}:1:p0"] == 0


def test_the_index_is_on_disk_and_another_channel_reads_it(channel, catalogue, tmp_path):
    assert channel.update() == sum(map(len, TEXTS.values()))
    again = LexicalChannel(catalogue, tmp_path / "index")
    assert again.update() == 0
    assert places(again, QUERIES[0]) == places(channel, QUERIES[0])


def test_a_page_read_meanwhile_is_found_at_the_next_search(channel, catalogue):
    assert not places(channel, "quagga")
    write(catalogue, DECK, 3, "A quagga.")
    assert places(channel, "quagga") == [(DECK, 3)]


@pytest.mark.parametrize("share", [0, 0.3, 0.5, 0.9])
def test_a_torn_index_is_made_anew(channel, catalogue, tmp_path, share):
    before = places(channel, QUERIES[0])
    file = tmp_path / "index" / "lexical.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    again = LexicalChannel(catalogue, tmp_path / "index")
    assert places(again, QUERIES[0]) == before


def test_a_missing_index_is_made_anew_also_by_a_channel_that_has_searched(channel, tmp_path):
    before = places(channel, QUERIES[0])
    for file in (tmp_path / "index").glob("lexical.sqlite3*"):
        file.unlink()
    assert places(channel, QUERIES[0]) == before


def test_a_file_that_is_no_index_is_made_anew_and_said(channel, catalogue, tmp_path):
    before = places(channel, QUERIES[0])
    for file in (tmp_path / "index").glob("lexical.sqlite3*"):
        file.write_bytes(b"not an index at all" * 300)
    again = LexicalChannel(catalogue, tmp_path / "index")
    assert places(again, QUERIES[0]) == before
    assert "rebuilt" in again.problems()[0]


def test_an_index_of_another_version_is_made_anew(channel, catalogue, tmp_path):
    before = places(channel, QUERIES[0])
    with closing(sqlite3.connect(tmp_path / "index" / "lexical.sqlite3")) as db:
        db.execute("PRAGMA user_version = 7")
    assert places(LexicalChannel(catalogue, tmp_path / "index"), QUERIES[0]) == before


def test_nothing_of_a_removed_document_is_left_in_the_file(channel, catalogue, tmp_path):
    channel.update()
    gone = [term_hash(term) for term in words("Wind turbines turn")]
    catalogue.erase(DECK)
    channel.update()
    with closing(sqlite3.connect(tmp_path / "index" / "lexical.sqlite3")) as db:
        assert not db.execute("SELECT * FROM page WHERE document = ?", (DECK,)).fetchall()
        assert not db.execute(
            f"SELECT * FROM posting WHERE term IN ({','.join('?' * len(gone))})", gone
        ).fetchall()
    for file in (tmp_path / "index").iterdir():
        assert DECK.encode() not in file.read_bytes()
