"""A chat model that says what it was told to say: for tests, examples and trying things out.

It is a real LangChain chat model: it can be given to anything that takes one, binds tools,
gives structured output, streams, and counts its usage (a word is a token).
"""

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall, ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, PrivateAttr

from pagehop.tools.errors import ModelCallError


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    """One call that was made: what was asked, its whole text, and the tools on offer."""

    messages: tuple[BaseMessage, ...]
    prompt: str
    tools: tuple[str, ...]


class ScriptedChatModel(BaseChatModel):
    """A chat model that replies by a script, or by rules on what it is asked.

    A reply is a `str`; a pydantic object or a dict, which becomes the structured reply,
    whether it is asked for by a tool, by `with_structured_output` or as JSON in the text; an
    `AIMessage`, tool calls included; an `Exception`, which is raised; or a function that takes
    the messages and returns one of these.

    Attributes:
        script: replies in order. Ignored where a rule fits.
        rules: (text, reply): the first one whose text occurs in the prompt replies. A tuple of
            texts asks for all of them; a list of replies is used up one by one.
        tool_calling: False: no tools, as with a plain completion server.
        calls: what was asked so far.

    Raises:
        ModelCallError: the script has ended, or no rule fits.

    >>> model = ScriptedChatModel(script=["Hello."], rules=[("weather", "Rain.")])
    >>> model.invoke("How is the weather?").text, model.invoke("Hi").text
    ('Rain.', 'Hello.')
    """

    script: Sequence[Any] = ()
    rules: Sequence[tuple[str | tuple[str, ...], Any]] = ()
    tool_calling: bool = True
    model_name: str = "scripted"
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _calls: list[ScriptedCall] = PrivateAttr(default_factory=list)
    _told: int = PrivateAttr(default=0)  # replies of the script that are used up
    _used: dict[int, int] = PrivateAttr(default_factory=dict)  # the same for each rule's list

    @property
    def calls(self) -> tuple[ScriptedCall, ...]:
        """What was asked so far, in the order in which it came in."""
        with self._lock:
            return tuple(self._calls)

    @property
    def left(self) -> int:
        """How many replies of the script have not been used."""
        with self._lock:
            return len(self.script) - self._told

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools on offer.

        Raises:
            NotImplementedError: `tool_calling` is False.
        """
        if not self.tool_calling:
            raise NotImplementedError("This scripted model has tool_calling=False.")
        described = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=described, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - LangChain's signature
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ANN401
    ) -> ChatResult:
        prompt = "\n".join(_told_text(message) for message in messages)
        tools = tuple(tool["function"]["name"] for tool in kwargs.get("tools", ()))
        with self._lock:
            self._calls.append(ScriptedCall(tuple(messages), prompt, tools))
            reply = self._next(prompt)
        while callable(reply) and not isinstance(reply, type | BaseModel):
            reply = reply(messages)
        message = _as_message(reply, tools, kwargs.get("tool_choice"))
        message.usage_metadata = message.usage_metadata or _usage(prompt, message)
        message.response_metadata.setdefault("model_name", self.model_name)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Iterator[ChatGenerationChunk]:
        message = self._generate(messages, stop, run_manager, **kwargs).generations[0].message
        assert isinstance(message, AIMessage)
        for piece in _pieces(message):
            chunk = ChatGenerationChunk(message=piece)
            if run_manager is not None:
                run_manager.on_llm_new_token(str(piece.text), chunk=chunk)
            yield chunk

    def _next(self, prompt: str) -> Any:  # noqa: ANN401 - a reply may be many things
        for number, (texts, reply) in enumerate(self.rules):
            wanted = (texts,) if isinstance(texts, str) else texts
            if all(text in prompt for text in wanted):
                return self._of_rule(number, texts, reply)
        if self._told < len(self.script):
            self._told += 1
            return self.script[self._told - 1]
        raise ModelCallError(
            f"The script of {len(self.script)} replies has ended, and none of {len(self.rules)} "
            f"rules fits. This was asked: {prompt[-400:]!r}"
        )

    def _of_rule(self, number: int, texts: object, reply: Any) -> Any:  # noqa: ANN401
        if not isinstance(reply, list):
            return reply
        used = self._used.get(number, 0)
        if used >= len(reply):
            raise ModelCallError(f"The {len(reply)} replies of the rule {texts!r} are used up.")
        self._used[number] = used + 1
        return reply[used]


def _as_message(reply: Any, tools: Sequence[str], choice: object) -> AIMessage:  # noqa: ANN401
    if isinstance(reply, Exception):
        raise reply
    if isinstance(reply, AIMessage):
        return reply.model_copy(deep=True)
    if isinstance(reply, str):
        return AIMessage(content=reply)
    if not isinstance(reply, BaseModel | dict):
        raise TypeError(f"A scripted reply cannot be a {type(reply).__name__}: {reply!r}")
    fields = reply.model_dump(mode="json") if isinstance(reply, BaseModel) else reply
    name = _tool_for(reply, tools, choice)
    if name is None:
        return AIMessage(content=json.dumps(fields))
    call = ToolCall(name=name, args=fields, id=f"call_{uuid.uuid4().hex[:12]}")
    return AIMessage(content="", tool_calls=[call])


def _tool_for(reply: object, tools: Sequence[str], choice: object) -> str | None:
    """The tool that a structured reply goes through.

    It is the one of the reply's own name; for a dict the one that must be called, else the last.
    """
    if type(reply).__name__ in tools:
        return type(reply).__name__
    if not isinstance(reply, dict) or not tools:
        return None
    return choice if isinstance(choice, str) and choice in tools else tools[-1]


def _usage(prompt: str, message: AIMessage) -> UsageMetadata:
    told = _told_text(message)
    read, written = len(prompt.split()), len(told.split())
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _told_text(message: BaseMessage) -> str:
    """All text of a message, arguments of tool calls included."""
    calls = [json.dumps(call["args"]) for call in getattr(message, "tool_calls", [])]
    return "\n".join((str(message.text), *calls))


def _pieces(message: AIMessage) -> Iterator[AIMessageChunk]:
    """The message word by word; tool calls and usage come with the last piece."""
    parts: list[Any] = [message.content]
    if isinstance(message.content, str) and message.content:
        parts = re.findall(r"\S+\s*|\s+", message.content)
    for part in parts[:-1]:
        yield AIMessageChunk(content=part, id=message.id)
    yield AIMessageChunk(
        content=parts[-1],
        id=message.id,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        tool_call_chunks=[
            ToolCallChunk(
                name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index
            )
            for index, call in enumerate(message.tool_calls)
        ],
        chunk_position="last",
    )
