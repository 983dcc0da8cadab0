"""The best one-to-one pairing of two lists."""

from collections.abc import Sequence


def best_pairs(worth: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Pairs of a row and a column, each used once at most, that are worth most together.

    The Hungarian method with potentials (Kuhn 1955; Jonker and Volgenant 1987), which adds the
    rows one by one along the cheapest path: rows² x columns steps.

    Args:
        worth: of each row's pair with each column; every row is as long as the others.

    >>> best_pairs([[0.9, 0.8], [0.7, 0.1]])
    [(0, 1), (1, 0)]
    """
    if not worth or not worth[0]:
        return []
    if len(worth) > len(worth[0]):
        turned = best_pairs([list(column) for column in zip(*worth, strict=True)])
        return sorted((row, column) for column, row in turned)
    columns = len(worth[0])
    row_price, column_price = [0.0] * len(worth), [0.0] * columns
    holder: list[int | None] = [None] * columns  # the row that has each column
    for row in range(len(worth)):
        _add(row, worth, holder, (row_price, column_price))
    return sorted((row, column) for column, row in enumerate(holder) if row is not None)


def _add(
    new: int,
    worth: Sequence[Sequence[float]],
    holder: list[int | None],
    prices: tuple[list[float], list[float]],
) -> None:
    """Give the new row a column, moving others along the cheapest path to a free one."""
    row_price, column_price = prices
    columns = range(len(holder))
    least = [float("inf")] * len(holder)
    came_from: list[int | None] = [None] * len(holder)
    done: list[int] = []
    row, at = new, None
    while True:
        open_ = [column for column in columns if column not in done]
        for column in open_:
            gap = -worth[row][column] - row_price[row] - column_price[column]
            if gap < least[column]:
                least[column], came_from[column] = gap, at
        step, nearest = min((least[column], column) for column in open_)
        _pay(step, new, done, holder, prices)
        for column in open_:
            least[column] -= step
        done.append(nearest)
        held = holder[nearest]
        if held is None:
            break
        row, at = held, nearest
    _move(nearest, new, came_from, holder)


def _pay(
    step: float,
    new: int,
    done: Sequence[int],
    holder: Sequence[int | None],
    prices: tuple[list[float], list[float]],
) -> None:
    row_price, column_price = prices
    row_price[new] += step
    for column in done:
        held = holder[column]
        assert held is not None
        row_price[held] += step
        column_price[column] -= step


def _move(column: int, new: int, came_from: Sequence[int | None], holder: list[int | None]) -> None:
    """Hand the columns of the path on, each to the row before it."""
    while True:
        before = came_from[column]
        holder[column] = new if before is None else holder[before]
        if before is None:
            return
        column = before
