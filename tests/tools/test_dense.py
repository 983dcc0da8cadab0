"""The dense channel: vectors in the catalogue, the best passage of a page, exact or by Chroma."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from channel_contract import DECK, PAPER, QUERIES, REPORT, ChannelContract, fill, write
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.channel import Query, Scope
from pagehop.tools.retrieval.dense.channel import DenseChannel, apart
from pagehop.tools.retrieval.dense.encoder import Encoder
from pagehop.tools.retrieval.dense.vector_store import place_of

EVERYWHERE = Scope()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the catalogue, its vectors and their index, that nothing has open."""
    folder = tmp_path_factory.mktemp("made")
    catalogue = fill(folder / "catalogue.sqlite3")
    channel = DenseChannel(catalogue, folder / "index", flat=0)
    channel.update()
    channel.close()
    catalogue.close()
    return folder


@pytest.fixture
def catalogue(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


@pytest.fixture
def bare(tmp_path):
    """The same catalogue, without any vector."""
    catalogue = fill(tmp_path / "bare.sqlite3")
    yield catalogue
    catalogue.close()


@pytest.fixture
def exact(catalogue, tmp_path):
    channel = DenseChannel(catalogue, tmp_path / "exact")
    yield channel
    channel.close()


@pytest.fixture
def indexed(catalogue, tmp_path):
    channel = DenseChannel(catalogue, tmp_path / "index", flat=0)
    yield channel
    channel.close()


def found(channel, text, scope=EVERYWHERE):
    return [(one.document_id, one.page) for one in channel.search(Query(text=text), scope, 20)]


class Made(ChannelContract):
    @pytest.fixture
    def catalogue(self, made, tmp_path):
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
        catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
        yield catalogue
        catalogue.close()


class TestExact(Made):
    @pytest.fixture
    def channel(self, catalogue, tmp_path):
        return DenseChannel(catalogue, tmp_path / "exact")


class TestByChroma(Made):
    @pytest.fixture
    def channel(self, catalogue, tmp_path):
        return DenseChannel(catalogue, tmp_path / "index", flat=0)


def asking():
    """The mean vector of questions that any collection is asked."""
    encoder = Encoder()
    questions = ("What is it about?", "How many people work there?", "Who wrote this?")
    return np.mean([encoder.query(one) for one in questions], axis=0)


@pytest.mark.parametrize(("folder", "flat"), [("exact", 1_000), ("index", 0)])
@pytest.mark.parametrize("query", QUERIES)
def test_against_hubs_a_passage_counts_by_how_much_nearer_it_is_than_to_other_questions(
    catalogue, tmp_path, folder, flat, query
):
    channel = DenseChannel(catalogue, tmp_path / folder, flat=flat, bank=asking)
    channel.update()
    own, bank = Encoder().query(query), asking()
    ids, vectors = catalogue.vectors(Encoder().id)
    nearer = dict(zip(ids, (vectors @ own - vectors @ bank).tolist(), strict=True))
    found = channel.search(Query(text=query, against_hubs=True), EVERYWHERE, 20)
    said = [nearer[one.passage_id] for one in found]
    assert said == sorted(said, reverse=True)
    channel.close()


def test_a_bank_says_nothing_where_hubs_are_no_matter(exact, catalogue, tmp_path):
    exact.update()
    beside = DenseChannel(catalogue, tmp_path / "exact", bank=asking)
    for text in QUERIES:
        query = Query(text=text)
        assert beside.search(query, EVERYWHERE, 20) == exact.search(query, EVERYWHERE, 20)
    beside.close()


@given(arrays(np.float32, 4, elements=st.floats(-1, 1, width=32)))
def test_what_sets_a_query_apart_has_unit_length_or_is_nothing(query):
    length = np.linalg.norm(apart(query, np.full(4, 0.25, dtype=np.float32)))
    assert np.isclose(length, 1.0, atol=1e-3) or length == 0


def test_other_words_of_the_same_meaning_are_found(exact):
    exact.update()
    assert found(exact, "How many people work there?")[0] == (REPORT, 4)


def test_chroma_finds_what_the_exact_search_finds(exact, indexed):
    indexed.update()
    for query in QUERIES:
        assert found(indexed, query) == found(exact, query)


def test_a_page_is_as_good_as_its_best_passage(exact, catalogue):
    write(catalogue, DECK, 3, "Thank you.", "Whales are the largest mammals.", "Questions?")
    exact.update()
    best = exact.search(Query(text="big sea animals"), EVERYWHERE, 1)[0]
    assert (best.document_id, best.page, best.passage_id) == (DECK, 3, f"{DECK}:3:p1")


def test_each_text_is_encoded_once_and_progress_is_told(bare, tmp_path):
    write(bare, PAPER, 1, "We study multi-hop questions.", "We study multi-hop questions.")
    told, channel = [], DenseChannel(bare, tmp_path / "exact")
    assert channel.update(lambda *step: told.append(step)) == 10
    assert ("Encoding passages", 9, 9) in told
    assert told[-1] == ("Building the vector index", 3, 3)
    assert len(bare.vectors(Encoder().id)[0]) == 10
    assert channel.update() == 0


def test_without_vectors_nothing_is_found_and_it_is_said(bare, tmp_path):
    channel = DenseChannel(bare, tmp_path / "exact")
    assert found(channel, QUERIES[0]) == []
    assert "without a vector yet: 9" in channel.problems()[0]


def test_what_has_no_vector_yet_is_said_and_is_no_failure(exact, catalogue):
    assert not exact.problems()
    write(catalogue, DECK, 3, "Not read by any encoder.")
    assert found(exact, QUERIES[0])
    assert "without a vector yet: 1" in exact.problems()[0]


def test_a_search_in_the_middle_of_an_update_uses_the_vectors_there_are(catalogue, indexed):
    encoder = Encoder()
    indexed.update()
    write(catalogue, DECK, 3, "Zebras graze on the savanna.")
    passage = catalogue.passages(DECK, 3)[0]
    catalogue.put_vectors(encoder.id, {passage.id: encoder.query(passage.text)})
    assert found(indexed, "zebras")[0] == (DECK, 3)


def test_a_second_process_searches_too(catalogue, indexed, tmp_path):
    """One owner holds the index; another channel finds the same without it."""
    indexed.update()
    assert found(indexed, QUERIES[0])
    other = DenseChannel(catalogue, tmp_path / "index", flat=0)
    assert found(other, QUERIES[0]) == found(indexed, QUERIES[0])
    other.update()
    assert "Another process owns" in other.problems()[0]
    other.close()


def cut(share):
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def overwrite(path):
    path.write_bytes(b"no database at all " * 400)


@pytest.mark.parametrize(
    ("pattern", "harm"),
    [
        ("*.f32", cut(0)),
        ("*.f32", cut(0.5)),
        ("*.f32", Path.unlink),
        ("rows.sqlite3", cut(0)),
        ("rows.sqlite3", cut(0.5)),
        ("rows.sqlite3", overwrite),
        ("rows.sqlite3", Path.unlink),
    ],
)
def test_damaged_vectors_are_made_anew_from_the_catalogue(
    catalogue, exact, tmp_path, pattern, harm
):
    exact.update()
    before = found(exact, QUERIES[0])
    exact.close()
    [file] = (tmp_path / "exact").glob(f"vectors-*/{pattern}")
    harm(file)
    again = DenseChannel(catalogue, tmp_path / "exact")
    assert found(again, QUERIES[0]) == before
    assert again.update() == 0
    again.close()


@pytest.mark.parametrize("harm", [cut(0.5), Path.unlink])
def test_damage_while_it_is_searched_is_mended_and_said(exact, tmp_path, harm):
    before = found(exact, QUERIES[0])
    [file] = (tmp_path / "exact").glob("vectors-*/*.f32")
    harm(file)
    assert found(exact, QUERIES[0]) == before
    assert "made anew" in exact.problems()[0]


def test_a_flipped_byte_of_a_vector_is_found_by_the_check_and_mended(exact, tmp_path):
    before = found(exact, QUERIES[0])
    [file] = (tmp_path / "exact").glob("vectors-*/*.f32")
    content = bytearray(file.read_bytes())
    content[1_000] ^= 0x40
    file.write_bytes(content)
    assert "not as they were written" in exact.problems()[0]
    assert found(exact, QUERIES[0]) == before


def test_nothing_of_a_removed_document_is_left_in_the_files(exact, catalogue, tmp_path):
    exact.update()
    ids, vectors = catalogue.vectors(Encoder().id, [DECK])
    assert ids
    catalogue.erase(DECK)
    exact.update()
    exact.close()
    for path in (tmp_path / "exact").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert DECK.encode() not in content
        assert not any(vector.tobytes() in content for vector in vectors)


def test_vectors_of_another_encoder_are_not_mixed_in(exact, catalogue):
    passage = catalogue.passages(REPORT, 1)[0]
    catalogue.put_vectors("another-1", {passage.id: np.ones(7, dtype=np.float32)})
    exact.update()
    assert found(exact, QUERIES[0])


def test_a_passage_id_says_where_it_stands():
    assert place_of(f"{REPORT}:12:p4") == ((REPORT, 12), 4)
