"""Typed replies: a model is asked for a type, and the caller gets that type or a named error.

The type goes out by the best way the model has: as a JSON schema that holds its reply, else as
a tool that it must call, else in words. A way that the model's server refuses is not tried
again in this run. Whatever comes back is parsed in `agents/replying/parsing.py`. A reply that does
not fit is shown its error and asked for once more.
"""

import json
import logging
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from pagehop.agents.abilities import abilities_of
from pagehop.agents.calling.calls import Calls
from pagehop.agents.replying.fitting import invoke_fitted
from pagehop.agents.replying.json_text import spoken, storable
from pagehop.agents.replying.parsing import Check, Typed, UnfitError, ended_early, parse
from pagehop.tools.errors import (
    ContentRefusedError,
    ContextTooLongError,
    InvalidReplyError,
    RequestRefusedError,
)

logger = logging.getLogger(__name__)

Way: TypeAlias = Literal["schema", "tool", "words"]

SHOWN = 60  # characters of a reply that an error quotes
REPEATED = 6000  # characters of a reply that are shown to the model when it is to mend it
TORN = 1500  # the same of one that was cut off: it is to write less

__all__ = ["Check", "Typed", "ask", "offers_tools", "said_after", "schema_text", "settle"]


def ask(
    calls: Calls,
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    schema: type[Typed],
    *,
    role: str,
    check: Check[Typed] | None = None,
) -> Typed:
    """Ask for a reply of that type.

    Args:
        calls: the run's calls.
        model: who is asked.
        messages: what is asked; where it is more than the model takes, less of it is sent.
        schema: the type of the reply.
        role: on whose behalf.
        check: raises ValueError where the reply fits its type but not the case: an unknown id.

    Raises:
        InvalidReplyError: the reply does not fit, nor does the second one.
        BudgetSpentError, MissingKeyError, ModelCallError: as `Calls.invoke`.
    """
    reply = _send(calls, model, messages, schema, role=role)
    return settle(calls, model, messages, reply, schema, role=role, check=check)


def settle(  # noqa: PLR0913 - a call and its reply
    calls: Calls,
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    reply: AIMessage,
    schema: type[Typed],
    *,
    role: str,
    check: Check[Typed] | None = None,
) -> Typed:
    """The reply as that type; one that does not fit is sent back once with what is wrong.

    Raises:
        InvalidReplyError: it does not fit, nor does the second one.
        BudgetSpentError, MissingKeyError, ModelCallError: as `Calls.invoke`.
    """
    try:
        return parse(reply, schema, check)
    except UnfitError as unfit:
        logger.info("the %s's reply does not fit: %s", role, unfit)
        again = [*messages, *_mend(reply, schema, str(unfit))]
    second = _send(calls, model, again, schema, role=role)
    try:
        return parse(second, schema, check)
    except UnfitError as unfit:
        began = _told(second)[:SHOWN]
        raise InvalidReplyError(
            f"The {role}'s reply is not a {schema.__name__}, even after one repair: {unfit} "
            f"It began {began!r}."
        ) from None


def offers_tools(calls: Calls, model: BaseChatModel) -> bool:
    """Whether the model can be offered tools, as far as it is known by now."""
    return abilities_of(model).tools and (id(model), "tool") not in calls.refused


def schema_text(schema: type[BaseModel]) -> str:
    """The type as JSON schema, in one line."""
    return json.dumps(schema.model_json_schema(), sort_keys=True, ensure_ascii=False)


def said_after(messages: Sequence[BaseMessage], text: str) -> list[BaseMessage]:
    """The conversation with more said by us, in its last message where that is ours already.

    Many servers refuse two messages of the same side in a row.
    """
    *before, last = messages
    if not isinstance(last, HumanMessage):
        return [*messages, HumanMessage(text)]
    if isinstance(last.content, str):
        return [*before, HumanMessage(f"{last.content}\n\n{text}")]
    return [*before, HumanMessage([*last.content, {"type": "text", "text": text}])]


