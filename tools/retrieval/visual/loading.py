"""Loading a model: the class its config asks for, on a device, with every weight in its place."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pagehop.tools.errors import InputError, UnknownModelError
from pagehop.tools.retrieval.dense.encoder import quiet_loading

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
R = TypeVar("R")

Keys: TypeAlias = Sequence[str]

DEVICE_VARIABLE = "PAGEHOP_DEVICE"

_GIVEN = 0.5  # of a device's free memory, for what goes through a model together
_ITEM_BYTES = 1 << 30  # of one page in a model of two billion weights, rounded up
_MOST = 32  # items that go through together
# What transformers raises on a folder that is incomplete, or whose config means nothing to it.
_FAILURES = (
    OSError, ValueError, KeyError, AttributeError, TypeError, ImportError, RuntimeError
)  # fmt: skip
_SHOWN = 3  # names of tensors in a message
# Counters that older files have saved, and that a model makes itself.
_HARMLESS = ("position_ids", "rotary_emb.inv_freq")
_HEAD = "lm_head.weight"  # of the language model under an encoder: it writes, and is not asked to


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and the processor or tokenizer that feeds it."""

    model: Any  # a PreTrainedModel, in evaluation mode
    processor: Any  # None for models that are fed by a tokenizer alone
    tokenizer: Any
    device: "torch.device"
    projection: "torch.Tensor | None" = None  # (dim, hidden), where it is no part of the model

    @property
    def config(self) -> Any:  # noqa: ANN401  transformers' configs have no common fields
        """The model's config."""
        return self.model.config


def load(
    folder: Path,
    architecture: str,
    *,
    device: str | None = None,
    with_processor: bool = True,
    known: Keys = (),
) -> Loaded:
    """Load a model of transformers from a folder, and nothing from anywhere else.

    Args:
        folder: config, weights, tokenizer and processor.
        architecture: the class's name in transformers.
        device: cpu, cuda, cuda:1, mps; None: `PAGEHOP_DEVICE`, else the fastest there is.
        with_processor: whether the pictures are prepared by transformers' processor.
        known: tensors that may be missing or too many: they are read otherwise, or not used.

    Raises:
        InputError: there is no such device.
        UnknownModelError: the weights are not those of the config, or the folder is incomplete.
    """
    import torch
    import transformers

    chosen = choose_device(device)
    kind: Any = getattr(transformers, architecture)
    with quiet_loading(), _explained(folder):
        model, report = kind.from_pretrained(
            folder,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported with the others, and refused with them
            dtype=_dtype(chosen),
            use_safetensors=True,
            trust_remote_code=False,  # else a checkpoint with code of its own asks on stdin
        )
        refuse_wrong_weights(folder, report, known=known)
        tokenizer, processor = _feeders(folder, with_processor=with_processor)
    return Loaded(model.eval().to(chosen), processor, tokenizer, torch.device(chosen))


def refuse_wrong_weights(folder: Path, report: dict[str, Any], *, known: Keys = ()) -> None:
    """Raise where tensors are missing, unexpected, or of another shape.

    transformers fills what is missing with random numbers and goes on; vectors of such a model
    look like any others.

    Args:
        folder: of the model, for the message.
        report: transformers' loading info.
        known: see `load`.

    Raises:
        UnknownModelError: any are.
    """
    wrong = {
        "missing": report["missing_keys"],
        "unexpected": [key for key in report["unexpected_keys"] if not key.endswith(_HEAD)],
        "of another shape": [str(one[0]) for one in report["mismatched_keys"]],
    }
    said = []
    for how, keys in wrong.items():
        found = sorted(
            key for key in map(str, keys) if key not in known and not key.endswith(_HARMLESS)
        )
        if found:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            said.append(f"{how}: {', '.join(found[:_SHOWN])}{more}")
    if said:
        raise UnknownModelError(
            f"The weights in {str(folder)!r} do not fit their config.json. Tensors "
            + "; ".join(said)
            + ". Fetch the whole checkpoint again, in the form made for transformers (its name "
            "often ends in -hf or -merged); adapters must be merged into their model first."
        )


def choose_device(asked: str | None) -> str:
    """The device to run on: as asked, else by `PAGEHOP_DEVICE`, else cuda, mps, cpu.

    Raises:
        InputError: there is no such device.
    """
    import torch

    wanted = asked or os.environ.get(DEVICE_VARIABLE) or ""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps()}
    if not wanted:
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    kind, _, number = wanted.partition(":")
    counted = kind == "cuda" and number.isdecimal() and int(number) < torch.cuda.device_count()
    if not there.get(kind) or (number and not counted):
        usable = ", ".join(name for name, usable in there.items() if usable)
        raise InputError(
            f"There is no device {wanted!r} here for torch; usable: {usable}. Choose another "
            f"with --device or {DEVICE_VARIABLE}."
        )
    return wanted


def batch_size(device: "torch.device") -> int:
    """How many items to send through a model at first; `in_batches` halves it when it must."""
    import torch

    if device.type != "cuda":
        return 1 if device.type == "cpu" else 2  # a CPU has no more to give to two at a time
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, min(_MOST, int(free * _GIVEN / _ITEM_BYTES)))


def in_batches(items: Sequence[T], size: int, run: Callable[[Sequence[T]], list[R]]) -> list[R]:
    """What `run` makes of the items, `size` at a time, and half as many when memory runs out.

    Raises:
        InputError: not even one item fits.
    """
    import torch

    made: list[R] = []
    while len(made) < len(items):
        try:
            made += run(items[len(made) : len(made) + size])
        except torch.OutOfMemoryError as error:
            if size == 1:
                raise InputError(
                    "The device has too little memory for one page in this model. Take a smaller "
                    f"model, or run on the processor: {DEVICE_VARIABLE}=cpu."
                ) from error
            size = (size + 1) // 2
            torch.cuda.empty_cache()
    return made


def _dtype(device: str) -> "torch.dtype":
    """Half precision where it is fast; bfloat16 where there is it, as the models were trained."""
    import torch

    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device == "mps" else torch.float32


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()


def _feeders(folder: Path, *, with_processor: bool) -> tuple[Any, Any]:
    """(tokenizer, processor). Pictures are prepared by Pillow whether torchvision is there or not.

    The two differ in the last bits of every pixel, and vectors must not depend on which is there.
    """
    from transformers import AutoProcessor, AutoTokenizer

    untyped: Any = AutoProcessor
    if with_processor:
        processor = untyped.from_pretrained(
            folder, local_files_only=True, backend="pil", trust_remote_code=False
        )
        return processor.tokenizer, processor
    words: Any = AutoTokenizer
    return words.from_pretrained(folder, local_files_only=True, trust_remote_code=False), None


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What transformers raises on an incomplete folder, as one line of ours."""
    from safetensors import SafetensorError

    try:
        yield
    except (*_FAILURES, SafetensorError) as error:
        if type(error).__name__ == "OutOfMemoryError":
            raise InputError(
                f"The device has too little memory for the model in {str(folder)!r}. Take a "
                f"smaller one, or run on the processor: {DEVICE_VARIABLE}=cpu."
            ) from error
        first = " ".join(str(error).split())[:300]
        raise UnknownModelError(
            f"The model in {str(folder)!r} cannot be loaded ({type(error).__name__}: {first}). Is "
            "the copy complete, and made for transformers 5?"
        ) from error
