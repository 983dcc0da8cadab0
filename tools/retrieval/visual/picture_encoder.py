"""Encoders of one vector a picture: SigLIP- and CLIP-like towers, and VLM2Vec-like models.

A tower pair embeds pictures and words in one space (Radford et al., CLIP, 2021; Zhai et al.,
SigLIP, 2023). A VLM2Vec-like model (Jiang et al., 2024) is a language model that sees: the state
of its last token stands for all that it was shown.
"""

from collections.abc import Sequence
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.dense.remembered import Remembered
from pagehop.tools.retrieval.visual.framing import content_key, framed
from pagehop.tools.retrieval.visual.late_encoder import LONGEST_QUESTION, REMEMBERED
from pagehop.tools.retrieval.visual.loading import Loaded, batch_size, in_batches, load
from pagehop.tools.retrieval.visual.selftest import check_single
from pagehop.tools.retrieval.visual.weights import find_model, fingerprint, read_config

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

TOWERS = ("siglip", "siglip2", "clip", "chinese_clip", "metaclip_2", "align", "altclip")

# What VLM2Vec says to its model beside a page, and before a question for pages.
_PAGE = "Understand the content of the provided document image."
_QUESTION = "Find a document image that matches the given query: "


class PictureEncoder:
    """Pages, crops and questions to vectors of unit length. Loaded when first used."""

    def __init__(
        self, name_or_path: str, *, device: str | None = None, batch: int | None = None
    ) -> None:
        """Find the model; it is loaded at the first picture or text.

        Args:
            name_or_path: a folder, or a name in the local hub cache.
            device: see `loading.load`.
            batch: how many pages or texts it is given at a time; None: what its memory holds.

        Raises:
            UnknownModelError: it is not on this machine, or no model that sees pictures.
        """
        self.folder = find_model(name_or_path)
        self.name = name_or_path.rstrip("/").rsplit("/", 1)[-1]
        self._device = device
        self._batch = batch
        self._lock = RLock()
        self._asked: Remembered[str, NDArray[np.float32]] = Remembered(REMEMBERED)
        self._shown: Remembered[str, NDArray[np.float32]] = Remembered(REMEMBERED)
        self._kind = str(read_config(self.folder).get("model_type"))
        if not is_single(self._kind):
            raise UnknownModelError(
                f"{name_or_path!r} is a {self._kind!r} model: neither a pair of towers for "
                "pictures and words, nor a language model that sees."
            )

    @cached_property
    def id(self) -> str:
        """Name and content of the model: vectors of one id lie in one space."""
        return f"{self.name}-{fingerprint(self.folder)}"

    @property
    def batch(self) -> int:
        """How many pictures it is given at a time on its device."""
        return self._batch or batch_size(self._ready.device)

    def load(self) -> None:
        """Load the model and hold it to its self-test now, rather than at its first use."""
        _ = self._ready

    def pictures(self, pictures: "Sequence[Image]") -> NDArray[np.float32]:
        """Pages or crops: (n, dim)."""
        loaded, shown = self._ready, [framed(picture) for picture in pictures]
        with self._lock:
            rows = in_batches(
                shown, self.batch, lambda part: list(_pictures(loaded, self._kind, part))
            )
        return np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32)

    def question(self, text: str) -> NDArray[np.float32]:
        """What is looked for: (dim,); the last few are remembered."""
        asked = text[:LONGEST_QUESTION]
        return self._asked.get(asked, lambda: self._question(asked))

    def crop(self, picture: "Image") -> NDArray[np.float32]:
        """A picture that is looked for: (dim,); remembered, too."""
        return self._shown.get(content_key(picture), lambda: self.pictures([picture])[0])

    def _question(self, asked: str) -> NDArray[np.float32]:
        loaded = self._ready
        with self._lock:
            return np.asarray(_questions(loaded, self._kind, [asked])[0])

    @property
    def _ready(self) -> Loaded:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> Loaded:
        architecture = "AutoModel" if self._kind in TOWERS else "AutoModelForImageTextToText"
        loaded = load(self.folder, architecture, device=self._device)
        if self._kind not in TOWERS:
            loaded.tokenizer.padding_side = "left"  # the last token stands for all
        check_single(
            str(self.folder),
            lambda pictures: _pictures(loaded, self._kind, pictures),
            lambda texts: _questions(loaded, self._kind, texts),
        )
        return loaded


def is_single(model_type: str) -> bool:
    """Whether models of this type give one vector a picture."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    return model_type in TOWERS or model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def _pictures(loaded: Loaded, kind: str, pictures: "Sequence[Image]") -> NDArray[np.float32]:
    if kind in TOWERS:
        batch = loaded.processor(images=list(pictures), return_tensors="pt")
        return _run(loaded, dict(batch), loaded.model.get_image_features)
    shown = [_said(loaded, [{"type": "image"}, {"type": "text", "text": _PAGE}])] * len(pictures)
    batch = loaded.processor(
        images=[[one] for one in pictures], text=shown, padding=True, return_tensors="pt"
    )
    return _run(loaded, dict(batch), _last_state(loaded))


def _questions(loaded: Loaded, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
    if kind in TOWERS:
        length = _text_length(loaded.config)
        batch = loaded.tokenizer(
            list(texts),
            padding="max_length" if kind.startswith("siglip") else True,  # as it was trained
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )
        wanted = {name: batch[name] for name in ("input_ids", "attention_mask") if name in batch}
        return _run(loaded, wanted, loaded.model.get_text_features)
    asked = [_said(loaded, [{"type": "text", "text": _QUESTION + text}]) for text in texts]
    batch = loaded.processor(text=asked, padding=True, return_tensors="pt")
    return _run(loaded, dict(batch), _last_state(loaded))


def _run(loaded: Loaded, batch: "dict[str, Any]", features: Any) -> NDArray[np.float32]:  # noqa: ANN401
    """Vectors of a batch, in single precision and of unit length."""
    import torch

    given = {
        name: tensor.to(loaded.device, loaded.model.dtype)
        if tensor.is_floating_point()
        else tensor.to(loaded.device)
        for name, tensor in batch.items()
        if isinstance(tensor, torch.Tensor)
    }
    with torch.inference_mode():
        found = features(**given)
    pooled: torch.Tensor = found if isinstance(found, torch.Tensor) else found.pooler_output
    unit = torch.nn.functional.normalize(pooled.float().cpu(), dim=-1)
    return np.asarray(unit.numpy(), dtype=np.float32)


def _last_state(loaded: Loaded) -> Any:  # noqa: ANN401  a function of whatever the processor made
    """The last layer's state of the last token; padding is on the left."""

    def states(**given: Any) -> "torch.Tensor":  # noqa: ANN401
        found = loaded.model.model(**given, use_cache=False)
        last: torch.Tensor = found.last_hidden_state[:, -1]
        return last

    return states


def _said(loaded: Loaded, parts: Sequence[dict[str, str]]) -> str:
    """A turn of a talk with the model, by its chat template where it has one."""
    if getattr(loaded.processor, "chat_template", None):
        talk = [{"role": "user", "content": list(parts)}]
        return str(
            loaded.processor.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
        )
    token = getattr(loaded.processor, "image_token", "<image>")
    return " ".join(part.get("text", token) for part in parts)


def _text_length(config: Any) -> int:  # noqa: ANN401  transformers' configs have no common fields
    """How many word pieces the words' tower was trained for."""
    return int(getattr(config.text_config, "max_position_embeddings", 64))
