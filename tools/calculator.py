"""Arithmetic for agents: exact decimals, a small grammar, and no `eval`.

Numbers in an answer are computed here and not by a model, so that each can be checked again.
The grammar is in `arithmetic.py`.
"""

from dataclasses import dataclass
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
    DivisionUndefined,
    InvalidOperation,
    Overflow,
    Underflow,
    localcontext,
)
from typing import TYPE_CHECKING, Any

from pagehop.tools.arithmetic import Reader
from pagehop.tools.expressions import CalculationError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["Calculation", "CalculationError", "calculator_tool", "evaluate", "plain"]

MAX_LENGTH = 2000  # characters of an expression
PRECISION = 50  # digits while calculating
SHOWN = 15  # significant digits of a result as text


@dataclass(frozen=True, slots=True)
class Calculation:
    """A calculated expression: what was understood, and what came out."""

    expression: str  # in its normal form: "(1214 - 1000) / 1000"
    value: Decimal
    unit: str  # the one unit of its numbers; "" for none, or where units cancel or multiply
    operands: tuple[Decimal, ...]  # the numbers that went in, in order

    def __str__(self) -> str:
        """The whole line, as an answer shows it."""
        return f"{self.expression} = {plain(self.value)}"


def evaluate(expression: str) -> Calculation:
    """Calculate an expression; halves are rounded up, as people do.

    >>> str(evaluate("($1,214 million - $1,000 million) / $1,000 million"))
    '(1214000000 - 1000000000) / 1000000000 = 0.214'
    >>> str(evaluate("round(15% of 84.5; 1)"))
    'round(15% * 84.5; 1) = 12.7'

    Raises:
        CalculationError: not an expression of the grammar, a division by zero, different units
            in a sum, or numbers out of bounds.
    """
    if len(expression) > MAX_LENGTH:
        raise CalculationError(
            f"The expression has {len(expression)} characters; at most {MAX_LENGTH} are allowed."
        )
    reader = Reader(expression)
    traps = [DivisionByZero, InvalidOperation, Overflow, Underflow]
    context = Context(PRECISION, ROUND_HALF_UP, Emin=-999, Emax=999, traps=traps)
    with localcontext(context):
        try:
            term = reader.read()
        except DecimalException as error:
            reason = _reason(error)
            raise CalculationError(
                f"{expression[:200]!r} cannot be calculated: {reason}."
            ) from error
    return Calculation(term.text, term.value, term.unit, tuple(reader.operands))


def plain(value: Decimal) -> str:
    """A value with at most 15 significant digits, without exponent where it can be.

    >>> plain(Decimal(2) / 3), plain(Decimal("1E+3")), plain(Decimal("-0.50"))
    ('0.666666666666667', '1000', '-0.5')
    """
    rounded = Context(SHOWN, ROUND_HALF_UP).plus(value)
    if not rounded:
        return "0"
    if not -10 <= rounded.adjusted() <= 20:
        return f"{rounded.normalize():E}"
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def calculator_tool() -> "BaseTool":
    """The calculator as a LangChain tool, `calculate(expression)`."""
    from langchain_core.tools import tool

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def calculate(expression: str) -> tuple[str, dict[str, Any]]:
        """Calculate an arithmetic expression exactly. Use it for every number you derive.

        Args:
            expression: Numbers with + - * / ^ % and parentheses, and the functions sum, mean,
                min, max, abs, count and round(number; digits). 12% is 0.12, 5 million is
                5000000. Put ";" between the numbers of a function.
        """
        done = evaluate(expression)
        artifact = {"expression": done.expression, "value": plain(done.value), "unit": done.unit}
        return str(done), artifact

    return calculate


def _reason(error: DecimalException) -> str:
    if isinstance(error, DivisionByZero | DivisionUndefined):
        return "it divides by zero"
    if isinstance(error, Overflow | Underflow):
        return "a number in it is larger than 1E+999 or smaller than 1E-999"
    return "a step in it has no value, such as 0/0, 0^0 or a root of a negative number"
