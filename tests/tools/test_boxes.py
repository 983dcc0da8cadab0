"""Boxes: every form in which they come is converted once, and nonsense is refused."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pagehop.tools.boxes import (
    PAGE,
    area,
    enclose,
    from_model,
    from_points,
    intersection,
    pad,
    share_inside,
    to_points,
    within,
)
from pagehop.tools.errors import BadBoxError

fractions = st.floats(0, 1, allow_subnormal=False)
sides = st.integers(50, 4000)
SCALE = {"fraction": (1, 1), "thousand": (1000, 1000)}


@st.composite
def boxes(draw, least=0.02):
    x0, y0 = draw(st.floats(0, 1 - least)), draw(st.floats(0, 1 - least))
    return (x0, y0, draw(st.floats(x0 + least, 1)), draw(st.floats(y0 + least, 1)))


@given(boxes(), sides, sides, st.sampled_from(["fraction", "thousand", "pixel"]))
def test_a_box_comes_back_from_every_unit(box, width, height, unit):
    sx, sy = SCALE.get(unit, (width, height))
    spoken = to_points(box, sx, sy)
    assert from_model(spoken, shown=(width, height), unit=unit) == pytest.approx(box, abs=1e-9)


@given(boxes(), sides, sides)
def test_fractions_and_pixels_are_told_apart_without_a_unit(box, width, height):
    assert from_model(box, shown=(width, height)) == pytest.approx(box)
    pixels = to_points(box, width, height)
    assume(max(pixels) > 1.02)
    assert from_model(pixels, shown=(width, height)) == pytest.approx(box)


@given(boxes(), sides, sides)
def test_y_may_come_before_x(box, width, height):
    """As Gemini writes boxes."""
    x0, y0, x1, y1 = (1000 * edge for edge in box)
    found = from_model((y0, x0, y1, x1), shown=(width, height), unit="thousand-yx")
    assert found == pytest.approx(box)


@given(boxes(), sides, sides, st.sampled_from(["fraction", "thousand", "thousand-yx", "pixel"]))
def test_fractions_are_fractions_whatever_the_model_s_habit(box, width, height, habit):
    assert from_model(box, shown=(width, height), habit=habit) == pytest.approx(box)


@pytest.mark.parametrize(
    ("habit", "place"),
    [
        (None, (0.1, 0.1, 0.4, 0.8)),
        ("pixel", (0.1, 0.1, 0.4, 0.8)),
        ("thousand", (0.2, 0.1, 0.8, 0.8)),
        ("thousand-yx", (0.1, 0.2, 0.8, 0.8)),
    ],
)
def test_numbers_that_may_be_several_things_are_what_the_model_writes(habit, place):
    """Qwen2.5-VL writes pixels, Qwen3-VL thousandths, Gemini thousandths with y first."""
    spoken = (200, 100, 800, 800)
    assert from_model(spoken, shown=(2000, 1000), habit=habit) == place


def test_a_unit_that_is_given_goes_before_the_habit():
    box = (0, 0, 500, 500)
    assert from_model(box, shown=(500, 500), unit="pixel", habit="thousand") == PAGE


def test_numbers_too_large_for_the_picture_are_thousandths():
    assert from_model((100, 200, 900, 1000), shown=(500, 400)) == (0.1, 0.2, 0.9, 1.0)


@given(boxes(), sides, sides)
def test_corners_may_come_in_any_order(box, width, height):
    x0, y0, x1, y1 = box
    straight = from_model(box, shown=(width, height))
    assert from_model((x1, y1, x0, y0), shown=(width, height)) == straight
    assert from_model((x1, y0, x0, y1), shown=(width, height)) == straight


@given(boxes(0.05), boxes(0.05), boxes(0.05), st.integers(200, 2000), st.integers(200, 2000))
def test_a_crop_of_a_crop_keeps_its_place_to_within_a_pixel(outer, middle, inner, width, height):
    """Each box is rounded to whole pixels of its picture, as a model writes it."""
    place, exact = PAGE, PAGE
    pixel = 0.0
    for box in (outer, middle, inner):
        exact = within(box, exact)
        spoken = [round(edge) for edge in to_points(box, width, height)]
        pixel = max(pixel, (place[2] - place[0]) / width, (place[3] - place[1]) / height)
        place = within(from_model(spoken, shown=(width, height), unit="pixel"), place)
    assert place == pytest.approx(exact, abs=2 * pixel)
    assert share_inside(place, PAGE) == pytest.approx(1)


@given(boxes(), boxes())
def test_within_never_leaves_the_outer_box(inner, outer):
    x0, y0, x1, y1 = within(inner, outer)
    assert outer[0] <= x0 < x1 <= outer[2]
    assert outer[1] <= y0 < y1 <= outer[3]


def test_a_box_that_reaches_out_a_little_is_clamped():
    assert from_model((-5, 0, 505, 100), shown=(500, 500), unit="pixel") == (0, 0, 1, 0.2)


@pytest.mark.parametrize(
    "box",
    [
        (0.1, 0.2, 0.3),
        (1, 2, 3, 4, 5),
        (math.nan, 0, 1, 1),
        (0, 0, math.inf, 1),
        ("0", "0", "1", "1"),
        "0011",
        (True, False, True, True),
        (None, 0, 1, 1),
        [[0, 0], [1, 1]],
        {"x0": 0, "y0": 0, "x1": 1, "y1": 1},
        None,
        0.5,
        (0.2, 0.2, 0.2, 0.9),
        (0, 0, 0, 0),
        (-0.5, 0, 1, 1),
        (0, 0, 5000, 100),
        (10**400, 0, 1, 1),
        (-(10**400), 0, 1, 1),
    ],
)
def test_nonsense_is_refused(box):
    with pytest.raises(BadBoxError, match="box"):
        from_model(box, shown=(800, 600))


@given(st.lists(st.floats() | st.integers() | st.text(max_size=3) | st.none(), max_size=6))
def test_whatever_comes_is_a_box_on_the_picture_or_refused(box):
    try:
        x0, y0, x1, y1 = from_model(box, shown=(640, 480))
    except BadBoxError:
        return
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


@given(boxes(), boxes())
def test_intersection_lies_in_both_and_enclosure_around_both(a, b):
    common, around = intersection(a, b), enclose([a, b])
    assert share_inside(a, around) == pytest.approx(1)
    assert share_inside(b, around) == pytest.approx(1)
    if common:
        assert area(common) <= min(area(a), area(b)) + 1e-12
        assert common == intersection(b, a)


@given(boxes(), st.floats(0, 0.5))
def test_padding_grows_a_box_and_stays_on_the_page(box, margin):
    padded = pad(box, margin)
    assert share_inside(box, padded) == pytest.approx(1)
    assert share_inside(padded, PAGE) == pytest.approx(1)


@given(boxes(), st.floats(10, 5000), st.floats(10, 5000))
def test_points_come_back_to_a_hundred_thousandth(box, width, height):
    assert from_points(to_points(box, width, height), width, height) == pytest.approx(box, abs=1e-5)


def test_nothing_encloses_no_boxes():
    assert enclose([]) is None
