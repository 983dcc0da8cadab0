"""The team that needs no model, no key and no download."""

from pagehop.agents.extractive.material import Source
from pagehop.agents.extractive.team import ExtractiveTeam

__all__ = ["ExtractiveTeam", "extractive_team"]


def extractive_team(corpus: Source) -> ExtractiveTeam:
    """The extractive team over a corpus."""
    return ExtractiveTeam(corpus)
