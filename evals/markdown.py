"""Numbers as a person reads them in a table: shares in per cent, intervals in brackets."""

from collections.abc import Iterable, Sequence

from pagehop.evals.resampling import Difference, Estimate

NONE = "none"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars in cells are kept from splitting them."""
    lines = (
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in (head, ["---"] * len(head), *rows)
    )
    return "\n".join(lines)


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.5678)
    '56.8'
    """
    return f"{100 * share:.1f}"


def estimated(estimate: Estimate | None) -> str:
    """A mean with its interval; of one document there is none."""
    if estimate is None:
        return NONE
    if estimate.documents == 1:
        return f"{percent(estimate.mean)} (one document)"
    return f"{percent(estimate.mean)} ({percent(estimate.low)} to {percent(estimate.high)})"


def mean(estimate: Estimate | None) -> str:
    """A mean alone."""
    return NONE if estimate is None else percent(estimate.mean)


def compared(difference: Difference | None) -> str:
    """A difference in points with its interval, and how often it is above 0."""
    if difference is None:
        return NONE
    if difference.documents == 1:
        return f"{100 * difference.mean:+.1f} (one document)"
    low, high = 100 * difference.low, 100 * difference.high
    return f"{100 * difference.mean:+.1f} ({low:+.1f} to {high:+.1f}; {difference.won:.0%})"


def counted(number: int, noun: str) -> str:
    """So many of something.

    >>> counted(1, "page"), counted(2, "page")
    ('1 page', '2 pages')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
