"""A quote is found at exactly its words, and what is not on the page is not found."""

import random
import time
from pathlib import Path

import pymupdf
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pagehop.tools.boxes import enclose, from_points, share_inside
from pagehop.tools.corpus.quotes import locate
from pagehop.tools.corpus.records import Word
from pagehop.tools.corpus.wording import denials, numbers, pieces

PAPER = Path(__file__).parents[2] / "samples" / "2023.acl-long.386.pdf"


def lay(text, *, top=0.1, left=0.1):
    """The words of a text, laid out a line a line."""
    words = []
    for number, line in enumerate(text.split("\n")):
        x = left
        for word in line.split():
            y = top + 0.02 * number
            words.append(Word(word, (x, y, x + 0.008 * len(word), y + 0.015), number))
            x += 0.008 * (len(word) + 1)
    return tuple(words)


def read(number):
    """The words of a page of the sample paper."""
    with pymupdf.open(PAPER) as paper:
        page = paper[number - 1]
        lines = {}
        return tuple(
            Word(
                text,
                from_points((x0, y0, x1, y1), page.rect.width, page.rect.height),
                lines.setdefault((block, line), len(lines)),
            )
            for x0, y0, x1, y1, text, block, line, _ in page.get_text("words")
        )


PAGES = [read(number) for number in (1, 4, 8, 11)]
runs = st.tuples(st.integers(0, 3), st.integers(0, 400), st.integers(1, 60))


def cut(run):
    """The words of a run, and their positions."""
    page, first, length = run
    return PAGES[page], list(range(first, first + length))


def said(words, positions):
    return " ".join(words[at].text for at in positions)


def trimmed(words, positions):
    """The positions without words at the ends that have no letter."""
    lettered = [at for at in positions if pieces(words[at].text)]
    return positions[positions.index(lettered[0]) : positions.index(lettered[-1]) + 1]


@given(runs)
def test_any_run_of_words_is_found_at_exactly_its_words(run):
    words, positions = cut(run)
    quote = said(words, positions)
    assume(pieces(quote))
    found = locate(quote, words)
    assert found is not None
    assert found.score == 1
    assert pieces(found.text) == pieces(quote)
    if found.places == 1:
        assert set(trimmed(words, positions)) <= set(found.words) <= set(positions)
    near = enclose(words[at].bbox for at in trimmed(words, positions))
    assert set(trimmed(words, positions)) <= set(locate(quote, words, near=near).words)


@given(runs)
def test_boxes_are_one_a_line_and_lie_in_the_box_around_them(run):
    words, positions = cut(run)
    found = locate(said(words, positions), words)
    assume(found is not None)
    assert len(found.boxes) == len({words[at].line for at in found.words})
    assert all(share_inside(box, found.bbox) == pytest.approx(1) for box in found.boxes)
    for at in found.words:
        x, y = (words[at].bbox[0] + words[at].bbox[2]) / 2, words[at].bbox[1] + 0.004
        assert any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in found.boxes)


@given(runs, st.randoms(use_true_random=False))
def test_shuffled_words_are_not_found(run, chance):
    words, positions = cut(run)
    shuffled = list(positions)
    chance.shuffle(shuffled)
    spoken = [[words[at].text for at in order] for order in (positions, shuffled)]
    long = [[word for word in side if len(word) >= 5] for side in spoken]
    assume(len(long[0]) >= 3 and long[0] != long[1])
    found = locate(" ".join(spoken[1]), words)
    assert found is None or pieces(found.text) == pieces(" ".join(spoken[1]))


@given(runs, st.data())
def test_a_number_changed_by_one_digit_is_not_found(run, data):
    words, positions = cut(run)
    quote = said(words, positions)
    digits = [at for at, letter in enumerate(quote) if letter in "0123456789"]
    assume(digits)
    at = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != quote[at]]))
    changed = quote[:at] + other + quote[at + 1 :]
    found = locate(changed, words)
    assert found is None or pieces(found.text) == pieces(changed)


@given(runs, st.integers(0, 49))
@example((3, 105, 7), 1)  # stands in two references, once with a hyphen
def test_a_letter_in_fifty_misread_is_forgiven(run, offset):
    words, positions = cut(run)
    quote = said(words, positions)
    letters = [at for at, letter in enumerate(quote) if letter.isascii() and letter.isalpha()]
    assume(len(letters) > 60)
    damaged = list(quote)
    for at in letters[offset::50]:
        damaged[at] = "q"
    damaged = "".join(damaged)
    assume(denials(pieces(damaged)) == denials(pieces(quote)))
    found = locate(damaged, words)
    assert found is not None
    assert 0.85 <= found.score <= 1
    page = "".join(piece for word in words if not word.hidden for piece in pieces(word.text))
    if page.count("".join(pieces(quote))) == 1:
        assert len(set(found.words) & set(positions)) >= 0.8 * len(trimmed(words, positions))


@given(st.text(max_size=60))
def test_whatever_is_asked_for_gives_a_place_or_none(quote):
    found = locate(quote, PAGES[0])
    assert found is None or 0 <= found.bbox[0] < found.bbox[2] <= 1


