"""The vectors of the pilot questions, kept in a file that can be deleted."""

import logging
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.dense.encoder import Encoder

log = logging.getLogger(__name__)

_KEY = 16  # bytes that a question is known by


def vectors_of(
    questions: Sequence[str], encoder: Encoder, cache: Path | None
) -> NDArray[np.float32]:
    """One vector of unit length a question, (questions, dim); from the cache where it has them.

    Args:
        questions: at least one.
        encoder: whose vectors are wanted.
        cache: a folder for the file; None: nothing is kept.
    """
    path = cache / f"pilots-{encoder.id}.npz" if cache else None
    kept = _read(path, encoder.dim) if path else {}
    keys = [blake2b(question.encode(), digest_size=_KEY).digest() for question in questions]
    made = {
        key: kept[key] if key in kept else encoder.query(question)
        for key, question in zip(keys, questions, strict=True)
    }
    if path and made.keys() != kept.keys():
        _write(path, made)
    return np.stack([made[key] for key in keys])


def _read(path: Path, dim: int) -> dict[bytes, NDArray[np.float32]]:
    """What the file holds, by question; nothing where it holds something else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            keys, vectors = stored["keys"], stored["vectors"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        log.warning("the vectors of the pilot questions in %s are made again: %s", path, error)
        return {}
    fits = (
        keys.dtype == np.uint8
        and vectors.dtype == np.float32
        and keys.shape == (len(vectors), _KEY)
        and vectors.shape == (len(keys), dim)
        and bool(np.isfinite(vectors).all())
    )
    return {key.tobytes(): one for key, one in zip(keys, vectors, strict=True)} if fits else {}


def _write(path: Path, vectors: Mapping[bytes, NDArray[np.float32]]) -> None:
    """Put the file in place whole."""
    aside = path.with_name(f"{path.stem}-{uuid4().hex}.part")
    keys = np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(-1, _KEY)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            np.savez(file, keys=keys, vectors=np.stack(list(vectors.values())))
        aside.replace(path)
    except OSError as error:  # a full disk, a folder that is read-only: made at every start then
        log.warning("the vectors of the pilot questions are not kept: %s", error)
