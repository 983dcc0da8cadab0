"""NeoMME: one small encoder for text and pages, without a vision tower.

Its pictures are cut into patches here, in Pillow and numpy, as its image processor cuts them:
that one needs torchvision, which pagehop does not.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.visual.families import LONGEST_TEXT, Inputs
from pagehop.tools.retrieval.visual.grids import Block
from pagehop.tools.retrieval.visual.loading import Loaded
from pagehop.tools.retrieval.visual.weights import read_json

if TYPE_CHECKING:
    from PIL.Image import Image

_PREFIX = 2  # tokens before the first patch: <doc> <img>


class NeoMME:
    """Puts pictures, questions and passages before a NeoMME."""

    def __init__(self, loaded: Loaded, folder: Path) -> None:
        """Read how it wants its pictures.

        Raises:
            UnknownModelError: it has no retrieval template, or asks for what is not known here.
        """
        self._tokenizer = loaded.tokenizer
        self._config = loaded.config
        self._row = self._tokenizer.convert_tokens_to_ids(_row_token(self._tokenizer))
        self._settings = _picture_settings(folder, int(loaded.config.patch_size))
        if not getattr(self._tokenizer, "chat_template", None):
            raise UnknownModelError(
                f"The model in {str(folder)!r} has no chat template, by which NeoMME marks "
                "questions and documents. Is the copy complete?"
            )

    def pictures(self, pictures: "Sequence[Image]") -> Inputs:
        """Pages or crops, in RGB: `<doc> <img>`, then rows of patches that end in a marker."""
        import torch

        cut = [self._patches(picture) for picture in pictures]
        longest = max(_PREFIX + rows * (columns + 1) for _, rows, columns, _ in cut)
        ids = torch.full((len(cut), longest), self._config.pad_token_id or 0)
        mask = torch.zeros((len(cut), longest), dtype=torch.long)
        positions = torch.zeros((2, len(cut), longest), dtype=torch.long)
        for at, (_, rows, columns, _) in enumerate(cut):
            length = _PREFIX + rows * (columns + 1)
            ids[at, :length] = self._config.image_token_id
            ids[at, 0] = self._config.document_token_id
            ids[at, _PREFIX + columns : length : columns + 1] = self._row
            mask[at, :length] = 1
            positions[:, at, :length] = torch.from_numpy(_positions(rows, columns))
        tensors = {
            "input_ids": ids,
            "attention_mask": mask,
            "position_ids": positions,
            "pixel_values": torch.from_numpy(np.concatenate([one[0] for one in cut])),
        }
        blocks = tuple(
            (Block(_PREFIX, rows, columns, columns + 1, (0.0, 0.0, *reach)),)
            for _, rows, columns, reach in cut
        )
        return Inputs(tensors, blocks)

    def questions(self, texts: Sequence[str]) -> Inputs:
        """What is looked for, as its template marks it."""
        return self._templated(texts, "query")

    def passages(self, texts: Sequence[str]) -> Inputs:
        """What is looked in, as its template marks it."""
        return self._templated(texts, "document")

    def _templated(self, texts: Sequence[str], task: str) -> Inputs:
        talks = [[{"role": "user", "content": [{"type": "text", "text": text}]}] for text in texts]
        batch = self._tokenizer.apply_chat_template(
            talks,
            task=task,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            padding=True,
            truncation=True,
            max_length=LONGEST_TEXT,
        )
        return Inputs({name: batch[name] for name in ("input_ids", "attention_mask")})

    def _patches(
        self, picture: "Image"
    ) -> tuple[NDArray[np.float32], int, int, tuple[float, float]]:
        """(patches, 3·side²), rows, columns, and how far they reach, in pictures."""
        from PIL import Image

        side = self._settings["patch_size"]
        size = _fitting(picture.size, self._settings)
        if size != picture.size:
            picture = picture.resize(size, self._settings["resample"])
        wide, high = size
        columns, rows = -(-wide // side), -(-high // side)
        canvas = Image.new("RGB", (columns * side, rows * side))  # black, as it was trained
        canvas.paste(picture)
        pixels = np.asarray(canvas, dtype=np.float32) * self._settings["rescale_factor"]
        pixels = (pixels - self._settings["image_mean"]) / self._settings["image_std"]
        cells = pixels.reshape(rows, side, columns, side, 3).transpose(0, 2, 1, 3, 4)
        patches = np.ascontiguousarray(cells.reshape(rows * columns, -1), dtype=np.float32)
        return patches, rows, columns, (columns * side / wide, rows * side / high)


def _positions(rows: int, columns: int) -> NDArray[np.int64]:
    """(2, tokens): the row and the column of each token; both count on after the prefix."""
    prefix = np.arange(_PREFIX)
    down = np.repeat(np.arange(rows), columns + 1) + _PREFIX
    across = np.tile(np.arange(columns + 1), rows) + _PREFIX
    return np.stack([np.concatenate([prefix, down]), np.concatenate([prefix, across])])


def _fitting(size: tuple[int, int], settings: dict[str, Any]) -> tuple[int, int]:
    """The size within the bounds of side and area, width before height."""
    wide, high = size
    area, scale = wide * high, 1.0
    if settings["min_pixels"] and area < settings["min_pixels"]:
        scale = (settings["min_pixels"] / area) ** 0.5
    if settings["max_side"]:
        scale = min(scale, settings["max_side"] / max(size))
    if settings["max_pixels"]:
        scale = min(scale, (settings["max_pixels"] / area) ** 0.5)
    if scale == 1.0:
        return size
    # to the nearest pixel where that keeps the bounds, else to the side that does
    ways = (round, math.floor if scale < 1 else math.ceil)
    tried = [(max(1, way(wide * scale)), max(1, way(high * scale))) for way in ways]
    kept = [one for one in tried if _keeps(one, settings)]
    return kept[0] if kept else tried[1 if scale < 1 else 0]


def _keeps(size: tuple[int, int], settings: dict[str, Any]) -> bool:
    area = size[0] * size[1]
    return (
        area >= (settings["min_pixels"] or 0)
        and area <= (settings["max_pixels"] or math.inf)
        and max(size) <= (settings["max_side"] or math.inf)
    )


def _picture_settings(folder: Path, patch_size: int) -> dict[str, Any]:
    """What its processor's file says of pictures, over the defaults of its class."""
    from PIL.Image import Resampling

    stored: dict[str, Any] = {}
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).is_file():
            found = read_json(folder / name)
            stored |= found.get("image_processor", found)
    bounds = stored.get("size") or {}
    mean, std = stored.get("image_mean") or [0.5] * 3, stored.get("image_std") or [0.5] * 3
    settings = {
        "patch_size": int(stored.get("patch_size") or patch_size),
        "max_side": stored.get("max_side"),
        "min_pixels": bounds.get("min_pixels"),
        "max_pixels": bounds.get("max_pixels"),
        "rescale_factor": float(stored.get("rescale_factor") or 1 / 255),
        "image_mean": np.asarray(mean, dtype=np.float32),
        "image_std": np.asarray(std, dtype=np.float32),
        "resample": Resampling(int(stored.get("resample", Resampling.BILINEAR))),
    }
    if settings["patch_size"] != patch_size:
        raise UnknownModelError(
            f"The processor in {str(folder)!r} cuts patches of {settings['patch_size']} pixels, "
            f"the model wants {patch_size}. Is the copy complete?"
        )
    return settings


def _row_token(tokenizer: Any) -> str:  # noqa: ANN401  tokenizers carry the tokens of their model
    return str(getattr(tokenizer, "row_token", None) or "<row>")
