"""Pages, tables and figures as pictures, several at a time; one that fails costs only itself."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

from pagehop.tools.boxes import PAGE, BBox
from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.corpus.records import Page
from pagehop.tools.errors import InputError, StorageError, WorkerError

if TYPE_CHECKING:
    from PIL.Image import Image

# (document id, page, box or None for the whole page, dots an inch) -> a picture
Pictures: TypeAlias = "Callable[[str, int, BBox | None, float], Image]"
Item: TypeAlias = tuple[str, int, str]  # document id, page, region id or nothing

_DPI = (10.0, 300.0)
_POINTS = 792.0  # the longer side of a page whose size is not known
_AT_ONCE = 4  # pictures: each is drawn in a process of its own


def render(
    catalogue: Catalogue,
    pictures: Pictures,
    items: Mapping[Item, BBox | None],
    long_side: int,
) -> "tuple[dict[Item, Image], dict[Item, str]]":
    """Draw these, each `long_side` pixels long; returns the pictures, and why others failed.

    Raises:
        StorageError: the disk is full.
    """

    def drawn(item: Item) -> "Image | str":
        document, page, _ = item
        try:
            dpi = fitting_dpi(catalogue.page(document, page), items[item], long_side)
            return pictures(document, page, items[item], dpi)
        except StorageError:
            raise
        except (InputError, WorkerError) as error:
            return str(error) or type(error).__name__

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        made = dict(zip(items, threads.map(drawn, items), strict=True))
    failed = {item: one for item, one in made.items() if isinstance(one, str)}
    return {item: one for item, one in made.items() if not isinstance(one, str)}, failed


def fitting_dpi(page: Page, box: BBox | None, long_side: int) -> float:
    """The resolution at which a page, or a box of it, is `long_side` pixels long."""
    x0, y0, x1, y1 = box or PAGE
    longest = max((x1 - x0) * page.width, (y1 - y0) * page.height) or _POINTS
    return float(min(_DPI[1], max(_DPI[0], round(72 * long_side / longest))))
