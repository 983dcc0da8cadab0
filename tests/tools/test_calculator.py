"""The calculator agrees with Python's arithmetic, and says clearly what it cannot do."""

import operator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.calculator import (
    CalculationError,
    calculator_tool,
    evaluate,
    plain,
)
from pagehop.tools.errors import InputError

amounts = st.integers(0, 10**9) | st.decimals(0, 10**6, places=3)
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


@st.composite
def expressions(draw, depth=4):
    """An expression as text, and its value as an exact fraction."""
    kind = draw(st.sampled_from(["number", "number", "pair", "pair", "minus", "power", "call"]))
    if depth == 0 or kind == "number":
        number = draw(amounts)
        text = draw(st.sampled_from([f"{number}", f"{number:,}" if depth == 4 else f"{number}"]))
        return text, Fraction(number)
    if kind == "minus":
        text, value = draw(expressions(depth - 1))
        return f"-({text})", -value
    if kind == "power":
        text, value = draw(expressions(depth=0))
        exponent = draw(st.integers(0, 3))
        return (f"({text})^{exponent}", value**exponent) if value else (text, value)
    if kind == "call":
        parts = draw(st.lists(expressions(depth - 1), min_size=1, max_size=4))
        name, function = draw(
            st.sampled_from([("sum", sum), ("min", min), ("max", max), ("count", len)])
        )
        texts, values = zip(*parts, strict=True)
        return f"{name}({'; '.join(texts)})", Fraction(function(values))
    (left, a), (right, b) = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    sign = draw(st.sampled_from(list(OPERATORS)))
    if sign == "/" and b == 0:
        sign = "-"
    return f"({left}) {sign} ({right})", OPERATORS[sign](a, b)


@given(expressions())
def test_the_value_is_pythons(expression):
    text, value = expression
    done = evaluate(text)
    assert abs(Fraction(done.value) - value) <= abs(value) / 10**30 + Fraction(1, 10**15)


@given(expressions())
def test_the_normal_form_means_the_same_and_is_its_own(expression):
    done = evaluate(expression[0])
    again = evaluate(done.expression)
    assert again.expression == done.expression
    assert again.value == done.value
    assert again.operands == done.operands


@given(st.lists(st.integers(0, 99), min_size=2, max_size=6), st.data())
def test_operators_bind_as_in_python(numbers, data):
    signs = data.draw(st.lists(st.sampled_from(["+", "-", "*"]), min_size=5, max_size=5))
    text = str(numbers[0]) + "".join(
        f" {sign} {n}" for sign, n in zip(signs, numbers[1:], strict=False)
    )
    total, factor = 0, numbers[0]
    for sign, n in zip(signs, numbers[1:], strict=False):  # products first, then left to right
        if sign == "*":
            factor *= n
        else:
            total, factor = total + factor, n if sign == "+" else -n
    assert evaluate(text).value == total + factor


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-2^2", "-4"),
        ("2^3^2", "512"),
        ("2**-1", "0.5"),
        ("1 - 1 - 1", "-1"),
        ("8 / 4 / 2", "1"),
        ("0.1 + 0.2", "0.3"),
        ("15% of 200", "30"),
        ("12 percent", "0.12"),
        ("(5 + 3)%", "0.08"),
        ("3 × 4 ÷ 2 − 1", "5"),  # noqa: RUF001
        ("3 x 4", "12"),
        ("$1,214 million - $1,000 million", "214000000"),
        ("1.2 billion USD / 4 shares", "300000000"),
        ("5 km + 3 km", "8"),
        ("mean(1; 2; 6)", "3"),
        ("round(2.345; 2)", "2.35"),
        ("round(-2.5)", "-3"),
        ("round(1234; -2)", "1200"),
        ("abs(3 - 5)", "2"),
        ("count(7; 7; 7)", "3"),
        ("max(100, 200)", "200"),
        ("(1,320 / 1,000)^(1/2) - 1", "0.148912529307606"),
        (".5 + 1e3", "1000.5"),
    ],
)
def test_what_people_write_is_understood(expression, value):
    assert plain(evaluate(expression).value) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "a number is missing at the end"),
        ("1 +", "a number is missing at the end"),
        ("(1", r"'\)' is missing at the end"),
        ("1 2", "unexpected '2'"),
        ("1,2", "unexpected ','"),
        ("1.234,5", "unexpected ','"),
        ("foo(2)", "no function 'foo'"),
        ("__import__('os')", "no part of an expression"),
        ("5²", "'²' is no part of an expression"),
        ("1 / (3 - 3)", "divides by zero"),
        ("0^0", "no value"),
        ("(-8)^(1/3)", "no value"),
        ("9^9999", "larger than"),
        ("9^9^9^9", "exponent"),
        ("1e5000", "larger than"),
        ("1e99999999999999999999", "cannot be calculated"),
        ("1e-900 * 1e-900", "smaller than"),
        ("max(100,200)", "one number or two"),
        ("5 km + 300 cm", "do not go together"),
        ("$5 + €3", "do not go together"),
        ("5M + 1", "ambiguous"),
        ("round(5; 0.5)", "no number of digits"),
        ("round(1; 2; 3)", "at most 2"),
        ("(" * 60 + "1" + ")" * 60, "nested"),
        ("-" * 60 + "1", "nested"),
        ("1+" * 1500 + "1", "characters"),
    ],
)
def test_what_cannot_be_calculated_says_why(expression, reason):
    with pytest.raises(CalculationError, match=reason) as caught:
        evaluate(expression)
    assert isinstance(caught.value, InputError)


@given(st.text(alphabet="0123456789.,+-*/^()%; eExmaxsumround$km", max_size=40))
def test_whatever_is_written_gives_a_number_or_a_clear_error(text):
    try:
        done = evaluate(text)
    except CalculationError as error:
        assert repr(text) in str(error)  # noqa: PT017
    else:
        assert done.value.is_finite()
        assert Decimal(plain(done.value)).is_finite()


def test_the_operands_are_the_numbers_that_went_in():
    done = evaluate("($1,214 million - 1,000 million) / 12%")
    assert done.operands == (Decimal(1214000000), Decimal(1000000000), Decimal(12))
    assert done.expression == "(1214000000 - 1000000000) / 12%"
    assert done.unit == "$"


def test_the_tool_shows_the_line_and_keeps_the_parts():
    call = {"type": "tool_call", "id": "1", "name": "calculate", "args": {"expression": "(7-5)/8"}}
    message = calculator_tool().invoke(call)
    assert message.content == "(7 - 5) / 8 = 0.25"
    assert message.artifact == {"expression": "(7 - 5) / 8", "value": "0.25", "unit": ""}
