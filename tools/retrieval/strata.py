"""No kind of region fills the first hits where the route asked for others too. Pure."""

from collections.abc import Collection, Sequence

FIRST = 5  # regions that hold one of each kind, more than there are kinds


def stratified(kinds: Sequence[str], wanted: Collection[str]) -> list[int]:
    """The order of regions in which the best of each wanted kind is among the first.

    It moves no more than it must: what comes in goes last of the first, and what it takes the
    place of goes next. How many hits are asked for has no say, so more begin with the same.

    Args:
        kinds: of the regions, best first.
        wanted: kinds that are to be there, as far as any region is of them.

    Returns:
        Positions in `kinds`, each once.
    """
    best = {kind: kinds.index(kind) for kind in wanted if kind in kinds}.values()
    late = sorted(at for at in best if at >= FIRST)
    order = list(range(len(kinds)))
    spare = [at for at in order[:FIRST] if at not in best]
    out = spare[len(spare) - len(late) :]
    head = [at for at in order[:FIRST] if at not in out]
    return list(dict.fromkeys([*head, *late, *out, *order]))
