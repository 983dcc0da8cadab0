"""A reply as the type that was asked for, or why it is not.

It is read from the raw message, so that a reply that was streamed, or comes from the journal,
is read exactly as a fresh one. Of several objects the last one that fits counts: models draft
before they settle. What is meant without a doubt is understood (a wrapper around the object, a
list as a string, a number as text); what would have to be guessed is not.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from langchain_core.messages import AIMessage
from pydantic import BaseModel, ValidationError

from pagehop.agents.calling.raw import CUT_SHORT, FILTER, finish_of
from pagehop.agents.replying.json_text import (
    Objects,
    check_finite,
    cleaned,
    objects_in,
    spoken,
    whole,
)

Typed = TypeVar("Typed", bound=BaseModel)
Check: TypeAlias = Callable[[Typed], None]  # raises ValueError with a sentence for the model

WRAPPERS = frozenset({"arguments", "args", "parameters", "properties", "input", "function"})
DEPTH = 3  # wrappers around wrappers
PASSES = 3  # of mending, each of which may bring up the next
TOLD = 200  # characters of a refusal that are quoted


class UnfitError(Exception):
    """Why a reply is not of the type, in a sentence."""


def parse(reply: AIMessage, schema: type[Typed], check: Check[Typed] | None = None) -> Typed:
    """The last object in the reply that is of the type.

    Args:
        reply: as it came.
        schema: the type.
        check: raises ValueError where the object fits the type but not the case. No earlier
            one is taken instead: it is the last that the model means.

    Raises:
        UnfitError: there is none, with the reason of the object that came nearest.
    """
    typed = _last_typed(reply, schema)
    if check is not None:
        try:
            check(typed)
        except ValueError as error:
            raise _unfit(str(error), reply) from None
    return typed


def _last_typed(reply: AIMessage, schema: type[Typed]) -> Typed:
    nearest = ""
    any_object = False
    for found in _candidates(reply, schema):
        any_object = True
        try:
            if not _is_about(found, schema):
                continue
            check_finite(found)
            return _typed(cleaned(found), schema)
        except ValidationError as error:
            nearest = nearest or _sentence(error)
        except ValueError as error:
            nearest = nearest or str(error)
        except RecursionError:
            nearest = nearest or "it is nested too deeply."
    raise _unfit(nearest or _nothing(reply, schema, any_object), reply)


def _unfit(reason: str, reply: AIMessage) -> UnfitError:
    cut = finish_of(reply).lower() in CUT_SHORT
    return UnfitError(f"{reason} It was cut off: write less." if cut else reason)


def ended_early(reply: AIMessage) -> bool:
    """Whether the reply was stopped before its end, as far as the provider says so.

    LangChain completes the arguments of a tool call that was streamed and cut: of such a reply
    the last call cannot be trusted.
    """
    return finish_of(reply).lower() in CUT_SHORT | FILTER


def same_name(a: str, b: str) -> bool:
    """Whether two names are one as models write them: functions.text_reply is TextReply."""
    return _squeezed(a) == _squeezed(b)


def _squeezed(name: str) -> str:
    bare = name.replace(":", ".").rpartition(".")[2]
    return "".join(char for char in bare.casefold() if char.isalnum())


def _candidates(reply: AIMessage, schema: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """What may be the typed reply, the likeliest first, wrappers before what is in them."""
    name = schema.__name__
    calls = reply.tool_calls[:-1] if ended_early(reply) else reply.tool_calls
    named = [call["args"] for call in calls if same_name(call["name"], name)]
    sources: list[Sequence[Any]] = [named or [call["args"] for call in calls]]
    texts = [spoken(str(reply.text)), *(call["args"] or "" for call in reply.invalid_tool_calls)]
    for text in texts:
        objects = objects_in(text)
        sources.append(() if _is_torn(objects, reply) else objects.found)
    for source in sources:
        for found in reversed(source):
            yield from _unwrapped(found, schema)


def _is_torn(objects: Objects, reply: AIMessage) -> bool:
    """Whether what stands before a torn object is a draft of it."""
    return objects.torn and ended_early(reply)


def _unwrapped(found: object, schema: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """The object, and what it is merely a wrapper of."""
    layer = [found]
    for _ in range(DEPTH + 1):
        objects = [_bare(value) for value in layer]
        layer = []
        for value in objects:
            if isinstance(value, dict):
                yield value
                layer += [value[key] for key in value if _wraps(key, value, schema)]


def _bare(value: object) -> object:
    """The value itself: out of a list of one, and out of a string of JSON."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return whole(value) if isinstance(value, str) else value


