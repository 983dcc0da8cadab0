"""ColBERT-like text encoders: a BERT whose word pieces are projected to short vectors.

Two forms of checkpoint are read: ColBERT's own (Khattab and Zaharia, 2020; Santhanam et al.,
2022), which keeps the projection among the weights, and PyLate's, which keeps it in a folder.
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.visual.families import LONGEST_TEXT, Inputs
from pagehop.tools.retrieval.visual.loading import Loaded, load
from pagehop.tools.retrieval.visual.weights import PROJECTION, read_config, read_json, weight_files

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

_PROJECTION = "linear.weight"
_POOLER = ("pooler.dense.weight", "pooler.dense.bias")  # of a head that is not passed through


@dataclass(frozen=True, slots=True)
class Habits:
    """How a checkpoint marks and fills its texts."""

    question: str  # a token or words put before a question
    passage: str  # and before a passage
    question_length: int  # word pieces; shorter questions are filled up with masks
    filled: bool  # whether they are
    attends: bool  # whether word pieces look at the fill
    skipped: tuple[str, ...]  # words of a passage that get no vector


class ColBert:
    """Puts questions and passages before a ColBERT; it does not see."""

    def __init__(self, loaded: Loaded, habits: Habits) -> None:
        self._tokenizer = loaded.tokenizer
        self._habits = habits
        self._pieces: dict[str, int] = self._tokenizer.get_vocab()
        self._skipped = [self._pieces[word] for word in habits.skipped if word in self._pieces]
        self._marks = (*self._ids(habits.question), *self._ids(habits.passage))

    def pictures(self, pictures: "Sequence[Image]") -> Inputs:
        """Nothing: it reads text alone.

        Raises:
            UnknownModelError: always.
        """
        raise UnknownModelError(
            f"A ColBERT reads text, and {len(pictures)} pictures were given to it. Choose it as "
            "text:MODEL."
        )

    def questions(self, texts: Sequence[str]) -> Inputs:
        """What is looked for, filled up with masks that stand for words not said."""
        habits, tokenizer = self._habits, self._tokenizer
        longest = habits.question_length if habits.filled else LONGEST_TEXT
        tensors = self._marked(texts, habits.question, longest)
        if not habits.filled:
            return Inputs(tensors, marks=self._marks)
        ids, mask = tensors["input_ids"], tensors["attention_mask"]
        ids[mask == 0] = tokenizer.mask_token_id
        kept = mask * 0 + 1
        tensors["attention_mask"] = kept if habits.attends else mask
        return Inputs(tensors, kept=kept, marks=self._marks)

    def passages(self, texts: Sequence[str]) -> Inputs:
        """What is looked in; punctuation gets no vector."""
        import torch

        tensors = self._marked(texts, self._habits.passage, None)
        skipped = torch.isin(tensors["input_ids"], torch.tensor(self._skipped, dtype=torch.long))
        kept = tensors["attention_mask"] * ~skipped
        return Inputs(tensors, kept=kept, marks=self._marks)

    def _ids(self, mark: str) -> list[int]:
        """A mark is a word piece that no text is cut into; else it is words."""
        if mark in self._pieces:
            return [self._pieces[mark]]
        return list(self._tokenizer.encode(mark, add_special_tokens=False))

    def _marked(
        self, texts: Sequence[str], mark: str, length: int | None
    ) -> "dict[str, torch.Tensor]":
        """A batch with the mark after the first token; of `length`, or of the longest text's."""
        import torch

        tokenizer: Any = self._tokenizer
        marks = self._ids(mark)
        batch = tokenizer(
            list(texts),
            padding="longest" if length is None else "max_length",
            truncation=True,
            max_length=(length or LONGEST_TEXT) - len(marks),
            return_tensors="pt",
            return_token_type_ids=False,
        )
        ids, mask = batch["input_ids"], batch["attention_mask"]
        put = torch.tensor([marks] * len(ids), dtype=ids.dtype).reshape(len(ids), -1)
        ones = torch.ones_like(put)
        return {
            "input_ids": torch.cat([ids[:, :1], put, ids[:, 1:]], dim=1),
            "attention_mask": torch.cat([mask[:, :1], ones, mask[:, 1:]], dim=1),
        }


def is_colbert(folder: Path) -> bool:
    """Whether the folder holds a ColBERT, in either form."""
    named = read_config(folder).get("architectures") or []
    return "HF_ColBERT" in named or (folder / PROJECTION / "config.json").is_file()


def colbert_dim(folder: Path) -> int:
    """The length of its vectors.

    Raises:
        UnknownModelError: the projection is not there.
    """
    return int(_projection(folder).shape[0])


def load_colbert(folder: Path, device: str | None) -> tuple[Loaded, ColBert]:
    """The model with its projection, and what feeds it.

    Raises:
        UnknownModelError: the weights are not whole, or its marks are not in its vocabulary.
    """
    projection = _projection(folder)
    loaded = load(
        folder,
        "AutoModel",
        device=device,
        with_processor=False,
        known=(_PROJECTION, *_POOLER),
    )
    placed = projection.to(loaded.device, loaded.model.dtype)
    return replace(loaded, projection=placed), ColBert(loaded, _habits(folder))


def _projection(folder: Path) -> "torch.Tensor":
    """(dim, hidden), from among the weights or from PyLate's folder."""
    from safetensors import SafetensorError, safe_open

    dense = folder / PROJECTION
    files = [dense / "model.safetensors"] if dense.is_dir() else weight_files(folder)
    if dense.is_dir() and read_json(dense / "config.json").get("bias"):
        raise UnknownModelError(f"The projection in {str(dense)!r} has a bias; ColBERTs have none.")
    for path in files:
        try:
            with safe_open(path, framework="pt") as tensors:
                if _PROJECTION in tensors.keys():  # noqa: SIM118  no mapping
                    found: torch.Tensor = tensors.get_tensor(_PROJECTION).float()
                    return found
        except (OSError, SafetensorError) as error:
            raise UnknownModelError(f"{str(path)!r} cannot be read: {error}.") from error
    raise UnknownModelError(
        f"The ColBERT in {str(folder)!r} has no tensor {_PROJECTION!r}. Is the copy complete?"
    )


def _habits(folder: Path) -> Habits:
    """As the checkpoint's own file says, over ColBERT's defaults."""
    stored: dict[str, Any] = {}
    for name in ("artifact.metadata", "config_sentence_transformers.json"):
        if (folder / name).is_file():
            stored |= read_json(folder / name)
    pylate = (folder / PROJECTION).is_dir()
    skipped = stored.get("skiplist_words")
    if skipped is None:
        skipped = list(string.punctuation) if stored.get("mask_punctuation", True) else []
    return Habits(
        question=str(stored.get("query_prefix" if pylate else "query_token_id", "[unused0]")),
        passage=str(stored.get("document_prefix" if pylate else "doc_token_id", "[unused1]")),
        question_length=int(stored.get("query_length" if pylate else "query_maxlen", 32)),
        filled=bool(stored.get("do_query_expansion", True)),
        attends=bool(
            stored.get("attend_to_expansion_tokens" if pylate else "attend_to_mask_tokens", False)
        ),
        skipped=tuple(map(str, skipped)),
    )
