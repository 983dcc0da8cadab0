"""Prompts are Markdown files; what comes from documents goes in as marked data.

A block of data opens and closes with a mark that its text cannot know and cannot forge, and
every system prompt says that nothing in such a block is an instruction.
"""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from string import Template

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

FORGED = re.compile(r"<<(?=\s*/?\s*(?:data|end)\b)", re.IGNORECASE)
OPENS = "<<data"


def prompt(name: str, /, **values: str) -> str:
    """The prompt of that file name, filled.

    Raises:
        FileNotFoundError: no such prompt.
        ValueError: a value is missing, or one is given that the prompt does not ask for.
    """
    template = _template(name)
    asked = set(template.get_identifiers())
    if asked != set(values):
        missing, unknown = sorted(asked - set(values)), sorted(set(values) - asked)
        raise ValueError(f"Prompt {name!r}: missing values {missing}, unknown values {unknown}.")
    return template.substitute(values)


def conversation(role: str, /, **values: str) -> list[BaseMessage]:
    """The role's system prompt with the rule on data, and what it is asked, filled."""
    return [
        SystemMessage(f"{prompt(role)}\n{prompt('data')}"),
        HumanMessage(prompt(f"{role}-ask", **values)),
    ]


def data_block(text: str, mark: str, title: str) -> str:
    """Text from a document, a tool or a chat, between marks.

    Args:
        text: whatever it is; characters that a reader cannot see are dropped.
        mark: from `Calls.mark`.
        title: what it is, in our own words: never taken from a document.
    """
    inside = clean(clean(text).replace(mark, ""))
    return f"{OPENS} {mark} {title}>>\n{inside}\n<<end {mark}>>"


def clean(text: str) -> str:
    """The text as a reader sees it: no invisible characters, no forged marks."""
    visible = "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf")
    )
    return FORGED.sub("< <", visible)


def shorten(text: str, limit: int) -> str:
    """The text, cut at `limit` characters with a word that it was."""
    return text if len(text) <= limit else f"{text[:limit]} … (cut, {len(text)} characters)"


@cache
def _template(name: str) -> Template:
    return Template((files("pagehop.agents") / "prompts" / f"{name}.md").read_text("utf-8"))
