"""The team that needs no model, no key and no download."""

from collections.abc import Sequence

from pagehop.agents.extractive.material import Source
from pagehop.agents.extractive.team import ExtractiveTeam

__all__ = ["ExtractiveTeam", "extractive_team"]


def extractive_team(corpus: Source, tools: Sequence[object] = ()) -> ExtractiveTeam:
    """The extractive team over a corpus. It has no use for custom tools: no rule knows them."""
    del tools
    return ExtractiveTeam(corpus)
