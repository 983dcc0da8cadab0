"""A corpus of one small document whose every mark stands at a known place."""

import io

import pymupdf
from PIL import Image, ImageDraw, ImageFont

from pagehop.tools.corpus.corpus import Corpus
from pagehop.tools.corpus.records import Stage

NAME = "picture book.pdf"
WIDTH, HEIGHT = 600, 800
SQUARE = (400 / WIDTH, 200 / HEIGHT, 430 / WIDTH, 230 / HEIGHT)  # red, on page 1
DARK_LINE = "The dark side of the report"


def make_book(folder):
    """A corpus in that folder with the book in it, read up to its layout."""
    path = folder / NAME
    with pymupdf.open() as pdf:
        _marks(pdf.new_page(width=WIDTH, height=HEIGHT))
        _slide(pdf.new_page(width=960, height=540))
        _table(pdf.new_page(width=WIDTH, height=HEIGHT))
        _scan(pdf.new_page(width=WIDTH, height=HEIGHT))
        pdf.save(path)
    corpus = Corpus(folder / "corpus")
    report = corpus.add(path, until=Stage.LAYOUT, workers=1)
    assert not report.failed, report
    return corpus


def _marks(page):
    page.insert_text((72, 100), "The red square is to the right.", fontsize=14)
    page.insert_text((72, 122), "It is thirty points wide.", fontsize=14)
    page.insert_text((72, 700), "Far below stands another line.", fontsize=14)
    page.insert_text((72, 500), "Nobody can see this.", fontsize=14, color=(1, 1, 1))
    page.draw_rect((400, 200, 430, 230), color=None, fill=(1, 0, 0))


def _slide(page):
    page.draw_rect(page.rect, color=None, fill=(0.06, 0.08, 0.14))
    page.insert_text((80, 120), DARK_LINE, fontsize=36, color=(0.95, 0.95, 0.95))
    page.insert_text((80, 240), "Nothing else is said here.", fontsize=24, color=(0.8, 0.8, 0.8))


def _table(page):
    page.insert_text((72, 130), "Table 1: Sales by region, in millions.", fontsize=11)
    rows = [("Region", "2022", "2023"), ("North", "10.5", "12.5"), ("South", "7.0", "6.5")]
    for number, row in enumerate(rows):
        top = 150 + 30 * number
        page.draw_line((72, top), (492, top))
        for column, cell in enumerate(row):
            page.insert_text((80 + 140 * column, top + 20), cell, fontsize=12)
    page.draw_line((72, 240), (492, 240))
    for x in (72, 212, 352, 492):
        page.draw_line((x, 150), (x, 240))


def _scan(page):
    picture = Image.new("RGB", (1200, 1600), "white")
    font = ImageFont.load_default(60)
    ImageDraw.Draw(picture).text((150, 300), "Scanned total 4711", "black", font)
    coded = io.BytesIO()
    picture.save(coded, "PNG")
    page.insert_image(page.rect, stream=coded.getvalue())
