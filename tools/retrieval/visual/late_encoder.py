"""Late-interaction encoders: a page is many vectors, one a patch or a word piece.

The idea is ColBERT's (Khattab and Zaharia, 2020), for pictures ColPali's (Faysse et al., 2024).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.dense.remembered import Remembered
from pagehop.tools.retrieval.visual.colbert import colbert_dim, is_colbert, load_colbert
from pagehop.tools.retrieval.visual.families import Family, Inputs, ProcessorFamily
from pagehop.tools.retrieval.visual.framing import content_key, framed
from pagehop.tools.retrieval.visual.grids import Block
from pagehop.tools.retrieval.visual.loading import Loaded, batch_size, in_batches, load
from pagehop.tools.retrieval.visual.neomme import NeoMME
from pagehop.tools.retrieval.visual.selftest import check_late
from pagehop.tools.retrieval.visual.weights import find_model, fingerprint, read_config

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

ARCHITECTURES = {
    "colqwen2": "ColQwen2ForRetrieval",
    "colpali": "ColPaliForRetrieval",
    "colmodernvbert": "ColModernVBertForRetrieval",
    "neomme": "NeoMMEForRetrieval",
}
LONGEST_QUESTION = 1_000  # characters; these models were trained on questions of one sentence
REMEMBERED = 32  # questions and crops: one search asks for the same several times
CROP_TOKENS = 64  # of a crop that is searched for: the rest of its tokens say the same again


def _none() -> NDArray[np.int64]:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A picture or a text as an encoder sees it."""

    vectors: NDArray[np.float32]  # (tokens, dim), rows of unit length
    blocks: tuple[Block, ...] = ()  # what its tokens have seen, of a picture
    words: NDArray[np.int64] = field(default_factory=_none)  # places of tokens that are no markers


class LateEncoder:
    """Pages, crops, passages and questions to token vectors. Loaded when first used."""

    def __init__(
        self, name_or_path: str, *, device: str | None = None, batch: int | None = None
    ) -> None:
        """Find the model; it is loaded at the first picture or text.

        Args:
            name_or_path: a folder, or a name in the local hub cache.
            device: see `loading.load`.
            batch: how many pages or texts it is given at a time; None: what its memory holds.

        Raises:
            UnknownModelError: it is not on this machine, or no late-interaction model.
        """
        self.folder = find_model(name_or_path)
        self.name = name_or_path.rstrip("/").rsplit("/", 1)[-1]
        self._device = device
        self._batch = batch
        self._lock = RLock()
        self._asked: Remembered[str, Encoded] = Remembered(REMEMBERED)
        self._shown: Remembered[str, Encoded] = Remembered(REMEMBERED)
        self._config = read_config(self.folder)
        self._kind = str(self._config.get("model_type"))
        self._colbert = is_colbert(self.folder)
        if not is_late(self.folder):
            raise UnknownModelError(
                f"{name_or_path!r} is a {self._kind!r} model; the late-interaction models that are "
                f"known are {', '.join(ARCHITECTURES)}, and ColBERTs over text."
            )

    @cached_property
    def id(self) -> str:
        """Name and content of the model: vectors of one id lie in one space."""
        return f"{self.name}-{fingerprint(self.folder)}"

    @property
    def dim(self) -> int:
        """The length of a token's vector."""
        if self._colbert:
            return colbert_dim(self.folder)
        return int(self._config.get("embedding_dim", 128))  # 128 in all four classes

    @property
    def batch(self) -> int:
        """How many pages it is given at a time on its device."""
        return self._batch or batch_size(self._ready[0].device)

    def load(self) -> None:
        """Load the model and hold it to its self-test now, rather than at its first use."""
        _ = self._ready

    def pictures(self, pictures: "Sequence[Image]") -> list[Encoded]:
        """Pages or crops."""
        _, family = self._ready
        shown = [framed(picture) for picture in pictures]
        encoded = self._encoded(shown, family.pictures)
        return [  # where paper was added, a place on the sheet is none on the picture
            one if sheet.size == picture.size else replace(one, blocks=())
            for one, sheet, picture in zip(encoded, shown, pictures, strict=True)
        ]

    def passages(self, texts: Sequence[str]) -> list[Encoded]:
        """What is looked in, where text is read instead of pictures."""
        _, family = self._ready
        return self._encoded(texts, family.passages)

    def question(self, text: str) -> Encoded:
        """What is looked for; the last few are remembered."""
        _, family = self._ready
        asked = text[:LONGEST_QUESTION]
        return self._asked.get(asked, lambda: self._encoded([asked], family.questions)[0])

    def crop(self, picture: "Image") -> Encoded:
        """A picture that is looked for: the most different of its tokens; remembered, too."""
        return self._shown.get(content_key(picture), lambda: self._crop(picture))

    def _crop(self, picture: "Image") -> Encoded:
        encoded = self.pictures([picture])[0]
        shown = [token for block in encoded.blocks for token in _tokens(block)]
        vectors = encoded.vectors[shown] if shown else encoded.vectors
        kept = vectors[most_different(vectors, CROP_TOKENS)]
        return Encoded(kept, words=np.arange(len(kept)))

    @property
    def _ready(self) -> tuple[Loaded, Family]:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> tuple[Loaded, Family]:
        loaded, family = self._opened()
        check_late(
            str(self.folder),
            None
            if self._colbert
            else lambda shown: [one.vectors for one in _forward(loaded, family.pictures(shown))],
            lambda texts: [one.vectors for one in _forward(loaded, family.questions(texts))],
            self.dim,
        )
        return loaded, family

    def _opened(self) -> tuple[Loaded, Family]:
        if self._colbert:
            return load_colbert(self.folder, self._device)
        neomme = self._kind == "neomme"
        loaded = load(
            self.folder,
            ARCHITECTURES[self._kind],
            device=self._device,
            with_processor=not neomme,
        )
        return loaded, NeoMME(loaded, self.folder) if neomme else ProcessorFamily(loaded)

    def _encoded(
        self, items: Sequence[T], prepare: Callable[[Sequence[T]], Inputs]
    ) -> list[Encoded]:
        loaded, _ = self._ready
        with self._lock:  # one forward pass at a time: two need twice the memory
            return in_batches(items, self.batch, lambda part: _forward(loaded, prepare(part)))


