"""Pure work on regions: filling them with words, giving tables and figures their captions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pagehop.tools.boxes import BBox, area, intersection
from pagehop.tools.corpus.grid import as_markdown, grid_from_words
from pagehop.tools.corpus.prose import as_prose, visible
from pagehop.tools.corpus.records import Region, Word

NEAR = 0.12  # of the page: how far a caption may stand from its table or figure
_LABEL = re.compile(
    r"\s*(?P<name>(?i:(?:supplementary |appendix )?"
    r"(?:figure|fig\.?|table|tab\.|chart|exhibit|graph|scheme|plate|box)))"
    r"(?:\s*(?P<number>(?:[A-Z][-.]?)?\d+(?:[.-]\d+)*[a-z]?)|\s+(?P<letter>[A-Z]|[IVX]+))"
    r"(?=[:.|)\u2013\u2014-]|\s|$)"
)
_NAMES = {"fig": "Figure", "fig.": "Figure", "tab.": "Table"}


def caption_label(caption: str) -> str:
    """What the caption calls its table or figure: "Figure 3", "Table 2a"; "" where it does not.

    >>> caption_label("Fig. 3: Revenue by segment")
    'Figure 3'
    >>> caption_label("Figures are rounded.")
    ''
    """
    found = _LABEL.match(caption)
    if not found:
        return ""
    words = found["name"].split()
    named = (_NAMES.get(word.lower(), word.capitalize()) for word in words)
    return " ".join([*named, found["number"] or found["letter"]])


def fill_regions(
    regions: Iterable[Region], words: Sequence[Word], *, aspect: float = 1.0
) -> tuple[Region, ...]:
    """The regions with the text of the words inside them, tables with their cells.

    Regions that have text, or cells, keep them. Captions are found anew.

    Args:
        regions: of one page.
        words: of that page; hidden ones are left out.
        aspect: height of the page over its width.
    """
    listed = tuple(regions)
    inside = words_by_region(listed, words)
    filled = []
    for region in listed:
        own = inside[region.order]
        text = region.text or as_prose(own)
        new = replace(region, text=text)
        if region.kind == "table" and not region.cells:
            new = with_cells(new, own, aspect=aspect)
        filled.append(new)
    return with_captions(filled)


def with_cells(region: Region, words: Sequence[Word], *, aspect: float) -> Region:
    """The table with the cells that its words form, where they form any."""
    grid = grid_from_words(words, aspect)
    if grid is None:
        return region
    return replace(
        region, cells=grid.cells, cell_boxes=grid.boxes, markdown=as_markdown(grid.cells)
    )


def words_by_region(
    regions: Sequence[Region], words: Iterable[Word]
) -> Mapping[int, tuple[Word, ...]]:
    """Order of each region -> the visible words it is the smallest to hold; -1 -> the rest."""
    found: dict[int, list[Word]] = {-1: []}
    found.update((region.order, []) for region in regions)
    by_size = sorted(regions, key=lambda region: (area(region.bbox), region.order))
    for word in visible(words):
        x, y = (word.bbox[0] + word.bbox[2]) / 2, (word.bbox[1] + word.bbox[3]) / 2
        holder = next(
            (
                r.order
                for r in by_size
                if r.bbox[0] <= x <= r.bbox[2] and r.bbox[1] <= y <= r.bbox[3]
            ),
            -1,
        )
        found[holder].append(word)
    return {order: tuple(own) for order, own in found.items()}


def with_captions(regions: Sequence[Region]) -> tuple[Region, ...]:
    """Tables and figures with the caption that stands nearest, and the label it begins with."""
    labelled = [_as_caption(region) for region in regions]
    captions = [region for region in labelled if region.kind == "caption" and region.text]
    takers = [region for region in labelled if region.kind in ("table", "figure")]
    given: dict[int, Region] = {}
    pairs = sorted(
        (_distance(caption, taker), caption.order, taker.order)
        for caption in captions
        for taker in takers
    )
    taken: set[int] = set()
    by_order = {region.order: region for region in labelled}
    for distance, caption, taker in pairs:
        if distance <= NEAR and caption not in taken and taker not in given:
            given[taker] = by_order[caption]
            taken.add(caption)
    return tuple(
        replace(
            region, caption=given[region.order].text, label=caption_label(given[region.order].text)
        )
        if region.order in given
        else region
        for region in labelled
    )


def _as_caption(region: Region) -> Region:
    """A paragraph that begins with "Table 3:" is a caption, whatever the model called it."""
    found = _LABEL.match(region.text)
    after = region.text[found.end() :].lstrip()[:1] if found else ""
    if (
        region.kind in ("text", "heading", "list")
        and after in (":", ".", "|")
        and len(region.text) < 600
    ):
        return replace(region, kind="caption")
    return region


def _distance(caption: Region, taker: Region) -> float:
    """How far apart they are, in heights of the page; a caption of the other kind is farther."""
    gap = max(
        _gap(caption.bbox[1], caption.bbox[3], taker.bbox[1], taker.bbox[3]),
        _gap(caption.bbox[0], caption.bbox[2], taker.bbox[0], taker.bbox[2]),
    )
    label = caption_label(caption.text).lower()
    other = "table" if taker.kind == "figure" else "figure"
    wrong_kind = other in label and not overlap(caption.bbox, taker.bbox)
    return gap + (NEAR / 2 if wrong_kind else 0.0)


def _gap(a0: float, a1: float, b0: float, b1: float) -> float:
    return max(0.0, max(a0, b0) - min(a1, b1))


def overlap(a: BBox, b: BBox) -> bool:
    """Whether two boxes share area."""
    return intersection(a, b) is not None
