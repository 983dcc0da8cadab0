"""How a search is made. The configurations that an evaluation compares are such settings."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pagehop.tools.retrieval.fusion import Method

Cut: TypeAlias = Literal["fixed", "ratio", "mixture"]  # after k hits; by score; by a mixture


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The parts of a search, each of which can be left out."""

    fusion: Method = "blend"
    pointing: bool = True  # what the question names: pages, figures, tables, documents
    route: bool = True  # ask only the channels of the modalities that the question needs
    hubs: bool = True  # over many documents, passages near to any question count less
    cascade: bool = True  # the pages of the leading documents as a search within each has them
    signals: tuple[str, ...] | None = None  # names of those that count; None: all there are
    collapse: bool = True  # copies of a page count once
    strata: bool = True  # of regions: each kind that the route asked for is among the first
    cut: Cut = "fixed"  # which of the first k hits are kept
