"""encode: a visual model for a corpus, chosen, kept, changed and turned off."""

import json
import shutil

import pytest

from tests.apps.program import run_here
from tests.tools.tiny_models import make_neomme, make_siglip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    make_neomme(folder / "small")
    make_neomme(folder / "other", seed=1)
    make_siglip(folder / "single")
    return folder


@pytest.fixture
def program(library, tmp_path):
    shutil.copytree(library / "corpus", tmp_path / "corpus")
    return lambda *arguments: run_here("--corpus", "corpus", *arguments, cwd=tmp_path)


@pytest.fixture
def encode(program):
    return lambda *arguments: program("encode", *arguments)


def test_a_model_is_chosen_once_and_nothing_is_encoded_twice(encode, models, tmp_path):
    first = encode("--visual", models / "small", "--device", "cpu")
    assert first.code == 0, first.err
    assert first.out == f"visual   {models / 'small'}: 3 encoded anew\n"
    assert "Encoding pages: 3/3" in first.err
    again = encode("--device", "cpu")
    assert again.out == f"visual   {models / 'small'}: 0 encoded anew\n"
    assert json.loads((tmp_path / "corpus" / "visual.json").read_text()) == [
        {"channel": "visual", "model": str(models / "small")}
    ]


def test_where_nothing_is_missing_it_says_so(encode):
    assert encode().out == "Every passage, table and figure has its vectors.\n"


def test_another_model_replaces_the_first_and_none_turns_it_off(encode, models, tmp_path):
    encode("--visual", models / "small", "--visual", models / "single", "--device", "cpu")
    other = encode("--visual", models / "other", "--device", "cpu")
    assert other.out == f"visual   {models / 'other'}: 3 encoded anew\n"
    assert not (tmp_path / "corpus" / "index" / "picture").exists()
    off = encode("--visual", "none")
    assert off.out == "The visual channels are off, and their vectors are gone.\n"
    assert not (tmp_path / "corpus" / "visual.json").exists()
    assert not (tmp_path / "corpus" / "index" / "visual").exists()


@pytest.mark.parametrize("model", ["who/knows", "text:who/knows"])
def test_a_model_that_is_not_here_changes_nothing(encode, models, model, tmp_path):
    encode("--visual", models / "small", "--device", "cpu")
    refused = encode("--visual", model)
    assert refused.code == 2
    assert "'who/knows'" in refused.complaint
    assert "hf download" in refused.complaint
    assert "small" in (tmp_path / "corpus" / "visual.json").read_text()


def test_a_device_or_a_model_that_fails_deletes_nothing(encode, models, tmp_path):
    encode("--visual", models / "small", "--device", "cpu")
    before = (tmp_path / "corpus" / "visual.json").read_text()
    refused = encode("--visual", models / "other", "--device", "abacus")
    assert refused.code == 2
    assert "no device 'abacus'" in refused.complaint
    torn = shutil.copytree(models / "other", tmp_path / "torn")
    (torn / "model.safetensors").write_bytes((torn / "model.safetensors").read_bytes()[:9_000])
    refused = encode("--visual", torn, "--device", "cpu")
    assert refused.code == 2
    assert "Is the copy complete" in refused.complaint
    assert (tmp_path / "corpus" / "visual.json").read_text() == before
    assert encode("--device", "cpu").out.endswith(": 0 encoded anew\n")


def test_the_environment_names_a_model_for_every_command(encode, program, models, monkeypatch):
    monkeypatch.setenv("PAGEHOP_DEVICE", "cpu")
    assert json.loads(program("info", "--json").out)["visual models"] == []
    monkeypatch.setenv("PAGEHOP_VISUAL", str(models / "small"))
    assert encode().out == f"visual   {models / 'small'}: 3 encoded anew\n"
    assert "visual" in json.loads(program("search", "revenue", "--json").out)["route"]["channels"]
    monkeypatch.setenv("PAGEHOP_VISUAL", "who/knows")
    for command in (["info"], ["search", "revenue"], ["encode"]):
        refused = program(*command)
        assert refused.code == 2
        assert "'who/knows'" in refused.complaint
    off = encode("--visual", "none")
    assert off.code == 2
    assert "unset it" in off.complaint


def test_a_model_asked_for_goes_before_the_one_of_the_environment(
    encode, program, models, monkeypatch
):
    monkeypatch.setenv("PAGEHOP_VISUAL", str(models / "small"))
    asked = encode("--visual", models / "other", "--device", "cpu")
    assert asked.out == f"visual   {models / 'other'}: 3 encoded anew\n"
    monkeypatch.delenv("PAGEHOP_VISUAL")
    assert str(models / "other") in program("info").out


def test_info_and_doctor_show_the_channels_their_models_and_what_is_wrong(
    encode, program, models, tmp_path
):
    moved = shutil.copytree(models / "small", tmp_path / "moved")
    encode("--visual", moved, "--device", "cpu")
    record = json.loads(program("info", "--json").out)
    assert {"lexical", "dense", "visual"} <= set(record["channels"])
    assert record["visual models"] == [f"visual: {moved}"]
    assert record["problems"] == ""
    well = {check["name"]: check for check in json.loads(program("doctor", "--json").out)["checks"]}
    assert well["visual model"]["well"]
    assert "visual" in well["channels"]["finding"]
    shutil.rmtree(moved)
    assert str(moved) in json.loads(program("info", "--json").out)["problems"]
    ill = program("doctor", "--json")
    assert ill.code == 1
    (found,) = [c for c in json.loads(ill.out)["checks"] if c["name"] == "visual model"]
    assert not found["well"]