def _wraps(key: object, value: Mapping[str, object], schema: type[BaseModel]) -> bool:
    if not isinstance(key, str) or key in schema.model_fields:
        return False
    return len(value) == 1 or key in WRAPPERS or same_name(key, schema.__name__)


def _is_about(found: Mapping[str, object], schema: type[BaseModel]) -> bool:
    """Whether an object can be meant as the type.

    Where every field has a default, any object at all would fit, such as a part of a reply
    that was broken; most of its fields must then be the type's.
    """
    fields = schema.model_fields
    known = sum(key in fields for key in found)
    if any(field.is_required() for field in fields.values()):
        return known > 0
    return known >= max(1, len(found) - known) or not fields


def _typed(found: dict[str, Any], schema: type[Typed]) -> Typed:
    """The object as the type, with what is plainly meant put right.

    Raises:
        ValidationError: it is not of the type.
    """
    for _ in range(PASSES):
        try:
            return schema.model_validate(found)
        except ValidationError as error:
            mended = _mended(found, error)
            if mended == found:
                raise
            found = mended
    return schema.model_validate(found)


def _mended(found: dict[str, Any], error: ValidationError) -> dict[str, Any]:
    """A copy without nulls where a value is due, numbers as text and JSON out of its strings."""
    mended = copy.deepcopy(found)
    for problem in error.errors(include_url=False, include_context=False):
        *way, last = problem["loc"] or ("",)
        holder = _at(mended, way)
        if isinstance(holder, dict) and last in holder:
            _mend_entry(holder, last, problem["type"])
    return mended


def _at(value: Any, way: Sequence[int | str]) -> Any:  # noqa: ANN401 - whatever JSON can be
    for step in way:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _mend_entry(holder: dict[Any, Any], key: object, problem: str) -> None:
    value = holder[key]
    if value is None:
        del holder[key]  # its default holds; where there is none, the field is missing
    elif problem == "string_type" and type(value) in (int, float):
        holder[key] = json.dumps(value)
    elif isinstance(value, str) and isinstance(inner := whole(value), dict | list):
        holder[key] = inner


def _nothing(reply: AIMessage, schema: type[BaseModel], any_object: bool) -> str:
    declined = _declined(reply)
    if declined:
        return declined
    if any_object:
        fields = ", ".join(f"`{name}`" for name in schema.model_fields)
        return f"it does not have its fields {fields}."
    return "there is no JSON object in it."


def _declined(reply: AIMessage) -> str:
    """That the model or its provider would not answer, in its own words where it gave any."""
    content: Any = reply.content
    blocks = content if isinstance(content, list) else []
    told = [reply.additional_kwargs.get("refusal")]
    told += [block.get("refusal") for block in blocks if isinstance(block, dict)]
    words = next((text for text in told if isinstance(text, str) and text), "")
    if words:
        return f"the model or its provider declined to answer: {words[:TOLD]!r}."
    filtered = finish_of(reply).lower() in FILTER
    return "the model or its provider declined to answer." if filtered else ""


def _sentence(error: ValidationError) -> str:
    """What is wrong, field by field, as far as a model can use it."""
    told = [
        f"field `{'.'.join(map(str, problem['loc'])) or 'the object'}`: "
        f"{problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)[:5]
    ]
    return "; ".join(told) + "."
