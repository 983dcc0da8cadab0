"""The agent: a compiled LangGraph graph over a corpus."""

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, Self, cast

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph

from pagehop.graphs.saver import CorpusSaver
from pagehop.graphs.services import Services
from pagehop.graphs.state import Asked, State, Told
from pagehop.graphs.visit import Setup, Visit


class DocumentAgent(CompiledStateGraph[State, Services, Asked, Told]):
    """A compiled graph that answers questions over a corpus.

    It is used like any LangGraph graph. `invoke` and `ainvoke` go through `stream` and
    `astream`, which give each run its services and, on a thread, its rows on disk.
    """

    setup: Setup

    @classmethod
    def of(cls, compiled: CompiledStateGraph[State, Services, Asked, Told], setup: Setup) -> Self:
        """The compiled graph as an agent; `compile` itself knows only LangGraph's own class."""
        agent = cls.__new__(cls)
        agent.__dict__.update(compiled.__dict__)
        agent.setup = setup
        return agent

    def copy(self, update: dict[str, Any] | None = None) -> Self:
        """The same agent with other attributes (another config, another checkpointer)."""
        twin = copy.copy(self)
        twin.__dict__.update(update or {})
        return twin

    def get_context_jsonschema(self) -> dict[str, Any] | None:
        """None: the services of a run are made here, nobody passes them in."""
        return None

    def stream(
        self,
        input: Any,  # noqa: A002, ANN401 LangGraph's name; a dict, None or a Command
        config: RunnableConfig | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Iterator[Any]:
        """Run, and yield as LangGraph's `stream` does."""
        visit = Visit(self, input, config, options)
        try:
            visit.open()
            try:
                yield from super().stream(visit.input, visit.config, **visit.options)
            except Exception as error:
                visit.fail(error)
                raise
            visit.end()
        finally:
            visit.close()

    async def astream(
        self,
        input: Any,  # noqa: A002, ANN401 LangGraph's name; a dict, None or a Command
        config: RunnableConfig | None = None,
        **options: Any,  # noqa: ANN401
    ) -> AsyncIterator[Any]:
        """Run, and yield as LangGraph's `astream` does; what touches the disk is in threads."""
        visit = Visit(self, input, config, options)
        try:
            await asyncio.to_thread(visit.open)
            try:
                parts = cast(
                    "AsyncGenerator[Any, None]",
                    super().astream(visit.input, visit.config, **visit.options),
                )
                async with aclosing(parts) as open_parts:
                    async for part in open_parts:
                        yield part
            except Exception as error:
                await asyncio.to_thread(visit.fail, error)
                raise
            await asyncio.to_thread(visit.end)
        finally:
            visit.close()

    def close(self) -> None:
        """Close the files of runs, of kept replies and, if its own, of checkpoints."""
        self.setup.runs.close()
        if self.setup.cache is not None:
            self.setup.cache.close()
        if isinstance(self.checkpointer, CorpusSaver):
            self.checkpointer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
