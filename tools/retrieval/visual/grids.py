"""Which part of a picture each token of an encoder has seen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pagehop.tools.boxes import PAGE, BBox


@dataclass(frozen=True, slots=True)
class Block:
    """A run of tokens that are the cells of a grid, row by row, over a box of the picture."""

    start: int  # the first token's place in the sequence
    rows: int
    columns: int
    stride: int  # tokens from one row to the next; more than `columns` where rows end in a marker
    box: BBox = PAGE

    def cell(self, token: int) -> BBox | None:
        """What a token has seen, as a box on the picture; None for a token outside the grid."""
        row, column = divmod(token - self.start, self.stride)
        if not (0 <= row < self.rows and column < self.columns):
            return None
        x0, y0, x1, y1 = self.box
        wide, high = (x1 - x0) / self.columns, (y1 - y0) / self.rows
        left, top = x0 + column * wide, y0 + row * high
        return (left, top, min(1.0, left + wide), min(1.0, top + high))

    def packed(self) -> list[Any]:
        """As JSON can hold it."""
        return [self.start, self.rows, self.columns, self.stride, *self.box]


def unpacked(rows: Iterable[Sequence[float]]) -> tuple[Block, ...]:
    """Blocks as `packed` wrote them."""
    return tuple(
        Block(int(start), int(high), int(wide), int(stride), (x0, y0, x1, y1))
        for start, high, wide, stride, x0, y0, x1, y1 in rows
    )


def seen_by(token: int, blocks: Sequence[Block]) -> BBox | None:
    """What a token has seen: the first block that it stands in says."""
    for block in blocks:
        box = block.cell(token)
        if box is not None:
            return box
    return None
