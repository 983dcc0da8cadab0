"""LangChain's messages as the turns that a chat template takes, and their pictures in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, ToolMessage

from pagehop.agents.local.pictures import is_picture, open_picture
from pagehop.tools.errors import RequestRefusedError

if TYPE_CHECKING:
    from PIL.Image import Image

Turn: TypeAlias = dict[str, Any]
Part: TypeAlias = dict[str, Any]

ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool"}
UNSAID = ("reasoning", "thinking", "tool_call", "invalid_tool_call", "tool_use", "non_standard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What a chat template takes, as it was tried out on it."""

    parts: bool  # content as a list of parts; else as one text
    pictures: bool
    system: bool  # a system turn; else its text goes before the first of the user's
    tools: bool
    pictures_in_results: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is rendered: turns with places for the pictures, and the pictures in that order."""

    turns: list[Turn] = field(default_factory=list)
    pictures: list["Image"] = field(default_factory=list)


def conversation(messages: Sequence[BaseMessage], manners: Manners) -> Conversation:
    """The messages as turns.

    Turns of the same speaker that follow each other become one, since many templates insist on
    question and answer in turn. Pictures of a tool's result that the template does not take
    there follow in the user's name.

    Raises:
        RequestRefusedError: pictures for a model that sees none, or a block of another kind.
    """
    made: list[Turn] = []
    pictures: list[Image] = []
    waiting: list[Part] = []  # pictures of results, until the last result has been told
    for message in messages:
        turn, shown = _turn(message, manners)
        if turn["role"] != "tool":
            _follow(made, waiting)
        elif not manners.pictures_in_results:
            waiting += [part for part in turn["content"] if part["type"] == "image"]
            turn["content"] = [part for part in turn["content"] if part["type"] == "text"]
        pictures += shown
        _append(made, turn)
    _follow(made, waiting)
    if not manners.system:
        made = _without_system(made)
    return Conversation([_as_told(turn, manners) for turn in made], pictures)


def _turn(message: BaseMessage, manners: Manners) -> tuple[Turn, list["Image"]]:
    role = message.role if isinstance(message, ChatMessage) else ROLES.get(message.type, "")
    if not role:
        raise RequestRefusedError(f"A {message.type} message cannot be told to this model.")
    content = message.content if isinstance(message.content, list) else [message.content]
    parts: list[Part] = []
    pictures: list[Image] = []
    for block in content:
        if is_picture(block):
            assert isinstance(block, dict)
            if not manners.pictures:
                raise RequestRefusedError("This model reads text alone, and was given a picture.")
            pictures.append(open_picture(block))
            parts.append({"type": "image"})
        else:
            parts += _text_parts(block)
    turn: Turn = {"role": role, "content": parts}
    if isinstance(message, AIMessage) and message.tool_calls:
        turn["tool_calls"] = [_call(call["name"], call["args"]) for call in message.tool_calls]
    if isinstance(message, ToolMessage):
        turn |= {"name": message.name or "", "tool_call_id": message.tool_call_id}
    return turn, pictures


def _text_parts(block: object) -> list[Part]:
    if isinstance(block, str):
        return [{"type": "text", "text": block}] if block else []
    kind = block.get("type") if isinstance(block, dict) else type(block).__name__
    if kind in UNSAID:
        return []
    if kind != "text" or not isinstance(block, dict):
        raise RequestRefusedError(f"This model takes text and pictures, and was given a {kind!r}.")
    return [{"type": "text", "text": str(block.get("text", ""))}]


def _call(name: str, args: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "arguments": args}}


def _follow(made: list[Turn], waiting: list[Part]) -> None:
    if waiting:
        _append(made, {"role": "user", "content": list(waiting)})
        waiting.clear()


def _append(made: list[Turn], turn: Turn) -> None:
    last = made[-1] if made else None
    joins = turn["role"] in ("user", "system") or (
        turn["role"] == "assistant" and "tool_calls" not in turn
    )
    if last is None or last["role"] != turn["role"] or not joins or "tool_calls" in last:
        made.append(turn)
        return
    last["content"] = [*last["content"], {"type": "text", "text": "\n\n"}, *turn["content"]]


def _without_system(made: Sequence[Turn]) -> list[Turn]:
    """The system's words before the first words of the user."""
    words = [part for turn in made if turn["role"] == "system" for part in turn["content"]]
    rest = [turn for turn in made if turn["role"] != "system"]
    if words:
        told: list[Turn] = []
        _append(told, {"role": "user", "content": words})
        for turn in rest:
            _append(told, turn)
        return told
    return rest


def _as_told(turn: Turn, manners: Manners) -> Turn:
    parts = _joined(turn["content"])
    if manners.parts:
        return turn | {"content": parts or [{"type": "text", "text": ""}]}
    return turn | {"content": "".join(part["text"] for part in parts)}


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Texts that follow each other as one: templates put nothing between them, or a line."""
    joined: list[Part] = []
    for part in parts:
        if joined and part["type"] == joined[-1]["type"] == "text":
            joined[-1] = {"type": "text", "text": joined[-1]["text"] + part["text"]}
        else:
            joined.append(part)
    return joined
