"""Late interaction: exact scores, compact codes, and the two ways to scan them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pagehop.tools.retrieval.late.codes import (
    CODE_BITS,
    SKETCH_BITS,
    levels,
    page_block,
    query_bytes,
    rotation,
    unpacked,
    width,
    words,
)
from pagehop.tools.retrieval.late.maxsim import joined, maxsim, padded
from pagehop.tools.retrieval.late.pooling import OUTLINE, RATIO, pooled, sketched
from pagehop.tools.retrieval.late.scan import can_compile, products


def unit(rng, count, dim=32):
    drawn = rng.standard_normal((count, dim)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def by_hand(query, page):
    """MaxSim by its definition, in 64-bit floats."""
    page = page.astype(np.float64)
    return sum(max(float(q @ token) for token in page) for q in query.astype(np.float64))


@st.composite
def asked(draw):
    """A query and pages of different lengths."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, 40), min_size=1, max_size=8))
    query = unit(rng, draw(st.integers(1, 6)))
    return query, [unit(rng, length).astype(np.float16) for length in lengths]


@given(asked())
@settings(deadline=None)
def test_a_score_is_the_sum_of_the_best_matches(case):
    query, pages = case
    for page, made in zip(pages, maxsim(query, pages), strict=True):
        assert made.score == pytest.approx(by_hand(query, page), abs=2e-4)
        matched = page.astype(np.float32)[made.tokens]
        assert float((matched * query).sum()) == pytest.approx(made.score, abs=2e-4)


@pytest.mark.skipif(not can_compile(), reason="numba is not installed")
@given(asked())
@settings(deadline=None)
def test_a_compiled_score_is_the_same(case):
    from pagehop.tools.retrieval.late import exact

    query, pages = case
    if not exact.can_use(query.shape[1]):
        pytest.skip("this processor cannot widen 16-bit floats")
    right = maxsim(query, pages)
    made = exact.maxsim(query, pages)
    assert [one.score for one in made] == pytest.approx([one.score for one in right], abs=2e-4)
    for one, page in zip(made, pages, strict=True):
        matched = page.astype(np.float32)[one.tokens]
        assert float((matched * query).sum()) == pytest.approx(one.score, abs=2e-4)
    again = exact.maxsim(query, pages[::-1])[::-1]
    assert [one.score for one in again] == [one.score for one in made]


@given(asked())
@settings(deadline=None)
def test_a_score_depends_neither_on_the_pages_beside_it_nor_on_padding(case):
    query, pages = case
    tensor = torch.from_numpy(query)
    alone = [maxsim(query, [page])[0].score for page in pages]
    for together in (
        joined(tensor, pages),
        padded(tensor, pages),
        padded(tensor, pages[::-1])[::-1],
    ):
        assert [one.score for one in together] == pytest.approx(alone, abs=2e-4)


def test_padding_never_beats_a_negative_similarity():
    query = np.array([[1.0, 0.0]], dtype=np.float32)
    against = np.array([[-1.0, 0.0]], dtype=np.float16)
    longer = np.array([[0.0, 1.0]] * 5, dtype=np.float16)
    scores = [one.score for one in padded(torch.from_numpy(query), [against, longer])]
    assert scores == [-1.0, 0.0]


def test_a_score_does_not_depend_on_the_number_of_threads():
    rng = np.random.default_rng(1)
    query, pages = unit(rng, 20, 128), [unit(rng, 700, 128).astype(np.float16) for _ in range(9)]
    before = torch.get_num_threads()
    scores = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            scores.append([one.score for one in maxsim(query, pages)])
    finally:
        torch.set_num_threads(before)
    assert scores[1] == pytest.approx(scores[0], abs=2e-4)
    assert scores[2] == pytest.approx(scores[0], abs=2e-4)


@pytest.mark.parametrize("dim", [1, 16, 64, 100, 128, 320])
def test_the_rotation_keeps_lengths_and_angles(dim):
    basis = rotation(dim)
    assert basis.shape == (dim, width(dim))
    assert width(dim) % 64 == 0
    assert np.allclose(basis @ basis.T, np.eye(dim), atol=1e-5)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.sampled_from([16, 100, 128]),
    st.sampled_from([2, 3]),
)
@settings(deadline=None, max_examples=30)
def test_levels_come_out_of_a_block_as_they_went_in(seed, count, dim, bits):
    page = unit(np.random.default_rng(seed), count, dim)
    block = page_block(page, bits)
    assert len(block) == count * words(dim, bits)
    assert unpacked(block, count, bits).tolist() == levels(page, bits).tolist()


@pytest.mark.parametrize(("bits", "cosine"), [(2, 0.93), (3, 0.97)])
def test_levels_stand_for_nearly_the_vectors_themselves(bits, cosine):
    page = unit(np.random.default_rng(4), 50, 128)
    meant = levels(page, bits).astype(np.float32) - (2**bits - 1) / 2
    meant /= np.linalg.norm(meant, axis=1, keepdims=True)
    assert (meant * (page @ rotation(128))).sum(axis=1).min() > cosine - 0.03
    assert (meant * (page @ rotation(128))).sum(axis=1).mean() > cosine


