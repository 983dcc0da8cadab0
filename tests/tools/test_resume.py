"""A kill at any moment loses nothing: what comes after it equals what would have come without."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pymupdf
import pytest

from pagehop.tools import Corpus, Stage

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.pdf"))
ADD = """
import sys
from pagehop.tools import Corpus, Stage
corpus = Corpus(sys.argv[1])
def told(what, done, total):
    print(what, done, flush=True)
corpus.add(*sys.argv[3:], until=Stage(int(sys.argv[2])), progress=told)
"""


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """The first pages of the two sample papers."""
    folder = tmp_path_factory.mktemp("papers")
    for path in SAMPLES:
        with pymupdf.open(path) as whole:
            whole.select(range(2))
            whole.save(folder / path.name)
    return folder


@pytest.fixture(scope="module")
def undisturbed(papers, tmp_path_factory):
    """The catalogue of a run that nobody interrupted, by one worker where others have two."""
    with Corpus(tmp_path_factory.mktemp("undisturbed")) as corpus:
        corpus.add(papers, until=Stage.LAYOUT, workers=1)
        return list(corpus.catalogue.dump())


def start(corpus, until, *paths):
    command = [sys.executable, "-c", ADD, corpus, str(int(until)), *paths]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_run_killed_again_and_again_ends_in_the_same_catalogue(papers, undisturbed, tmp_path):
    delays = random.Random(7)
    for last_words in ("Looking at files 1", "Reading text 2", "Finding regions 1"):
        with start(tmp_path / "corpus", Stage.LAYOUT, papers) as adding:
            assert any(line.strip() == last_words for line in adding.stdout)
            time.sleep(delays.uniform(0, 0.2))
            adding.kill()
            assert adding.wait() == -signal.SIGKILL
    with Corpus(tmp_path / "corpus") as corpus:
        corpus.add(papers, until=Stage.LAYOUT)
        assert list(corpus.catalogue.dump()) == undisturbed
        assert corpus.check() == ()


def test_ctrl_c_keeps_what_is_done_and_leaves_no_process(papers, tmp_path):
    with start(tmp_path / "corpus", Stage.LAYOUT, papers) as adding:
        while adding.stdout.readline().strip() != "Finding regions 1":
            pass
        adding.send_signal(signal.SIGINT)
        assert adding.wait(timeout=60) != 0
    with Corpus(tmp_path / "corpus") as corpus:
        documents = corpus.documents()
        stages = [page.stage for d in documents for page in corpus.catalogue.pages(d.id)]
        assert len(stages) == 4
        assert min(stages) == Stage.TEXT
        assert Stage.LAYOUT in stages
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(tmp_path) not in running.stdout
