"""Gold boxes of data sets, which are in points of the page, as fractions."""

from pagehop.evals.question import GoldRegion
from pagehop.evals.records import Record
from pagehop.tools.boxes import from_points


def gold_region(document: str, record: Record, first_page: int = 1) -> GoldRegion:
    """The region of a record with `page`, `bbox` and `page_size`.

    Args:
        document: the name of the document.
        record: `bbox` is x0, y0, x1, y1, in the units of `page_size`, origin top left.
        first_page: what the data set calls the first page: 0 or 1.
    """
    width, height = record.numbers("page_size", 2)
    if width <= 0 or height <= 0:
        record.wrong("page_size", "a width and a height above 0")
    return GoldRegion(
        document=document,
        page=record.whole("page") + 1 - first_page,
        bbox=from_points(record.numbers("bbox", 4), width, height),
    )
