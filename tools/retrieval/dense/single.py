"""A BERT encoder's forward pass for one text, in numpy over memory-mapped weights.

Passages are encoded by transformers on torch, a query by this: importing those two takes
seconds, and a person waits for the first answer. A test holds both to the same vectors.
The form is that of Devlin et al., BERT, 2019; the error function is formula 7.1.26 of
Abramowitz and Stegun, Handbook of Mathematical Functions, exact to 1.5e-7.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.retrieval.dense.products import product

Floats: TypeAlias = NDArray[np.float32]

_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


class SingleText:
    """Hidden states of one text at a time; reads only the weights that the text needs."""

    def __init__(self, weights: Path, config: Mapping[str, Any]) -> None:
        self._tensors = _mapped(weights)
        self._layers = int(config["num_hidden_layers"])
        self._heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])

    def fits(self) -> bool:
        """Whether the weights are those of the config: every layer of it, and no more."""
        parts = (
            *(f"attention.self.{part}" for part in ("query", "key", "value")),
            *("attention.output.dense", "attention.output.LayerNorm", "intermediate.dense"),
            *("output.dense", "output.LayerNorm"),
        )
        layers = {
            f"encoder.layer.{layer}.{part}.{kind}"
            for layer in range(self._layers)
            for part in parts
            for kind in ("weight", "bias")
        }
        return layers == {name for name in self._tensors if name.startswith("encoder.")}

    def states(self, pieces: Sequence[int]) -> Floats:
        """The last layer's state of each word piece, (pieces, dim)."""
        embeddings = "embeddings.{}_embeddings.weight"
        hidden = (
            self._tensors[embeddings.format("word")][list(pieces)]
            + self._tensors[embeddings.format("position")][: len(pieces)]
            + self._tensors[embeddings.format("token_type")][0]
        )
        hidden = self._norm("embeddings.LayerNorm", hidden)
        for layer in range(self._layers):
            name = f"encoder.layer.{layer}"
            attended = self._linear(f"{name}.attention.output.dense", self._attend(name, hidden))
            hidden = self._norm(f"{name}.attention.output.LayerNorm", hidden + attended)
            widened = _gelu(self._linear(f"{name}.intermediate.dense", hidden))
            narrowed = self._linear(f"{name}.output.dense", widened)
            hidden = self._norm(f"{name}.output.LayerNorm", hidden + narrowed)
        return hidden

    def _attend(self, name: str, hidden: Floats) -> Floats:
        length, dim = hidden.shape
        query, key, value = (
            self._linear(f"{name}.attention.self.{part}", hidden)
            .reshape(length, self._heads, dim // self._heads)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )  # each (heads, pieces, dim of a head)
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(dim // self._heads))
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        return np.asarray(mixed.transpose(1, 0, 2).reshape(length, dim))

    def _linear(self, name: str, hidden: Floats) -> Floats:
        widened = product(self._tensors[f"{name}.weight"], hidden.T)
        return np.asarray(widened.T + self._tensors[f"{name}.bias"])

    def _norm(self, name: str, hidden: Floats) -> Floats:
        centred = hidden - hidden.mean(-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + self._epsilon)
        scaled = centred / spread.astype(np.float32)
        return np.asarray(scaled * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"])


def single_text(weights: Path, config: Mapping[str, Any]) -> SingleText | None:
    """The model of a folder, if it is of the kind that this file knows; else None."""
    known = (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
    )
    model = SingleText(weights, config) if known else None
    return model if model is not None and model.fits() else None


def _gelu(x: Floats) -> Floats:
    z = np.abs(x) * np.float32(1 / np.sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = np.zeros_like(t)
    for coefficient in _ERF:
        series = (series + np.float32(coefficient)) * t
    error = np.copysign(1 - series * np.exp(-z * z), x)
    return np.asarray(x * (1 + error) / 2, dtype=np.float32)


def _mapped(path: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file, without reading them.

    The file is 8 bytes of header length, a JSON header of types, shapes and byte ranges, data.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    return {
        name: np.frombuffer(data[slice(*tensor["data_offsets"])], dtype="<f4").reshape(
            tensor["shape"]
        )
        for name, tensor in header.items()
        if tensor["dtype"] == "F32"
    }
