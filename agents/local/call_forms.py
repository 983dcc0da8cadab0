"""Tool calls as open models write them, read strictly: what is malformed stays a failed call.

Two forms stand between `<tool_call>` marks: a JSON object with name and arguments (Hermes, Qwen
to 3), and functions with their parameters as elements (Qwen 3.5). A reply that is nothing but
such a JSON object counts as a call as well (Llama 3 and others).
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.utils.json import parse_partial_json

Tools: TypeAlias = Sequence[Mapping[str, Any]]

FUNCTION = re.compile(r"\s*<function=([\w.-]+)>(.*?)</function>\s*", re.DOTALL)
PARAMETER = re.compile(r"\s*<parameter=([\w.-]+)>\n?(.*?)\n?</parameter>\s*", re.DOTALL)
WRAPPERS = ("arguments", "parameters")


def read_call(body: str, tools: Tools, *, index: int, salt: str, owed: str = "") -> ToolCallChunk:
    """What stands between the marks, as LangChain has it.

    Args:
        body: the text between the marks.
        tools: on offer, in OpenAI's form; their schemas say which parameters are text.
        index: which call of the reply it is, from 0.
        salt: of the call's id, which is the same for the same call after the same prompt.
        owed: what closes a call that was begun in the model's name; it may leave that to us.
    """
    found = _of_json(body) or _of_json(body + owed) or _of_elements(body, tools)
    name, args = (found[0], _told(found[1])) if found else (None, _broken(body))
    digest = hashlib.blake2b(f"{salt}\0{index}\0{body}".encode(errors="replace"), digest_size=6)
    return tool_call_chunk(name=name, args=args, id=f"call_{digest.hexdigest()}", index=index)


def is_whole_call(text: str, tools: Tools) -> bool:
    """Whether a reply is a call of one of the tools and nothing else, without marks."""
    found = _of_json(text)
    return found is not None and found[0] in {tool["function"]["name"] for tool in tools}


def _of_json(text: str) -> tuple[str, dict[str, Any]] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    rest = set(told) - {"name", "type", "id"}
    args = told.get(next(iter(rest))) if len(rest) == 1 and rest <= set(WRAPPERS) else None
    if isinstance(args, str):  # arguments as text, as OpenAI sends them
        try:
            args = json.loads(args)
        except (ValueError, RecursionError):
            return None
    name = told.get("name")
    return (name, args) if isinstance(name, str) and name and isinstance(args, dict) else None


def _of_elements(body: str, tools: Tools) -> tuple[str, dict[str, Any]] | None:
    found = FUNCTION.fullmatch(body)
    if found is None:
        return None
    kinds = _kinds(found[1], tools)
    args: dict[str, Any] = {}
    at = 0
    for parameter in PARAMETER.finditer(found[2]):
        if parameter.start() != at:
            return None
        at = parameter.end()
        try:
            text = kinds.get(parameter[1]) == "string"
            args[parameter[1]] = parameter[2] if text else json.loads(parameter[2])
        except (ValueError, RecursionError):
            return None
    return (found[1], args) if not found[2][at:].strip() else None


def _kinds(name: str, tools: Tools) -> dict[str, Any]:
    """Type by parameter of the tool of that name."""
    for tool in tools:
        function = tool["function"]
        if function["name"] == name:
            properties = function.get("parameters", {}).get("properties", {})
            return {key: part.get("type") for key, part in properties.items()}
    return {}


def _told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _broken(body: str) -> str:
    """The text of a malformed call, such that no reader of chunks takes it for arguments.

    LangChain completes what looks like the beginning of an object; with a word before it, it
    does not. What is written stays legible, so that whoever asked may see what was meant.
    """
    try:
        mended = isinstance(parse_partial_json(body), dict)
    except (ValueError, RecursionError):
        mended = False
    return f"malformed: {body}" if mended or not body else body
