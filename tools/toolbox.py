"""The tools that agents are offered: those for looking closer, and a user's own."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, tool

from pagehop.tools.errors import InputError
from pagehop.tools.tool_calls import BUILT_IN, ToolOutcome, run_tool
from pagehop.tools.vision import View, Views, picture_block

__all__ = ["BUILT_IN", "ToolOutcome", "as_tools", "run_tool", "view_tools"]

CROP_CHARACTERS = 3_000  # of the text that goes with a crop

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # what providers accept


def view_tools(views: Views) -> list[BaseTool]:
    """The tools with which an agent looks closer: crop, read_text, read_table."""

    def crop(view: str, box: list[float]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Show a part of a picture larger and sharper. The result is a new view to work with.

        Args:
            view: Id of the picture, such as v1. A crop can be cropped again.
            box: x0, y0, x1, y1 of the part in that picture: fractions of its width and height
                from 0 to 1, origin top left. Pixels of the picture as shown are understood too.
        """
        made = views.crop(view, box)
        text = views.text(made.id)
        if len(text) > CROP_CHARACTERS:
            text = text[:CROP_CHARACTERS] + " ..."
        told = f"{_named(made)}\nText in it:\n{text}" if text else _named(made)
        return [_text(told), picture_block(views.image(made.id))], _artifact(made)

    def read_text(view: str) -> tuple[str, dict[str, Any]]:
        """Read the text in a picture. Where the page has none of its own, it is recognised.

        Args:
            view: Id of the picture, such as v1. Crop first: a small part is read faster.
        """
        text = views.read(view) or f"There is no text in {view}."
        return text, _artifact(views.view(view))

    def read_table(view: str) -> tuple[str, dict[str, Any]]:
        """Read the tables in a picture as Markdown.

        Args:
            view: Id of the picture, such as v1. Crop to the table first.
        """
        table = views.table(view) or f"No table was found in {view}. Crop to it, or try read_text."
        return table, _artifact(views.view(view))

    return [
        StructuredTool.from_function(
            function, response_format="content_and_artifact", parse_docstring=True
        )
        for function in (crop, read_text, read_table)
    ]


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


def _named(view: View) -> str:
    return (
        f"{view.id} shows a part of page {view.page} of {view.document!r}, "
        f"{view.width} x {view.height} pixels."
    )


def _artifact(view: View) -> dict[str, Any]:
    return {
        "view": view.id,
        "document_id": view.document_id,
        "page": view.page,
        "bbox": view.bbox,
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
