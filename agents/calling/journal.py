"""Where replies of finished model calls are kept, and the secret that marks are made from."""

import secrets
from collections.abc import Mapping
from typing import Protocol

SECRET = "marks"  # noqa: S105 - the journal's key for what marks are made from, not a password


class Journal(Protocol):
    """Replies of finished model calls of one run, by a key made of what was asked."""

    def get(self, key: str) -> Mapping[str, object] | None:
        """The reply of that call, or None."""
        ...

    def put(self, key: str, reply: Mapping[str, object]) -> None:
        """Remember a reply; it is on disk when this returns."""
        ...


class Cache(Protocol):
    """Replies that outlive a run; what was asked under another secret is never kept."""

    def secret(self) -> str:
        """What marks in prompts are made from while this cache is used."""
        ...

    def get(self, key: str) -> Mapping[str, object] | None:
        """The reply of that call, or None."""
        ...

    def put(self, key: str, reply: Mapping[str, object], *, secret: str) -> None:
        """Remember a reply to a prompt that was marked under that secret."""
        ...


def run_secret(journal: Journal | None, cache: Cache | None) -> str:
    """The secret of a run: the journal's, so that a resumed run asks what it asked before.

    A new run takes the cache's, so that it asks what earlier runs have asked.
    """
    kept = journal.get(SECRET) if journal is not None else None
    if kept:
        return str(kept["secret"])
    made = cache.secret() if cache is not None else secrets.token_hex(16)
    if journal is not None:
        journal.put(SECRET, {"secret": made})
    return made