def test_a_query_is_rounded_to_less_than_a_hundredth():
    query = unit(np.random.default_rng(5), 20, 100)
    asked = query_bytes(query).astype(np.float32)
    assert np.abs(asked).max() == 127
    turned = query @ rotation(100)
    cosines = (asked * turned).sum(axis=1) / np.linalg.norm(asked, axis=1)
    assert cosines.min() > 0.9999


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 70), min_size=1, max_size=6),
    st.sampled_from([(16, 2), (128, 2), (128, 3)]),
    st.integers(1, 9),
)
@settings(deadline=None, max_examples=30)
def test_a_page_is_as_near_as_the_products_of_its_levels(seed, counts, sizes, asked):
    dim, bits = sizes
    rng = np.random.default_rng(seed)
    pages = [unit(rng, count, dim) for count in counts]
    codes = np.concatenate([page_block(page, bits) for page in pages])
    starts, lengths = np.cumsum([0, *counts[:-1]]), np.array(counts)
    query = query_bytes(unit(rng, asked, dim))
    blocks = [(codes, starts, lengths), (codes, starts[:1], lengths[:1])]
    right = [
        int((query.astype(int) @ levels(page, bits).astype(int).T).max(axis=1).sum())
        for page in [*pages, pages[0]]
    ]
    assert products(blocks, query, bits, compiled=False).tolist() == right
    if can_compile():
        assert products(blocks, query, bits, compiled=True).tolist() == right


@pytest.mark.skipif(not can_compile(), reason="numba is not installed")
@pytest.mark.parametrize("way", ["tiles", "bytes", "pairs"])
@pytest.mark.parametrize("bits", [2, 3])
def test_every_way_to_multiply_sees_the_same(way, bits):
    from pagehop.tools.retrieval.late import tiles
    from pagehop.tools.retrieval.late.compiled import kernel, step
    from pagehop.tools.retrieval.late.registers import has

    if not {"tiles": tiles.can_use(), "bytes": has("avx512vnni"), "pairs": True}[way]:
        pytest.skip("this processor, or its system, cannot do it")
    rng, counts = np.random.default_rng(6), np.array([1, 15, 16, 17, 32, 33, 100])
    pages = [unit(rng, count, 128) for count in counts]
    codes = np.concatenate([page_block(page, bits) for page in pages])
    starts, scan = np.cumsum([0, *counts[:-1]]), kernel(128, bits, way)
    for tokens in (1, 20, 33):
        some = step(tokens, way)
        query = np.zeros((-(-tokens // some) * some, 128), dtype=np.int8)
        query[:tokens] = query_bytes(unit(rng, tokens, 128))
        query[0], query[tokens - 1] = 127, -127  # the largest sums that there are
        right = products([(codes, starts, counts)], query, bits, compiled=False)
        made = np.zeros(len(counts), dtype=np.int64)
        scan(codes, starts, counts, query.view(np.int32), some, made)
        assert made.tolist() == right.tolist()


@pytest.mark.parametrize("bits", [SKETCH_BITS, CODE_BITS])
def test_a_page_is_the_nearest_to_its_own_tokens_by_its_codes_sketch_and_outline(bits):
    rng = np.random.default_rng(2)
    pages = [unit(rng, 64, 128) for _ in range(50)]
    sketches = [sketched(page) for page in pages]
    for gathered in (pages, [one for one, _ in sketches], [one for _, one in sketches]):
        counts = np.array([len(page) for page in gathered])
        codes = np.concatenate([page_block(page, bits) for page in gathered])
        starts = np.cumsum([0, *counts[:-1]])
        for number in (0, 17, 49):
            query = query_bytes(pages[number][:20])
            near = products([(codes, starts, counts)], query, bits, compiled=False)
            assert near.argmax() == number


@given(st.integers(0, 2**32 - 1), st.integers(1, 100))
@settings(deadline=None, max_examples=30)
def test_pooled_vectors_are_few_and_of_unit_length(seed, count):
    page = unit(np.random.default_rng(seed), count)
    most = -(-count // RATIO)
    gathered = pooled(page, most)
    assert 1 <= len(gathered) <= most
    assert np.allclose(np.linalg.norm(gathered, axis=1), 1, atol=1e-4)


@given(st.integers(0, 2**32 - 1), st.integers(1, 600))
@settings(deadline=None, max_examples=30)
def test_an_outline_is_no_longer_than_its_sketch_nor_than_it_may_be(seed, count):
    outline, sketch = sketched(unit(np.random.default_rng(seed), count))
    assert 1 <= len(outline) <= min(len(sketch), OUTLINE)
    assert np.allclose(np.linalg.norm(outline, axis=1), 1, atol=1e-4)


def test_repeated_tokens_are_pooled_without_loss():
    kinds = unit(np.random.default_rng(3), 4)
    page = np.repeat(kinds, 24, axis=0)
    for gathered in sketched(page):
        assert (kinds @ gathered.T).max(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
