"""The flat file of vectors: exactly those of the pages, whatever happens to it meanwhile."""

import signal
import subprocess
import sys
import time
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pagehop.tools.retrieval.dense.codes import differing, nearest, sign_codes
from pagehop.tools.retrieval.dense.products import product
from pagehop.tools.retrieval.dense.vector_rows import EXACT, table_of
from pagehop.tools.retrieval.dense.vector_store import VectorStore, place_of

HERE = Path(__file__).parent
DIM = 70  # no multiple of 64: the last word of a code is not full


def vectors_of(document, page, digest):
    """Up to three unit vectors that depend on the page and its digest alone."""
    seed = int.from_bytes(blake2b(f"{document}:{page}:{digest}".encode(), digest_size=4).digest())
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=(seed % 4, DIM)).astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def reader(digests):
    """Reads pages as the dense channel does, out of what `vectors_of` says of them."""

    def read(documents):
        ids, vectors = [], [np.zeros((0, DIM), dtype=np.float32)]
        for (document, page), digest in sorted(digests.items()):
            if document in documents:
                own = vectors_of(document, page, digest)
                ids += [f"{document}:{page}:p{number}" for number in range(len(own))]
                vectors.append(own)
        return ids, np.concatenate(vectors), frozenset()

    return read


def refreshed(store, digests):
    return store.refresh(store.stale(digests), digests, reader(digests))


def held(store):
    """Passage id -> its vector, as a search would see it."""
    rows = store.rows()
    return {rows.passage_id(one): rows.vectors[rows.at[one]] for one in range(len(rows))}


def wanted(digests):
    ids, vectors, _ = reader(digests)({document for document, _ in digests})
    return dict(zip(ids, vectors, strict=True))


def same(found, expected):
    return found.keys() == expected.keys() and all(
        np.array_equal(found[one], expected[one]) for one in expected
    )


def some(documents, pages=6, digest="1"):
    return {(f"d{one}", page): digest for one in range(documents) for page in range(1, pages + 1)}


@pytest.fixture
def store(tmp_path):
    store = VectorStore(tmp_path / "vectors")
    yield store
    store.close()


def data(store):
    [file] = store.folder.glob("*.f32")
    return file


@given(
    arrays(np.float32, (9, DIM), elements=st.floats(-1, 1, width=32)),
    arrays(np.float32, DIM, elements=st.floats(-1, 1, width=32)),
)
def test_codes_count_the_dimensions_whose_signs_differ(vectors, query):
    codes = np.ascontiguousarray(sign_codes(vectors).T)
    slow = [sum((a > 0) != (b > 0) for a, b in zip(row, query, strict=True)) for row in vectors]
    assert differing(codes, query).tolist() == slow
    for k in (1, 4, 9):
        kept = nearest(codes, query, k)
        assert len(kept) >= k
        left = set(range(9)) - set(kept.tolist())
        assert not left or max(slow[at] for at in kept) < min(slow[at] for at in left)


@given(st.integers(0, 40), st.integers(1, 2_000), st.integers(0, 60))
def test_a_product_in_parts_is_the_product(height, inner, columns):
    draw = np.random.default_rng(height + inner)
    matrix = draw.normal(size=(height, inner)).astype(np.float32)
    other = draw.normal(size=(inner, columns) if columns else inner).astype(np.float32)
    assert product(matrix, other) == pytest.approx(matrix @ other, abs=1e-3)


def test_many_passages_are_sifted_and_the_best_are_those_of_the_exact_search():
    draw = np.random.default_rng(0)
    topics = draw.normal(size=(3_000, DIM)).astype(np.float32)
    vectors = np.repeat(topics, EXACT // 3_000 + 2, axis=0)
    vectors += draw.normal(size=vectors.shape).astype(np.float32) * np.float32(0.7)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    number, codes = np.zeros(1, dtype="<u4").tobytes(), sign_codes(vectors)
    pages = [("d", at + 1, at, number, codes[at].tobytes()) for at in range(len(vectors))]
    rows = table_of(pages, vectors, codes.shape[1])
    assert len(rows) > EXACT
    for query in vectors[::4_000]:
        exact = np.argsort(-(vectors @ query))[:10]
        found = rows.nearest(query, None, frozenset(), 10)
        assert [place[1] - 1 for _, place, _ in found] == exact.tolist()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 4)),
            st.sampled_from("123"),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_after_any_changes_it_holds_what_the_pages_are_now(tmp_path_factory, states):
    store = VectorStore(tmp_path_factory.mktemp("any") / "vectors")
    for digests in states:
        refreshed(store, digests)
        assert same(held(store), wanted(digests))
        assert not store.stale(digests)
        assert not store.damage()
    store.close()


