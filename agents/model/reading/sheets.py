"""What the text agent is given to read: pages of the hits, in batches that fit its model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagehop.agents.prompting import shorten
from pagehop.agents.replying.lengths import tokens_in
from pagehop.agents.team import Task
from pagehop.tools.boxes import BBox, share_inside
from pagehop.tools.corpus.wording import pieces
from pagehop.tools.page_text import Block, as_text, page_blocks
from pagehop.tools.retrieval.channel import Hit

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus
    from pagehop.tools.corpus.records import Page, Region

SHEETS = 12  # pages of a search that are read at a time; of a whole document as many as fit
HITS = 24_000  # tokens of the pages of a search that are read at a time
WHOLE = 60_000  # the same of a whole document
SHARE = 0.5  # of the model's context that pages may fill; the rest is for tools and the reply
PAGE = 8000  # characters of a page's text beside its tables, of a search; of a whole document all
FIGURE = 4000  # characters of the words in a figure
RECOGNISED = "(The page is a picture: its words were recognised, some letters may be wrong.)"
KNOWN = 0.9  # share of a figure's words on the page from which on they are not told again


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page as the agent reads it."""

    hit: Hit
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Pages that are read in one call."""

    sheets: tuple[Sheet, ...]
    cut: tuple[str, ...] = ()  # pages that are too long for the model, in words


def make_batches(task: Task, corpus: "Corpus", context: int) -> list[Batch]:
    """The pages of the hits, each once and in their order, in as many batches as they need.

    Pages without any words are left out: there is nothing to read on them. A page that is too
    long for a batch of its own is cut, and its batch says so.

    Args:
        task: with the hits.
        corpus: that they are of.
        context: tokens that go into the model.
    """
    room = min(WHOLE if task.whole else HITS, int(SHARE * context))
    most = len(task.hits) if task.whole else SHEETS
    batches: list[Batch] = []
    sheets: list[Sheet] = []
    left = room
    for sheet in _sheets(task, corpus):
        length = tokens_in(sheet.text)
        if sheets and (length > left or len(sheets) == most):
            batches.append(Batch(tuple(sheets)))
            sheets, left = [], room
        if length > room:
            batches.append(_cut(sheet, room))
            continue
        sheets.append(sheet)
        left -= length
    return [*batches, Batch(tuple(sheets))] if sheets else batches


def _cut(sheet: Sheet, room: int) -> Batch:
    kept = shorten(sheet.text, len(sheet.text) * room // tokens_in(sheet.text))
    told = f"page {sheet.hit.page} of {sheet.hit.document!r} is too long for the model: cut"
    return Batch((Sheet(sheet.hit, kept),), (told,))


def _sheets(task: Task, corpus: "Corpus") -> list[Sheet]:
    hits: dict[tuple[str, int], Hit] = {}
    for hit in task.hits:
        if hit.page > 0:
            hits.setdefault((hit.document_id, hit.page), hit)
    sheets = []
    for number, hit in enumerate(hits.values()):
        parts = _parts(hit, corpus, task.closer if number == 0 else None, whole=task.whole)
        if parts:
            sheets.append(Sheet(hit, "\n\n".join([_title(hit, corpus), *parts])))
    return sheets


def _title(hit: Hit, corpus: "Corpus") -> str:
    count = corpus.document(hit.document_id).page_count
    label = f" (printed {hit.page_label})" if hit.page_label else ""
    return f"document: {hit.document}, page {hit.page} of {count}{label}"


def _parts(hit: Hit, corpus: "Corpus", closer: BBox | None, *, whole: bool) -> list[str]:
    """A page's text with its tables as markdown, and the words in its pictures."""
    page = corpus.page(hit.document_id, hit.page)
    regions = corpus.regions(hit.document_id, hit.page)
    parts = [RECOGNISED] if page.ocr and page.text.strip() else []
    if closer is not None:
        words = corpus.words(hit.document_id, hit.page)
        inside = [w.text for w in words if not w.hidden and share_inside(w.bbox, closer) > 0.5]
        if inside:
            parts.append(f"To be read closely: {shorten(' '.join(inside), PAGE)}")
    blocks = _blocks(page, regions, corpus)
    parts += [as_text(blocks)] if whole else _around(blocks, hit.text)
    there = frozenset(pieces(page.text))
    for region in regions:
        if region.kind == "figure" and _is_new(region, there):
            title = region.caption or region.label or "without a caption"
            parts.append(f"Words in a figure ({title}): {shorten(region.text, FIGURE)}")
    return [part for part in parts if part.strip()]


def _blocks(page: "Page", regions: "Sequence[Region]", corpus: "Corpus") -> list[Block]:
    """The page's text, each table once and in its place: in columns, as they are to be read."""
    tables = [region for region in regions if region.markdown]
    if not tables:
        return [Block(page.text)]
    return page_blocks(corpus.words(page.document_id, page.number), tables)


def _is_new(figure: "Region", there: frozenset[str]) -> bool:
    """Whether the page's own text lacks the words that were read in the figure."""
    words = pieces(figure.text)
    return bool(words) and sum(word in there for word in words) < KNOWN * len(words)


def _around(blocks: Sequence[Block], passage: str) -> list[str]:
    """A page's text with its tables; of a long text the part with the passage that was found."""
    text = as_text(block for block in blocks if not block.is_table)
    if len(text) <= PAGE:
        return [as_text(blocks)]
    middle = max(0, text.find(passage[:60])) + len(passage[:PAGE]) // 2
    start = max(0, min(middle - PAGE // 2, len(text) - PAGE))
    tables = as_text(block for block in blocks if block.is_table)
    return [f"(…) {text[start : start + PAGE]} (…)", tables]


def named_pages(batch: Sequence[Sheet]) -> str:
    """The pages of a batch in words: "1 to 12", or "3, 7, 8" where some are missing."""
    pages = [sheet.hit.page for sheet in batch]
    if len(pages) > 1 and pages == list(range(pages[0], pages[-1] + 1)):
        return f"{pages[0]} to {pages[-1]}"
    return ", ".join(map(str, pages))
