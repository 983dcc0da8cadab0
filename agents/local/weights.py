"""The weights of a local model: loaded once per process, every one of them in its place."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pagehop.agents.local.checkpoint import Checkpoint, explained
from pagehop.tools.errors import InputError
from pagehop.tools.retrieval.dense.encoder import quiet_loading
from pagehop.tools.retrieval.visual.loading import choose_device, refuse_wrong_weights

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Weights:
    """A model in memory, and the lock that lets one reply at a time be written with it."""

    model: Any  # a PreTrainedModel, in evaluation mode
    device: "torch.device"
    lock: threading.Lock = field(default_factory=threading.Lock)


_LOADED: dict[tuple[str, str, str, str], Weights] = {}
_LOADING = threading.Lock()


def weights_of(
    checkpoint: Checkpoint, *, device: str | None = None, dtype: str | None = None
) -> Weights:
    """The weights of a checkpoint; those that are in memory already are shared.

    Args:
        checkpoint: of which model.
        device: cpu, cuda, cuda:1, mps; None: `PAGEHOP_DEVICE`, else the fastest there is.
        dtype: one of `DTYPES`; None: bfloat16 on a GPU that has it, else float16 there, and
            float32 on a processor.

    Raises:
        InputError: there is no such device or dtype.
        UnknownModelError: the weights are not those of the config, or the folder is incomplete.
    """
    chosen = choose_device(device)
    kind = dtype or _fitting(chosen)
    if kind not in DTYPES:
        raise InputError(f"There is no dtype {kind!r} for weights; there are {', '.join(DTYPES)}.")
    key = (str(checkpoint.folder.resolve()), checkpoint.stamp, chosen, kind)
    with _LOADING:
        if key not in _LOADED:
            _LOADED[key] = _load(checkpoint, chosen, kind)
        return _LOADED[key]


def _load(checkpoint: Checkpoint, device: str, dtype: str) -> Weights:
    import torch
    import transformers

    auto: Any = getattr(transformers, checkpoint.auto_class)
    with quiet_loading(), explained(checkpoint.folder):
        model, report = auto.from_pretrained(
            checkpoint.folder,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported with the others, and refused with them
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            trust_remote_code=False,  # else a checkpoint with code of its own asks on stdin
        )
        refuse_wrong_weights(checkpoint.folder, report)
        return Weights(model.eval().to(device), torch.device(device))


def _fitting(device: str) -> str:
    import torch

    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "float16" if device == "mps" else "float32"
