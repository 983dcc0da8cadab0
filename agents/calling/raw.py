"""The raw message of a reply, out of whatever a runner or a provider's error wraps it in."""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata

from pagehop.tools.errors import ModelCallError

CUT_SHORT = frozenset({"length", "max_tokens", "incomplete"})
FILTER = frozenset({"content_filter", "safety", "prohibited_content", "blocklist", "refusal"})


def raw_message(reply: Any) -> AIMessage:  # noqa: ANN401 - a reply, or what a schema's runner gives
    """The raw message of a reply, with or without a schema around it.

    Raises:
        ModelCallError: there is none.
    """
    raw = reply.get("raw") if isinstance(reply, Mapping) else reply
    if isinstance(raw, AIMessage):
        return raw
    raise ModelCallError(f"The model gave a {type(raw).__name__} where a message was expected.")


def salvaged(error: BaseException) -> AIMessage | None:
    """The reply that a client gave up on, as an error, because it was cut short.

    The `openai` client raises a reply with a schema that reached its limit of length
    (`LengthFinishReasonError`), and has its text in the error.
    """
    if type(error).__name__ != "LengthFinishReasonError":
        return None
    completion: Any = getattr(error, "completion", None)
    choices = getattr(completion, "choices", None)
    if not choices:
        return None
    usage = getattr(completion, "usage", None)
    return AIMessage(
        content=str(choices[0].message.content or ""),
        response_metadata={"finish_reason": "length"},
        usage_metadata=None
        if usage is None
        else UsageMetadata(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
        ),
    )


def broken_off(reply: AIMessage, *, streamed: bool) -> bool:
    """Whether a stream ended without the word that every reply of its kind ends with.

    A connection that is closed in mid-stream looks to some clients like the end of a reply.
    """
    told = reply.response_metadata
    return streamed and told.get("model_provider") == "openai" and not finish_of(reply)


def refused_by_filter(reply: AIMessage) -> bool:
    """Whether nothing came because a filter of the provider held it back."""
    empty = not (reply.text or reply.tool_calls or reply.invalid_tool_calls)
    return empty and finish_of(reply).lower() in FILTER


def worth_keeping(reply: AIMessage) -> bool:
    """Whether another run is served by this reply: it says something, and to its end."""
    said = reply.text or reply.tool_calls
    return bool(said) and finish_of(reply).lower() not in CUT_SHORT


def finish_of(reply: AIMessage) -> str:
    """Why a reply ended, in its provider's word; empty where it says nothing."""
    told = reply.response_metadata
    reasons = (told.get(name) for name in ("finish_reason", "stop_reason", "done_reason", "status"))
    return next((str(reason) for reason in reasons if reason), "")