def _send(
    calls: Calls,
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    schema: type[BaseModel],
    *,
    role: str,
) -> AIMessage:
    """Ask by the best way that is not refused.

    Raises:
        RequestRefusedError: every way is, so that it is not the way that is refused.
    """
    refused: list[Way] = []
    for way in _ways(calls, model, messages):
        runner = _bound(model, schema, way)
        if runner is None and way != "words":
            continue
        said = said_after(messages, _plain_words(schema)) if way == "words" else messages
        asks = "" if way == "words" else schema_text(schema)
        try:
            reply = invoke_fitted(calls, model, said, role=role, runner=runner, asks=asks)
        except (ContextTooLongError, ContentRefusedError):
            raise
        except RequestRefusedError as error:
            if way == "words":
                raise
            logger.info("the %s's model is asked another way: %s", role, error)
            refused.append(way)
        else:
            calls.refused.update((id(model), way) for way in refused)
            return reply
    raise AssertionError  # words are always tried


def _ways(calls: Calls, model: BaseChatModel, messages: Sequence[BaseMessage]) -> list[Way]:
    """The ways that the model has, the best first.

    After results of tools a tool comes first: some providers take such results only beside a
    definition of tools.
    """
    able = abilities_of(model)
    has: dict[Way, bool] = {"schema": able.schema, "tool": able.tools}
    ways = [way for way in has if has[way] and (id(model), way) not in calls.refused]
    if any(isinstance(message, ToolMessage) for message in messages):
        ways.reverse()
    return [*ways, "words"]


def _bound(model: BaseChatModel, schema: type[BaseModel], way: Way) -> Runnable[Any, Any] | None:
    """The model bound to reply with the type; None where it cannot be bound in this way."""
    if way == "words":
        return None
    form: dict[str, Any] | type[BaseModel] = schema
    settings: list[dict[str, Any]] = [{"method": "function_calling"}]
    if way == "schema":
        # As a dict: of a class OpenAI's client makes objects, and raises where it cannot.
        form = schema.model_json_schema()
        settings = [{"method": "json_schema", "strict": True}, {"method": "json_schema"}]
    for setting in settings:
        try:
            return _asking_part(model.with_structured_output(form, include_raw=True, **setting))
        except (NotImplementedError, ValueError, TypeError) as error:
            logger.debug("no structured output with %s: %s", setting, error)
    return None


def _asking_part(structured: Runnable[Any, Any]) -> Runnable[Any, Any]:
    """Only what asks, without LangChain's parsers behind it.

    They complete JSON that was cut short, in time that grows with the square of its length.
    """
    steps = getattr(getattr(structured, "first", None), "steps__", {})
    part: Runnable[Any, Any] = steps.get("raw", structured)
    return part


def _mend(reply: AIMessage, schema: type[BaseModel], unfit: str) -> list[BaseMessage]:
    """The unfit reply as the model's own words, and what is wrong with it.

    Its tool calls are shown as text: a provider would insist on their results otherwise.
    """
    shown = TORN if ended_early(reply) else REPEATED
    return [
        AIMessage(_told(reply)[:shown] or "(nothing)"),
        HumanMessage(
            f"This is not a valid {schema.__name__}: {unfit} "
            f"Give the whole {schema.__name__} again, with that mended."
        ),
    ]


def _told(reply: AIMessage) -> str:
    """What the reply says, without its thinking; the same of a reply from the journal."""
    calls = [
        json.dumps(call["args"], ensure_ascii=False, sort_keys=True) for call in reply.tool_calls
    ]
    broken = [call["args"] or "" for call in reply.invalid_tool_calls]
    parts = (spoken(str(reply.text)).strip(), *calls, *broken)
    return storable("\n".join(part for part in parts if part))


def _plain_words(schema: type[BaseModel]) -> str:
    return (
        "Reply with one JSON object and nothing else. It must be valid by this JSON schema:\n"
        f"{schema_text(schema)}"
    )
