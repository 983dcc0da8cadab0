"""Signals: what is known of a page beside what the channels find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pagehop.tools.corpus.records import Document
from pagehop.tools.retrieval.channel import Match, Query, Scope
from pagehop.tools.retrieval.fusion import Place, Scores
from pagehop.tools.retrieval.routing.pilots import Granularity


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One search, as a signal sees it."""

    query: Query
    scope: Scope
    documents: Mapping[str, Document]  # those of the scope, by id
    lists: Mapping[str, Sequence[Match]]  # what each channel found, best first
    granularity: Granularity = "region"  # how much of a document the question is about


class Signal(Protocol):
    """One reason to rank a page higher or lower, whichever channel found it."""

    name: str

    def scores(self, asked: Asked, scores: Mapping[Place, float]) -> Mapping[Place, float]:
        """What to add to the scores so far, which began between 0 and 1; less than 0 lowers."""
        ...


@runtime_checkable
class Knowing(Protocol):
    """What keeps on disk something that it has worked out of documents."""

    def update(self) -> int:
        """Work it out of documents that are new, forget those gone; returns how many."""
        ...

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        ...


def adjusted(signals: Sequence[Signal], asked: Asked, scores: Scores) -> Scores:
    """The scores with what every signal adds, each seeing the sum of those before it."""
    for signal in signals:
        added = signal.scores(asked, scores)
        scores = scores | {place: scores.get(place, 0.0) + more for place, more in added.items()}
    return scores
