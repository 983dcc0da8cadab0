"""One reply of a model in memory, token by token, stopped when nobody wants it any more."""

import copy
import logging
import queue
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pagehop.agents.local.weights import Weights
from pagehop.tools.errors import BudgetSpentError, ModelCallError

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

_SAMPLING = threading.Lock()  # torch has one source of chance per device for the whole process


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a reply is written."""

    max_new_tokens: int
    temperature: float  # 0: always the likeliest token
    top_p: float | None
    seed: int | None
    deadline: float | None  # of time.monotonic()
    more: dict[str, Any]  # for transformers' `generate`


@dataclass(slots=True)
class _Writer:
    """A thread that writes, and the queue that its tokens come through.

    transformers' `generate` blocks until the whole reply is there; its streamer is told each
    token, its stopping criteria are asked after each.
    """

    weights: Weights
    inputs: Any  # of a processor: a mapping of tensors
    settings: Settings
    cancelled: threading.Event = field(default_factory=threading.Event)
    told: "queue.SimpleQueue[int | BaseException | None]" = field(default_factory=queue.SimpleQueue)
    prompt_told: bool = False

    def run(self) -> None:
        try:
            with self._turn():
                if not self.over():
                    self._write()
            self.told.put(None)
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
            self.told.put(error)

    def over(self) -> bool:
        """Whether nobody waits for another token."""
        deadline = self.settings.deadline
        return self.cancelled.is_set() or (deadline is not None and time.monotonic() >= deadline)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One reply at a time is written with the same weights."""
        while not self.weights.lock.acquire(timeout=0.05):
            if self.over():
                yield  # the caller is gone, or told of the time
                return
        try:
            yield
        finally:
            self.weights.lock.release()

    def _write(self) -> None:
        import torch

        model, settings = self.weights.model, self.settings
        with _chance(self.weights.device, settings), torch.inference_mode():
            model.generate(
                **_placed(self.inputs, self.weights),
                generation_config=_configured(model, settings),
                stopping_criteria=[lambda ids, _, **__: _each(ids, over=self.over())],
                streamer=self,
                **settings.more,
            )

    def put(self, value: "torch.Tensor") -> None:
        """Takes the prompt first, then each token; `generate` calls it."""
        if self.prompt_told:
            for token in value.flatten().tolist():
                self.told.put(token)
        self.prompt_told = True

    def end(self) -> None:
        """Called by `generate` after the last token."""


def write(
    weights: Weights,
    inputs: Any,  # noqa: ANN401 - of transformers
    settings: Settings,
) -> Generator[int, None, None]:
    """The tokens of a reply, as they are written.

    Closing the iterator ends the writing after the token that is under way.

    Args:
        weights: of the model.
        inputs: of its processor or tokenizer, one conversation.
        settings: how it is written.

    Raises:
        BudgetSpentError: the deadline came first.
        ModelCallError: the device has too little memory for this conversation.
    """
    writer = _Writer(weights, inputs, settings)
    threading.Thread(target=writer.run, name="pagehop-local-model", daemon=True).start()
    try:
        yield from _tokens(writer)
    finally:
        writer.cancelled.set()


def ends_of(model: Any, tokenizer: Any) -> set[int]:  # noqa: ANN401 - of transformers
    """The tokens that end a reply."""
    told = model.generation_config.eos_token_id
    told = tokenizer.eos_token_id if told is None else told
    return set(told) if isinstance(told, list | tuple) else {told} - {None}


def _tokens(writer: _Writer) -> Iterator[int]:
    written = 0
    while True:
        token = writer.told.get()
        if isinstance(token, BaseException):
            raise _explained(token) from token
        if token is None:
            break
        written += 1
        yield token
    if writer.over():
        raise BudgetSpentError(
            f"The local model was stopped when its time was over, after {written} tokens."
        )


def _explained(error: BaseException) -> BaseException:
    if type(error).__name__ == "OutOfMemoryError":
        return ModelCallError(
            "The device has too little memory for this conversation in the local model. Show "
            "fewer or smaller pictures, or take a smaller model."
        )
    return error


def _placed(inputs: Any, weights: Weights) -> dict[str, Any]:  # noqa: ANN401 - of transformers
    """The inputs on the model's device; pictures in its dtype, which not all models see to."""
    placed = dict(inputs)
    for name, value in placed.items():
        if hasattr(value, "is_floating_point"):
            kind = weights.model.dtype if value.is_floating_point() else None
            placed[name] = value.to(weights.device, kind)
    return placed


def _configured(model: Any, settings: Settings) -> Any:  # noqa: ANN401 - of transformers
    """The checkpoint's own generation config, with these settings in it."""
    config = copy.deepcopy(model.generation_config)
    config.max_new_tokens, config.max_length = settings.max_new_tokens, None
    config.num_beams = 1
    config.do_sample = settings.temperature > 0
    if config.do_sample:
        config.temperature = settings.temperature
        config.top_p = settings.top_p if settings.top_p is not None else config.top_p
    else:
        config.temperature = config.top_p = config.top_k = config.min_p = None
    if config.pad_token_id is None:
        ends = config.eos_token_id
        config.pad_token_id = ends[0] if isinstance(ends, list) else ends if ends is not None else 0
    return config


def _each(ids: "torch.Tensor", *, over: bool) -> "torch.Tensor":
    import torch

    return torch.full((ids.shape[0],), over, device=ids.device, dtype=torch.bool)


@contextmanager
def _chance(device: "torch.device", settings: Settings) -> Iterator[None]:
    """Seed torch's chance for this reply, and put it back afterwards."""
    import torch

    if settings.temperature <= 0:
        yield
        return
    devices = [device] if device.type == "cuda" else []
    with _SAMPLING, torch.random.fork_rng(devices=devices):
        if settings.seed is not None:
            torch.manual_seed(settings.seed)
        else:
            torch.seed()
        yield