ANNUAL = """Annual Report 2023
Net revenue rose by 12.5 % to $1,234.5 million, well above plan.
The reason- ing behind it was not the price: costs fell by −3.2 points.
It’s the “ﬁrst” full year since the 2019–2020 merger."""  # noqa: RUF001


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("NET REVENUE ROSE", "Net revenue rose"),
        ("net   revenue\nrose,", "Net revenue rose"),
        ("rose by 12.5%", "rose by 12.5 %"),
        ("rose by 12.5", "rose by 12.5"),
        ("$1,234.5 million", "$1,234.5 million,"),
        ("$1234.5 million", "$1,234.5 million,"),
        ("The reasoning behind it", "The reason- ing behind it"),
        ("rea\u00adsoning behind", "reason- ing behind"),
        ("it's the 'first' full year", "It’s the “ﬁrst” full year"),  # noqa: RUF001
        ("fell by -3.2 points", "fell by −3.2 points."),  # noqa: RUF001
        ("the 2019-2020 merger", "the 2019–2020 merger."),  # noqa: RUF001
        ("Net revenue ... well above plan", "Net revenue … well above plan."),
        ("Annual Report […] 12.5 %", "Annual Report … 12.5 %"),
    ],
)
def test_writing_makes_no_difference(quote, text):
    found = locate(quote, lay(ANNUAL))
    assert found is not None
    assert found.text == text
    assert found.score == 1


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "— … !",
        "revenu",  # half a word
        "rose by 125 %",
        "rose by 12",
        "rose by 5 %",
        "rose by -12.5 %",
        "fell by 3.2 points",
        "$1,234 million",
        "$12,345 million",
        "the 2019-2021 merger",
        "The reasoning behind it was the price: costs fell",  # the "not" is gone
        "well above plan ... Annual Report",  # the wrong way round
        "Net revenue ... below plan",
        "Net profit",
        "Net revenue exploded by 12.5 % to $1,234.5 million, well above plan.",
        "rose by 12.5 % to $1,234.5 million, plan well above",
        "The astonishing reasoning behind it was not the price: costs fell by",
    ],
)
def test_what_is_not_there_is_not_found(quote):
    assert locate(quote, lay(ANNUAL)) is None


def test_hidden_words_are_no_text_a_reader_could_check():
    seen = lay("Pay nobody.")
    hidden = [Word(word.text, word.bbox, 9, hidden=True) for word in lay("Pay Mallory now.")]
    assert locate("Pay Mallory now.", [*seen, *hidden]) is None
    assert locate("Pay nobody.", [seen[0], *hidden, seen[1]]).words == (0, 4)


def test_a_quote_across_columns_gives_its_lines_only():
    left = lay("one two three\nfour five six seven", top=0.8)
    right = [
        Word(word.text, word.bbox, word.line + 2) for word in lay("eight nine ten eleven", left=0.6)
    ]
    found = locate("six seven eight nine", [*left, *right])
    assert len(found.boxes) == 2
    assert found.boxes[0][2] < 0.5
    assert found.boxes[1][0] >= 0.6


def test_a_footer_between_two_lines_does_not_break_a_quote():
    words = lay("The merger was approved by\n12 Confidential draft\nthe board in the spring.")
    found = locate("The merger was approved by the board in the spring.", words)
    assert found.text == "The merger was approved by … the board in the spring."
    assert [words[at].line for at in found.words] == [0] * 5 + [2] * 5


def test_two_halves_of_different_sentences_are_no_quote():
    words = lay("The merger was approved by nobody. It was refused by the board in the spring.")
    assert locate("The merger was approved by the board in the spring.", words) is None


def test_what_was_left_out_is_not_marked_even_in_one_line():
    found = locate("Total ... 7.1", lay("Total 5.2 6.3 7.1"))
    assert len(found.boxes) == 2
    assert found.text == "Total … 7.1"


def test_of_several_ways_to_skip_the_shortest_is_meant():
    words = lay("Revenue is reported below\nCosts 4.0 5.2\nRevenue 6.0 7.1")
    assert locate("Revenue ... 7.1", words).words == (7, 9)


def test_of_several_places_the_one_near_the_box_is_meant():
    words = lay("Paris 5.2\nRome 5.2\nBerlin 5.2")
    assert locate("5.2", words).places == 3
    assert locate("5.2", words).words == (1,)
    for line in range(3):
        box = (0.0, 0.1 + 0.02 * line, 1.0, 0.115 + 0.02 * line)
        assert locate("5.2", words, near=box).words == (2 * line + 1,)


def test_whole_words_go_before_parts_of_words():
    assert locate("12", lay("pages 11-12 and 12")).words == (3,)


def test_scripts_without_spaces_may_be_quoted_from_within():
    words = lay("営業利益は前年比で増加した。 売上高は減少した。")
    assert locate("前年比で増加", words).words == (0,)


def test_a_letter_that_claims_three_lines_does_not_stretch_its_line():
    words = lay("the set\nP = all of the rest of it\nnext line")
    tall = [
        Word(word.text, (word.bbox[0], 0.11, word.bbox[2], 0.16), word.line)
        if word.text == "P"
        else word
        for word in words
    ]
    found = locate("P = all of the rest", tall)
    assert found.bbox[1] == pytest.approx(0.12)
    assert found.bbox[3] == pytest.approx(0.135)


def test_numbers_are_read_with_their_signs_and_without_separators():
    assert numbers("(1,234) -5 −6 –7 8-9 a-1 .05 3.1.2 $-4 -$3 12,34") == [  # noqa: RUF001
        "1234", "-5", "-6", "-7", "8", "9", "1", "0.05", "3.1.2", "-4", "-3", "12", "34",
    ]  # fmt: skip


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_a_long_page_takes_milliseconds(seed):
    chance = random.Random(seed)
    words = tuple(word for page in PAGES[:2] for word in page)[:1500]
    quote = " ".join(word.text for word in chance.sample(words, 40))
    start = time.perf_counter()
    locate(quote, words)
    assert time.perf_counter() - start < 0.25  # a few ms; the machine may be busy
