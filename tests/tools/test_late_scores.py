"""Late interaction: exact scores, compact codes, and the two ways to scan them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pagehop.tools.retrieval.late.codes import PAGE_BITS, page_block, rotation, row_planes, words
from pagehop.tools.retrieval.late.maxsim import joined, maxsim, padded
from pagehop.tools.retrieval.late.pooling import RATIO, pooled
from pagehop.tools.retrieval.late.scan import can_compile, distances


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
    assert basis.shape == (dim, words(dim) * 64)
    assert np.allclose(basis @ basis.T, np.eye(dim), atol=1e-5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4))
@settings(deadline=None, max_examples=30)
def test_a_distance_is_the_dot_product_of_the_levels(seed, bits, query_bits):
    rng = np.random.default_rng(seed)
    page, query = unit(rng, 7, 100), unit(rng, 3, 100)
    codes = page_block(page, bits)
    blocks = [(codes, np.array([0]), np.array([7]))]
    found = distances(blocks, row_planes(query, query_bits), bits, compiled=False)
    products = levels(query, query_bits) @ levels(page, bits).T
    whole = 128 * (2**bits - 1) * (2**query_bits - 1)  # a code's product with itself, at most
    assert found[0] == ((whole - products.max(axis=1)) // 2).sum()


def levels(vectors, bits):
    """What the bits of each coordinate stand for, by the definition in `codes`."""
    planes = row_planes(vectors, bits)
    signs = np.unpackbits(planes.view(np.uint8), axis=2, bitorder="little").astype(np.int64) * 2 - 1
    return sum(signs[:, bit] << bit for bit in range(bits))


@pytest.mark.skipif(not can_compile(), reason="numba is not installed")
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.sampled_from([(16, 2, 2), (128, 2, 4), (128, 1, 1)]),
)
@settings(deadline=None, max_examples=30)
def test_numba_and_numpy_see_the_same_distances(seed, counts, sizes):
    dim, bits, query_bits = sizes
    rng = np.random.default_rng(seed)
    codes = np.concatenate([page_block(unit(rng, count, dim), bits) for count in counts])
    starts, lengths = np.cumsum([0, *counts[:-1]]), np.array(counts)
    query = row_planes(unit(rng, 5, dim), query_bits)
    blocks = [(codes, starts, lengths), (codes, starts[:1], lengths[:1])]
    plain = distances(blocks, query, bits, compiled=False)
    fast = distances(blocks, query, bits, compiled=True)
    assert fast.tolist() == plain.tolist()
    assert len(plain) == len(counts) + 1
    assert plain[-1] == plain[0]


def test_a_page_is_the_nearest_to_its_own_tokens_by_its_codes_and_by_its_sketch():
    rng = np.random.default_rng(2)
    pages = [unit(rng, 64, 128) for _ in range(50)]
    for gathered in (pages, [pooled(page) for page in pages]):
        counts = np.array([len(page) for page in gathered])
        codes = np.concatenate([page_block(page, PAGE_BITS) for page in gathered])
        starts = np.cumsum([0, *counts[:-1]])
        for number in (0, 17, 49):
            query = row_planes(pages[number][:20], 4)
            far = distances([(codes, starts, counts)], query, PAGE_BITS, compiled=False)
            assert far.argmin() == number


@given(st.integers(0, 2**32 - 1), st.integers(1, 100))
@settings(deadline=None, max_examples=30)
def test_pooled_vectors_are_few_and_of_unit_length(seed, count):
    page = unit(np.random.default_rng(seed), count)
    gathered = pooled(page)
    assert 1 <= len(gathered) <= -(-count // RATIO)
    assert np.allclose(np.linalg.norm(gathered, axis=1), 1, atol=1e-4)


def test_repeated_tokens_are_pooled_without_loss():
    kinds = unit(np.random.default_rng(3), 4)
    page = np.repeat(kinds, 24, axis=0)
    assert (kinds @ pooled(page).T).max(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
