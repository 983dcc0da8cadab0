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
from pagehop.tools.retrieval.crops import crop_query, merged, open_crop

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
    query = crop_query(table, farm, "where else, but for 2022?")
    assert query.image is not None
    assert query.text.startswith("where else, but for 2022? Sales by region")
    assert not {"2023", "10.5", "12.5", "7.0"} & set(query.text.split())


def test_an_empty_picture_reads_as_nothing(farm):
    query = crop_query(coded(Image.new("L", (60, 40), 255)), farm)
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
        (bomb(60_000, 60_000), "exceeds limit"),
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


@given(st.text(max_size=80))
def test_without_words_all_that_was_read_is_asked_but_for_numbers_of_captions(read):
    lines = [line for line in read.splitlines() if not caption_label(line)]
    assert set(" ".join(lines).split()) <= set(merged("", read).split())


@given(st.text(max_size=60), st.integers(1900, 2099), st.integers(1900, 2099))
def test_no_year_of_the_crop_survives_a_year_that_is_asked_for(words, asked, read):
    text = f"for {asked}"
    kept = merged(text, f"{words} {read} 12.5 {words}").removeprefix(text)
    assert str(read) not in kept.split()
    assert "12.5" not in kept.split()
