"""One ranking out of several channels' rankings. Pure; ties go to the earlier document and page.

Raw scores are never added: a channel's scores are stretched to 0 to 1 within the query first.
Measured, that blend with the dense channel as a minority is better at rank 1 than reciprocal
ranks, and as good further down, as long as the channels cover the same pages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pagehop.tools.retrieval.channel import Match

Place: TypeAlias = tuple[str, int]  # document id, page
Scores: TypeAlias = dict[Place, float]
Method: TypeAlias = Literal["blend", "reciprocal"]

RANK_OFFSET = 60  # of Cormack, Clarke and Büttcher, Reciprocal Rank Fusion, 2009


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one channel found, best first, and how much its vote weighs."""

    matches: Sequence[Match]
    weight: float
    floor: float | None = None  # its score for "no match"; None: the worst it found


def blend(ballots: Mapping[str, Ballot]) -> Scores:
    """The weighted mean of the channels' scores, each stretched to 0 to 1; 0 where not found."""
    return _weighted({name: (ballot, _stretched(ballot)) for name, ballot in ballots.items()})


def reciprocal(ballots: Mapping[str, Ballot]) -> Scores:
    """The weighted mean of 61 / (60 + rank): 1 for a page that every channel has on top."""
    return _weighted(
        {
            name: (
                ballot,
                {
                    (match.document_id, match.page): (RANK_OFFSET + 1) / (RANK_OFFSET + rank)
                    for rank, match in enumerate(ballot.matches, start=1)
                },
            )
            for name, ballot in ballots.items()
        }
    )


def ranked(scores: Mapping[Place, float]) -> list[Place]:
    """Places, best first; of equal ones the earlier document and page."""
    return [place for _, place in sorted([(-score, place) for place, score in scores.items()])]


def boosted(scores: Mapping[Place, float], boosts: Mapping[Place, float]) -> Scores:
    """The scores with something added to some places, whether or not they had any."""
    return {place: scores.get(place, 0.0) + boosts.get(place, 0.0) for place in {*scores, *boosts}}


def _stretched(ballot: Ballot) -> Scores:
    scores = {(match.document_id, match.page): match.score for match in ballot.matches}
    if not scores:
        return {}
    high = max(scores.values())
    low = min(scores.values()) if ballot.floor is None else ballot.floor
    if high <= low:
        return dict.fromkeys(scores, 1.0)
    return {place: (score - low) / (high - low) for place, score in scores.items()}


def _weighted(votes: Mapping[str, tuple[Ballot, Scores]]) -> Scores:
    total = sum(sorted(ballot.weight for ballot, _ in votes.values()))
    fused: Scores = {}
    for name in sorted(votes):  # one order of adding, so that the last digit is the same too
        ballot, scores = votes[name]
        for place, score in scores.items():
            fused[place] = fused.get(place, 0.0) + score * ballot.weight / (total or 1.0)
    return fused
