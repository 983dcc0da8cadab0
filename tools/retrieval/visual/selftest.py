"""What a freshly loaded model must do with two pages and two questions, before it is believed.

It finds models that were loaded wrongly: vectors that are no numbers, of no length, all the same,
blind to the picture, or different in the company of another page. It cannot find a model that was
never trained: random weights pass, as two different pages look different to them too.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pagehop.tools.errors import UnknownModelError

if TYPE_CHECKING:
    from PIL.Image import Image

Rows: TypeAlias = NDArray[np.float32]

QUESTIONS = ("total revenue in 2023", "wind turbines by country, of which offshore")

_APART = 1e-4  # of mean similarity: by how much a page must be nearer to itself than to the other
_SAME = 0.98  # cosine of a page's vectors alone and in company; half precision keeps .995


def check_late(
    name: str,
    pictures: "Callable[[Sequence[Image]], list[Rows]] | None",
    questions: Callable[[Sequence[str]], list[Rows]],
    dim: int,
) -> None:
    """Hold a late-interaction model to it.

    Args:
        name: of the model, for the message.
        pictures: pages to (tokens, dim) each; None for a model that does not see.
        questions: questions to (tokens, dim) each.
        dim: the length of a vector, as the config says.

    Raises:
        UnknownModelError: it fails; the message says in what.
    """
    asked = questions(QUESTIONS)
    for rows in asked:
        _sound(name, rows, dim)
    if asked[0].shape == asked[1].shape and np.allclose(asked[0], asked[1], atol=_APART):
        raise _failed(name, "it does not tell two different questions apart")
    if not _like(questions(QUESTIONS[:1])[0], asked[0]):
        raise _failed(name, "a question's vectors depend on the one it was encoded with")
    if pictures is not None:
        _check_pages(name, pictures, dim)


def _check_pages(name: str, pictures: "Callable[[Sequence[Image]], list[Rows]]", dim: int) -> None:
    pages = synthetic_pages()
    together = pictures(pages)
    for rows in together:
        _sound(name, rows, dim)
    for at in (0, 1):
        own, other = _maxsim(together[at], together[at]), _maxsim(together[at], together[1 - at])
        if own < other + _APART:
            raise _failed(name, "it does not tell two different pages apart")
        if not _like(pictures([pages[at]])[0], together[at]):
            raise _failed(name, "a page's vectors depend on the page it was encoded with")


def check_single(
    name: str,
    pictures: "Callable[[Sequence[Image]], Rows]",
    questions: Callable[[Sequence[str]], Rows],
) -> None:
    """Hold a model of one vector a picture to it; raises as `check_late` does."""
    pages = synthetic_pages()
    together, asked = pictures(pages), questions(QUESTIONS)
    if together.shape[-1] != asked.shape[-1]:
        raise _failed(name, "its vectors of pictures and of words are of different lengths")
    for rows in (together, asked):
        _sound(name, rows, rows.shape[-1])
        if float(rows[0] @ rows[1]) > 1 - _APART:
            raise _failed(name, "it gives two different pages, or questions, one vector")
    if not _like(pictures(pages[:1]), together[:1]):
        raise _failed(name, "a page's vector depends on the page it was encoded with")


def synthetic_pages() -> "list[Image]":
    """Two small pages that share nothing but paper: lines beside a chart, and a table."""
    from PIL import Image, ImageDraw

    lines, table = (Image.new("RGB", (336, 448), "white") for _ in range(2))
    pen = ImageDraw.Draw(lines)
    for top in range(30, 200, 14):
        pen.rectangle((24, top, 300 - top % 50, top + 6), fill="black")
    for at, height in enumerate((60, 120, 90, 150)):
        pen.rectangle((40 + 64 * at, 420 - height, 84 + 64 * at, 420), fill=(20, 90, 200 - 40 * at))
    pen = ImageDraw.Draw(table)
    for row in range(12):
        for column in range(4):
            box = (16 + 76 * column, 40 + 32 * row, 92 + 76 * column, 72 + 32 * row)
            pen.rectangle(box, fill=(200, 40, 40) if row == 0 else None, outline="black")
            pen.rectangle((box[0] + 8, box[1] + 10, box[0] + 30 + 9 * column, box[1] + 20), fill=0)
    return [lines, table]


def _sound(name: str, rows: Rows, dim: int) -> None:
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != dim:
        raise _failed(name, f"its vectors have the shape {rows.shape}, not (tokens, {dim})")
    if not np.isfinite(rows).all():
        raise _failed(name, "its vectors hold values that are no numbers")
    if not np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3):
        raise _failed(name, "its vectors are not of unit length")
    if len(rows) > 1 and np.allclose(rows, rows[0], atol=_APART):
        raise _failed(name, "all vectors of a page are the same")


def _maxsim(query: Rows, page: Rows) -> float:
    return float((query @ page.T).max(axis=1).mean())


def _like(a: Rows, b: Rows) -> bool:
    return a.shape == b.shape and float((a * b).sum(axis=1).mean()) >= _SAME


def _failed(name: str, how: str) -> UnknownModelError:
    return UnknownModelError(
        f"The model in {name!r} was loaded but fails its self-test: {how}. Is the copy complete, "
        "and does this version of transformers fit it? Half precision may be too coarse: try "
        "--device cpu."
    )
