"""How alike two texts are, by the edits between them."""

from rapidfuzz.distance import Levenshtein


def similarity(one: str, other: str) -> float:
    """1 less the edits between two texts over the length of the longer; 1 for two empty ones.

    The normalised Levenshtein similarity that ANLS averages (Biten et al., Scene Text Visual
    Question Answering, ICCV 2019).

    >>> similarity("alder", "alter")
    0.8
    """
    longer = max(len(one), len(other))
    return 1 - Levenshtein.distance(one, other) / longer if longer else 1.0
