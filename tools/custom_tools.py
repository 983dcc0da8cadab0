"""Tools of a user's own: plain functions and LangChain tools, as agents are offered them."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from langchain_core.tools import BaseTool, tool

from pagehop.tools.errors import InputError
from pagehop.tools.tool_calls import BUILT_IN

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what providers accept


def as_tools(
    things: Iterable[BaseTool | Callable[..., Any]], *, reserved: Collection[str] = BUILT_IN
) -> list[BaseTool]:
    """LangChain tools, made of plain functions where they are none yet.

    Raises:
        InputError: something is no tool, has no docstring or no usable name, or has the name of
            another tool.
    """
    tools: list[BaseTool] = []
    for thing in things:
        made = thing if isinstance(thing, BaseTool) else _as_tool(thing)
        if not _NAME.fullmatch(made.name):
            raise InputError(
                f"A tool is called {made.name!r}; models take letters, digits, _ and - only."
            )
        if made.name in reserved:
            raise InputError(f"A tool is called {made.name!r}, like a built-in one. Rename it.")
        if made.name in {other.name for other in tools}:
            raise InputError(f"Two tools are called {made.name!r}. Rename one.")
        tools.append(made)
    return tools


def _as_tool(thing: object) -> BaseTool:
    name = getattr(thing, "__name__", "")
    if not callable(thing) or isinstance(thing, type) or not name:
        raise InputError(
            f"{thing!r} is no tool. Give a function with a docstring, or a LangChain tool."
        )
    if not (thing.__doc__ or "").strip():
        raise InputError(
            f"The tool {name!r} has no docstring. Say in it what the tool does: models read it."
        )
    try:
        made = tool(parse_docstring=True, error_on_invalid_docstring=False)(thing)
    except (TypeError, ValueError, NameError) as error:
        raise InputError(f"{name!r} cannot be made a tool: {error}") from error
    assert isinstance(made, BaseTool)
    return made
