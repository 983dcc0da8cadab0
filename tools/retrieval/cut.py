"""How many of the best pages are worth reading: a fixed number, by their scores, or by a mixture.

Pure. Whatever the method, what is kept is the beginning of the ranking, at least `least` pages
where there are so many, and never more than `most`.
"""

from collections.abc import Iterable, Sequence

from pagehop.tools.retrieval.mixture import mixture, upper_share
from pagehop.tools.retrieval.settings import Cut

LEAST = 3  # pages: what a reader should have seen before saying that something is not there
RATIO = 0.5  # of the best score
_EVEN = 0.5  # a score is of the upper component when that is as likely as not


def kept(scores: Sequence[float], method: Cut, most: int, least: int = LEAST) -> int:
    """How many of the first pages to keep.

    Args:
        scores: of the ranking, best first; at least `2 * most` of them for the mixture, which
            needs to see what does not fit, too.
        method: "fixed": `most`. "ratio": those with at least half the best score. "mixture":
            those of the upper of two components (ViDoRAG, 2025, bounded).
        most: at most so many.
        least: at least so many.
    """
    most = max(0, min(most, len(scores)))
    least = min(max(0, least), most)
    if method == "fixed" or most == 0:
        return most
    fitting = _by_ratio(scores) if method == "ratio" else _by_mixture(scores[: 2 * most])
    return min(max(fitting, least), most)


def _by_ratio(scores: Sequence[float]) -> int:
    if scores[0] <= 0:
        return len(scores)
    return _until(score >= RATIO * scores[0] for score in scores)


def _by_mixture(scores: Sequence[float]) -> int:
    """The beginning that is of the upper component; all where two cannot be told apart."""
    found = mixture(scores)
    if found is None:
        return len(scores)
    low, high = found
    # A wide upper component takes back the lowest scores: only the beginning is kept.
    return _until(upper_share(low, high, score) >= _EVEN for score in scores)


def _until(fits: Iterable[bool]) -> int:
    """How many fit before the first that does not."""
    count = 0
    for one in fits:
        if not one:
            break
        count += 1
    return count