def is_late(folder: Path) -> bool:
    """Whether the model in a folder is a late-interaction model."""
    return is_colbert(folder) or read_config(folder).get("model_type") in ARCHITECTURES


def most_different(vectors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Places of at most `count` vectors, each as far as can be from those before it.

    A greedy 2-approximation of k-centres (Gonzalez, 1985). It starts with the vector that is
    least like the mean, so that a blank background comes late, and once.

    Args:
        vectors: (n, dim), rows of unit length.
        count: how many to keep, in order of their place.
    """
    if len(vectors) <= count:
        return np.arange(len(vectors))
    chosen = [int(np.argmin(vectors @ vectors.mean(0)))]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return np.sort(np.asarray(chosen))


def _forward(loaded: Loaded, inputs: Inputs) -> list[Encoded]:
    """The vectors of a batch, without those of padding, in single precision and of unit length."""
    import torch

    given = {
        name: tensor.to(loaded.device, loaded.model.dtype)
        if tensor.is_floating_point()
        else tensor.to(loaded.device)
        for name, tensor in inputs.tensors.items()
    }
    with torch.inference_mode():
        made = loaded.model(**given)
        if loaded.projection is None:
            found = made.embeddings.float().cpu()
        else:
            found = (made.last_hidden_state @ loaded.projection.T).float().cpu()
    unit = torch.nn.functional.normalize(found, dim=-1)
    kept = inputs.tensors["attention_mask"] if inputs.kept is None else inputs.kept
    real = kept.bool()
    marks = torch.tensor([*loaded.tokenizer.all_special_ids, *inputs.marks])
    words = ~torch.isin(inputs.tensors["input_ids"], marks)
    blocks = inputs.blocks or ((),) * len(found)
    return [
        Encoded(
            np.asarray(unit[at][real[at]].numpy(), dtype=np.float32),
            blocks[at],
            np.flatnonzero(words[at][real[at]].numpy()),
        )
        for at in range(len(found))
    ]


def _tokens(block: Block) -> Iterable[int]:
    """The places of a grid's tokens."""
    for row in range(block.rows):
        start = block.start + row * block.stride
        yield from range(start, start + block.columns)
