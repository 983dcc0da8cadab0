"""How many tokens a call takes: about, at most, and as the provider counted them.

The bound is for the budget: what is in flight is held back at the most it can cost. It is
generous for any script. A token of a usual vocabulary covers at least two lower-case letters
of running text; any other character counts as a whole token, one outside ASCII as its bytes,
which byte-level vocabularies fall back to. A tokenizer that cuts finer still is found out by
what its provider counts (`Purse`).
"""

import json
import string
from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, BaseMessage

from pagehop.agents.calling.records import image_count

PICTURE = 1000  # tokens of a picture, about
PICTURE_AT_MOST = 4000  # of one of 1.5 megapixels, over what providers publish of their rules
PIXELS = 1_500_000
FRAME = 16  # tokens around a message
REPLY = 8192  # tokens of a reply at most, where neither the model nor its profile says
CHEAP = (string.ascii_lowercase + " ").encode()
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "num_predict")


def most_tokens(messages: Sequence[BaseMessage], asks: str = "", *, pixels: int = PIXELS) -> int:
    """The most tokens that can go in with these messages.

    Args:
        messages: what is asked.
        asks: tools and reply schema that go with it, as text.
        pixels: of one picture at most.
    """
    told = [_bound(text) for text in (*_texts(messages), asks)]
    picture = max(PICTURE_AT_MOST, PICTURE_AT_MOST * pixels // PIXELS)
    return sum(told) + FRAME * (len(told) + 1) + picture * image_count(messages)


def rough_tokens(messages: Sequence[BaseMessage], asks: str = "") -> int:
    """About how many tokens go in: four characters each, a thousand a picture."""
    letters = len(asks) + sum(map(len, _texts(messages)))
    return -(-letters // 4) + PICTURE * image_count(messages)


def reply_limit(model: object) -> int:
    """The most tokens a reply can have: the model's setting, its profile's, or `REPLY`."""
    inner = getattr(model, "bound", model)
    set_ = (getattr(inner, name, None) for name in LIMITS)
    profile = getattr(inner, "profile", None) or {}
    for limit in (*set_, profile.get("max_output_tokens")):
        if isinstance(limit, int) and limit > 0:
            return limit
    return REPLY


def counted_tokens(reply: AIMessage) -> tuple[int, int] | None:
    """Tokens in and out, as the provider counts them; None where it counts nothing."""
    usage = reply.usage_metadata
    if not usage:
        return None
    counted = max(0, usage["input_tokens"]), max(0, usage["output_tokens"])
    return counted if any(counted) else None


def tokens_of(
    reply: AIMessage, messages: Sequence[BaseMessage], asks: str = ""
) -> tuple[int, int, bool]:
    """Tokens in and out of a call, and whether they are our own estimate."""
    counted = counted_tokens(reply)
    if counted is not None:
        return (*counted, False)
    return rough_tokens(messages, asks), rough_tokens([reply]), True


def _texts(messages: Sequence[BaseMessage]) -> Iterator[str]:
    """Everything of the messages that is not a picture."""
    for message in messages:
        blocks = message.content if isinstance(message.content, list) else [message.content]
        for block in blocks:
            if isinstance(block, str):
                yield block
            elif block.get("type") not in ("image", "image_url"):
                yield block["text"] if isinstance(block.get("text"), str) else json.dumps(block)
        for call in getattr(message, "tool_calls", []):
            yield json.dumps([call["name"], call["args"]], ensure_ascii=False)


def _bound(text: str) -> int:
    written = text.encode(errors="replace")
    dear = len(written.translate(None, delete=CHEAP))
    return dear + -(-(len(written) - dear) // 2)
