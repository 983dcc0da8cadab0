"""What a reader is shown of a page: one place that belongs together, never a box around two.

A passage of a table or figure is shown as the whole table or figure. A passage of text is shown
as the box around its lines, unless that box would hold lines of something else, as it does where
the text goes on in the next column: then it is shown as several blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pagehop.tools.boxes import BBox, area, enclose, intersection, share_inside
from pagehop.tools.corpus.records import Passage, Region
from pagehop.tools.retrieval.words.analysis import words

_FOREIGN = 0.03  # of a block's area: what of it may belong to another passage
_SAME = 0.5  # of a line that overlapping passages share


@dataclass(frozen=True, slots=True)
class Block:
    """A place on a page, with the lines in it that are meant."""

    bbox: BBox
    boxes: tuple[BBox, ...]  # within the bbox
    text: str
    region_id: str | None = None  # the table or figure it is


@dataclass(frozen=True, slots=True)
class PageLayout:
    """A page's passages and regions, to cut passages into blocks."""

    passages: Sequence[Passage]
    regions: Sequence[Region]

    def blocks(self, passage: Passage) -> tuple[Block, ...]:
        """The blocks of a passage of this page, in reading order; none where it has no boxes."""
        if passage.region_id:
            shown = next((one for one in self.regions if one.id == passage.region_id), None)
            if shown:
                return (whole(shown, passage),)
        runs = self._runs(passage)
        if len(runs) == 1:
            return (_block(runs[0], passage.text, passage),)
        return tuple(_block(run, self._text(run) or passage.text, passage) for run in runs)

    def _runs(self, passage: Passage) -> list[list[BBox]]:
        """The passage's lines, in runs as long as nothing else lies within their box."""
        if not passage.boxes:
            return []
        others = self._others(passage, _around(passage.boxes))
        if not others:
            return [list(passage.boxes)]
        runs: list[list[BBox]] = []
        for line in passage.boxes:
            if runs and not _holds(_around([_around(runs[-1]), line]), others):
                runs[-1].append(line)
            else:
                runs.append([line])
        return runs

    def _others(self, passage: Passage, around: BBox) -> list[BBox]:
        """Lines of the page's other passages, and its tables and figures, near the passage."""
        shown = [one.bbox for one in self.regions if one.kind in ("table", "figure")]
        lines = [
            line
            for other in self.passages
            if other.id != passage.id and not other.region_id
            for line in other.boxes
        ]
        left, top, right, bottom = around
        near = [  # most are not, and this says so soonest
            box
            for box in (*lines, *shown)
            if box[1] < bottom and box[3] > top and box[0] < right and box[2] > left
        ]
        return [
            box for box in near if intersection(box, around) and not _is_one_of(box, passage.boxes)
        ]

    def _text(self, run: Sequence[BBox]) -> str:
        """The text of the layout regions that the run goes through."""
        found = dict.fromkeys(
            region.text
            for line in run
            for region in self.regions
            if share_inside(line, region.bbox) > _SAME
        )
        return "\n".join(filter(None, found))


def whole(region: Region, passage: Passage | None = None) -> Block:
    """A table or figure, with the rows or lines of one of its passages."""
    lines = passage.boxes if passage else ()
    inside = tuple(cut for line in lines if (cut := intersection(line, region.bbox)))
    said = passage.text if passage else "\n".join(filter(None, (region.caption, region.text)))
    return Block(region.bbox, inside or (region.bbox,), said, region.id)


def told(blocks: Sequence[Block], rarity: Mapping[str, float]) -> list[tuple[float, Block]]:
    """The blocks of one passage, each with its share, 0 to 1, of what the passage says of a query.

    Args:
        blocks: of one passage.
        rarity: the query's words, as index terms, and how telling each is.
    """
    if len(blocks) == 1:
        return [(1.0, blocks[0])]
    found = [
        (sum(rarity[word] for word in sorted(rarity.keys() & set(words(block.text)))), block)
        for block in blocks
    ]
    most = max((score for score, _ in found), default=0.0)
    if not most:
        return [(1.0, max(blocks, key=lambda block: area(block.bbox)))] if blocks else []
    return [(score / most, block) for score, block in found if score]


def _block(run: Sequence[BBox], text: str, passage: Passage) -> Block:
    return Block(_around(run), tuple(run), text, passage.region_id)


def _around(boxes: Sequence[BBox]) -> BBox:
    found = enclose(boxes)
    assert found is not None  # a run has a line
    return found


def _holds(box: BBox, others: Sequence[BBox]) -> bool:
    """Whether so much of the box is others' that it is not one place."""
    common = (intersection(box, other) for other in others)
    return sum(area(part) for part in common if part) > _FOREIGN * area(box)


def _is_one_of(line: BBox, own: Sequence[BBox]) -> bool:
    """Whether the line is the passage's too: passages of a long run overlap by some words."""
    return any(
        share_inside(line, one) > _SAME and share_inside(one, line) > _SAME
        for one in own
        if intersection(line, one)
    )
