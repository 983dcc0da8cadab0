"""Checkpoints: a serializer that gives back our own records and nothing else, and a saver.

A checkpoint file is read like any other file from disk: as data. LangGraph's serializer would
by default import and call whatever a tampered file names.
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from pagehop.agents import team
from pagehop.graphs import state
from pagehop.graphs.database import connect
from pagehop.tools import evidence
from pagehop.tools.retrieval.channel import Hit

RECORDS = (
    *(kind for module in (team, evidence, state) for kind in vars(module).values()
      if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__),
    Hit,
)  # fmt: skip

MARK = "pagehop_run"  # in a checkpoint's metadata: the run it belongs to
FORGET_CHECKPOINTS = """
DELETE FROM checkpoints WHERE thread_id = :thread
    AND json_extract(CAST(metadata AS TEXT), :mark) = :run
    AND checkpoint_id < (
        SELECT max(checkpoint_id) FROM checkpoints AS newest
        WHERE newest.thread_id = :thread AND newest.checkpoint_ns = checkpoints.checkpoint_ns
    )
"""
FORGET_WRITES = """
DELETE FROM writes WHERE thread_id = :thread
    AND checkpoint_id NOT IN (SELECT checkpoint_id FROM checkpoints WHERE thread_id = :thread)
"""


class RecordSerializer(JsonPlusSerializer):
    """msgpack that knows our records and messages; any other type stays a plain dict."""

    def __init__(self) -> None:
        super().__init__(
            pickle_fallback=False,
            allowed_msgpack_modules=[(kind.__module__, kind.__name__) for kind in RECORDS],
        )

    def loads_typed(self, data: tuple[str, bytes]) -> Any:  # noqa: ANN401 whatever was saved
        """The value, with the tuples that msgpack made lists of."""
        return state.as_tuples(super().loads_typed(data))


def strict(checkpointer: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
    """The same saver with our serializer in place of LangGraph's own; another's own is kept."""
    if type(checkpointer.serde) is not JsonPlusSerializer:
        return checkpointer
    guarded = copy.copy(checkpointer)
    guarded.serde = RecordSerializer()
    return guarded


class CorpusSaver(SqliteSaver):
    """Checkpoints in the corpus folder, for `invoke` and `ainvoke` alike."""

    def __init__(self, path: Path) -> None:
        super().__init__(connect(path), serde=RecordSerializer())

    def forget_steps(self, thread: str, run: str) -> None:
        """Delete the steps of a run that has ended, all but the last: a chat grows by its turns.

        Args:
            thread: its id.
            run: what stands under `MARK` in the metadata of the run's checkpoints.
        """
        with self.cursor() as cursor:
            cursor.execute(FORGET_CHECKPOINTS, {"thread": thread, "mark": f"$.{MARK}", "run": run})
            cursor.execute(FORGET_WRITES, {"thread": thread})

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.conn.close()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """`get_tuple` in a thread."""
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """`list` in a thread."""

        def found() -> list[CheckpointTuple]:
            return list(self.list(config, filter=filter, before=before, limit=limit))

        for saved in await asyncio.to_thread(found):
            yield saved

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """`put` in a thread."""
        return await asyncio.to_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """`put_writes` in a thread."""
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        """`delete_thread` in a thread."""
        await asyncio.to_thread(self.delete_thread, thread_id)
