"""Reranking: the first hits read again beside the question, and put in a better order.

A reranker gives an order, never a hit: whatever it says, every hit stays, once. A cross-encoder
is one; a language model that is shown a list is another (`pagehop.agents.model.rerank`); one of
your own is any object with a `rerank`.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.channel import Hit

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

DEPTH = 20  # hits that are read again; the others keep their order behind them
_LONGEST = 512  # word pieces of question and hit together
_BATCH = 8


class Reranker(Protocol):
    """Whatever can say which hits answer a question best."""

    def rerank(self, query: str, hits: Sequence[Hit]) -> Sequence[int]:
        """Positions in `hits`, best first; those that it leaves out go last, in their order."""
        ...


def reranked(query: str, hits: Sequence[Hit], reranker: Reranker) -> list[Hit]:
    """The hits with the first 20 in the reranker's order; the scores stay with their ranks.

    A position that is no hit, or comes twice, is passed over.
    """
    head = list(hits[:DEPTH])
    if len(head) < 2:
        return list(hits)
    order = list(_sound(reranker.rerank(query, head), len(head)))
    return [*(head[at] for at in order), *hits[DEPTH:]]


def _sound(order: Sequence[int], count: int) -> Iterator[int]:
    said = dict.fromkeys(at for at in order if 0 <= at < count)
    if len(said) < len(order):
        log.warning("a reranker named %d positions that are none", len(order) - len(said))
    yield from said
    yield from (at for at in range(count) if at not in said)


class CrossEncoder:
    """A sequence classifier that reads question and hit together (Nogueira and Cho, 2019).

    The weights are loaded at the first question. Nothing is downloaded, no code of theirs is run.
    """

    def __init__(self, folder: str | Path) -> None:
        """Use the model in a folder, with its tokenizer.

        Raises:
            UnknownModelError: it has no config.json.
        """
        self.folder = Path(folder).expanduser()
        if not (self.folder / "config.json").is_file():
            raise UnknownModelError(
                f"There is no reranker in {str(folder)!r}: it has no config.json. Name the folder "
                "of a sequence classification model, with its weights and its tokenizer."
            )
        self._loading = Lock()

    def rerank(self, query: str, hits: Sequence[Hit]) -> Sequence[int]:
        """Positions by falling score; of equal ones the earlier first."""
        scores = self.scores(query, [hit.text for hit in hits])
        return sorted(range(len(hits)), key=lambda at: (-scores[at], at))

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question; more is better, only the order means anything.

        Raises:
            UnknownModelError: the weights cannot be loaded, or do not fit the configuration.
        """
        import torch

        model: Any
        with self._loading:
            model, tokenizer = self._loaded
        found: list[float] = []
        for start in range(0, len(texts), _BATCH):
            some = list(texts[start : start + _BATCH])
            inputs = tokenizer(
                [query] * len(some),
                some,
                padding=True,
                truncation="longest_first",
                max_length=min(_LONGEST, model.config.max_position_embeddings),
                return_tensors="pt",
            )
            with torch.inference_mode():
                logits = model(**inputs).logits.float()
            # One output is the score; of two, the second is "relevant".
            relevant = logits[:, -1] - logits[:, 0] if logits.shape[1] > 1 else logits[:, 0]
            found += relevant.tolist()
        return found

    @cached_property
    def _loaded(self) -> "tuple[torch.nn.Module, Any]":
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self.folder, local_files_only=True)
            model, report = AutoModelForSequenceClassification.from_pretrained(
                self.folder,
                local_files_only=True,
                output_loading_info=True,
                dtype="float32",
                use_safetensors=True,  # the other form is a pickle, which can run code
            )
        except (OSError, ValueError) as error:
            raise UnknownModelError(
                f"The reranker in {str(self.folder)!r} cannot be loaded: {error}"
            ) from error
        wrong = sorted(map(str, {*report["missing_keys"], *report["mismatched_keys"]}))
        if wrong:
            raise UnknownModelError(
                f"The weights in {str(self.folder)!r} do not fit their config.json: {len(wrong)} "
                f"tensors are missing, {wrong[0]!r} among them. Is it a reranker, and whole?"
            )
        return model.eval(), tokenizer
