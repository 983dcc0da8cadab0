"""A checkpoint's chat template: what it takes, found by trying, and prompts rendered with it.

Words of a document that look like a template's own marks (`<|im_end|>`, `<image>`) would end a
turn or stand for a picture. They are data: a blank is put into them before they are rendered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pagehop.agents.local.call_forms import Tools
from pagehop.agents.local.turns import Manners, Turn
from pagehop.tools.errors import UnknownModelError

PROBE = "pagehop_probe"
THINKS = "<think>"
FORCED = '<tool_call>\n{{"name": "{name}", "arguments": '  # as Hermes and Qwen write a call
OWED = "}"  # closes it
_TOOL = {
    "type": "function",
    "function": {
        "name": PROBE,
        "description": PROBE,
        "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}},
    },
}
_CALL = {"type": "function", "function": {"name": PROBE, "arguments": {"x": 1}}}
_IMAGE = {"type": "image"}
_SAID = "pagehop_result"
_ID = "abcdefghi"  # some templates insist on nine letters and digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A Jinja template, run in transformers' sandbox, and what is known of it."""

    source: str
    tokenizer: Any
    manners: Manners
    forces: bool = False  # whether the beginning of a call can be written in the model's name
    marks: re.Pattern[str]  # of the template and the tokenizer

    def render(
        self, turns: Sequence[Turn], tools: Tools = (), *, thinking: bool | None = None
    ) -> str:
        """The prompt, up to where the model's reply begins; words of the turns are only words.

        Args:
            turns: as `conversation` makes them.
            tools: on offer, as JSON schemas in OpenAI's form.
            thinking: whether a model that can choose thinks first; None: as its template has it.
        """
        chosen = {} if thinking is None else {"enable_thinking": thinking}
        rendered: str = self.tokenizer.apply_chat_template(
            self._as_words(list(turns)),
            tools=self._as_words(list(tools)) or None,
            chat_template=self.source,
            tokenize=False,
            add_generation_prompt=True,
            **chosen,
        )
        return rendered

    def _as_words(self, told: Any) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(told, str):
            return self.marks.sub(lambda found: f"{found[0][0]} {found[0][1:]}", told)
        if isinstance(told, dict):
            return {key: self._as_words(value) for key, value in told.items()}
        if isinstance(told, list | tuple):
            return [self._as_words(value) for value in told]
        return told


def template_of(tokenizer: Any, processor: Any, *, folder: str) -> Template:  # noqa: ANN401
    """The template of a checkpoint, tried out.

    Args:
        tokenizer: of transformers.
        processor: of transformers; None for a model that reads text alone.
        folder: for the message.

    Raises:
        UnknownModelError: there is no chat template, or it cannot tell a question.
    """
    source = _source(tokenizer, processor)
    if not source:
        raise UnknownModelError(
            f"The model in {folder!r} has no chat template, so it is no model to talk to. Take "
            "its instruction-tuned version (the name often ends in -Instruct or -it)."
        )
    text_alone = Manners(
        parts=False, pictures=False, system=False, tools=False, pictures_in_results=False
    )
    template = Template(
        source=source,
        tokenizer=tokenizer,
        manners=text_alone,
        marks=_marks(tokenizer, source, str(getattr(processor, "image_token", "") or "")),
    )
    tried = _Trial(template, sees=processor is not None)
    manners = tried.manners()
    if manners is None:
        raise UnknownModelError(
            f"The chat template in {folder!r} cannot tell a question. Is the copy complete, and "
            "made for transformers 5?"
        )
    return replace(template, manners=manners, forces=tried.forces(manners))


@dataclass(frozen=True, slots=True)
class _Trial:
    """Short conversations, told to a template to see what becomes of them."""

    template: Template
    sees: bool  # whether the model can

    def manners(self) -> Manners | None:
        """What the template takes; None where it cannot tell a question."""
        listed = self._question([_text(PROBE)])
        if PROBE not in listed and PROBE not in self._question(PROBE):
            return None
        parts = PROBE in listed and "'type': 'text'" not in listed  # else the list's own repr
        sees = self.sees and parts and self._question([_text(PROBE), _IMAGE]) not in ("", listed)
        system = self._tell([_turn("system", PROBE, parts=parts), _user("?", parts=parts)])
        offered = PROBE in self._tell([_user("?", parts=parts)], tools=True)
        result = self._result([_text(_SAID)], parts=parts) if offered else ""
        shown = self._result([_text(_SAID), _IMAGE], parts=True) if sees and result else ""
        return Manners(
            parts=parts,
            pictures=sees,
            system=PROBE in system,
            tools=_SAID in result,
            pictures_in_results=shown not in ("", result),
        )

    def forces(self, manners: Manners) -> bool:
        """Whether calls are written as `FORCED` has it."""
        if not manners.tools:
            return False
        return FORCED.format(name=PROBE) in self._result([_text("?")], parts=manners.parts)

    def _question(self, content: object) -> str:
        return self._tell([{"role": "user", "content": content}])

    def _result(self, told: list[dict[str, str]], *, parts: bool) -> str:
        turns = [
            _user("?", parts=parts),
            {**_turn("assistant", "", parts=parts), "tool_calls": [{**_CALL, "id": _ID}]},
            {
                "role": "tool",
                "name": PROBE,
                "tool_call_id": _ID,
                "content": told if parts else told[0]["text"],
            },
        ]
        return self._tell(turns, tools=True)

    def _tell(self, turns: Sequence[Turn], *, tools: bool = False) -> str:
        from jinja2 import TemplateError

        try:
            return self.template.render(turns, [_TOOL] if tools else [])
        except (TemplateError, TypeError, ValueError, KeyError, AttributeError):
            return ""  # a template raises where it takes no such turn


def _source(tokenizer: Any, processor: Any) -> str:  # noqa: ANN401 - of transformers
    for holder in (processor, tokenizer):
        found = getattr(holder, "chat_template", None)
        if isinstance(found, dict):  # several by name
            found = found.get("tool_use") or found.get("default")
        if isinstance(found, str) and found:
            return found
    return ""


def _marks(tokenizer: Any, source: str, picture: str) -> re.Pattern[str]:  # noqa: ANN401
    """Tokens that words must not turn into: special ones, and those the template writes."""
    added = tokenizer.added_tokens_decoder.values()
    marks = {
        token.content
        for token in added
        if len(token.content.strip()) > 1 and (token.special or token.content in source)
    }
    longest_first = sorted(marks | ({picture} if picture else set()), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _turn(role: str, text: str, *, parts: bool) -> Turn:
    return {"role": role, "content": [_text(text)] if parts else text}


def _user(text: str, *, parts: bool) -> Turn:
    return _turn("user", text, parts=parts)
