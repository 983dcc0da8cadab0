"""An arithmetic expression cut into its tokens."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pagehop.tools.errors import InputError

_LOOKALIKES = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"})  # noqa: RUF001
_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?{_EXPONENT}"
    rf"|\.[0-9]+{_EXPONENT})"
    r"|(?P<word>[A-Za-zµ°À-ÖØ-öø-ɏͰ-Ͽ]+)|(?P<money>[$€£¥₹])|(?P<sign>\*\*|[-+*/^(),;%]))"
)


class CalculationError(InputError):
    """An expression that cannot be calculated; the message says where and why."""


class Token(NamedTuple):
    """A piece of an expression: number, word, money, sign; at its end one of kind end."""

    kind: str
    text: str


def tokens(source: str) -> Iterator[Token]:
    """The tokens of an expression, and one of kind end.

    Raises:
        CalculationError: something in it is no part of any expression.
    """
    text = source.translate(_LOOKALIKES).rstrip()
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            stands = text[at:].lstrip()[:1]
            raise CalculationError(
                f"{source[:200]!r} cannot be calculated: {stands!r} is no part of an expression. "
                "Use numbers, + - * / ^ % ( ), and sum, mean, min, max, abs, round, count."
            )
        at = match.end()
        kind = str(match.lastgroup)
        is_percent = kind == "word" and match[kind].lower() == "percent"
        yield Token("sign", "%") if is_percent else Token(kind, match[kind])
    yield Token("end", "")
