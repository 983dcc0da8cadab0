"""The store after kill -9: whatever the moment, it opens whole, and goes on."""

import json
import os
import subprocess
import sys

KILLS = 24

# One process imports what is needed, and then forks a child a round, which it kills.
ROUNDS = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from pagehop.tools.retrieval.late.funnel import Limits
from pagehop.tools.retrieval.late.store import LateStore

DIM, folder, draw = 32, Path(sys.argv[1]), random.Random(5)

def page(number):
    rng = np.random.default_rng(number)
    drawn = rng.standard_normal((20 + number % 30, DIM)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

def opened():
    return LateStore(folder, encoder="e", dim=DIM, limits=Limits(segment_tokens=400))

def work(pipe, number):
    store = opened()
    while True:
        store.add([(("d", number), page(number)), (("d", number + 1), page(number + 1))])
        os.write(pipe, b"%d\\n" % (number + 1))
        if number % 6 == 4:
            store.remove([("d", number)])
            os.write(pipe, b"%d\\n" % -number)
            store.compact()
        number += 2

last = -2
for number in range(int(sys.argv[2])):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        work(writing, last + 2)
    os.close(writing)
    # Every other child is let work for a while, however slow the machine is.
    heard = b"".join(os.read(reading, 1) for _ in range(12)) if number % 2 else b""
    time.sleep(draw.uniform(0.005, 0.1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reading) as told:
        said = [int(line) for line in (heard.decode() + told.read()).splitlines()]
    store = opened()
    held = sorted(number for _, number in store.keys())
    whole = [n for n in held if np.array_equal(store.vectors(("d", n)), page(n).astype("<f2"))]
    store.compact()
    store.close()
    tokens = sum(path.stat().st_size for path in folder.glob("*.tokens"))
    expected = sum(len(page(number)) for number in held) * DIM * 2
    print(json.dumps([said, held, whole, tokens, expected]), flush=True)
    last = max([*held, last]) // 2 * 2
"""


def test_a_store_that_is_killed_again_and_again_holds_what_it_said_it_held(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", ROUNDS, str(tmp_path / "store"), str(KILLS)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    said, removed = set(), set()
    rounds = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(rounds) == KILLS
    for told, held, whole, tokens, expected in rounds:
        for number in told:
            (removed if number < 0 else said).add(abs(number))
        added = {page for number in said for page in (number - 1, number)}
        # A page that was being removed may be gone before it was said to be.
        assert {page for page in added if page % 6 != 4} <= set(held)
        assert not removed & set(held)
        assert whole == held
        assert tokens == expected
    assert len(said) >= KILLS // 2
    assert removed
