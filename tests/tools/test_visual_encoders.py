"""Encoders of pictures: real classes, random weights, loaded by the code that loads checkpoints."""

import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from safetensors.torch import load_file, save_file
from tiny_models import DIM, LATE, PATCH, SINGLE, TEXT_ONLY, make_neomme

from pagehop.tools.boxes import intersection
from pagehop.tools.errors import InputError, UnknownModelError
from pagehop.tools.retrieval.visual.grids import Block, seen_by, unpacked
from pagehop.tools.retrieval.visual.late_encoder import LateEncoder, most_different
from pagehop.tools.retrieval.visual.loading import choose_device, in_batches
from pagehop.tools.retrieval.visual.picture_encoder import PictureEncoder
from pagehop.tools.retrieval.visual.selftest import check_single, synthetic_pages
from pagehop.tools.retrieval.visual.weights import fingerprint

SQUARE = (0.55, 0.3, 0.72, 0.44)


def drawn(size=(320, 416), square=None):
    """A page of lines, with a red square on it."""
    page = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    for top in range(8, size[1], 24):
        pen.line((10, top, size[0] - 10 - top % 37, top), fill="black", width=3)
    if square:
        wide, high = size
        x0, y0, x1, y1 = square
        pen.rectangle((x0 * wide, y0 * high, x1 * wide, y1 * high), fill="red")
    return page


@pytest.fixture(scope="module")
def late(tiny):
    return {kind: LateEncoder(str(tiny / kind), batch=4) for kind in LATE}


@pytest.fixture(scope="module")
def single(tiny):
    return {kind: PictureEncoder(str(tiny / kind), batch=4) for kind in SINGLE}


def copied(tiny, tmp_path, kind):
    return shutil.copytree(tiny / kind, tmp_path / kind)


