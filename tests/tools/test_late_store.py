"""The store of token vectors: what is found, what is kept, what is gone, what is refused."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagehop.tools.errors import (
    BadVectorsError,
    CorpusVersionError,
    MixedSpacesError,
    StorageError,
)
from pagehop.tools.retrieval.late.funnel import Limits
from pagehop.tools.retrieval.late.manifest import Manifest
from pagehop.tools.retrieval.late.scan import can_compile
from pagehop.tools.retrieval.late.store import LateStore

DIM = 32
SMALL = Limits(outlined=6, sketched=4, depth=20, segment_tokens=300)
WAYS = [False, pytest.param(True, marks=pytest.mark.skipif(not can_compile(), reason="no numba"))]


def unit(rng, count, dim=DIM):
    drawn = rng.standard_normal((count, dim)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def book(pages, seed=0, tokens=(8, 24)):
    """Keys and vectors of so many pages, in documents of five."""
    rng = np.random.default_rng(seed)
    return {
        (f"doc-{at // 5:03d}", at % 5 + 1): unit(rng, int(rng.integers(*tokens)))
        for at in range(pages)
    }


def noisy(rng, tokens, amount=0.4):
    turned = tokens + amount * unit(rng, len(tokens))
    return turned / np.linalg.norm(turned, axis=1, keepdims=True)


def slow(query, pages):
    """The score of each page by definition, over the 16-bit vectors."""
    stored = {key: page.astype(np.float16).astype(np.float32) for key, page in pages.items()}
    return {key: float((query @ page.T).max(axis=1).sum()) for key, page in stored.items()}


def is_exact(found, query, pages, k):
    """Whether these are the `k` best of the pages, by falling score."""
    scores = slow(query, pages)
    right = [scores[one.key] for one in found]
    best = sorted(scores.values(), reverse=True)[:k]
    assert [one.score for one in found] == pytest.approx(right, abs=2e-4)
    assert [one.score for one in found] == pytest.approx(best, abs=2e-4)
    assert [(-one.score, one.key) for one in found] == sorted((-o.score, o.key) for o in found)
    return len({one.key for one in found}) == len(found)


@pytest.fixture
def opened(tmp_path):
    """Opens stores in one folder, and closes them."""
    stores = []

    def make(name="store", **options):
        options = {"encoder": "some-encoder@1", "dim": DIM, **options}
        stores.append(LateStore(tmp_path / name, **options))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def test_the_best_pages_come_in_the_order_of_exact_maxsim(opened):
    pages = book(20)
    store = opened()
    store.add(pages.items())
    query = unit(np.random.default_rng(9), 6)
    found = store.search(query, 20)
    assert is_exact(found, query, pages, 20)
    for one in found:
        matched = pages[one.key][one.tokens]
        assert float((matched * query).sum()) == pytest.approx(one.score, abs=0.02)


def family(number):
    """Five pages about the same, ever less so; each says it several times."""
    rng = np.random.default_rng(number)
    kinds = unit(rng, 8)
    pages = {}
    for page in range(1, 6):
        repeated = np.repeat(noisy(rng, kinds, 0.1 * page), 6, axis=0)
        pages[f"family-{number:03d}", page] = noisy(rng, repeated, 0.2)
    return kinds, pages


@pytest.mark.parametrize("compiled", WAYS)
def test_the_funnel_loses_next_to_nothing(opened, compiled):
    families = [family(number) for number in range(120)]
    pages = {key: page for _, some in families for key, page in some.items()}
    store = opened(limits=Limits(outlined=8, sketched=4, depth=20), compiled=compiled)
    store.add(pages.items())
    found = 0
    for kinds, own in families[:20]:
        scores = slow(kinds, pages)
        best = sorted(scores, key=lambda key: -scores[key])[:5]
        assert set(best) == set(own)
        found += len({one.key for one in store.search(kinds, 5)} & set(best))
    assert found >= 98


@given(st.integers(0, 10_000), st.integers(1, 11))
@settings(deadline=None, max_examples=25)
def test_a_longer_list_begins_with_the_shorter_one(tmp_path_factory, seed, k):
    limits = Limits(outlined=5, sketched=4, depth=24)
    store = LateStore(tmp_path_factory.mktemp("late"), encoder="e", dim=DIM, limits=limits)
    store.add(book(80, seed).items())
    query = unit(np.random.default_rng(seed), 4)
    fewer, more = (
        [(one.key, one.score) for one in store.search(query, size)] for size in (k, k + 1)
    )
    assert more[:k] == fewer
    assert len(fewer) == k
    store.close()


@pytest.mark.parametrize("k", [12, 13, 40, 79, 80, 200])
def test_as_many_are_found_as_are_asked_for(opened, k):
    pages = book(80)
    store = opened(limits=Limits(outlined=3, sketched=2, depth=24))
    store.add(pages.items())
    found = store.search(unit(np.random.default_rng(1), 4), k)
    assert len({one.key for one in found}) == len(found) == min(k, 80)
    assert [-one.score for one in found] == sorted(-one.score for one in found)


def test_equal_pages_come_in_the_order_of_their_keys(opened):
    page = unit(np.random.default_rng(0), 9)
    store = opened(limits=Limits(outlined=6, sketched=4, depth=20))
    store.add([((name, 1), page) for name in sorted({f"d{at * 37 % 90}" for at in range(90)})])
    keys = [one.key for one in store.search(page[:3], 10)]
    assert keys == sorted(store.keys())[:10]


def test_a_search_stays_within_its_documents_and_without_what_was_seen(opened):
    pages = book(200)
    store = opened(limits=SMALL)
    store.add(pages.items())
    query = unit(np.random.default_rng(3), 4)
    inside = {key: page for key, page in pages.items() if key[0] in {"doc-003", "doc-017"}}
    seen = ("doc-003", 2)
    found = store.search(query, 50, documents=["doc-003", "doc-017", "unknown"], without=[seen])
    left = {key: page for key, page in inside.items() if key != seen}
    assert is_exact(found, query, left, 50)
    assert store.search(query, 5, documents=[]) == []
    first = store.search(query, 1)[0].key
    rest = store.search(query, 20, without=[first, ("none", 1)])
    assert len(rest) == 20
    assert first not in {one.key for one in rest}


def test_a_score_does_not_depend_on_how_and_when_a_page_was_stored(opened):
    pages = book(60)
    together, apart = opened("a"), opened("b", limits=SMALL)
    together.add(pages.items())
    for key in reversed(pages):
        apart.add([(key, pages[key].astype(np.float64))])
    query = unit(np.random.default_rng(8), 5)
    scores = [
        {one.key: one.score for one in store.exact(query, list(pages))}
        for store in (together, apart)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=2e-4)
    assert len(list(apart.folder.glob("*.tokens"))) > 1


def test_one_page_more_is_found_and_nothing_else_is_written_again(opened):
    store = opened()
    store.add(book(50).items())
    before = {path: path.read_bytes() for path in store.folder.glob("*.[tcs]*")}
    page = unit(np.random.default_rng(77), 12)
    store.add([(("new", 1), page)])
    assert store.search(page[:4], 1)[0].key == ("new", 1)
    files = [path for path in before if path.suffix != ".sqlite3"]
    assert len(files) == 3
    for path in files:
        assert path.read_bytes().startswith(before[path])


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "remove", "compact"]),
        st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4)), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=8,
)


@given(steps, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_a_store_that_follows_changes_sees_what_a_new_one_sees(tmp_path_factory, steps, seed):
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("late")
    query, held = unit(rng, 3), {}
    writer, reader = (LateStore(folder, encoder="e", dim=DIM, limits=SMALL) for _ in range(2))
    for step, keys in steps:
        if step == "add":
            pages = {key: unit(rng, int(rng.integers(0, 40))) for key in keys}
            writer.add(pages.items())
            held |= pages
        elif step == "remove":
            writer.remove(keys)
            held = {key: page for key, page in held.items() if key not in keys}
        else:
            writer.compact()
        fresh = LateStore(folder, encoder="e", dim=DIM, limits=SMALL)
        seen, right = (
            [(one.key, one.score) for one in store.search(query, 20)] for store in (reader, fresh)
        )
        assert seen == right
        assert reader.keys() == fresh.keys() == held.keys()
        for key, page in held.items():
            assert np.array_equal(reader.vectors(key), page.astype(np.float16))
        fresh.close()
    writer.close()
    reader.close()


def test_after_an_add_only_the_new_page_is_read_from_the_manifest(tmp_path):
    store = LateStore(tmp_path, encoder="e", dim=DIM)
    store.add(book(40).items())
    manifest = Manifest(tmp_path / "manifest.sqlite3", encoder="e", dim=DIM)
    before = manifest.contents()
    store.add([(("new", 1), unit(np.random.default_rng(1), 9))])
    store.remove([("doc-003", 2)])
    after = manifest.contents(before.mark)
    assert after.changed == {("new", 1), ("doc-003", 2)}
    assert [row[:2] for row in after.rows] == [("new", 1)]

    store.compact()  # forgets that the other one ever was
    again = manifest.contents(before.mark)
    assert again.changed is None
    assert len(again.rows) == 40
    manifest.close()
    store.close()


def test_no_name_is_left_of_a_removed_page_without_tokens(opened):
    store = opened()
    store.add([(("secret", 1), np.zeros((0, DIM), dtype=np.float32)), *book(3).items()])
    store.remove([("secret", 1)])
    store.compact()
    assert b"secret" not in everything(store)


def test_a_page_that_is_added_again_is_replaced(opened):
    store = opened()
    store.add(book(10).items())
    page, other = unit(np.random.default_rng(5), 9), unit(np.random.default_rng(6), 9)
    store.add([(("doc-000", 1), other), (("doc-000", 1), page)])
    assert len(store.keys()) == 10
    assert store.search(page, 1)[0].score == pytest.approx(9, abs=0.02)
    store.compact()
    assert np.array_equal(store.vectors(("doc-000", 1)), page.astype(np.float16))
    assert other[0].astype(np.float16).tobytes() not in everything(store)


def test_a_removed_page_is_not_found_and_after_compaction_no_byte_is_left(opened):
    pages = book(60)
    store = opened(limits=SMALL)
    store.add(pages.items())
    gone = [key for key in pages if key[0] == "doc-004"]
    kept = {key: page for key, page in pages.items() if key not in gone}
    store.remove([*gone, ("never", 1)])
    query = unit(np.random.default_rng(3), 4)
    assert store.keys() == kept.keys()
    assert not {one.key for one in store.search(query, 20)} & set(gone)
    assert "removed pages" in store.problems()[0]
    assert all(row in everything(store) for row in rows(pages, gone))

    store.compact()
    held = everything(store)
    assert not any(row in held for row in rows(pages, gone))
    assert b"doc-004" not in held
    assert all(row in held for row in rows(pages, kept))
    assert store.problems() == []
    assert is_exact(store.exact(query, list(pages)), query, kept, 60)


def test_compaction_of_an_untouched_store_does_nothing(opened):
    store = opened()
    store.add(book(20).items())
    before = {path: path.stat().st_mtime_ns for path in store.folder.iterdir()}
    store.compact()
    assert {path: path.stat().st_mtime_ns for path in store.folder.iterdir()} == before


def everything(store):
    return b"".join(path.read_bytes() for path in sorted(store.folder.iterdir()))


def rows(pages, keys):
    return [pages[key].astype("<f2")[0].tobytes() for key in keys]


def test_all_pages_of_a_call_are_stored_or_none(opened):
    store = opened()
    store.add(book(5).items())
    size = store.disk_bytes

    def broken():
        yield ("bad", 1), unit(np.random.default_rng(1), 40)
        raise RuntimeError("the model died")

    with pytest.raises(RuntimeError, match="the model died"):
        store.add(broken())
    assert len(store.keys()) == 5
    assert store.disk_bytes == size
    store.add([(("good", 1), unit(np.random.default_rng(1), 40))])
    assert len(store.keys()) == 6


def test_a_page_without_tokens_is_kept_and_never_found(opened):
    store = opened()
    store.add([*book(3).items(), (("empty", 1), np.zeros((0, DIM), dtype=np.float32))])
    assert ("empty", 1) in store.keys()  # noqa: SIM118 - no mapping
    query = unit(np.random.default_rng(1), 3)
    assert len(store.search(query, 10)) == 3
    assert store.exact(query, [("empty", 1)]) == []
    assert store.vectors(("empty", 1)).shape == (0, DIM)


@pytest.mark.parametrize("k", [0, -1])
def test_no_pages_are_found_where_none_are_wanted(opened, k):
    store = opened()
    assert store.search(unit(np.random.default_rng(1), 3), 5) == []
    store.add(book(3).items())
    assert store.search(unit(np.random.default_rng(1), 3), k) == []
    assert store.search(np.zeros((0, DIM), dtype=np.float32), 5) == []


def test_what_is_stored_is_there_when_it_is_opened_again(opened):
    pages = book(40)
    first = opened(limits=SMALL)
    first.add(pages.items())
    query = unit(np.random.default_rng(2), 4)
    before = [(one.key, one.score) for one in first.search(query, 20)]
    first.close()
    second = opened(limits=SMALL)
    assert [(one.key, one.score) for one in second.search(query, 20)] == before


def test_a_reader_sees_what_another_one_adds_and_compacts(opened):
    reader, writer = opened(), opened()
    writer.add(book(10).items())
    assert len(reader.keys()) == 10
    writer.remove([("doc-000", 1)])
    writer.compact()
    assert len(reader.search(unit(np.random.default_rng(1), 3), 20)) == 9


def test_threads_search_while_pages_are_added(opened):
    pages = book(120)
    store = opened(limits=SMALL)
    first = dict(list(pages.items())[:20])
    store.add(first.items())
    query = unit(np.random.default_rng(1), 3)

    def look(_):
        found = store.search(query, 5)
        return [one.score for one in found] == sorted((o.score for o in found), reverse=True)

    with ThreadPoolExecutor(4) as pool:
        looked = pool.map(look, range(60))
        for key in list(pages)[20:]:
            store.add([(key, pages[key])])
        assert all(looked)
    assert is_exact(store.exact(query, list(pages)), query, pages, 120)


def test_the_codes_take_at_most_a_quarter_of_the_vectors_bytes(opened):
    store = opened(dim=128)
    rng = np.random.default_rng(1)
    store.add([(("d", at), unit(rng, 700, 128)) for at in range(5)])
    assert store.memory_bytes <= 5 * 700 * 128 * 2 / 4


def test_another_encoders_vectors_are_refused(opened):
    opened().close()
    with pytest.raises(MixedSpacesError, match="pagehop encode"):
        opened(encoder="another-encoder@1")
    with pytest.raises(MixedSpacesError, match="16-dimensional"):
        opened(dim=16)
    store = opened()
    with pytest.raises(MixedSpacesError, match="16-dimensional"):
        store.search(unit(np.random.default_rng(1), 3, 16), 5)


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (np.zeros((3, DIM), dtype=np.float32), "padding"),
        (np.full((3, DIM), np.nan, dtype=np.float32), "length nan"),
        (np.ones(DIM, dtype=np.float32), "shape"),
        (np.ones((3, DIM), dtype=np.int64), "int64"),
    ],
)
def test_what_is_no_token_vector_is_refused(opened, vectors, words):
    store = opened()
    with pytest.raises(BadVectorsError, match=words):
        store.add([(("d", 1), vectors)])
    with pytest.raises(BadVectorsError, match=words):
        store.search(vectors, 3)
    assert not store.keys()


def test_a_file_that_was_cut_is_said_so_with_the_remedy(opened):
    store = opened()
    store.add(book(10).items())
    store.close()
    path = next(store.folder.glob("*.codes"))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(StorageError, match="pagehop encode"):
        opened().search(unit(np.random.default_rng(1), 3), 3)


def test_a_file_that_is_no_manifest_is_said_so(tmp_path):
    (tmp_path / "manifest.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(StorageError, match="pagehop encode"):
        LateStore(tmp_path, encoder="e", dim=DIM)


def test_another_versions_format_is_refused(opened):
    import sqlite3

    store = opened()
    store.close()
    with sqlite3.connect(store.folder / "manifest.sqlite3") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    connection.close()
    with pytest.raises(CorpusVersionError, match="'99'"):
        opened()
