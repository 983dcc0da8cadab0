"""What differs between late-interaction models: how pictures and words are put before each.

ColPali (Faysse et al., 2024), ColQwen2 (the same), ColModernVBert (Teiletche et al., 2025), by
their processors in transformers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Any, Protocol

from pagehop.tools.boxes import BBox
from pagehop.tools.retrieval.visual.grids import Block
from pagehop.tools.retrieval.visual.loading import Loaded

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

LONGEST_TEXT = 1_024  # tokens of a passage; the rest of it is cut off

_TILES = 6  # rows, and columns, that ColModernVBert has markers for


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch, ready for a model."""

    tensors: "dict[str, torch.Tensor]"  # with an attention_mask: (items, tokens), 1 where real
    blocks: tuple[tuple[Block, ...], ...] = ()  # of each picture, counted from its first real token
    kept: "torch.Tensor | None" = None  # (items, tokens), 1 where a vector is kept; None: the mask
    marks: tuple[int, ...] = ()  # ids that are no words, besides the tokenizer's special ones


class Family(Protocol):
    """Puts pictures, questions and passages before a model."""

    def pictures(self, pictures: "Sequence[Image]") -> Inputs:
        """Pages or crops, in RGB."""
        ...

    def questions(self, texts: Sequence[str]) -> Inputs:
        """What is looked for."""
        ...

    def passages(self, texts: Sequence[str]) -> Inputs:
        """What is looked in, where text is read instead of pictures."""
        ...


class ProcessorFamily:
    """ColQwen2, ColPali and ColModernVBert: their processors know it all but the passages."""

    def __init__(self, loaded: Loaded) -> None:
        self._processor = loaded.processor
        self._tokenizer = loaded.tokenizer
        self._kind = str(loaded.config.model_type)

    def pictures(self, pictures: "Sequence[Image]") -> Inputs:
        """Pages or crops, in RGB."""
        tensors = dict(self._processor.process_images(images=list(pictures)))
        tensors.pop("labels", None)  # for training
        real = tensors["attention_mask"].bool()
        seen = [
            (ids[mask] == self._processor.image_token_id).nonzero().flatten().tolist()
            for ids, mask in zip(tensors["input_ids"], real, strict=True)
        ]
        grids = self._grids(tensors, [len(places) for places in seen])
        blocks = tuple(_laid_out(places, cells) for places, cells in zip(seen, grids, strict=True))
        return Inputs(tensors, blocks)

    def questions(self, texts: Sequence[str]) -> Inputs:
        """What is looked for."""
        return Inputs(dict(self._processor.process_queries(text=list(texts))))

    def passages(self, texts: Sequence[str]) -> Inputs:
        """What is looked in; without the words and the padding that mark a question."""
        tensors = tokenized(self._tokenizer, texts)
        if self._kind == "colpali":  # without them PaliGemma lets words look at the padding
            tensors["token_type_ids"] = tensors["attention_mask"] * 0
        return Inputs(tensors)

    def _grids(
        self, tensors: "dict[str, torch.Tensor]", counts: Sequence[int]
    ) -> list[list[tuple[int, int, BBox]]]:
        """Of each picture its grids: rows, columns, and the part of the picture they cover."""
        whole: BBox = (0.0, 0.0, 1.0, 1.0)
        if self._kind == "colqwen2":
            merged = self._processor.image_processor.merge_size
            shapes = tensors["image_grid_thw"][:, 1:] // merged
            return [[(int(high), int(wide), whole)] for high, wide in shapes.tolist()]
        if self._kind == "colpali":  # every picture is squeezed into one square
            return [[(isqrt(count), isqrt(count), whole)] for count in counts]
        return [
            self._tiles(ids.tolist(), count)
            for ids, count in zip(tensors["input_ids"], counts, strict=True)
        ]

    def _tiles(self, ids: Sequence[int], count: int) -> list[tuple[int, int, BBox]]:
        """ColModernVBert cuts a picture into square tiles, and shows the whole once more at last.

        A marker before each tile says its row and column, of six each.
        """
        side = isqrt(self._processor.image_seq_len)
        whole: list[tuple[int, int, BBox]] = [(side, side, (0.0, 0.0, 1.0, 1.0))]
        if count <= self._processor.image_seq_len:
            return whole
        order = {marker: at for at, marker in enumerate(self._processor.row_col_ids)}
        marked = [divmod(order[one], _TILES) for one in ids if one in order]
        rows = 1 + max((row for row, _ in marked), default=0)
        columns = 1 + max((column for _, column in marked), default=0)
        parts = [
            (side, side, (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows))
            for row in range(rows)
            for column in range(columns)
        ]
        return [*parts, *whole]


def tokenized(tokenizer: Any, texts: Sequence[str]) -> "dict[str, torch.Tensor]":  # noqa: ANN401
    """Texts as a batch of at most `LONGEST_TEXT` tokens each."""
    batch = tokenizer(
        list(texts),
        padding="longest",
        truncation=True,
        max_length=LONGEST_TEXT,
        return_tensors="pt",
        return_token_type_ids=False,
    )
    return dict(batch)


def _laid_out(places: Sequence[int], grids: Sequence[tuple[int, int, BBox]]) -> tuple[Block, ...]:
    """Blocks of a picture whose tokens stand at these places, grid after grid.

    None where the tokens are not as many as the grids have cells: then nothing is known of where
    a token looked, and only the page is.
    """
    if len(places) != sum(rows * columns for rows, columns, _ in grids):
        return ()
    blocks, used = [], 0
    for rows, columns, box in grids:
        blocks.append(Block(places[used], rows, columns, columns, box))
        used += rows * columns
    return tuple(blocks)
