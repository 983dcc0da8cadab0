"""A model's folder on this machine: where it is, what kind it is, and its fingerprint.

Nothing is downloaded, and no code that comes with a checkpoint is run.
"""

import json
import struct
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from pagehop.tools.errors import UnknownModelError

PROJECTION = "1_Dense"  # the folder of a projection that is kept apart
FORMAT = 1  # of our vectors: grows with any change here that gives other vectors

_WHOLE = 16 * 2**20  # bytes; smaller files that are no weights are read whole
_EDGE = 4_096  # bytes read at either end of each tensor
_LONGEST_HEADER = 100 * 2**20  # bytes; as the format allows
_TEXTS = (".json", ".jinja", ".txt", ".model", ".metadata")


def find_model(name_or_path: str) -> Path:
    """The folder of a model: a path as it is, a name looked up in the local hub cache.

    Raises:
        UnknownModelError: it is not on this machine, or has no config or no safetensors.
    """
    folder = Path(name_or_path).expanduser()
    if not folder.is_dir():
        found = _in_hub_cache(name_or_path)
        if found is None:
            raise UnknownModelError(
                f"There is no model {name_or_path!r} on this machine: it is no folder, and not in "
                "the hub cache. Nothing is downloaded unasked: fetch it with "
                f"`hf download {name_or_path}`, or give its folder."
            )
        folder = found
    lacks = [] if (folder / "config.json").is_file() else ["config.json"]
    lacks += [] if weight_files(folder) else ["*.safetensors"]
    if lacks:
        raise UnknownModelError(
            f"The model {name_or_path!r} lacks {' and '.join(lacks)} in {str(folder)!r}. Is the "
            "copy complete? Weights of other formats than safetensors are not read."
        )
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """The model's config.json.

    Raises:
        UnknownModelError: it is no JSON object.
    """
    return read_json(folder / "config.json")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model.

    Raises:
        UnknownModelError: it is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownModelError(f"{str(path)!r} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise UnknownModelError(f"{str(path)!r} holds no JSON object.")
    return found


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that the model is loaded from."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        named = read_json(index).get("weight_map", {})
        return sorted({folder / str(file) for file in named.values()})
    return sorted(folder.glob("model*.safetensors"))


def fingerprint(folder: Path) -> str:
    """Twelve hex digits of what decides the vectors: settings, tokenizer, tensors.

    Of the weights, the header and both ends of every tensor are read: megabytes of gigabytes,
    and a tensor that was trained further differs there too.

    Raises:
        UnknownModelError: a file is missing or is no safetensors file.
    """
    digest = blake2b(f"format {FORMAT}".encode(), digest_size=6)
    parts = sorted(folder.glob(f"{PROJECTION}/*"))
    for path in (*sorted(folder.iterdir()), *parts):
        if path.suffix in _TEXTS and path.is_file() and path.stat().st_size <= _WHOLE:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for path in (*weight_files(folder), *(one for one in parts if one.suffix == ".safetensors")):
        try:
            with path.open("rb") as file:
                digest.update(path.name.encode())
                for part in _samples(file):
                    digest.update(part)
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise UnknownModelError(
                f"The weights {str(path)!r} cannot be read ({type(error).__name__}: {error}). Is "
                "the copy complete?"
            ) from error
    return digest.hexdigest()


def _samples(file: BinaryIO) -> list[bytes]:
    """The header of a safetensors file, and both ends of each tensor."""
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _LONGEST_HEADER:
        raise ValueError("the header is too long")
    header = file.read(length)
    parts, start = [header], 8 + length
    for name, tensor in sorted(json.loads(header).items()):
        if name == "__metadata__":
            continue
        low, high = tensor["data_offsets"]
        for at in (low, max(low, high - _EDGE)):
            file.seek(start + at)
            parts.append(file.read(min(_EDGE, high - at)))
    return parts


def _in_hub_cache(name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        return None
    return Path(config).parent if isinstance(config, str) else None
