"""A model works with tools for a few steps and ends with a typed reply.

Results are data: they go back to the model in marked blocks, and a tool that fails is told
like any other result. Which tools are on offer is settled before any page is read. What a
model writes into their arguments after it has read pages may come from those pages, and this
loop cannot tell; so nobody should offer it a tool that spends, sends or deletes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from pagehop.agents.abilities import Abilities, abilities_of
from pagehop.agents.calling.calls import Calls
from pagehop.agents.prompting import data_block, shorten
from pagehop.agents.replying.fitting import fit, invoke_fitted
from pagehop.agents.replying.json_text import cleaned
from pagehop.agents.replying.parsing import ended_early, same_name
from pagehop.agents.replying.replies import (
    Check,
    Typed,
    ask,
    offers_tools,
    said_after,
    schema_text,
    settle,
)
from pagehop.tools.errors import ContentRefusedError, ContextTooLongError, RequestRefusedError
from pagehop.tools.toolbox import ToolOutcome, run_tool

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

Block: TypeAlias = dict[str, Any]
Content: TypeAlias = list[str | dict[Any, Any]]  # as LangChain's messages take it
STEPS = 6  # times that tools may be called before the reply is due
AT_ONCE = 6  # tool calls of one step that are carried out
REPEATS = 2  # calls made over again that end it
RESULT = 6000  # characters of a result that the model is shown
ENOUGH = "No more tools can be called. Reply now."


@dataclass(kw_only=True)
class ToolLoop(Generic[Typed]):
    """One piece of work: who does it, with what, and how it must end.

    Attributes:
        calls: the run's calls.
        model: who works.
        schema: the type of the reply that ends it.
        role: on whose behalf.
        tools: on offer.
        mark: of the data blocks.
        check: of the reply, as for `ask`.
        outcomes: what the tools gave, in order; filled as it runs.
    """

    calls: Calls
    model: BaseChatModel
    schema: type[Typed]
    role: str
    tools: Sequence[BaseTool]
    mark: str
    check: Check[Typed] | None = None
    outcomes: list[ToolOutcome] = field(default_factory=list)
    _made: dict[str, ToolOutcome] = field(default_factory=dict)  # calls -> what came of them
    _repeats: int = 0

    def run(self, messages: Sequence[BaseMessage]) -> Typed:
        """Work until the model replies, at most `STEPS` times with tools.

        What the model is shown stays within what it can take: see `fitting.fit`.

        Raises:
            InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `ask`.
        """
        told = list(messages)
        if not self.tools or not offers_tools(self.calls, self.model):
            return self._ask(told)
        able = abilities_of(self.model)
        runner = self.model.bind_tools([*self.tools, self.schema])
        asks = json.dumps([convert_to_openai_tool(tool) for tool in self.tools], sort_keys=True)
        for step in range(STEPS):
            told = fit(told, able)
            reply = self._step(told, runner, asks + schema_text(self.schema), first=step == 0)
            if reply is None:
                return self._ask_without_tools(told)
            if self._is_last(reply):
                return settle(
                    self.calls, self.model, told, reply, self.schema,
                    role=self.role, check=self.check,
                )  # fmt: skip
            reply = _sendable(reply, step)
            told += [reply, *self._results(reply, told, able)]
            if self._repeats >= REPEATS:
                break
        return self._ask(said_after(told, ENOUGH))

    def _step(
        self,
        told: Sequence[BaseMessage],
        runner: "Runnable[Any, Any]",
        asks: str,
        *,
        first: bool,
    ) -> AIMessage | None:
        """The model's next move; None where it turns out that it takes no tools."""
        try:
            return invoke_fitted(
                self.calls, self.model, told, role=self.role, runner=runner, asks=asks
            )
        except (ContextTooLongError, ContentRefusedError):
            raise
        except RequestRefusedError:
            if not first:
                raise
            return None

    def _ask_without_tools(self, told: Sequence[BaseMessage]) -> Typed:
        """Ask for the reply at once; if that is answered, it was the tools that were refused."""
        typed = self._ask(told)
        self.calls.refused.add((id(self.model), "tool"))
        return typed

    def _is_last(self, reply: AIMessage) -> bool:
        names = [call["name"] or "" for call in (*reply.tool_calls, *reply.invalid_tool_calls)]
        return not names or any(same_name(name, self.schema.__name__) for name in names)

    def _results(
        self, reply: AIMessage, told: Sequence[BaseMessage], able: Abilities
    ) -> list[BaseMessage]:
        """One result a call, as providers insist, and the pictures that came with them."""
        results: list[BaseMessage] = []
        pictures: Content = []
        cut = len(reply.tool_calls) - 1 if ended_early(reply) else None
        for number, call in enumerate(reply.tool_calls):
            if number >= AT_ONCE:
                content: Content = [_text(f"Not done: at most {AT_ONCE} calls at once.")]
            elif number == cut:  # its arguments may not be whole
                content = [_text("Not done: your message was cut off. Write less.")]
            else:
                content = self._result(call["name"], call["args"], told)
            if not able.images_in_results and content[1:]:
                pictures += [_text(self._caption(number)), *content[1:]]
                content = content[:1]
            results.append(ToolMessage(content, tool_call_id=call["id"] or "", name=call["name"]))
        results += [
            ToolMessage(
                "Not done: the arguments are no valid JSON.",
                tool_call_id=broken["id"] or "",
                name=broken["name"] or "unknown",
                status="error",
            )
            for broken in reply.invalid_tool_calls
        ]
        return [*results, HumanMessage(pictures)] if pictures else results

    def _result(self, name: str, args: Mapping[str, Any], told: Sequence[BaseMessage]) -> Content:
        tool = next((tool for tool in self.tools if tool.name == name), None)
        if tool is None:
            return [_text(f"There is no tool {name!r}; there are {[t.name for t in self.tools]}.")]
        key = json.dumps([name, args], sort_keys=True, default=str)
        known = self._made.get(key)
        if known is not None and _is_still_shown(known, told):
            self._repeats += 1
            return [_text(f"Not done again: this call of {name} has been made; see its result.")]
        outcome = self._made[key] = run_tool(tool, args)
        self.outcomes.append(outcome)
        title = f"result of {tool.name}" if outcome.ok else f"failure of {tool.name}"
        content = data_block(shorten(outcome.content, RESULT), self.mark, title)
        return [_text(content), *outcome.images]

    def _caption(self, number: int) -> str:
        """Which result the pictures belong to that follow, by the name that it gave them."""
        artifact = self.outcomes[-1].artifact
        named = artifact.get("view") if isinstance(artifact, Mapping) else None
        return f"Picture {named}:" if named else f"Pictures of result {number + 1}:"

    def _ask(self, told: Sequence[BaseMessage]) -> Typed:
        return ask(self.calls, self.model, told, self.schema, role=self.role, check=self.check)


def _sendable(reply: AIMessage, step: int) -> AIMessage:
    """The reply as it can be sent back: whole characters, and an id for each of its calls.

    Some servers give no ids, or the same to all; results are matched to calls by them.
    """
    calls: list[Any] = [*reply.tool_calls, *reply.invalid_tool_calls]
    given = [call["id"] for call in calls]
    if not all(given) or len(set(given)) < len(given):
        given = [f"call_{step}_{number}" for number in range(len(calls))]
    valid = len(reply.tool_calls)
    named = [
        {**call, "id": name, "args": cleaned(call["args"])}
        for call, name in zip(calls, given, strict=True)
    ]
    return reply.model_copy(
        update={
            "content": cleaned(reply.content),
            "tool_calls": named[:valid],
            "invalid_tool_calls": named[valid:],
        }
    )


def _is_still_shown(outcome: ToolOutcome, told: Sequence[BaseMessage]) -> bool:
    """Whether the pictures of a result are still in the conversation; one without any is."""
    blocks = [
        block for message in told if isinstance(message.content, list) for block in message.content
    ]
    return all(image in blocks for image in outcome.images)


def _text(text: str) -> Block:
    return {"type": "text", "text": text}
