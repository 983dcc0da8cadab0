"""The grammar of the calculator: read once, from left to right, calculated on the way.

    sum     = product { ("+" | "-") product }
    product = signed { ("*" | "/" | "x" | "of") signed }
    signed  = ("+" | "-") signed | power
    power   = amount [ ("^" | "**") signed ]            right to left, as in Python
    amount  = ( [unit] number [scale] [unit] | call | "(" sum ")" ) { "%" }
    call    = name "(" sum { ("," | ";") sum } ")"

A percent sign divides by 100, a scale word (thousand, million, ...) multiplies. Units are left
out, but a sum of different units is refused: 5 km + 300 m is not 305.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from pagehop.tools.expressions import CalculationError, Token, tokens

__all__ = ["CalculationError", "Reader", "Term", "written"]

MAX_DEPTH = 40  # parentheses, signs and powers within each other
MAX_EXPONENT = 10_000
MAX_PLACES = 30  # digits after the point, or before it, to round to

SCALES = {
    "hundred": 2, "thousand": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12,
    "tn": 12,
}  # fmt: skip
AMBIGUOUS = frozenset("kKmMbBtT")  # 5M may be metres or millions

_TIMES = ("*", "/", "x", "of")


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an expression that has been read."""

    value: Decimal
    unit: str
    text: str  # its normal form
    binds: int = 5  # 1 sum, 2 product, 3 sign, 4 power, 5 amount

    def within(self, binds: int) -> str:
        """The normal form, in parentheses where it binds less than that."""
        return self.text if self.binds >= binds else f"({self.text})"


