"""The JSON schema of an answer, as `ask --json` prints it."""

import json
from importlib.resources import files
from typing import Any


def answer_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) that `Answer.as_dict()` of every team is valid by."""
    text = files("pagehop.graphs").joinpath("answer.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
