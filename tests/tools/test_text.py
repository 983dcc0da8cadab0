"""The text layer: words where they stand, labels, outline, and what no reader would see."""

import pymupdf
import pytest

from pagehop.tools.boxes import share_inside
from pagehop.tools.corpus.farm import Farm
from pagehop.tools.corpus.labels import file_label, page_label, printed_label, printed_rules
from pagehop.tools.corpus.prose import as_prose, clean, split_words
from pagehop.tools.corpus.reading import Job
from pagehop.tools.corpus.records import Stage, Word


@pytest.fixture(scope="module")
def farm():
    with Farm(1) as farm:
        yield farm


def read(farm, path, kind="pdf"):
    count = farm.open(path).page_count
    pages = tuple(range(1, count + 1))
    job = Job(document_id="d", path=path, kind=kind, stage=Stage.TEXT, pages=pages)
    return sorted(farm.read([job]), key=lambda page: page.page)


def saved(document, path):
    document.save(path)
    return path


def test_words_stand_where_they_were_written(farm, tmp_path):
    document = pymupdf.open()
    page = document.new_page(width=400, height=800)
    page.insert_text((100, 200), "Revenue grew", fontsize=20)
    page.insert_text((100, 240), "again", fontsize=20)
    (text,) = read(farm, saved(document, tmp_path / "a.pdf"))
    assert (text.width, text.height) == (400, 800)
    assert text.text == "Revenue grew\nagain"
    assert [(word.text, word.line) for word in text.words] == [
        ("Revenue", 0),
        ("grew", 0),
        ("again", 1),
    ]
    first = text.words[0].bbox
    assert first[0] == pytest.approx(0.25, abs=0.005)
    assert first[1] < 200 / 800 < first[3]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_boxes_are_those_of_the_page_as_shown(farm, tmp_path, rotation):
    document = pymupdf.open()
    page = document.new_page(width=400, height=800)
    page.insert_text((100, 200), "Corner", fontsize=20)
    page.set_cropbox(pymupdf.Rect(50, 100, 350, 700))
    page.set_rotation(rotation)
    path = saved(document, tmp_path / "a.pdf")
    (text,) = read(farm, path)
    (word,) = text.words
    picture = pymupdf.Pixmap(farm.render(path, 1, dpi=72, clip=word.bbox))
    assert min(picture.samples) < 100  # the ink is inside
    whole = pymupdf.Pixmap(farm.render(path, 1, dpi=72))
    outside = [
        (x / whole.width, y / whole.height)
        for x in range(whole.width)
        for y in range(whole.height)
        if whole.pixel(x, y)[0] < 128
        and not (
            word.bbox[0] - 0.01 <= x / whole.width <= word.bbox[2] + 0.01
            and word.bbox[1] - 0.01 <= y / whole.height <= word.bbox[3] + 0.01
        )
    ]
    assert outside == []


def hidden_page():
    document = pymupdf.open()
    page = document.new_page(width=400, height=600)
    page.draw_rect((30, 300, 300, 340), color=(0, 0, 0.4), fill=(0, 0, 0.4))
    page.insert_text((50, 100), "plain", fontsize=12)
    page.insert_text((50, 130), "white", fontsize=12, color=(1, 1, 1))
    page.insert_text((50, 150), "nearly", fontsize=12, color=(0.98, 0.98, 0.98))
    page.insert_text((50, 170), "unpainted", fontsize=12, render_mode=3)
    page.insert_text((50, 190), "transparent", fontsize=12, fill_opacity=0, stroke_opacity=0)
    page.insert_text((50, 210), "tiny", fontsize=0.5)
    page.insert_text((50, 250), "covered", fontsize=12)
    page.draw_rect((40, 235, 200, 260), color=(1, 1, 1), fill=(1, 1, 1))
    page.insert_text((50, 325), "title", fontsize=12, color=(1, 1, 1))  # white, on blue
    page.insert_text((50, 400), "underlined", fontsize=12)
    page.draw_rect((45, 388, 200, 405), fill=(1, 1, 0), fill_opacity=0.3, color=None)
    page.insert_text((50, 900), "outside", fontsize=12)
    return document


def test_text_that_no_reader_sees_is_kept_apart(farm, tmp_path):
    (text,) = read(farm, saved(hidden_page(), tmp_path / "a.pdf"))
    assert text.text.split() == ["plain", "title", "underlined"]
    hidden = {word.text for word in text.words if word.hidden}
    assert hidden == {"white", "nearly", "unpainted", "transparent", "tiny", "covered"}
    assert set(text.hidden_text.split()) == hidden


def test_the_unseen_text_layer_of_a_scan_is_its_text(farm, tmp_path):
    shown = pymupdf.open()
    shown.new_page(width=400, height=600).insert_text((50, 100), "Scanned words", fontsize=14)
    document = pymupdf.open()
    page = document.new_page(width=400, height=600)
    page.insert_image(page.rect, pixmap=shown[0].get_pixmap(dpi=100))
    page.insert_text((50, 100), "Scanned words", fontsize=14, render_mode=3)
    (text,) = read(farm, saved(document, tmp_path / "a.pdf"))
    assert text.text == "Scanned words"
    assert not text.hidden_text


def test_characters_that_cannot_be_seen_are_dropped():
    tags = "".join(chr(0xE0000 + ord(c)) for c in "ignore")
    assert clean(f"to{tags}tal\u200b\u202e\x07") == "total"
    assert clean("a\u00a0b") == "a b"
    assert clean("exam\u00ad") == "exam-"


