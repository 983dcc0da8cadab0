"""Pilot questions: examples of what each modality answers, at which granularity.

A new kind of question is routed by adding pilots of it, nothing is trained (RouterRetriever,
Lee et al., 2025). One JSON object a line: {"question": "...", "modalities": ["table"],
"granularity": "region"}.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from pagehop.tools.errors import BadPilotsError

Routable: TypeAlias = Literal["text", "table", "figure", "page"]
Granularity: TypeAlias = Literal["region", "page", "section", "document"]

SHIPPED = Path(__file__).with_name("pilots.jsonl")
FILE = "pilots.jsonl"  # in a corpus folder: pilots of one's own


@dataclass(frozen=True, slots=True)
class Pilot:
    """A question, the modalities that answer it, and how much of a document has the answer."""

    question: str
    modalities: tuple[Routable, ...]
    granularity: Granularity = "region"


def own_pilots(folder: Path) -> Path | None:
    """The file of further pilots in a corpus folder, where there is one."""
    path = folder / FILE
    return path if path.exists() else None


def read_pilots(path: Path) -> tuple[Pilot, ...]:
    """The pilots of a file; blank lines count for nothing.

    Raises:
        BadPilotsError: the file cannot be read, or a line is no pilot; it names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadPilotsError(
            f"The pilot questions in {str(path)!r} cannot be read: {error}."
        ) from error
    return tuple(
        _pilot(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )


def _pilot(line: str, place: str) -> Pilot:
    try:
        stored: Any = json.loads(line)
    except ValueError as error:
        raise BadPilotsError(f"{place}: this is no JSON: {error}.") from error
    if not isinstance(stored, dict):
        raise BadPilotsError(f"{place}: a pilot is an object, and this is {line.strip()[:40]!r}.")
    question = stored.get("question")
    if not isinstance(question, str) or not question.strip():
        raise BadPilotsError(f"{place}: `question` must be words, and is {question!r}.")
    kinds = stored.get("modalities")
    if not isinstance(kinds, list) or not kinds or not all(k in get_args(Routable) for k in kinds):
        there = ", ".join(get_args(Routable))
        raise BadPilotsError(f"{place}: `modalities` must list some of {there}, and is {kinds!r}.")
    grain = stored.get("granularity", "region")
    if grain not in get_args(Granularity):
        there = ", ".join(get_args(Granularity))
        raise BadPilotsError(f"{place}: `granularity` must be one of {there}, and is {grain!r}.")
    return Pilot(question.strip(), tuple(kinds), grain)
