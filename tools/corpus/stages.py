"""What a page becomes when one more stage of it has been read: pure functions on records."""

from collections.abc import Sequence
from dataclasses import replace

from pagehop.tools.corpus.packing import settled_words
from pagehop.tools.corpus.prose import as_prose
from pagehop.tools.corpus.reading import LayoutRead, OcrRead, PageRead, TextRead
from pagehop.tools.corpus.records import Page, Region, Stage, Word
from pagehop.tools.corpus.regions import fill_regions

LITTLE_TEXT = 100  # letters and digits; pages with more are never read as pictures


def apply(
    read: PageRead, page: Page, words: Sequence[Word], regions: Sequence[Region]
) -> tuple[Page, tuple[Word, ...], tuple[Region, ...]]:
    """A page, its words and regions after one more stage.

    Args:
        read: what the stage found.
        page: as the stages before left it, with `words` and `regions`.
        words: of the page.
        regions: of the page.
    """
    if isinstance(read, TextRead):
        return _with_text(read, page), settled_words(read.words), ()
    if isinstance(read, LayoutRead):
        return replace(page, stage=Stage.LAYOUT), tuple(words), tuple(read.regions)
    if read.whole:
        return _read_as_picture(read, page, words, regions)
    return _with_figures(read, page, words, regions)


def needs_ocr(page: Page, regions: Sequence[Region]) -> bool:
    """Whether OCR may find something on the page; its reader looks closer before it starts."""
    letters = sum(character.isalnum() for character in page.text)
    return letters < LITTLE_TEXT or any(region.kind == "figure" for region in regions)


def _with_text(read: TextRead, page: Page) -> Page:
    return replace(
        page,
        label=read.label,
        width=read.width,
        height=read.height,
        stage=Stage.TEXT,
        text=read.text,
        hidden_text=read.hidden_text,
        outline=read.outline,
    )


def _read_as_picture(
    read: OcrRead, page: Page, words: Sequence[Word], regions: Sequence[Region]
) -> tuple[Page, tuple[Word, ...], tuple[Region, ...]]:
    """The words that OCR read become the page's text, its regions those found with them."""
    hidden = tuple(word for word in words if word.hidden)
    seen = settled_words(read.words)
    found = read.regions or fill_regions(regions, seen, aspect=page.height / page.width)
    text = read.text if seen else page.text
    after = replace(page, stage=Stage.OCR, ocr=bool(seen), text=text)
    return after, _appended(seen, hidden), tuple(found)


def _with_figures(
    read: OcrRead, page: Page, words: Sequence[Word], regions: Sequence[Region]
) -> tuple[Page, tuple[Word, ...], tuple[Region, ...]]:
    """The words in a figure become its text; they can be found on the page, as its last lines."""
    after, filled = tuple(words), []
    for region in regions:
        figure = settled_words(read.figures.get(region.order, ()))
        after = _appended(after, figure)
        filled.append(replace(region, text=as_prose(figure)) if figure else region)
    return replace(page, stage=Stage.OCR), after, tuple(filled)


def _appended(words: tuple[Word, ...], more: tuple[Word, ...]) -> tuple[Word, ...]:
    """Words after which others come, whose lines are numbered on."""
    first = 1 + max((word.line for word in words), default=-1)
    lowest = min((word.line for word in more), default=0)
    return words + tuple(replace(word, line=first + word.line - lowest) for word in more)
