"""The Chroma index: exactly the catalogue's vectors, whatever happens to its files."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pagehop.tools.retrieval.dense.chroma_index import ChromaIndex

N = 300


def some(n, seed=0):
    """Passage ids and unit vectors."""
    vectors = np.random.default_rng(seed).normal(size=(n, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [f"d:{at}:p0" for at in range(n)], vectors


IDS, VECTORS = some(N)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """An index of `N` vectors that nothing has open."""
    folder = tmp_path_factory.mktemp("built")
    index = ChromaIndex(folder)
    assert index.ensure(IDS, VECTORS, grow=True)
    index.close()
    return folder


@pytest.fixture
def copy(built, tmp_path):
    """A copy of it, to do harm to."""
    return Path(shutil.copytree(built, tmp_path / "index"))


def generation(folder):
    return folder / (folder / "CURRENT").read_text()


def all_found(index, ids=IDS, vectors=VECTORS):
    return all(index.nearest(vectors[at], 3)[0][0] == ids[at] for at in range(0, len(ids), 17))


def test_every_vector_is_found_and_as_near_as_it_is(copy):
    index = ChromaIndex(copy)
    assert index.ensure(IDS, VECTORS, grow=False)
    assert all_found(index)
    exact = sorted((VECTORS @ VECTORS[0]).tolist(), reverse=True)[:5]
    assert [score for _, score in index.nearest(VECTORS[0], 5)] == pytest.approx(exact, abs=1e-5)
    assert not index.notes
    index.close()


def test_a_healthy_index_is_opened_again_not_built_again(copy):
    before = generation(copy)
    for _ in range(2):
        index = ChromaIndex(copy)
        assert index.ensure(IDS, VECTORS, grow=True)
        assert all_found(index)
        index.close()
    assert generation(copy) == before


FILES = ("data_level0.bin", "header.bin", "length.bin", "chroma.sqlite3",
         "seal.json")  # fmt: skip


def cut_to(share):
    return lambda file: os.truncate(file, int(file.stat().st_size * share))


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


HARM = {"emptied": cut_to(0), "torn": cut_to(0.5), "flipped": flip, "gone": Path.unlink}


@pytest.mark.parametrize(
    ("name", "harm"),
    [(name, harm) for at, name in enumerate(FILES) for harm in sorted(HARM)[at % 2 :: 2]]
    + [("link_lists.bin", "gone")],
)
def test_a_damaged_file_is_noticed(copy, name, harm):
    """Noticed alone: what follows is the same for all, and is shown once below."""
    [file] = [path for path in generation(copy).rglob("*") if path.name == name]
    HARM[harm](file)
    index = ChromaIndex(copy)
    assert index._checked() is None
    assert len(index.notes) == 1
    index.close()


@pytest.mark.parametrize("harm", ["file torn", "generation gone", "pointer torn", "all gone"])
def test_a_damaged_index_is_built_anew_from_the_vectors(copy, harm):
    if harm == "file torn":
        flip(next(generation(copy).rglob("data_level0.bin")))
    elif harm == "pointer torn":
        (copy / "CURRENT").write_bytes(b"\0../..")
    else:
        remove_all(generation(copy) if harm == "generation gone" else copy)
    index = ChromaIndex(copy)
    assert index.ensure(IDS, VECTORS, grow=False)
    assert all_found(index)
    assert sum(path.is_dir() for path in copy.iterdir()) == 1
    index.close()


def remove_all(folder):
    shutil.rmtree(folder)


def test_new_vectors_are_added_only_when_it_may_grow(copy):
    ids, vectors = some(N + 50)
    index = ChromaIndex(copy)
    assert not index.ensure(ids, vectors, grow=False)
    assert index.ensure(ids, vectors, grow=True)
    assert all_found(index, ids, vectors)
    assert not index.notes
    index.close()


def test_a_deleted_vector_is_in_no_file_afterwards(copy):
    index = ChromaIndex(copy)
    assert any(VECTORS[7].tobytes() in file.read_bytes() for file in files(copy))
    kept = [at for at in range(N) if at != 7]
    assert index.ensure([IDS[at] for at in kept], VECTORS[kept], grow=False)
    index.close()
    assert not any(VECTORS[7].tobytes() in file.read_bytes() for file in files(copy))
    assert not any(b'"d:7:p0"' in file.read_bytes() for file in files(copy))


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_changed_vector_replaces_the_old_one(copy):
    vectors = VECTORS.copy()
    vectors[3] = -vectors[3]
    index = ChromaIndex(copy)
    assert index.ensure(IDS, vectors, grow=False)
    assert index.nearest(vectors[3], 1)[0] == (IDS[3], pytest.approx(1, abs=1e-5))
    index.close()


def test_there_is_one_owner_until_it_closes(copy):
    owner, other = ChromaIndex(copy), ChromaIndex(copy)
    assert owner.ensure(IDS, VECTORS, grow=True)
    assert not other.ensure(IDS, VECTORS, grow=True)
    assert not other.clear()
    owner.close()
    assert other.ensure(IDS, VECTORS, grow=True)
    other.close()


BUILD = """
import sys, pathlib, numpy as np
from pagehop.tools.retrieval.dense.chroma_index import ChromaIndex
data = np.load(sys.argv[2])
index = ChromaIndex(pathlib.Path(sys.argv[1]))
ids = [f"d:{at}:p0" for at in range(len(data))]
print("start", flush=True)
index.ensure(ids, data, grow=True)
print("done", flush=True)
"""


@pytest.mark.parametrize("seconds", [0.5, 1.5])
def test_a_build_that_is_killed_leaves_the_old_index_in_use(copy, tmp_path, seconds):
    ids, vectors = some(N + 200)
    np.save(tmp_path / "vectors.npy", vectors)
    command = [sys.executable, "-c", BUILD, str(copy), str(tmp_path / "vectors.npy")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        process.stdout.readline()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
    index = ChromaIndex(copy)
    assert index.ensure(ids, vectors, grow=True)
    assert all_found(index, ids, vectors)
    assert not index.notes
    assert sum(path.is_dir() for path in copy.iterdir()) == 1
    index.close()


def test_clearing_leaves_no_vector(copy):
    index = ChromaIndex(copy)
    assert index.ensure(IDS, VECTORS, grow=True)
    assert index.clear()
    assert not any(VECTORS[0].tobytes() in file.read_bytes() for file in files(copy))
    index.close()
