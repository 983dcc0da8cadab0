"""A sealed generation of the dense index: what is in it, and the checksum of every file of it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_SEAL = "seal.json"
_OPENED = "opened"  # a working copy: Chroma writes to its files even when it only reads


@dataclass(frozen=True, slots=True)
class Seal:
    """What a generation was when it was built and found healthy."""

    vectors: dict[str, str]  # passage id -> checksum of its vector
    files: dict[str, str]  # path within the generation -> checksum
    found: float  # share of a sample of vectors that a search for them finds, 0 to 1


def put_seal(folder: Path, vectors: dict[str, str], found: float) -> None:
    """Seal a folder that nothing has open, and that nothing writes to any more."""
    files = {
        str(path.relative_to(folder)): _checksum(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    seal = Seal(vectors=vectors, files=files, found=found)
    (folder / _SEAL).write_text(json.dumps(asdict(seal)), encoding="utf-8")


def check_seal(folder: Path) -> Seal | str:
    """The seal, if every file is as it was sealed; else what is wrong, for a person."""
    try:
        stored = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
        seal = Seal(dict(stored["vectors"]), dict(stored["files"]), float(stored["found"]))
        for name, checksum in seal.files.items():
            if _checksum(folder / name) != checksum:
                return f"{name} is not as it was written"
    except (OSError, ValueError, TypeError, KeyError) as error:
        return f"{type(error).__name__}: {error}"
    return seal


def open_copy(folder: Path) -> Path:
    """A copy of a checked generation, to be opened; the sealed files stay as they are."""
    drop_copy(folder)
    return _copy(folder, folder / _OPENED)


def drop_copy(folder: Path) -> None:
    """Delete the copy that was opened."""
    shutil.rmtree(folder / _OPENED, ignore_errors=True)


def copy_to_extend(folder: Path, into: Path) -> None:
    """Copy a checked generation, without its seal, to add to it there."""
    _copy(folder, into)


def _copy(folder: Path, into: Path) -> Path:
    unsealed = shutil.ignore_patterns(_SEAL, _OPENED)
    return Path(shutil.copytree(folder, into, ignore=unsealed))


def checksums(ids: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, str]:
    """Passage id -> checksum of its vector."""
    return {
        one: blake2b(vector.tobytes(), digest_size=8).hexdigest()
        for one, vector in zip(ids, vectors, strict=True)
    }


def _checksum(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