class Reader:
    """Reads one expression; `operands` are the numbers in it, in order."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.operands: list[Decimal] = []
        self._tokens = list(tokens(source))
        self._at = 0
        self._depth = 0
        self._calls = 0  # functions that are open

    def read(self) -> Term:
        """The whole expression.

        Raises:
            CalculationError: it does not follow the grammar, or its sums mix units.
            DecimalException: it cannot be calculated in the current decimal context.
        """
        term = self._sum()
        if self._peek().kind != "end":
            self._fail(f"unexpected {self._peek().text!r}")
        return term

    def _sum(self) -> Term:
        left = self._product()
        while self._peek().text in ("+", "-"):
            sign = self._next().text
            right = self._product()
            value = left.value + right.value if sign == "+" else left.value - right.value
            text = f"{left.within(1)} {sign} {right.within(2)}"
            left = Term(value, self._one_unit([left, right]), text, 1)
        return left

    def _product(self) -> Term:
        left = self._signed()
        while self._peek().text in _TIMES:
            divided = self._next().text == "/"
            right = self._signed()
            value = left.value / right.value if divided else left.value * right.value
            unit = "" if left.unit and right.unit else left.unit or right.unit
            text = f"{left.within(2)} {'/' if divided else '*'} {right.within(3)}"
            left = Term(value, unit, text, 2)
        return left

    def _signed(self) -> Term:
        if self._peek().text not in ("+", "-"):
            return self._power()
        sign = self._next().text
        term = self._nested(self._signed)
        return term if sign == "+" else Term(-term.value, term.unit, f"-{term.within(3)}", 3)

    def _power(self) -> Term:
        base = self._amount()
        if self._peek().text not in ("^", "**"):
            return base
        self._next()
        exponent = self._nested(self._signed)
        if abs(exponent.value) > MAX_EXPONENT:
            self._fail(f"the exponent {exponent.text} is larger than {MAX_EXPONENT}")
        text = f"{base.within(5)}^{exponent.within(3)}"
        return Term(base.value**exponent.value, "", text, 4)

    def _amount(self) -> Term:
        if self._peek().text == "(":
            self._next()
            term = self._nested(self._sum)
            self._expect(")")
        elif self._peek().kind == "word" and self._peek(1).text == "(":
            term = self._call()
        else:
            term = self._number()
        while self._peek().text == "%":
            self._next()
            term = Term(term.value / 100, "", f"{term.within(5)}%")
        return term

    def _call(self) -> Term:
        name = self._next().text.lower()
        if name not in FUNCTIONS:
            self._fail(f"there is no function {name!r}; there are {', '.join(FUNCTIONS)}")
        self._next()
        self._calls += 1
        terms = [self._nested(self._sum)]
        while self._peek().text in (",", ";"):
            self._next()
            terms.append(self._nested(self._sum))
        self._expect(")")
        self._calls -= 1
        most, function = FUNCTIONS[name]
        if most and len(terms) > most:
            self._fail(f"{name} takes at most {most}, not {len(terms)} numbers")
        if name == "round" and not _is_places(terms[1:]):
            self._fail(f"{terms[1].text} is no number of digits to round to")
        unit = "" if name == "count" else self._one_unit(terms[:1] if name == "round" else terms)
        text = f"{name}({'; '.join(term.text for term in terms)})"
        return Term(function([term.value for term in terms]), unit, text)

    def _number(self) -> Term:
        before = self._unit_before()
        if self._peek().kind != "number":
            self._fail(f"a number is missing {self._here()}")
        token = self._next().text
        if "," in token and self._calls and ";" not in self.source:
            self._fail(f"{token!r} may be one number or two; put ';' between a function's numbers")
        value = +Decimal(token.replace(",", ""))
        if self._peek().text.lower() in SCALES:
            value = value.scaleb(SCALES[self._next().text.lower()])
        after = self._unit_after(token)
        self.operands.append(value)
        return Term(value, before or after, written(value))

    def _unit_before(self) -> str:
        """A currency sign, or a code of three capitals such as USD."""
        kind, text = self._peek()
        is_code = kind == "word" and len(text) == 3 and text.isupper()
        return self._next().text if kind == "money" or is_code else ""

    def _unit_after(self, number: str) -> str:
        kind, text = self._peek()
        if kind not in ("word", "money") or text in _TIMES:
            return ""
        if text in AMBIGUOUS:
            self._fail(f"{number}{text} is ambiguous; write out {text!r}, or leave it out")
        unit = self._next().text
        return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit  # shares, share

    def _one_unit(self, terms: Sequence[Term]) -> str:
        units = list(dict.fromkeys(term.unit for term in terms if term.unit))
        if len(units) > 1:
            self._fail(f"{' and '.join(units)} do not go together; convert them first")
        return units[0] if units else ""

    def _nested(self, rule: Callable[[], Term]) -> Term:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"it is nested more than {MAX_DEPTH} times")
        term = rule()
        self._depth -= 1
        return term

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, sign: str) -> None:
        if self._next().text != sign:
            self._at -= 1
            self._fail(f"{sign!r} is missing {self._here()}")

    def _here(self) -> str:
        kind, text = self._peek()
        return "at the end" if kind == "end" else f"before {text!r}"

    def _fail(self, reason: str) -> NoReturn:
        raise CalculationError(f"{self.source[:200]!r} cannot be calculated: {reason}.")


def written(value: Decimal) -> str:
    """A number as the grammar reads it, without loss."""
    return f"{value:f}" if -12 <= value.adjusted() <= 24 or not value else f"{value:E}"


def _is_places(terms: Sequence[Term]) -> bool:
    return all(
        term.value == term.value.to_integral_value() and abs(term.value) <= MAX_PLACES
        for term in terms
    )


def _round(numbers: Sequence[Decimal]) -> Decimal:
    places = int(numbers[1]) if len(numbers) > 1 else 0
    return numbers[0].quantize(Decimal(1).scaleb(-places))


def _add(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, Decimal(0))


# name -> how many numbers it takes at most (0: any), and what it does
FUNCTIONS: dict[str, tuple[int, Callable[[Sequence[Decimal]], Decimal]]] = {
    "sum": (0, _add),
    "mean": (0, lambda numbers: _add(numbers) / len(numbers)),
    "min": (0, min),
    "max": (0, max),
    "abs": (1, lambda numbers: abs(numbers[0])),
    "round": (2, _round),
    "count": (0, lambda numbers: Decimal(len(numbers))),
}
