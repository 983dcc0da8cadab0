"""The one door to a chat model: every call is counted, kept within the budget, and remembered.

A run that was killed asks the same things again when it resumes; a call that had finished is
then answered from the journal, and the model is not asked twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one question may cost. None of it can be overrun by more than one call in flight."""

    rounds: int = 3  # of critique
    model_calls: int = 40
    tokens: int = 400_000  # in and out
    seconds: float = 600.0


class Journal(Protocol):
    """Replies of finished model calls of one run, by a key made of what was asked."""

    def get(self, key: str) -> Mapping[str, object] | None:
        """The reply of that call, or None."""
        ...

    def put(self, key: str, reply: Mapping[str, object]) -> None:
        """Remember a reply; it is on disk when this returns."""
        ...
