"""The protocol of a retrieval channel: one index over one modality.

A new channel is a new file with one class; nothing else changes. The contract tests in
`tests/tools/channel_contract.py` hold for every channel, shipped or your own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from pagehop.tools.boxes import BBox
from pagehop.tools.evidence import Modality

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from pagehop.tools.corpus.catalogue import Catalogue

Progress: TypeAlias = Callable[[str, int, int], None]  # what is being done, done, of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is searched for: words, a picture, or a picture and what should be different."""

    text: str  # with a picture: also what was read in it; empty where nothing was
    image: "Image | None" = None  # a crop: where else does this stand?
    against_hubs: bool = False  # what is near to any query shall count less, where a channel can


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where is searched: the ids of the documents, and pages to leave out."""

    documents: frozenset[str] | None = None  # None: all of the corpus
    without: frozenset[tuple[str, int]] = frozenset()  # (document id, page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A page that a channel found, with the passage of it that matched best, if it knows one."""

    document_id: str
    page: int
    score: float  # the channel's own; only its order means anything to others
    passage_id: str | None = None
    region_id: str | None = None  # the table or figure that matched, where the channel knows it
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A page or region that answers a query, best first in a list of them."""

    document: str  # the name a person knows
    document_id: str
    page: int
    page_label: str | None
    bbox: BBox | None  # None where only the page is known
    boxes: tuple[BBox, ...] = ()
    modality: Modality
    score: float  # fused, comparable within one search only
    channels: dict[str, int] = field(default_factory=dict)  # channel -> rank there, from 1
    text: str
    passage_id: str | None = None
    region_id: str | None = None
    reasons: tuple[str, ...] = ()  # of the channels that said why
    copies: tuple[tuple[str, int], ...] = ()  # document name, page: the same page elsewhere


@runtime_checkable
class Channel(Protocol):
    """One index over one modality. It reads the catalogue and owns whatever it derives from it.

    Plain class attributes fill the properties. Four more members are read where a channel has
    them: `always` (asked whatever the route says), `floor` (its score for "no match"), `passages`
    (see `hits.PassageScores`) and `prune()` (called at a removal instead of `update`).
    """

    @property
    def name(self) -> str:
        """How a person chooses it: lexical, dense, ..."""
        ...

    @property
    def modality(self) -> Modality:
        """What it knows; the route asks it for questions about that."""
        ...

    @property
    def weight(self) -> float:
        """Of its vote in the fusion."""
        ...

    def update(self, progress: Progress | None = None) -> int:
        """Index what the catalogue has and this channel lacks; returns how many items."""
        ...

    def search(self, query: Query, scope: Scope, k: int) -> Sequence[Match]:
        """At most `k` pages, best first, one match a page; a prefix of what `k + 1` gives."""
        ...

    def problems(self) -> Sequence[str]:
        """What a person should know: vectors missing, index rebuilt, weights not found."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...


ChannelMaker: TypeAlias = "Callable[[Catalogue, Path], Channel]"  # its class will do
