"""What data sets call the kind of their evidence, in our four words."""

from collections.abc import Iterable

from pagehop.tools.evidence import Modality

# The first part that a label contains decides: "Generalized-text (Layout)" is about the page.
_PARTS: tuple[tuple[str, Modality], ...] = (
    ("layout", "page"),
    ("meta-data", "page"),
    ("table", "table"),
    ("multimodal-t", "table"),
    ("chart", "figure"),
    ("figure", "figure"),
    ("image", "figure"),
    ("multimodal-f", "figure"),
    ("text", "text"),
    ("equation", "text"),
)


def modalities(labels: Iterable[str]) -> frozenset[Modality]:
    """The modalities that labels of evidence speak of; a label nobody knows counts for none.

    >>> sorted(modalities(["Chart", "Generalized-text (Layout)", "Pure-text (Plain-text)"]))
    ['figure', 'page', 'text']
    """
    return frozenset(found for label in labels for found in _meant(label.casefold()))


def _meant(label: str) -> Iterable[Modality]:
    return [modality for part, modality in _PARTS if part in label][:1]
