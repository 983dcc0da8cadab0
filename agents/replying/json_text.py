"""JSON objects in what a model wrote, whatever stands around them.

Nothing is guessed: an object that is not JSON, or that is cut short, is not one.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

WORK = 8  # characters that are read for each character of the text, at most
DEEP = 5000  # characters that an object too deeply nested is taken to have cost
MISSES = 200  # beginnings of objects that turn out to be none; the rest is then left unread
WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity", ".", "e+", "e-", "E+", "E-")
LONG = 10  # characters: more than the longest of these words, or an escape
BEGINS = re.compile(r"\{(?=\s*[\"}])")
FENCE = re.compile(r"\A```[\w-]*\s*\n(.*?)\n?```\Z", re.DOTALL)
TAG = r"(?:think|thinking|thought|reasoning)"
OPENS = re.compile(rf"\A\s*<{TAG}>", re.IGNORECASE)
CLOSES = re.compile(rf"</{TAG}>", re.IGNORECASE)
CLOSES_ALONE = re.compile(rf"^\s*</{TAG}>", re.IGNORECASE | re.MULTILINE)

_DECODER = json.JSONDecoder(strict=False)  # line breaks inside strings are plain enough


@dataclass(frozen=True, slots=True)
class Objects:
    """The JSON objects of a text, outermost ones, in their order."""

    found: tuple[dict[str, Any], ...]
    torn: bool  # the text ends inside of one more


def spoken(text: str) -> str:
    """The text without the thinking that some models write before it.

    The closing tag may stand alone, on a line of its own: the opening one is then part of the
    prompt. Thinking that never closes leaves nothing.
    """
    if OPENS.match(text):
        closed = CLOSES.search(text)
        return text[closed.end() :] if closed else ""
    closed = CLOSES_ALONE.search(text)
    return text[closed.end() :] if closed else text


def whole(text: str) -> Any:  # noqa: ANN401 - whatever JSON can be
    """The value that the whole text is, in a code fence or not; None where it is no JSON."""
    stripped = text.strip()
    fenced = FENCE.match(stripped)
    try:
        return json.loads(fenced[1] if fenced else stripped, strict=False)
    except (ValueError, RecursionError):
        return None


def objects_in(text: str) -> Objects:
    """All outermost JSON objects in a text, in time that grows with its length.

    What stands inside an object that the text cuts short is not taken: it is a part of
    something else.
    """
    inner = whole(text)
    if isinstance(inner, str):  # JSON that was written as a JSON string
        text = inner
    found: list[dict[str, Any]] = []
    work, misses = WORK * len(text) + DEEP, 0
    begins = BEGINS.search(text)
    while begins and work > 0 and misses < MISSES:
        end = begins.start() + 1
        try:
            value, end = _DECODER.raw_decode(text, begins.start())
            found.append(value)
        except json.JSONDecodeError as error:
            if _ran_out(error, text):
                return Objects(tuple(found), torn=True)
            work -= error.pos - begins.start()
            misses += 1
        except (ValueError, RecursionError):
            work -= DEEP
            misses += 1
        begins = BEGINS.search(text, end)
    return Objects(tuple(found), torn=False)


def cleaned(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can be
    """The value with all text as it can be stored and sent; nothing of one nested too deeply."""
    try:
        return _cleaned(value)
    except RecursionError:
        return type(value)()


def check_finite(value: object) -> None:
    """Whether all numbers in a value are some: Python's reader takes NaN and 1e999 for numbers.

    Raises:
        ValueError: one is not.
    """
    todo = [value]
    while todo:
        entry = todo.pop()
        if isinstance(entry, dict):
            todo += entry.values()
        elif isinstance(entry, list):
            todo += entry
        elif isinstance(entry, float) and not math.isfinite(entry):
            raise ValueError("it has a number that is infinite or none at all (NaN).")


def storable(text: str) -> str:
    """The text in which each half of a character (a lone surrogate) is replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _cleaned(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _cleaned(entry) for key, entry in value.items()}
    return [_cleaned(entry) for entry in value] if isinstance(value, list) else value


def _ran_out(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text ended inside of the object, be it inside of a word or number of it."""
    rest = text[error.pos : error.pos + LONG].strip("` \n\t")
    return (
        error.msg.startswith("Unterminated string")
        or any(word.startswith(rest) for word in WORDS)
        or (error.msg.startswith(r"Invalid \u") and len(rest) < LONG)
    )