def test_a_document_more_leaves_the_others_where_they_are(store):
    refreshed(store, some(40))
    file, before = data(store), data(store).read_bytes()
    assert refreshed(store, some(41)) == 6
    assert data(store) == file
    assert file.read_bytes().startswith(before)
    assert same(held(store), wanted(some(41)))


def test_of_a_removed_document_no_vector_is_left_in_any_file(store):
    digests = some(40)
    refreshed(store, digests)
    gone = {place: digest for place, digest in digests.items() if place[0] == "d7"}
    vectors = [vector.tobytes() for vector in wanted(gone).values()]
    codes = [sign_codes(vector[None])[0].tobytes() for vector in wanted(gone).values()]
    assert all(vector in data(store).read_bytes() for vector in vectors)
    refreshed(store, {place: digests[place] for place in digests.keys() - gone.keys()})
    store.close()
    everything = b"".join(path.read_bytes() for path in store.folder.iterdir())
    assert not any(trace in everything for trace in (*vectors, *codes))


def test_when_much_is_gone_the_file_is_written_anew_without_it(store):
    refreshed(store, some(40))
    size = data(store).stat().st_size
    refreshed(store, some(10))
    assert data(store).stat().st_size < size / 2
    assert same(held(store), wanted(some(10)))
    refreshed(store, {})
    assert len(store.rows()) == 0


def test_what_a_killed_process_wrote_behind_the_last_row_is_cut_off(store):
    refreshed(store, some(4))
    with data(store).open("ab") as file:
        file.write(b"\xff" * 1_001)
    refreshed(store, some(5))
    assert same(held(store), wanted(some(5)))
    assert b"\xff" * 1_001 not in data(store).read_bytes()


def test_pages_that_lack_vectors_are_read_again(store):
    digests = some(2)
    lacking = {("d0", 1), ("d1", 2)}

    def read(documents):
        ids, vectors, _ = reader(digests)(documents)
        return ids, vectors, lacking

    store.refresh(store.stale(digests), digests, read)
    assert store.stale(digests) == {"d0": {1}, "d1": {2}}
    refreshed(store, digests)
    assert not store.stale(digests)


def test_another_store_on_the_same_folder_sees_each_change(store):
    other = VectorStore(store.folder)
    for digests in (some(3), some(5), some(1), {}):
        refreshed(store, digests)
        assert same(held(other), wanted(digests))
    other.close()


def test_a_changed_byte_is_noticed(store):
    refreshed(store, some(4))
    with data(store).open("r+b") as file:
        file.seek(123)
        file.write(b"\x55")
    assert store.damage() == "the vectors of 1 pages are not as they were written"


KEEP_WRITING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_vector_store import VectorStore, refreshed, some
store = VectorStore(Path(sys.argv[2]))
print("start", flush=True)
for number in range(10**6):
    refreshed(store, some(20 + 230 * (number % 2), digest=str(number)))
"""


@pytest.mark.parametrize("seconds", [0.15, 0.6])
def test_killed_at_any_moment_it_holds_whole_pages_and_goes_on(tmp_path, seconds):
    command = [sys.executable, "-c", KEEP_WRITING, str(HERE), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    store = VectorStore(tmp_path)
    now = store.digests()
    assert same(held(store), wanted(now))
    assert not store.damage()
    refreshed(store, some(30, digest="last"))
    assert same(held(store), wanted(some(30, digest="last")))
    store.close()


def test_an_id_of_a_passage_says_where_it_stands():
    assert place_of("c3:12:p4") == (("c3", 12), 4)
