"""Lets tests import what they share: `from channel_contract import ChannelContract`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random checkpoint of every visual model, in folders of their names."""
    from tiny_models import make_all  # loads torch and transformers

    return make_all(tmp_path_factory.mktemp("tiny"))
