"""Typed replies: a model is asked for a type, and the caller gets that type or a named error.

The type goes out by the best way the model has: as a tool that it must call, else as a JSON
schema in the text. Whatever comes back is parsed here, from the raw message, so that a reply
from the journal is read exactly as a fresh one. A reply that does not fit is shown its error
and asked for once more.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ValidationError

from pagehop.agents.calls import Calls
from pagehop.tools.errors import InvalidReplyError, RequestRefusedError

logger = logging.getLogger(__name__)

Typed = TypeVar("Typed", bound=BaseModel)
Check: TypeAlias = Callable[[Typed], None]  # raises ValueError with a sentence for the model

SHOWN = 60  # characters of a reply that an error quotes
REPEATED = 6000  # characters of a reply that are shown to the model when it is to mend it
CUT_OFF = frozenset({"length", "max_tokens", "MAX_TOKENS"})  # how providers call it


class _UnfitError(Exception):
    """Why a reply is not of the type, in a sentence."""


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
        messages: what is asked.
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
    except _UnfitError as unfit:
        logger.info("the %s's reply does not fit: %s", role, unfit)
        again = [*messages, *_mend(reply, schema, str(unfit))]
    second = _send(calls, model, again, schema, role=role)
    try:
        return parse(second, schema, check)
    except _UnfitError as unfit:
        began = _told(second)[:SHOWN]
        raise InvalidReplyError(
            f"The {role}'s reply is not a {schema.__name__}, even after one repair: {unfit} "
            f"It began {began!r}."
        ) from None


def parse(reply: AIMessage, schema: type[Typed], check: Check[Typed] | None = None) -> Typed:
    """The first object in the reply that is of the type.

    Raises:
        _UnfitError: there is none, with the reason of the first object that is not.
    """
    first: str = ""
    for found in _objects(reply, schema.__name__):
        try:
            typed = schema.model_validate(found)
            if check is not None:
                check(typed)
        except ValidationError as error:
            first = first or _sentence(error)
        except ValueError as error:
            first = first or str(error)
        else:
            return typed
    raise _UnfitError((first or "there is no JSON object in it.") + _cut_off(reply))


def offers_tools(calls: Calls, model: BaseChatModel) -> bool:
    """Whether the model can be offered tools, as far as it is known."""
    profile = getattr(model, "profile", None) or {}
    overridden = type(model).bind_tools is not BaseChatModel.bind_tools
    allowed = getattr(model, "tool_calling", profile.get("tool_calling", True))
    return overridden and allowed is not False and id(model) not in calls.plain_speakers


def schema_text(schema: type[BaseModel]) -> str:
    """The type as JSON schema, in one line."""
    return json.dumps(schema.model_json_schema(), sort_keys=True, ensure_ascii=False)


def _send(
    calls: Calls,
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    schema: type[BaseModel],
    *,
    role: str,
) -> AIMessage:
    runner = _structured(calls, model, schema)
    refused: RequestRefusedError | None = None
    if runner is not None:
        try:
            return calls.invoke(model, messages, role=role, runner=runner, asks=schema_text(schema))
        except RequestRefusedError as error:  # a server that knows no tools says so with a 4xx
            logger.info("the %s's model takes no schema, it is asked in plain words", role)
            refused = error
    plain = [*messages, HumanMessage(_plain_words(schema))]
    reply = calls.invoke(model, plain, role=role)
    if refused is not None:
        calls.plain_speakers.add(id(model))
    return reply


def _structured(
    calls: Calls, model: BaseChatModel, schema: type[BaseModel]
) -> Runnable[Any, Any] | None:
    """The model bound to reply with the type; None where it can only be asked in words."""
    profile = getattr(model, "profile", None) or {}
    if id(model) in calls.plain_speakers:
        return None
    method = "function_calling"
    if not offers_tools(calls, model):
        if not profile.get("structured_output"):
            return None
        method = "json_schema"
    try:
        # Function calling is what most providers do, and its raw reply comes through unparsed.
        bound: Runnable[Any, Any] = model.with_structured_output(
            schema, include_raw=True, method=method
        )
    except (NotImplementedError, ValueError, TypeError) as error:
        logger.info("no structured output: %s", error)
        return None
    return bound


def _objects(reply: AIMessage, name: str) -> Iterator[object]:
    """What may be the typed reply: arguments of the tool of that name, then JSON in the text."""
    for call in reply.tool_calls:
        if call["name"] == name:
            yield call["args"]
    for broken in reply.invalid_tool_calls:
        yield from _json_objects(broken["args"] or "")
    yield from _json_objects(str(reply.text))


def _json_objects(text: str) -> Iterator[object]:
    """JSON objects in a text, outermost ones, whatever stands around them."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield found
        start = text.find("{", end)


def _mend(reply: AIMessage, schema: type[BaseModel], unfit: str) -> list[BaseMessage]:
    """The unfit reply as the model's own words, and what is wrong with it.

    Its tool calls are shown as text: a provider would insist on their results otherwise.
    """
    return [
        AIMessage(content=_told(reply)[:REPEATED] or "(nothing)"),
        HumanMessage(
            f"This is not a valid {schema.__name__}: {unfit} "
            f"Give the whole {schema.__name__} again, with that mended."
        ),
    ]


def _told(reply: AIMessage) -> str:
    calls = [json.dumps(call["args"], ensure_ascii=False) for call in reply.tool_calls]
    broken = [call["args"] or "" for call in reply.invalid_tool_calls]
    return "\n".join(part for part in (str(reply.text), *calls, *broken) if part)


def _plain_words(schema: type[BaseModel]) -> str:
    return (
        "Reply with one JSON object and nothing else. It must be valid by this JSON schema:\n"
        f"{schema_text(schema)}"
    )


def _sentence(error: ValidationError) -> str:
    """What is wrong, field by field, as far as a model can use it."""
    told = [
        f"field `{'.'.join(map(str, problem['loc'])) or 'the object'}`: "
        f"{problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)[:5]
    ]
    return "; ".join(told) + "."


def _cut_off(reply: AIMessage) -> str:
    told = reply.response_metadata
    reasons = (told.get("finish_reason"), told.get("stop_reason"), told.get("done_reason"))
    return " It was cut off: write less." if CUT_OFF.intersection(map(str, reasons)) else ""
