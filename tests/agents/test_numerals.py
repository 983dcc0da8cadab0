"""Numbers in running text, as they are written and as they may be meant."""

from decimal import Decimal

import pytest

from pagehop.agents.checks.numerals import meant, numerals, stands_in


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("costs 0,3 - 0,4 $", ["0.3", "0.4"]),
        ("1.234,56 euros", ["1234.56"]),
        ("1,234,567 people", []),
        ("12,345 people", []),
        ("in (1,2,3)", []),
        ("5 - 20k installs a day", ["5000"]),
        ("1.2 to 3 million", ["1200000"]),
        ("pages 5 to 20", []),
    ],
)
def test_decimal_commas_and_ranges_with_one_unit_are_understood(text, values):
    assert [number.value * number.scale for number in meant(text)] == [Decimal(v) for v in values]


def test_a_number_may_carry_its_thousands_as_a_letter():
    (twenty,) = numerals("20k installs")
    assert twenty.value * twenty.scale == 20_000
    assert stands_in(numerals("20,000")[0], [twenty])


def test_the_bounds_of_a_range_are_no_other_numbers():
    known = [*numerals("5 - 20k"), *meant("5 - 20k")]
    assert stands_in(numerals("5000")[0], known)
    assert not stands_in(numerals("6000")[0], known)
