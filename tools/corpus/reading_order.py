"""The order in which a person reads boxes on a page: recursive X-Y cut (Nagy and Seth, 1984).

Columns are tried first. Where none run down the whole part, it is cut into strips from top to
bottom, and neighbouring strips that share columns stay together, so that a wide title or figure
divides the columns but an accidental gap does not.
"""

from collections.abc import Sequence

from pagehop.tools.boxes import BBox

COLUMN_GAP = 0.008  # of the page's width; less is no gap between columns
ROW_GAP = 0.0
SHRINK = 0.004  # boxes of neighbours touch and overlap a little
DEPTH = 12


def reading_order(boxes: Sequence[BBox]) -> list[int]:
    """Positions of the boxes, first to be read first; the same for the same boxes."""
    shrunk = [_shrunk(box) for box in boxes]
    everything = sorted(range(len(boxes)), key=lambda n: (boxes[n][1], boxes[n][0], n))
    return _ordered(shrunk, everything, DEPTH)


def _ordered(boxes: Sequence[BBox], members: list[int], depth: int) -> list[int]:
    if len(members) < 2 or depth == 0:
        return members
    columns = _parts(boxes, members, 0, COLUMN_GAP)
    if len(columns) > 1:
        return [n for column in columns for n in _ordered(boxes, column, depth - 1)]
    strips = _joined(boxes, _parts(boxes, members, 1, ROW_GAP))
    if len(strips) > 1:
        return [n for strip in strips for n in _ordered(boxes, strip, depth - 1)]
    return members


def _joined(boxes: Sequence[BBox], strips: list[list[int]]) -> list[list[int]]:
    """Neighbouring strips that have columns in common, as one."""
    joined: list[list[int]] = []
    for strip in strips:
        if joined:
            both = joined[-1] + strip
            either = _columnar(boxes, joined[-1]) or _columnar(boxes, strip)
            if either and _columnar(boxes, both):
                joined[-1] = both
                continue
        joined.append(strip)
    return joined


def _columnar(boxes: Sequence[BBox], members: list[int]) -> bool:
    return len(_parts(boxes, members, 0, COLUMN_GAP)) > 1


def _parts(boxes: Sequence[BBox], members: list[int], axis: int, gap: float) -> list[list[int]]:
    """The members divided where an empty band runs across; axis 0: from left to right."""
    parts: list[list[int]] = []
    reach = float("-inf")
    for n in sorted(members, key=lambda m: (boxes[m][axis], m)):
        if parts and boxes[n][axis] - reach <= gap:
            parts[-1].append(n)
        else:
            parts.append([n])
        reach = max(reach, boxes[n][axis + 2])
    order = {n: position for position, n in enumerate(members)}
    return [sorted(part, key=order.__getitem__) for part in parts]


def _shrunk(box: BBox) -> BBox:
    x0, y0, x1, y1 = box
    dx, dy = min(SHRINK, (x1 - x0) / 4), min(SHRINK, (y1 - y0) / 4)
    return (x0 + dx, y0 + dy, x1 - dx, y1 - dy)
