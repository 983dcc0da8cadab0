"""The example of a user's own channel: it keeps the contract, and says what the words do not."""

import importlib.util
from pathlib import Path

import pytest
from channel_contract import DECK, REPORT, ChannelContract, fill, place_of, searched, write

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_channel.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("custom_channel", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def catalogue(tmp_path):
    catalogue = fill(tmp_path / "catalogue.sqlite3")
    yield catalogue
    catalogue.close()


class TestContract(ChannelContract):
    @pytest.fixture
    def channel(self, catalogue, example):
        return example.PhraseChannel(catalogue)


def test_a_part_number_is_meant_to_the_letter(catalogue, example):
    write(catalogue, REPORT, 1, "Order the MX-4400/B pump.")
    write(catalogue, DECK, 1, "Order the MX-4400 pump; B parts are sold out.")
    found = searched(example.PhraseChannel(catalogue), "MX-4400/B pump")
    assert [(place_of(match), match.score) for match in found] == [
        ((REPORT, 1), 2),
        ((DECK, 1), 1),
    ]
    assert found[0].reason == "has 2 of the words in a row"


def test_a_word_is_not_found_inside_another(example):
    assert example.longest_run(["rate"], example.spaced(["separate", "rates"])) == 0
