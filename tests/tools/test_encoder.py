"""The text encoder: weights at hand, vectors of unit length, the same in any company."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.dense.encoder import DEFAULT, Encoder, find_weights

TEXTS = [
    "Total revenue in 2023 was 1,214 million dollars.",
    "Sales last year came to 1.2 billion.",
    "Wind turbines turn slowly.",
    "",
    "word " * 2_000,
]


@pytest.fixture(scope="module")
def encoder():
    return Encoder()


def test_the_default_encoder_needs_no_download(encoder):
    assert (encoder.folder / "model.safetensors").is_file()
    assert encoder.id.startswith("all-MiniLM-L6-v2-")
    assert encoder.id == Encoder().id == Encoder(DEFAULT).id


def test_vectors_are_of_unit_length_however_long_the_text(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_meaning_is_nearer_than_words(encoder):
    revenue, sales, wind = encoder.encode(TEXTS[:3])
    assert revenue @ sales > revenue @ wind + 0.2


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None
)
@given(st.permutations(TEXTS[:3]), st.lists(st.sampled_from(TEXTS[:4]), max_size=3))
def test_a_text_has_the_same_vector_in_any_company(encoder, texts, company):
    alone = encoder.encode([texts[0]])[0]
    assert encoder.encode([*company, *texts])[len(company)] == pytest.approx(alone, abs=2e-6)


def test_no_text_is_no_vector(encoder):
    assert encoder.encode([]).shape == (0, 384)


def test_a_query_has_the_vector_that_it_has_as_a_passage(encoder):
    for text in TEXTS:
        assert encoder.query(text) == pytest.approx(encoder.encode([text])[0], abs=2e-6)


def test_the_vectors_are_those_of_transformers(encoder):
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(encoder.folder)
    model = AutoModel.from_pretrained(encoder.folder)
    inputs = tokenizer(
        TEXTS[:3], padding=True, truncation=True, max_length=256, return_tensors="pt"
    )
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1)
    means = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)
    assert encoder.encode(TEXTS[:3]) == pytest.approx(means.numpy(), abs=2e-6)


def test_a_query_is_encoded_without_loading_torch():
    program = (
        "import sys; from pagehop.tools.retrieval.dense.encoder import Encoder; "
        "Encoder().query('revenue'); print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert (said.stdout.strip(), said.stderr) == ("False False", "")


def test_loading_says_nothing():
    program = (
        "from pagehop.tools.retrieval.dense.encoder import Encoder\n"
        "Encoder().encode(['revenue', 'x'])"
    )
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert (said.stdout, said.stderr) == ("", "")


def test_an_unknown_encoder_is_named_with_the_remedy():
    with pytest.raises(UnknownModelError, match=r"no encoder 'who/knows'.*Nothing is downloaded"):
        Encoder("who/knows")


def test_an_incomplete_copy_is_named_with_what_it_lacks(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UnknownModelError, match=r"lacks tokenizer.json, model.safetensors"):
        Encoder(str(tmp_path))


@pytest.mark.parametrize("method", ["query", "encode"])
def test_weights_that_do_not_fit_are_refused(tmp_path, method):
    copy = tmp_path / "model"
    shutil.copytree(find_weights(None), copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 7}))
    with pytest.raises(UnknownModelError, match=r"missing or unexpected"):
        getattr(Encoder(str(copy)), method)("revenue" if method == "query" else ["revenue"])


def test_another_copy_of_the_weights_has_the_same_id_by_content(encoder, tmp_path):
    copy = tmp_path / "all-MiniLM-L6-v2"
    shutil.copytree(encoder.folder, copy)
    assert Encoder(str(copy)).id == encoder.id
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\1")
    assert Encoder(str(copy)).id != encoder.id
