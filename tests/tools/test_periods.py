"""Periods: which one a document is of, and how well that fits the one asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.retrieval.naming.periods import Periods, agreement, own_periods, periods

FORM = "FORM 10-K\nANNUAL REPORT\nFor the fiscal year ended December 31, 2018\nor\nas of 2019"
QUARTER = "FORM 10-Q QUARTERLY REPORT\nFor the quarterly period ended July 29, 2023"


@pytest.mark.parametrize(
    ("said", "years"),
    [
        ("revenue in FY2018", {2018}),
        ("fiscal '22 against FY 21", {2022, 2021}),
        ("2022/23 season", {2022, 2023}),
        ("4Q19 results", {2019}),
        ("as of 2019-01-18", {2019}),
        ("2,018 items, $2018.5 and 2020%", set()),
        ("model 12018 and 20181", set()),
    ],
)
def test_years_are_read_as_people_write_them_and_other_numbers_are_not(said, years):
    assert periods(said).years == years


@pytest.mark.parametrize("said", ["Q2 of FY2024", "2024Q2", "the second quarter of 2024", "2Q24"])
def test_a_quarter_is_read_in_every_spelling(said):
    assert periods(said).quarters == {2}
    assert periods(said).years == {2024}


def test_a_name_says_the_period_and_without_it_the_first_page_does():
    assert own_periods("3M_2015_10K", "", FORM).years == {2015}
    bare = own_periods("5f1c09aa", "", FORM)
    assert bare.years == {2018}  # the year that ended, not the last one printed
    assert bare.kinds == {"annual"}
    assert bare.dates == {(2018, 12, 31)}


def test_the_report_of_the_asked_year_fits_best_then_the_next_that_prints_it_too():
    asked = periods("What was the revenue in FY2018?")
    fits = [agreement(asked, own_periods(f"ACME_{year}_10K", "", "")) for year in range(2016, 2021)]
    assert fits[2] == max(fits)
    assert fits[3] > fits[1] == fits[4] == 0


def test_of_two_asked_years_the_later_report_fits_better():
    asked = periods("How did revenue change from FY2016 to FY2017?")
    earlier, later = (agreement(asked, own_periods(f"A_{y}_10K", "", "")) for y in (2016, 2017))
    assert 0 < earlier < later


def test_a_quarter_goes_with_its_own_report_and_a_year_with_none_of_a_quarter():
    year, quarter = own_periods("B_2024_10K", "", ""), own_periods("B_2024Q2_10Q", "", "")
    assert agreement(periods("in Q2 of FY2024"), quarter) > agreement(
        periods("in Q2 of FY2024"), year
    )
    assert agreement(periods("in FY2024"), year) > agreement(periods("in FY2024"), quarter)
    unnamed = own_periods("0a1b", "", QUARTER)
    assert agreement(periods("in FY2023"), unnamed) < agreement(periods("in Q2 of 2023"), unnamed)


def test_a_whole_date_that_stands_on_the_first_page_is_that_report():
    asked = periods("for the fiscal year ending December 31, 2018")
    assert agreement(asked, own_periods("x", "", FORM)) >= 1


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_what_says_nothing_fits_nothing(text):
    found = periods(text)
    assert agreement(found, Periods()) == 0
    assert agreement(Periods(), found) == 0
    assert all(1950 <= year <= 2050 for year in found.years)
    assert found.quarters <= {1, 2, 3, 4}
