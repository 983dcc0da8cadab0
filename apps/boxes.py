"""A box on a page, as it is written on the command line."""

import re
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from pagehop.tools.boxes import BBox

BoxOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--box", metavar="X0,Y0,X1,Y1", help="Only this part of the page, in fractions from 0 to 1."
    ),
]


def parse_box(text: str) -> "BBox | None":
    """Four fractions of the page; None where nothing is written.

    Raises:
        BadBoxError: they are no box on a page.
    """
    from pagehop.tools.boxes import from_model
    from pagehop.tools.errors import BadBoxError

    if not text:
        return None
    try:
        numbers = [float(part) for part in re.split(r"[,\s]+", text.strip())]
    except ValueError:
        raise BadBoxError(
            f"--box takes four numbers from 0 to 1, as 0.1,0.2,0.6,0.4; this is {text!r}."
        ) from None
    return from_model(numbers, shown=(1, 1), unit="fraction")
