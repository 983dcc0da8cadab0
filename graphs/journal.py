"""The journal of a run: replies of its finished model calls, so that none is made twice."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagehop.graphs.runs import Runs


class RunJournal:
    """Replies of finished model calls of one run (the `Journal` of `agents.calls`)."""

    def __init__(self, runs: "Runs", run: str) -> None:
        self._runs = runs
        self._run = run

    def get(self, key: str) -> Mapping[str, object] | None:
        """The reply of that call, or None."""
        query = "SELECT reply FROM journal WHERE run = ? AND key = ?"
        row = self._runs.row(query, (self._run, key))
        reply: Mapping[str, object] | None = json.loads(row[0]) if row else None
        return reply

    def put(self, key: str, reply: Mapping[str, object]) -> None:
        """Remember a reply; it is on disk when this returns."""
        self._runs.write(
            ("INSERT OR REPLACE INTO journal (run, key, reply) VALUES (?, ?, ?)",
             (self._run, key, json.dumps(reply))),
        )  # fmt: skip