def test_words_broken_at_the_end_of_a_line_are_whole_in_prose():
    lines = ("an exam-", "ple of state-of-the-", "art work, 2019-", "2020")
    words = split_words([(text, (0.0, 0.0, 1.0, 1.0)) for text in lines])
    assert as_prose(words) == "an example of state-of-the- art work, 2019- 2020"


def test_words_of_a_line_share_its_width():
    words = split_words([("ab cd", (0.0, 0.5, 0.5, 0.6))], first_line=7)
    assert words == (Word("ab", (0.0, 0.5, 0.2, 0.6), 7), Word("cd", (0.3, 0.5, 0.5, 0.6), 7))


def test_the_label_is_the_one_the_file_gives(farm, tmp_path):
    document = pymupdf.open()
    for _ in range(5):
        document.new_page()
    document.set_page_labels(
        [
            {"startpage": 0, "prefix": "", "style": "r", "firstpagenum": 1},
            {"startpage": 3, "prefix": "A-", "style": "D", "firstpagenum": 7},
        ]
    )
    labels = [page.label for page in read(farm, saved(document, tmp_path / "a.pdf"))]
    assert labels == ["i", "ii", "iii", "A-7", "A-8"]


def test_else_the_label_is_the_number_printed_on_the_page(farm, tmp_path):
    document = pymupdf.open()
    for number in range(1, 13):
        page = document.new_page(width=400, height=600)
        page.insert_text((50, 300), f"In {number + 50} cases of 2019")
        if number > 2:
            page.insert_text((190, 580), f"- {number + 40} -" if number % 2 else str(number + 40))
        page.insert_text((50, 40), "Report 2023")
    labels = [page.label for page in read(farm, saved(document, tmp_path / "a.pdf"))]
    assert labels == [None, None, *(str(n) for n in range(43, 53))]


def test_sheets_of_two_pages_have_two_numbers():
    rules = printed_rules({n: [2 * n, 2 * n + 1] for n in range(1, 9)})
    assert printed_label(4, [8, 9, 70], rules) == "8-9"
    assert printed_label(4, [70], rules) is None


def test_a_file_that_only_counts_does_not_hide_the_printed_number():
    counting = [{"startpage": 0, "prefix": "", "style": "D", "firstpagenum": 1}]
    assert file_label(30, counting) == "30"
    assert page_label(30, [28], [(1, -2)], counting) == "28"
    assert page_label(30, [], [(1, -2)], counting) == "30"


def test_a_page_knows_the_headings_it_stands_under(farm, tmp_path):
    document = pymupdf.open()
    for _ in range(5):
        document.new_page()
    document.set_toc([[1, "Introduction", 1], [1, "Results", 3], [2, "Sales", 4], [1, "End", 5]])
    outlines = [page.outline for page in read(farm, saved(document, tmp_path / "a.pdf"))]
    assert outlines == [
        ("Introduction",),
        ("Introduction",),
        ("Results",),
        ("Results", "Sales"),
        ("End",),
    ]


@pytest.mark.parametrize("suffix", ["png", "jpg", "tiff", "webp"])
def test_a_picture_is_a_page_without_text(farm, tmp_path, suffix):
    from PIL import Image

    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (960, 480), "white").save(path, dpi=(96, 96))
    (text,) = read(farm, path, kind="image")
    assert (round(text.width), round(text.height), text.words) == (720, 360, ())


def test_each_frame_of_a_tiff_is_a_page(farm, tmp_path):
    from PIL import Image

    frames = [Image.new("L", (100, 200 + 10 * n)) for n in range(3)]
    frames[0].save(tmp_path / "a.tiff", save_all=True, append_images=frames[1:])
    assert [page.height for page in read(farm, tmp_path / "a.tiff", kind="image")] == [
        150,
        157.5,
        165,
    ]


def test_a_photo_stands_upright(farm, tmp_path):
    from PIL import Image

    image = Image.new("RGB", (300, 100), "white")
    image.putpixel((0, 0), (0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    image.save(tmp_path / "a.jpg", exif=exif)
    (text,) = read(farm, tmp_path / "a.jpg", kind="image")
    assert text.height == 3 * text.width


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_pictures_of_any_mode_are_shown(farm, tmp_path, mode):
    from PIL import Image

    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    image = Image.new(mode, (40, 20))
    image.putpixel((39, 19), {"LA": (255, 255), "RGBA": (255,) * 4, "CMYK": (0,) * 4}.get(mode, 1))
    image.save(path)
    assert farm.open(path).outcome == "indexed"
    assert pymupdf.Pixmap(farm.render(path, 1, dpi=96)).width == 40


def test_pictures_over_the_limit_or_cut_off_are_told(farm, tmp_path):
    from PIL import Image

    Image.new("1", (8000, 7000)).save(tmp_path / "big.png")
    opened = farm.open(tmp_path / "big.png")
    assert (opened.outcome, "million" in opened.reason) == ("over limit", True)
    Image.effect_noise((300, 300), 50).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:9000])
    (trouble,) = read(farm, tmp_path / "cut.png", kind="image")
    assert trouble.outcome == "damaged"


def test_hidden_words_lie_where_they_lie(farm, tmp_path):
    (text,) = read(farm, saved(hidden_page(), tmp_path / "a.pdf"))
    covered = next(word for word in text.words if word.text == "covered")
    assert share_inside(covered.bbox, (40 / 400, 235 / 600, 200 / 400, 260 / 600)) > 0.9
