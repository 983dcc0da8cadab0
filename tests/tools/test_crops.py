"""A crop as a query: read, shown, and overruled by what the person says."""

import io
import struct
import zlib

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.regions import caption_label
from pagehop.tools.errors import BadPictureError, InputError, PathNotFoundError
from pagehop.tools.retrieval.crop_words import merged
from pagehop.tools.retrieval.crops import Crop, open_crop, sought
from pagehop.tools.retrieval.naming.mentions import mentions

LINES = ("North 10.5 12.5", "South 7.0 6.5", "Table 4: Sales by region 2023")


@pytest.fixture(scope="module")
def farm():
    with Farm(1) as farm:
        yield farm


@pytest.fixture(scope="module")
def table():
    """A cut-out of a table, its caption below it."""
    picture = Image.new("RGBA", (700, 260), (255, 255, 255, 0))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(32)
    for at, line in enumerate(LINES):
        pen.text((20, 20 + 75 * at), line, "black", font)
    return picture


def coded(picture, kind="PNG"):
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def bomb(width, height):
    """A PNG that claims to be that large and has no pixels to show for it."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_a_crop_is_read_its_caption_first_and_shown(farm, table, tmp_path):
    path = tmp_path / "crop.png"
    table.save(path)
    crop = open_crop(path, farm)
    assert crop.text.splitlines()[0] == LINES[2]
    assert "North 10.5 12.5" in crop.text
    assert crop.picture.mode == "RGB"
    assert crop.picture.width > 2 * crop.picture.height
    assert crop.picture.getpixel((2, 2)) == (255, 255, 255)  # what was transparent is paper


def test_a_query_of_crop_and_words_is_of_both_and_the_words_overrule(farm, table):
    query = sought(open_crop(table, farm), "where else, but for 2022?")
    assert query.image is not None
    assert query.text.startswith("where else, but for 2022? Sales by region")
    assert not {"2023", "10.5", "12.5", "7.0"} & set(query.text.split())


def test_an_empty_picture_reads_as_nothing(farm):
    query = sought(open_crop(coded(Image.new("L", (60, 40), 255)), farm))
    assert query.text == ""
    assert query.image is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no bytes"),
        (b"just words", "neither a PDF nor a PNG"),
        (b"<svg></svg>", "HTML, SVG"),
        (b"GIF89a" + b"\0" * 40, "a GIF picture"),
        (coded(Image.new("RGB", (90, 90)))[:60], "truncated"),
        (bomb(8_000, 8_000), "limit is 50 million"),
        (bomb(60_000, 60_000), "limit is 50 million"),
        (bomb(0, 7), "no picture to search for"),
        (coded(Image.new("RGB", (3, 3))), "too little"),
        (coded(Image.new("RGB", (4_000, 9))), "too little"),
    ],
)
def test_what_is_no_picture_is_one_clear_error(farm, tmp_path, content, said):
    path = tmp_path / "query.png"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(BadPictureError, match=said) as caught:
            open_crop(source, farm)
        assert "\n" not in str(caught.value)


def test_a_pdf_a_folder_or_nothing_at_all_is_no_picture(farm, tmp_path):
    pdf = tmp_path / "paper.pdf"
    with pymupdf.open() as document:
        document.new_page()
        document.save(pdf)
    for source, said in (
        (pdf, "It is a PDF"),
        (tmp_path, "not a regular file"),
        (Image.new("RGB", (0, 4)), "has no pixel"),
        (7, "A int is no picture"),
    ):
        with pytest.raises(BadPictureError, match=said):
            open_crop(source, farm)
    with pytest.raises(PathNotFoundError, match=r"no picture .*missing\.png"):
        open_crop(tmp_path / "missing.png", farm)
    assert issubclass(BadPictureError, InputError)


def test_a_year_that_is_asked_for_replaces_year_and_figures_of_the_crop():
    read = "Table 2: Cash flow FY2023\nOperating (1,204) 55%\nQ3 note"
    assert merged("and in 2021?", read) == "and in 2021? Cash flow Operating Q3 note"
    assert merged("and in Q1?", read) == "and in Q1? Cash flow FY2023 Operating note"
    assert merged("where else?", read) == "where else? " + " ".join(read.split()[2:])


PLACES = st.sampled_from([
    "page", "pages", "12", "3", "-", "5", "and", "see", "on", "the", "last", "second", "Table", "4",
    "Figure", "IV", "section", "of", "note", "7", "about", "risk", "factors", '"', "back", "cover",
    "next", "after", "e.g.", "(", "appendix", "B", "§", ",", "introduction",
])  # fmt: skip


@given(st.text(max_size=80))
def test_without_words_all_that_was_read_is_asked_but_for_the_places_it_names(read):
    asked = merged("", read)
    if not mentions(" ".join(read.split())):
        lines = [line for line in read.splitlines() if not caption_label(line)]
        assert set(" ".join(lines).split()) <= set(asked.split())


@given(st.lists(PLACES, max_size=14).map(" ".join))
def test_a_crop_points_nowhere_whatever_its_words(read):
    assert not mentions(merged("", read))


def test_a_place_that_a_person_names_is_kept():
    assert merged("as in Table 4 on page 12", "Note 7\nCash\npage 3") == (
        "as in Table 4 on page 12 Cash"
    )


def test_what_is_known_of_a_crop_is_searched_for_the_most_telling_first():
    crop = Crop(Image.new("RGB", (9, 9)), "North 12.5", "Sales by region", "Regional sales")
    assert sought(crop).text == "Regional sales Sales by region North 12.5"
    assert sought(crop).image is crop.picture


def test_what_a_model_left_out_for_the_words_is_not_searched_for():
    crop = Crop(Image.new("RGB", (9, 9)), "France 12.5", "Sales in France", "Sales by region")
    assert sought(crop, "but in Spain").text == "but in Spain Sales by region"
    unread = Crop(crop.picture, crop.text, crop.about)
    assert sought(unread, "but in Spain").text == "but in Spain Sales in France France"


def test_another_name_has_other_figures_and_one_that_the_crop_has_the_same():
    read = "Cash flow of Alder Mills 2021\nOperating (1,204) 55%"
    assert merged("and of Birch Looms?", read) == (
        "and of Birch Looms? Cash flow of Alder Mills 2021 Operating"
    )
    assert merged("where else of Alder?", read).endswith("Operating (1,204) 55%")


def test_another_year_is_that_of_the_same_company_unless_the_words_name_another():
    crop = Crop(Image.new("RGB", (9, 9)), "Net sales 2023", of="Birch Looms")
    assert sought(crop, "but for 2022?").text == "but for 2022? Birch Looms Net sales"
    assert "Birch" not in sought(crop, "but for 2022, of Alder Mills?").text
    assert "Birch" not in sought(crop, "where else?").text


@given(st.text(max_size=60), st.integers(1900, 2099), st.integers(1900, 2099))
def test_no_year_of_the_crop_survives_a_year_that_is_asked_for(words, asked, read):
    text = f"for {asked}"
    kept = merged(text, f"{words} {read} 12.5 {words}").removeprefix(text)
    assert str(read) not in kept.split()
    assert "12.5" not in kept.split()