def changed(folder, change):
    """The checkpoint with its tensors changed."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
    return str(folder)


@pytest.mark.parametrize("kind", LATE)
class TestLate:
    def test_vectors_are_finite_and_of_unit_length(self, late, kind):
        encoder = late[kind]
        made = [*encoder.pictures([drawn()]), *encoder.passages(["total revenue", "wind"])]
        for vectors in (one.vectors for one in (*made, encoder.question("revenue in 2023?"))):
            assert vectors.shape[1] == encoder.dim == DIM
            assert vectors.dtype == np.float32
            assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)

    def test_a_page_has_the_same_vectors_in_any_company(self, late, kind):
        encoder, page = late[kind], drawn(square=SQUARE)
        alone = encoder.pictures([page])[0]
        for company in ([drawn((640, 200))], [drawn((150, 700)), drawn((90, 90))]):
            beside = encoder.pictures([*company, page])[-1]
            assert beside.vectors == pytest.approx(alone.vectors, abs=2e-4)
            assert beside.blocks == alone.blocks

    def test_a_text_has_the_same_vectors_in_any_company(self, late, kind):
        encoder, text = late[kind], "wind turbines turn at low speed"
        alone = encoder.passages([text])[0].vectors
        beside = encoder.passages(["revenue", "of the " * 40, text])[-1].vectors
        assert beside == pytest.approx(alone, abs=2e-4)

    def test_its_grids_cover_the_page_once_or_by_a_finer_one_once_more(self, late, kind):
        blocks = late[kind].pictures([drawn()])[0].blocks
        cells = [
            block.cell(block.start + row * block.stride + column)
            for block in blocks
            for row in range(block.rows)
            for column in range(block.columns)
        ]
        covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in cells)
        assert covered == pytest.approx(2 if len(blocks) > 1 else 1, abs=0.01)

    def test_a_page_is_the_best_match_of_a_crop_that_is_the_page(self, late, kind):
        encoder = late[kind]
        pages = [drawn(), drawn(square=SQUARE), *synthetic_pages()]
        stored = [one.vectors for one in encoder.pictures(pages)]
        for at, page in enumerate(pages):
            crop = encoder.crop(page).vectors
            scores = [float((crop @ one.T).max(axis=1).sum()) for one in stored]
            assert int(np.argmax(scores)) == at

    @pytest.mark.parametrize("size", [(1, 1), (3, 900), (2_000, 7)])
    def test_a_speck_or_a_strip_is_no_failure(self, late, kind, size):
        encoder = late[kind]
        for mode in ("RGB", "L", "RGBA", "P"):
            assert len(encoder.pictures([Image.new(mode, size)])) == 1

    def test_a_question_of_ten_thousand_words_is_none_too_many(self, late, kind):
        assert len(late[kind].question("revenue " * 10_000).vectors) < 400

    def test_a_checkpoint_without_one_of_its_tensors_is_refused(self, tiny, tmp_path, kind):
        name = (
            "multi_vector_head.proj.weight" if kind == "neomme" else "embedding_proj_layer.weight"
        )
        folder = changed(copied(tiny, tmp_path, kind), lambda tensors: tensors.pop(name))
        with pytest.raises(UnknownModelError, match=rf"missing: {name}.*-merged"):
            LateEncoder(folder).question("revenue")


def test_the_patches_that_change_are_those_where_the_page_changed(late):
    plain, marked = late["neomme"].pictures([drawn(), drawn(square=SQUARE)])
    apart = np.abs(plain.vectors - marked.vectors).max(axis=1) > 1e-4
    seen = [seen_by(token, marked.blocks) for token in np.flatnonzero(apart)]
    assert seen
    assert all(box and intersection(box, SQUARE) for box in seen)
    unchanged = [seen_by(token, marked.blocks) for token in np.flatnonzero(~apart)]
    inside = [box for box in unchanged if box and _within(box, SQUARE)]
    assert not inside


@pytest.mark.parametrize("kind", ["colpali", "colmodernvbert", "colqwen2"])
def test_the_patch_that_changes_most_is_where_the_page_changed(late, kind):
    plain, marked = late[kind].pictures([drawn(), drawn(square=SQUARE)])
    shown = [token for token in range(len(plain.vectors)) if seen_by(token, marked.blocks)]
    apart = np.linalg.norm(plain.vectors - marked.vectors, axis=1)
    most = max(shown, key=lambda token: apart[token])
    assert intersection(seen_by(most, marked.blocks), SQUARE)


def test_neomme_is_shown_what_its_own_processor_shows():
    from transformers.models.neomme.processing_neomme import NeoMMEProcessor

    from pagehop.tools.retrieval.visual.neomme import _positions

    for rows, columns in ((1, 1), (3, 5), (8, 2)):
        theirs = NeoMMEProcessor._image_positions(rows, columns).T.numpy()
        assert (_positions(rows, columns) == theirs).all()


@pytest.mark.parametrize("kind", TEXT_ONLY)
class TestColBert:
    @pytest.fixture
    def encoder(self, tiny, kind):
        return LateEncoder(str(tiny / kind), batch=4)

    def test_a_question_is_filled_with_masks_and_a_passage_is_not(self, encoder):
        asked = encoder.question("total revenue")
        assert asked.vectors.shape == (12, DIM)
        assert list(asked.words) == [2, 3]  # after [CLS] and the mark; the rest is marks and masks
        told = encoder.passages(["total revenue", "of wind , and solar ."])
        assert [len(one.vectors) for one in told] == [5, 7]  # [CLS], mark, [SEP]; no punctuation
        for one in (asked, *told):
            assert np.linalg.norm(one.vectors, axis=1) == pytest.approx(1, abs=1e-5)

    def test_a_text_has_the_same_vectors_in_any_company(self, encoder):
        alone = encoder.passages(["wind turbines"])[0].vectors
        beside = encoder.passages(["of the " * 700, "revenue", "wind turbines"])[-1].vectors
        assert beside == pytest.approx(alone, abs=1e-5)

    def test_its_vectors_are_those_of_the_model_and_its_projection(self, encoder, tiny, kind):
        from transformers import AutoTokenizer, BertModel

        theirs = BertModel.from_pretrained(tiny / kind)
        folder = tiny / kind / "1_Dense" if kind == "pylate" else tiny / kind
        projection = load_file(folder / "model.safetensors")["linear.weight"]
        tokenizer = AutoTokenizer.from_pretrained(tiny / kind)
        ids = tokenizer("wind turbines")["input_ids"]
        ids.insert(1, tokenizer.convert_tokens_to_ids("[unused1]"))
        with torch.inference_mode():
            states = theirs(torch.tensor([ids])).last_hidden_state[0] @ projection.T
        expected = torch.nn.functional.normalize(states, dim=-1).numpy()
        assert encoder.passages(["wind turbines"])[0].vectors == pytest.approx(expected, abs=1e-5)

    def test_without_its_projection_it_is_refused(self, tiny, tmp_path, kind):
        folder = copied(tiny, tmp_path, kind)
        weights = folder / "1_Dense" if kind == "pylate" else folder
        changed(weights, lambda tensors: tensors.update(other=tensors.pop("linear.weight")))
        with pytest.raises(UnknownModelError, match=r"no tensor 'linear.weight'"):
            LateEncoder(str(folder)).question("revenue")

    def test_it_does_not_see(self, encoder):
        with pytest.raises(UnknownModelError, match="text:MODEL"):
            encoder.pictures([drawn()])


@pytest.mark.parametrize("kind", SINGLE)
class TestSingle:
    def test_vectors_are_of_unit_length_and_differ(self, single, kind):
        encoder = single[kind]
        pages = encoder.pictures([drawn(), *synthetic_pages()])
        asked = encoder.question("total revenue")
        assert np.linalg.norm([*pages, asked], axis=1) == pytest.approx(1, abs=1e-5)
        assert np.abs(pages[1] - pages[2]).max() > 1e-4

    @pytest.mark.parametrize("size", [(1, 1), (3, 900), (2_000, 7)])
    def test_a_speck_or_a_strip_is_no_failure(self, single, kind, size):
        encoder = single[kind]
        for mode in ("RGB", "L", "RGBA", "P"):
            assert len(encoder.pictures([Image.new(mode, size)])) == 1

    def test_a_page_has_the_same_vector_in_any_company(self, single, kind):
        alone = single[kind].pictures([drawn()])[0]
        beside = single[kind].pictures([drawn((640, 200)), drawn((90, 90)), drawn()])[-1]
        assert beside == pytest.approx(alone, abs=1e-4)

    def test_a_checkpoint_without_one_of_its_tensors_is_refused(self, tiny, tmp_path, kind):
        folder = changed(copied(tiny, tmp_path, kind), lambda tensors: tensors.popitem())
        with pytest.raises(UnknownModelError, match=r"do not fit their config.json.*missing"):
            PictureEncoder(folder).question("revenue")


def test_tensors_that_are_too_many_or_of_another_shape_are_refused(tiny, tmp_path):
    name = "multi_vector_head.proj.weight"

    def spoil(tensors):
        tensors[name] = torch.zeros(3, 3)
        tensors["model.adapter.weight"] = torch.zeros(3, 3)

    folder = changed(copied(tiny, tmp_path, "neomme"), spoil)
    with pytest.raises(UnknownModelError, match=r"unexpected: model.adapter.*shape: multi_vector"):
        LateEncoder(folder).question("revenue")


def test_a_head_that_writes_words_may_be_there_as_nobody_asks_it(tiny, tmp_path, late):
    def add(tensors):
        tensors["vlm.language_model.lm_head.weight"] = torch.zeros(3, 3)

    folder = changed(copied(tiny, tmp_path, "colpali"), add)
    expected = late["colpali"].question("revenue").vectors
    assert LateEncoder(folder).question("revenue").vectors == pytest.approx(expected, abs=1e-5)


def test_code_that_comes_with_a_checkpoint_is_not_run(tiny, tmp_path):
    folder = copied(tiny, tmp_path, "siglip")
    stored = json.loads((folder / "config.json").read_text())
    stored |= {"model_type": "llava", "auto_map": {"AutoModelForImageTextToText": "evil.Model"}}
    (folder / "config.json").write_text(json.dumps(stored))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UnknownModelError):
        PictureEncoder(str(folder)).question("revenue")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("value", "bias", "fault"),
    [(0.0, 0.0, "no numbers"), (0.0, 1.0, "all vectors of a page are the same")],
)
def test_weights_that_were_overwritten_fail_the_self_test(tiny, tmp_path, value, bias, fault):
    def spoil(tensors):
        tensors["embedding_proj_layer.weight"].fill_(value)
        tensors["embedding_proj_layer.bias"].fill_(bias)

    folder = changed(copied(tiny, tmp_path, "colpali"), spoil)
    with pytest.raises(UnknownModelError, match=rf"fails its self-test: .*{fault}"):
        LateEncoder(folder).question("revenue")


def test_a_model_that_is_blind_to_pictures_fails_the_self_test(tiny, tmp_path):
    def blind(tensors):
        for name, tensor in tensors.items():
            if "multi_modal_projector" in name:
                tensor.zero_()

    folder = changed(copied(tiny, tmp_path, "colpali"), blind)
    with pytest.raises(UnknownModelError, match="does not tell two different pages apart"):
        LateEncoder(folder).pictures([drawn()])


def test_one_vector_for_every_picture_fails_the_self_test():
    same = np.full((2, 4), 0.5, dtype=np.float32)
    with pytest.raises(UnknownModelError, match="fails its self-test"):
        check_single("x", lambda pictures: same[: len(pictures)], lambda texts: same[: len(texts)])


def test_a_model_that_is_not_here_is_named_with_the_remedy(tmp_path):
    with pytest.raises(UnknownModelError, match=r"'who/knows'.*Nothing is downloaded unasked"):
        LateEncoder("who/knows")
    with pytest.raises(UnknownModelError, match=r"lacks config.json and \*.safetensors"):
        LateEncoder(str(tmp_path))


def test_a_model_of_another_kind_is_named(tiny):
    with pytest.raises(UnknownModelError, match=r"'siglip' model.*colqwen2"):
        LateEncoder(str(tiny / "siglip"))
    with pytest.raises(UnknownModelError, match="'neomme' model"):
        PictureEncoder(str(tiny / "neomme"))


def test_weights_cut_short_are_refused(tiny, tmp_path):
    folder = copied(tiny, tmp_path, "neomme")
    (folder / "model.safetensors").write_bytes(b"\xff" * 30)
    with pytest.raises(UnknownModelError, match=r"cannot be read.*Is the copy complete"):
        _ = LateEncoder(str(folder)).id


def test_the_id_follows_the_content(tiny, tmp_path):
    folder = copied(tiny, tmp_path, "neomme")
    assert fingerprint(folder) == fingerprint(tiny / "neomme")
    settings_file = folder / "preprocessor_config.json"
    stored = json.loads(settings_file.read_text())
    settings_file.write_text(json.dumps(stored | {"max_side": 320}))
    other_size = fingerprint(folder)
    changed(folder, lambda tensors: tensors["multi_vector_head.proj.weight"][-1].add_(1e-3))
    assert len({fingerprint(folder), other_size, fingerprint(tiny / "neomme")}) == 3


@pytest.mark.parametrize(
    ("kind", "file"), [("colbert", "artifact.metadata"), ("pylate", "1_Dense/config.json")]
)
def test_the_id_follows_a_colberts_habits_too(tiny, tmp_path, kind, file):
    folder = copied(tiny, tmp_path, kind)
    (folder / file).write_text('{"query_maxlen": 20, "bias": false}')
    assert fingerprint(folder) != fingerprint(tiny / kind)


def test_another_seed_is_another_id(tiny, tmp_path):
    make_neomme(tmp_path / "neomme", seed=1)
    assert LateEncoder(str(tmp_path / "neomme")).id != LateEncoder(str(tiny / "neomme")).id


def test_a_device_that_is_not_there_is_named(monkeypatch):
    assert choose_device("cpu") == "cpu"
    for name in ("tpu", "cuda:99", "cpu:1"):
        with pytest.raises(InputError, match=rf"no device '{name}'.*usable: .*cpu"):
            choose_device(name)
    monkeypatch.setenv("PAGEHOP_DEVICE", "abacus")
    with pytest.raises(InputError, match="no device 'abacus'"):
        choose_device(None)


@given(st.lists(st.integers(), max_size=20), st.integers(1, 9), st.integers(1, 9))
def test_a_batch_too_large_is_halved_until_it_fits_and_nothing_is_lost(items, size, fits):
    def run(part):
        if len(part) > fits:
            raise torch.OutOfMemoryError
        return [one + 1 for one in part]

    assert in_batches(items, size, run) == [one + 1 for one in items]


def test_an_item_that_never_fits_is_one_clear_error():
    def run(part):
        raise torch.OutOfMemoryError

    with pytest.raises(InputError, match="too little memory for one page"):
        in_batches([1], 4, run)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 9))
def test_the_most_different_are_distinct_and_in_order(count, keep, seed):
    vectors = np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = most_different(vectors, keep).tolist()
    assert places == sorted(set(places))
    assert len(places) == min(count, keep)


def test_a_blank_background_is_kept_once():
    background = np.tile(np.float32([1, 0, 0]), (50, 1))
    marks = np.float32([[0, 1, 0], [0, 0, 1]])
    places = most_different(np.concatenate([background, marks]), 3).tolist()
    assert {50, 51} <= set(places)


@given(st.integers(0, 5), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2))
def test_a_block_survives_its_packing_and_only_its_own_tokens_see(start, rows, columns, extra):
    block = Block(start, rows, columns, columns + extra)
    assert unpacked([block.packed()]) == (block,)
    seen = [token for token in range(start + rows * block.stride + 5) if block.cell(token)]
    assert len(seen) == rows * columns


def _within(box, outer):
    return outer[0] <= box[0] and outer[1] <= box[1] and box[2] <= outer[2] and box[3] <= outer[3]


assert PATCH == 16  # the square above is several patches wide
