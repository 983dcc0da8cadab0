"""A conversation cut to what the model can take: so many pictures, so many tokens.

Of too many pictures those go that tools showed in earlier steps, the oldest first. Of too many
tokens the results of tools are shortened first, the oldest before the newer; then such pictures
go; then the longest blocks of data are cut; then the other pictures go, but for one. Our own
words are never cut, and no block of data loses its marks.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable

from pagehop.agents.abilities import Abilities, abilities_of
from pagehop.agents.calling.bounds import PICTURE, rough_tokens
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.records import image_count
from pagehop.agents.prompting import OPENS
from pagehop.tools.errors import ContextTooLongError
from pagehop.tools.tool_calls import PICTURES

logger = logging.getLogger(__name__)

_Place: TypeAlias = tuple[int, int]  # of a message in the conversation, of a block in it

SHARE = 0.9  # of the model's context that is filled: tokens are counted roughly
LEAST = 300  # characters that are left of a block of data
STEP = 0.7  # by which the longest blocks are cut, again and again until it fits
BLOCK = re.compile(rf"({OPENS} (\w+) [^\n]*>>\n)(.*?)(\n<<end \2>>)", re.DOTALL)
GONE = "(This picture is not shown any more.)"
GONE_WITH_TOOLS = (
    "(This picture is not shown any more. To see it again, call a tool that shows it.)"
)


def invoke_fitted(
    calls: Calls,
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    role: str,
    runner: Runnable[Any, Any] | None = None,
    asks: str = "",
) -> AIMessage:
    """Ask the model as `Calls.invoke` does, with no more than it takes.

    A model that finds it too long all the same is asked once more, with half of it.

    Raises:
        ContextTooLongError: half of it is too long as well.
        BudgetSpentError, MissingKeyError, ModelCallError: as `Calls.invoke`.
    """
    able = abilities_of(model)
    sent = fit(messages, able)
    try:
        return calls.invoke(model, sent, role=role, runner=runner, asks=asks)
    except ContextTooLongError:
        less = fit(sent, _half(sent, able))
        if less == sent:
            raise
        logger.info("the %s asks with half of it", role)
    return calls.invoke(model, less, role=role, runner=runner, asks=asks)


def fit(messages: Sequence[BaseMessage], able: Abilities) -> list[BaseMessage]:
    """The conversation with at most as many pictures and tokens as the model takes.

    What fits comes back as it is. Where nothing is left that may be cut, it is longer.
    """
    most = able.images_per_call if able.images else 0
    fitted = _without_pictures(list(messages), image_count(messages) - most)
    room = int(able.context * SHARE)
    before = rough_tokens(fitted)
    if before <= room:
        return fitted
    fitted = _with_short_results(fitted, room)
    fitted = _without_pictures(fitted, _over(fitted, room, len(_pictures(fitted)[0])))
    fitted = _with_short_data(fitted, room)
    fitted = _without_pictures(fitted, _over(fitted, room, image_count(fitted) - 1))
    logger.info("about %d tokens were cut to %d", before, rough_tokens(fitted))
    return fitted


def _half(messages: Sequence[BaseMessage], able: Abilities) -> Abilities:
    return replace(able, context=int(rough_tokens(messages) / 2 / SHARE))


def _without_pictures(messages: list[BaseMessage], count: int) -> list[BaseMessage]:
    """The conversation with so many pictures replaced by a line, in the order of `_pictures`."""
    if count <= 0:
        return messages
    older, spared = _pictures(messages)
    gone = {*[*older, *spared][:count]}
    can_crop = any(isinstance(message, ToolMessage) for message in messages)
    line = {"type": "text", "text": GONE_WITH_TOOLS if can_crop else GONE}
    fitted = list(messages)
    for place in {place for place, _ in gone}:
        content = messages[place].content
        assert isinstance(content, list)
        kept = [line if (place, at) in gone else block for at, block in enumerate(content)]
        fitted[place] = messages[place].model_copy(update={"content": kept})
    return fitted


def _over(messages: Sequence[BaseMessage], room: int, most: int) -> int:
    """How many pictures the tokens are too many by, up to `most`."""
    return min(-(-(rough_tokens(messages) - room) // PICTURE), most)


def _pictures(messages: Sequence[BaseMessage]) -> tuple[list[_Place], list[_Place]]:
    """Pictures that tools showed in earlier steps, and the others; first to go first.

    The others are what was asked with, the last and least of it first, and the results of the
    last step, which were just asked for.
    """
    said = [at for at, message in enumerate(messages) if isinstance(message, AIMessage)]
    first, last = (said[0], said[-1]) if said else (len(messages), len(messages))
    places = [
        (at, number)
        for at, message in enumerate(messages)
        if isinstance(message.content, list)
        for number, block in enumerate(message.content)
        if _is_picture(block)
    ]
    older = [place for place in places if first < place[0] < last]
    asked = [place for place in places if place[0] < first]
    newest = [place for place in places if place[0] > last]
    return older, [*reversed(asked), *newest]


def _is_picture(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") in PICTURES


def _with_short_results(messages: list[BaseMessage], room: int) -> list[BaseMessage]:
    """Results of tools shortened one after the other, the oldest first, until it fits."""
    fitted = list(messages)
    for place, message in enumerate(messages):
        if rough_tokens(fitted) <= room:
            break
        if isinstance(message, ToolMessage):
            fitted[place] = _with_texts(message, lambda text: _cut_blocks(text, LEAST))
    return fitted


def _with_short_data(messages: list[BaseMessage], room: int) -> list[BaseMessage]:
    """All blocks of data cut to the same length, as long as it fits."""
    fitted = messages
    longest = max((_longest_block(message) for message in messages), default=0)
    while rough_tokens(fitted) > room and longest > LEAST:
        longest = max(LEAST, int(longest * STEP))
        fitted = [_with_short_blocks(message, longest) for message in messages]
    return fitted


def _with_short_blocks(message: BaseMessage, longest: int) -> BaseMessage:
    if not isinstance(message, HumanMessage | ToolMessage):
        return message
    return _with_texts(message, lambda text: _cut_blocks(text, longest))


def _longest_block(message: BaseMessage) -> int:
    return max((len(found[3]) for found in BLOCK.finditer(str(message.text))), default=0)


def _with_texts(message: BaseMessage, cut: Callable[[str], str]) -> BaseMessage:
    """The message with its texts cut, everything else in it as it was."""
    content = message.content
    if isinstance(content, str):
        return message.model_copy(update={"content": cut(content)})
    blocks = [
        {**block, "text": cut(block["text"])}
        if isinstance(block, dict) and block.get("type") == "text"
        else block
        for block in content
    ]
    return message.model_copy(update={"content": blocks})


def _cut_blocks(text: str, longest: int) -> str:
    """The text with the inside of each block of data cut to that many characters."""
    return BLOCK.sub(lambda block: f"{block[1]}{_cut(block[3], longest)}{block[4]}", text)


def _cut(inside: str, longest: int) -> str:
    if len(inside) <= longest:
        return inside
    return f"{inside[:longest]}\n(cut here; it was {len(inside)} characters)"
