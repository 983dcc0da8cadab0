"""Calling a tool: its failure is data.

Whatever a tool does short of ending the process, the agent gets an outcome that says what
happened, never longer than a model can read.
"""

import asyncio
import contextvars
import json
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import ValidationError

from pagehop.tools.errors import InputError

BUILT_IN = frozenset({"crop", "show_page", "read_text", "read_table", "find_similar", "calculate"})
SECONDS = 120.0  # of one call of a custom tool
MAX_CHARACTERS = 20_000  # of a result
PICTURES = ("image", "image_url")  # types of content blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """What came of one call of a tool."""

    name: str
    args: Mapping[str, Any]
    ok: bool
    content: str  # the result as text; of a failure what went wrong
    artifact: Any = None  # what the tool keeps from the model: for views their place on the page
    images: tuple[dict[str, Any], ...] = ()  # pictures of the result, as content blocks


def run_tool(
    called: BaseTool, args: Mapping[str, Any], *, seconds: float | None = SECONDS
) -> ToolOutcome:
    """Call a tool; its failure, too, is an outcome.

    Args:
        called: the tool.
        args: its arguments, as a model wrote them.
        seconds: how long a custom tool may take. It then goes on in its thread, unheard.
            Built-in tools have limits of their own. None: no limit.

    Raises:
        KeyboardInterrupt: a person ends the program.
    """
    told = dict(args)
    call = {"type": "tool_call", "id": "call", "name": called.name, "args": told}
    try:
        if called.name in BUILT_IN or (seconds is None and not _is_async(called)):
            result = called.invoke(call)
        else:
            result = _in_thread(called, call, seconds)
        texts, images = _parts(result)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (whatever a user's tool raises)
        return ToolOutcome(name=called.name, args=told, ok=False, content=_capped(_why(error)))
    return ToolOutcome(
        name=called.name,
        args=told,
        ok=getattr(result, "status", "success") == "success",
        content=_capped("\n".join(texts)),
        artifact=getattr(result, "artifact", None),
        images=tuple(images),
    )


def _is_async(called: BaseTool) -> bool:
    """Whether the tool can only be awaited, as those of MCP servers."""
    return isinstance(called, StructuredTool) and called.func is None


def _in_thread(called: BaseTool, call: dict[str, Any], seconds: float | None) -> object:
    """Call a tool in a thread that can be left behind.

    Raises:
        TimeoutError: the tool has not ended in that many seconds.
    """
    ended: queue.SimpleQueue[tuple[object, BaseException | None]] = queue.SimpleQueue()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            awaited = _is_async(called)
            ended.put((asyncio.run(called.ainvoke(call)) if awaited else called.invoke(call), None))
        except BaseException as error:  # noqa: BLE001  (raised again by whoever waits)
            ended.put((None, error))

    threading.Thread(
        target=context.run, args=(work,), name=f"tool {called.name}", daemon=True
    ).start()
    try:
        result, error = ended.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"{called.name} has not ended within {seconds:g} seconds.") from None
    if error is not None:
        raise error
    return result


def _parts(result: object) -> tuple[list[str], list[dict[str, Any]]]:
    """The texts and the pictures of a result."""
    content = result.content if isinstance(result, ToolMessage) else result
    if isinstance(content, str):
        return [content], []
    blocks: list[Any] = content if isinstance(content, list) else [content]
    if not all(isinstance(block, dict) and "type" in block for block in blocks):
        return [_json(content)], []
    images = [block for block in blocks if block["type"] in PICTURES]
    texts = [
        str(block["text"]) if "text" in block else _json(block)
        for block in blocks
        if block["type"] not in PICTURES
    ]
    return texts, images


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _why(error: BaseException) -> str:
    """What went wrong, as a model can mend it."""
    if isinstance(error, ValidationError):
        wrong = [
            f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        ]
        return f"The arguments do not fit. {'; '.join(wrong)}."
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"The tool tried to end the program (SystemExit {error.code})."
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  (an error that cannot say what it is)
        return type(error).__name__


def _capped(text: str) -> str:
    """Text that can be stored and is not too long; what was cut is said."""
    storable = text[: MAX_CHARACTERS + 1].encode("utf-8", "replace").decode()
    if len(storable) <= MAX_CHARACTERS:
        return storable
    return f"{storable[:MAX_CHARACTERS]}\n[the first {MAX_CHARACTERS} of {len(text)} characters]"
