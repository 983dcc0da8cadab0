"""Each data set's rule on cases worked by hand, quirks included, and laws that all rules keep."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.evals.lists import written_list
from pagehop.evals.question import Expected, Question
from pagehop.evals.scoring import longdocurl, m3docvqa, mmlongbench, mpdocvqa, slidevqa
from pagehop.evals.scoring.items import items
from pagehop.evals.scoring.pairing import best_pairs
from pagehop.evals.scoring.rules import RULES, rule_of
from pagehop.evals.scoring.similarity import similarity
from pagehop.tools.errors import InputError


def asked(expected, form="", text="What is it?"):
    """A question with that answer: a text, a list, or a set of accepted texts."""
    if isinstance(expected, set):
        answers = tuple((one,) for one in sorted(expected))
    else:
        answers = (tuple(expected),) if isinstance(expected, list) else ((expected,),)
    return Question(
        id="1", text=text, set="s", documents=("d",), expected=Expected(answers=answers, form=form)
    )


def value(rule, expected, said, form="", text="What is it?"):
    found = tuple(said) if isinstance(said, list) else (said,)
    return rule.score(asked(expected, form, text), found).value


MMLONGBENCH = [
    ("Int", "16", "16", 1),
    ("Int", "16", "16.0", 1),
    ("Int", "3", "3.9", 1),  # cut, not rounded
    ("Int", "16", "16 grams", 0),
    ("Int", "1862", "1,862", 0),
    ("Int", "16", "sixteen", 0),
    ("Int", "3", "inf", 0),
    ("Float", "29.6%", "0.296", 1),
    ("Float", "29.6%", "29.8", 1),  # within 1 %
    ("Float", "29.6%", "30.0", 0),
    ("Float", "45", "4500", 1),  # a hundred times too large
    ("Float", "0.052 ", "0.05", 1),  # rounded to the fewer digits
    ("Float", "0.052", "0.06", 0),
    ("Float", "$ 45", "45 million", 0),
    ("Str", "Bluebird Award", "bluebird award", 1),
    ("Str", "red", "Red (dark)", 1),
    ("Str", "'red'", "red", 1),
    ("Str", "abcd", "abce", 0.75),
    ("Str", "abcd", "abxy", 0),  # exactly a half is nothing
    ("Str", "2013", "2014", 0),  # all digits: letter by letter
    ("Str", "page 4", "page 5", 0),
    ("Str", "8:00 a.m.", "8:30 a.m.", 0),
    ("Str", "https://a.org/x", "https://a.org/y", 0),
    ("Str", "ann@a.org", "ann@b.org", 0),
    ("Str", "main.py", "mail.py", 0),
    ("Str", "5 million", "5", 0),  # the unit stays: the original throws its stripping away
    ("None", "Not answerable", "Not answerable", 1),
    ("None", "Not answerable", "42", 0),
    ("List", ["b", "a"], ["A", "B"], 1),  # both are sorted
    ("List", ["abcd", "efgh"], ["abce", "efgh"], 0.75),  # as good as the worst pair
    ("List", ["a", "b"], ["a"], 0),
    ("List", ["a"], ["a", "b"], 0),
    ("List", ["2010", "2011"], ["2011", "2010"], 1),
    ("List", ["2010", "2011"], ["2011", "2012"], 0),
    ("List", ["12.5%", "7%"], ["7", "12.5"], 1),
]


@pytest.mark.parametrize(("form", "expected", "said", "score"), MMLONGBENCH)
def test_mmlongbench_scores(form, expected, said, score):
    assert value(mmlongbench, expected, said, form) == pytest.approx(score)


LONGDOCURL = [
    ("Integer", "96395", "96,395", 1),
    ("Integer", "5", "5.0", 0),  # has to be written as a whole number
    ("Integer", "12", "12 miles", 1),
    ("Integer", "12", "£12", 1),
    ("Float", "96,395.5", "96395.5 kg", 1),
    ("Float", "0.5", "50%", 1),
    ("Float", "about half", "0.5", 0),
    ("String", "a program", "a progra", 1),  # the m is taken for metres
    ("String", "10 thousand", "10", 1),
    ("String", "2013", "2014", 0),
    ("None", "Not answerable", "not answerable", 1),
    ("List", ["ab", "cd"], ["cd", "ab"], 1),
    ("List", ["ab", "cd"], ["ab"], 0.5),  # the mean over what is expected
    ("List", ["ab", "cd"], ["ab", "cd", "ef"], (2 / 3) ** 0.5),  # less for saying more
    ("List", ["1", "2"], ["2", "1"], 0),  # numbers: as a whole and in order
    ("List", ["1", "2"], ["1", "2"], 1),
    ("List", ["ab"], [], 0),
]


@pytest.mark.parametrize(("form", "expected", "said", "score"), LONGDOCURL)
def test_longdocurl_scores(form, expected, said, score):
    assert value(longdocurl, expected, said, form) == pytest.approx(score)


@pytest.mark.parametrize(
    ("expected", "said", "score"),
    [
        ({"TRRF Vice President", "vice president"}, "VICE PRESIDENT ", 1),
        ("abcd", "abxy", 0.5),  # a half counts here
        ("abcd", "axyz", 0),
        ("0.28", "", 0),
        ("none", "none", 0),  # whatever is expected
    ],
)
def test_anls_scores(expected, said, score):
    assert value(mpdocvqa, expected, said) == pytest.approx(score)


@pytest.mark.parametrize(
    ("expected", "said", "text", "f1", "right"),
    [
        ("the 5 sites", "five sites", "?", 1, True),
        ("blue cars", "blue", "?", 2 / 3, False),
        ("12", "12 sites", "At how many sites?", 2 / 3, False),  # "sites?", with its mark
        ("12", "12 sites", "At how many sites are there?", 1, True),
        ("12", "12 sites", "How many sites are there?", 2 / 3, False),  # a capital letter
        ("sand", "s", "?", 1, True),  # "and" is a comma, and commas go
        ("November 3", "November 12", "?", 1, True),  # it begins with "no"
        ("yes, it is", "Yes", "?", 1, True),
        ("50 percent", "50", "?", 1, True),
        ("red", "blue", "?", 0, False),
        ("red blue", "blue red", "?", 1, False),
    ],
)
def test_slidevqa_scores(expected, said, text, f1, right):
    found = slidevqa.score(asked(expected, text=text), (said,))
    assert (found.value, found.right) == (pytest.approx(f1), right)


@pytest.mark.parametrize(
    ("expected", "said", "f1", "right"),
    [
        (["Alder", "Birch"], ["birch", "The Alder"], 1, True),
        (["Alder", "Birch"], ["Birch"], 0.5, False),
        (["Alder", "Birch", "Cedar"], ["Birch"], 0.33, False),  # rounded to two places
        (["twenty-two"], ["20 2"], 1, True),
        (["U.S. states"], ["us states"], 1, True),
        (["3 mills"], ["4 mills"], 0, False),  # the numbers differ
        (["3 mills"], ["three mills"], 1, True),
        (["new mill"], ["new mills"], 0.5, False),
        (["a"], [""], 1, True),  # an article alone is nothing
    ],
)
def test_m3docvqa_scores(expected, said, f1, right):
    found = m3docvqa.score(asked(expected), tuple(said))
    assert (found.value, found.right) == (pytest.approx(f1), right)


texts = st.text(max_size=12)
spoken = st.lists(texts, max_size=4).map(tuple)
forms = st.sampled_from(
    ["", "Int", "Integer", "Float", "Numeric", "Str", "String", "List", "None", "Yes/No"]
)


@given(st.sampled_from(sorted(RULES)), texts, spoken, spoken, forms)
def test_every_rule_gives_a_share_to_whatever_is_said(name, text, expected, said, form):
    found = RULES[name].rule(asked(list(expected), form, text), said)
    assert 0 <= found.value <= 1


@given(st.sampled_from(sorted(RULES)), st.sampled_from(["alder", "Birch looms", "42", "29.6%"]))
def test_what_is_expected_is_right_by_every_rule(name, expected):
    assert RULES[name].rule(asked(expected, "Str"), (expected,)).right


@given(texts, texts)
def test_similarity_is_that_of_the_other_way_round(one, other):
    assert similarity(one, other) == similarity(other, one)
    assert (similarity(one, other) == 1) == (one == other)


tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=4
    )
)


@given(tables)
def test_no_pairing_is_worth_more(worth):
    rows, columns = len(worth), len(worth[0])
    found = best_pairs(worth)
    assert len(found) == min(rows, columns)
    assert len({row for row, _ in found}) == len({column for _, column in found}) == len(found)
    wide = worth if rows <= columns else [list(column) for column in zip(*worth, strict=True)]
    best = max(
        sum(row[column] for row, column in zip(wide, order, strict=False))
        for order in permutations(range(len(wide[0])), len(wide))
    )
    assert sum(worth[row][column] for row, column in found) == best


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(), st.floats(0, 1e6, width=32))))
def test_a_list_that_python_wrote_is_read_back(values):
    # A repr may hold escapes that are no part of JSON; those that we read are \\ \' \n \t \r \x \u.
    if "\\U" not in repr(values):
        assert written_list(repr(values)) == values


@pytest.mark.parametrize(
    "text", ["", "no list", "[1, 2] and more", "['a'", "['a' 'b']", "[[1]]", "[a, b]", "[1;2]"]
)
def test_what_is_no_list_is_none(text):
    assert written_list(text) is None


def test_items_of_answers_as_people_write_them():
    assert items("1. Ghent\n2. Lille") == ("Ghent", "Lille")
    assert items("Ghent; Lille, France") == ("Ghent", "Lille, France")
    assert items("1,200, 1,300 and 4") == ("1,200", "1,300", "4")


def test_a_format_has_its_own_rule_or_ours():
    assert rule_of("slidevqa").name == "slidevqa"
    assert rule_of("devpack").name == rule_of("vidoseek").name == "plain"
    assert rule_of("devpack", "mmlongbench").version == "mmlongbench/1"
    with pytest.raises(InputError, match="There is no rule 'bleu'"):
        rule_of("devpack", "bleu")
