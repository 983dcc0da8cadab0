"""Model calls as plain JSON: the key of what was asked, and the reply that came.

Nothing here is ever unpickled or revived by class name: a reply is rebuilt field by field.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import ValidationError

KEPT = (
    "content",
    "tool_calls",
    "invalid_tool_calls",
    "usage_metadata",
    "additional_kwargs",
    "response_metadata",
)

LONG = 100  # characters of a picture's fields that are not hashed
UNSAID = frozenset(
    ("name", "cache", "verbose", "callbacks", "tags", "metadata", "custom_get_token_ids",
     "rate_limiter", "profile", "disable_streaming", "streaming", "stream_usage", "max_retries",
     "request_timeout", "timeout")
)  # fmt: skip


def call_key(role: str, model: str, messages: Sequence[BaseMessage], asks: str) -> str:
    """The same for the same call, in any process: 32 hex digits.

    Args:
        role: who asks.
        model: the model's name.
        messages: what is asked; ids of messages and of tool calls do not count.
        asks: tools and reply schema that go with it, as text.
    """
    told = [role, model, asks, [_asked(message) for message in messages]]
    return hashlib.blake2b(_json(told).encode(), digest_size=16).hexdigest()


def as_record(reply: AIMessage) -> dict[str, object]:
    """A reply as plain JSON data."""
    record: dict[str, object] = json.loads(_json({name: getattr(reply, name) for name in KEPT}))
    return record


def from_record(record: Mapping[str, Any]) -> AIMessage | None:
    """The reply of a record; None where the record is not one (a journal that was damaged)."""
    fields = {name: record[name] for name in KEPT if record.get(name) is not None}
    try:
        return AIMessage(**fields) if "content" in fields else None
    except (ValidationError, TypeError, AttributeError):
        return None


def image_count(messages: Sequence[BaseMessage]) -> int:
    """How many pictures go with these messages."""
    return sum(_is_image(block) for message in messages for block in _blocks(message))


def settings_of(model: object) -> str:
    """A model's class and its plain settings (temperature, address, seed, ...), as JSON.

    Keys and clients are left out, and what says how it is called, not what it replies.
    """
    inner = getattr(model, "bound", model)
    names = sorted(set(getattr(type(inner), "model_fields", {})) - UNSAID)
    told = {name: _plain(getattr(inner, name, None)) for name in names}
    return _json([type(inner).__qualname__, told])


def _plain(value: object) -> object:
    """The value where it is plain data; None for everything else."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) else None


def _asked(message: BaseMessage) -> list[Any]:
    content = [_shrunk(block) for block in _blocks(message)]
    calls = [[call["name"], call["args"]] for call in getattr(message, "tool_calls", [])]
    return [message.type, content, calls]


def _blocks(message: BaseMessage) -> list[Any]:
    return message.content if isinstance(message.content, list) else [message.content]


def _is_image(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") in ("image", "image_url")


def _shrunk(block: object) -> object:
    """A picture is known by the hash of its bytes: keys are made often, pictures are big."""
    return _hashed(block) if _is_image(block) else block


def _hashed(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _hashed(inner) for name, inner in value.items()}
    if isinstance(value, str) and len(value) > LONG:
        return hashlib.blake2b(value.encode(errors="replace"), digest_size=16).hexdigest()
    return value


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
