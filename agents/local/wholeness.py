"""Whether a checkpoint can be loaded, as far as its config and its files' headers tell.

Megabytes are read of gigabytes, so that a copy that broke off is refused when the model is
named, and not at the first question. What only the weights themselves tell (a tensor of another
shape) is refused where they are loaded: `agents/local/weights.py`.
"""

import json
import struct
from pathlib import Path
from typing import Any

from pagehop.agents.local.checkpoint import Checkpoint, explained
from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.dense.encoder import quiet_loading
from pagehop.tools.retrieval.visual.weights import read_json, weight_files

INDEX = "model.safetensors.index.json"
LONGEST_HEADER = 100 * 2**20  # bytes; as the format allows


def check_whole(checkpoint: Checkpoint) -> None:
    """Refuse a checkpoint that cannot be loaded here.

    Raises:
        UnknownModelError: its config means nothing to transformers, or asks for weights of few
            bits that cannot be used here; a file of weights is missing, torn, or lacks a tensor.
    """
    _check_config(checkpoint.folder)
    tensors = {path.name: _tensors(path) for path in weight_files(checkpoint.folder)}
    index = checkpoint.folder / INDEX
    named = read_json(index).get("weight_map", {}) if index.is_file() else {}
    lost = sorted(name for name, file in named.items() if name not in tensors[str(file)])
    if lost:
        raise UnknownModelError(
            f"The weights in {str(checkpoint.folder)!r} lack {len(lost)} of the tensors that their "
            f"index names, {lost[0]!r} first. Fetch the whole checkpoint again."
        )


def _check_config(folder: Path) -> None:
    from transformers import AutoConfig

    with quiet_loading(), explained(folder):
        config: Any = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        if getattr(config, "quantization_config", None) is not None:
            from transformers.quantizers import auto

            quantizer: Any = auto.get_hf_quantizer
            quantizer(config, None, None, weights_only=True, user_agent={})


def _tensors(path: Path) -> frozenset[str]:
    """The names of the tensors in a safetensors file that is as long as its header says."""
    if not path.is_file():
        raise UnknownModelError(
            f"The model in {str(path.parent)!r} lacks {path.name!r}, which its index names. Is the "
            "copy complete?"
        )
    length = path.stat().st_size
    try:
        with path.open("rb") as file:
            (header,) = struct.unpack("<Q", file.read(8))
            told = json.loads(file.read(min(header, LONGEST_HEADER)))
        told.pop("__metadata__", None)
        ends = [int(tensor["data_offsets"][1]) for tensor in told.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise UnknownModelError(
            f"{str(path)!r} is no file of weights ({error}). Where it is a few lines of text, it "
            "stands for a large file that was not fetched: fetch it, as by `git lfs pull`."
        ) from error
    if 8 + header + max(ends, default=0) > length:
        raise UnknownModelError(
            f"{str(path)!r} is torn: it has {length} bytes, and its header tells of "
            f"{8 + header + max(ends)}. Fetch it again."
        )
    return frozenset(told)
