"""What the image agent is shown first: pages, or overviews of a whole document; words beside."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pagehop.agents.abilities import Abilities
from pagehop.agents.prompting import data_block, shorten
from pagehop.agents.team import Task
from pagehop.tools.boxes import PAGE, BBox, area, enclose, pad
from pagehop.tools.corpus.wording import pieces
from pagehop.tools.page_text import as_text, shortened
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.vision import ContactSheet, ContactSheets, View, Views, picture_block

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus

Picture: TypeAlias = View | ContactSheet
Places: TypeAlias = tuple[tuple[str, int], ...]  # document id, page

ROOM = 2  # pictures that a call must have room for beside the first: a crop, and a crop of it
ON_SHEET = 12  # pages of an overview: so many slides can be read
MOST_ON_SHEET = 20  # of a long document, as many, but no more
BESIDE = 3000  # characters of text beside a page's picture
BEGINNING = 100  # characters of each page's text beside an overview
WHOLE = 0.98  # a box over more than this share of the page is the page
LARGE = 0.5  # a place over more than this share of the page is not enlarged by itself
OVERLAP = 0.05  # of the page, by which its halves overlap
AROUND = 0.03  # of the page, around a place that is enlarged


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The pictures of one look, and the hits their pages came from."""

    views: Views
    sheets: ContactSheets
    hits: Mapping[tuple[str, int], Hit]  # of all pages that may be looked at
    first: tuple[Picture, ...] = ()
    more: Places = ()  # pages of the hits that have not been shown
    failures: tuple[str, ...] = ()

    def hit(self, document_id: str, page: int) -> Hit | None:
        """None: the page was found later, as one that shows the like."""
        return self.hits.get((document_id, page))

    @property
    def ids(self) -> list[str]:
        """Ids of all pictures shown so far."""
        return [*(s.id for s in self.sheets.shown), *(v.id for v in self.views.shown)]


def first_pictures(task: Task, corpus: "Corpus", abilities: Abilities, pictures: int) -> Shown:
    """The pages of the best hits, and the other ones small; of a whole document an overview.

    Args:
        task: with the hits.
        corpus: that they are of.
        abilities: of the model that looks.
        pictures: how many are shown at first, if the model takes as many.
    """
    most = max(1, min(pictures, abilities.images_per_call - ROOM))
    empty = _nothing_shown(task, corpus, abilities)
    if task.whole and len(empty.hits) > most:
        return _overviews(empty, most)
    chosen = _worth_seeing(empty.hits, corpus)[:most]
    first: list[Picture] = [empty.views.show(*place) for place in chosen]
    if first and task.closer is not None:
        first.insert(1, empty.views.show(*chosen[0], task.closer))
    more = tuple(place for place in empty.hits if place not in chosen)
    room = abilities.images_per_call - ROOM - len(first)
    small = [*_small(empty, more)] if room > 0 else []
    return replace(empty, first=(*first, *small), more=more)


def enlarged_pictures(task: Task, corpus: "Corpus", abilities: Abilities, pictures: int) -> Shown:
    """The same pages in parts, each as large as a page: what a second, separate reading sees.

    The part is the one to look closer at, or where something was read before; where neither
    is known, the page comes in two halves.
    """
    most = max(1, min(pictures, abilities.images_per_call - ROOM))
    empty = _nothing_shown(task, corpus, abilities)
    first: list[Picture] = []
    for place in empty.hits:
        parts = _parts(task, corpus, place)
        if first and len(first) + len(parts) > most:
            break
        first += [empty.views.show(*place, part) for part in parts]
    return replace(empty, first=tuple(first))


def as_blocks(shown: Shown, corpus: "Corpus", mark: str, *, tools: bool) -> list[dict[str, Any]]:
    """The first pictures, each after its id, its place and its words; then what may be opened."""
    blocks: list[dict[str, Any]] = []
    for picture in shown.first:
        if isinstance(picture, ContactSheet):
            title, place = _sheet_title(picture), _sheet_words(picture, corpus)
            image = shown.sheets.image(picture.id)
        else:
            title, place = _view_title(picture), _view_words(picture, shown, corpus)
            image = shown.views.image(picture.id)
        blocks += [_text(f"{title}\n{data_block(place, mark, 'place')}"), picture_block(image)]
    if tools and shown.more:
        listed = data_block(_listed(shown), mark, "pages")
        blocks.append(_text(f"More pages of the hits, to be opened with `show_page`:\n{listed}"))
    return blocks


def is_whole(bbox: BBox | None) -> bool:
    """Whether a box is the page."""
    return bbox is None or area(bbox) > WHOLE * area(PAGE)


def _nothing_shown(task: Task, corpus: "Corpus", abilities: Abilities) -> Shown:
    hits: dict[tuple[str, int], Hit] = {}
    for hit in task.hits:
        if hit.page > 0:
            hits.setdefault((hit.document_id, hit.page), hit)
    return Shown(
        views=Views(corpus, max_pixels=abilities.pixels, boxes=abilities.boxes),
        sheets=ContactSheets(corpus, max_pixels=abilities.pixels, boxes=abilities.boxes),
        hits=hits,
    )


def _worth_seeing(hits: Mapping[tuple[str, int], Hit], corpus: "Corpus") -> list[tuple[str, int]]:
    """The best page, then those with figures or without a text layer, then the others."""
    best, *rest = hits
    return [best, *sorted(rest, key=lambda place: not _has_pictures(hits[place], corpus))]


def _has_pictures(hit: Hit, corpus: "Corpus") -> bool:
    if hit.modality == "figure" or corpus.page(hit.document_id, hit.page).ocr:
        return True
    regions = corpus.regions(hit.document_id, hit.page)
    return any(region.kind == "figure" for region in regions)


def _small(empty: Shown, more: Places) -> Iterator[Picture]:
    """The other hits of the document that has most of them, side by side: coarse before fine."""
    pages: dict[str, list[int]] = {}
    for document_id, page in more:
        pages.setdefault(document_id, []).append(page)
    most = max(pages.items(), key=lambda kept: len(kept[1]), default=None)
    if most is not None and len(most[1]) > 1:
        yield empty.sheets.show(most[0], sorted(most[1][:ON_SHEET]))


def _overviews(empty: Shown, most: int) -> Shown:
    """All pages on as many sheets as may be shown; those that do not fit are told."""
    documents: dict[str, list[int]] = {}
    for document_id, page in empty.hits:
        documents.setdefault(document_id, []).append(page)
    sheets: list[Picture] = []
    failures: list[str] = []
    for document_id, pages in documents.items():
        runs = _runs(pages, most - len(sheets))
        sheets.extend(empty.sheets.show(document_id, run) for run in runs)
        left = pages[sum(map(len, runs)) :]
        if left:
            name = empty.hits[document_id, left[0]].document
            failures.append(f"image agent: not shown: {name!r} from page {left[0]} on")
    return replace(empty, first=tuple(sheets), more=tuple(empty.hits), failures=tuple(failures))


def _runs(pages: Sequence[int], sheets: int) -> list[Sequence[int]]:
    """The pages of each sheet, about as many on each, with at most that many sheets."""
    count = min(max(0, sheets), math.ceil(len(pages) / ON_SHEET))
    each = min(MOST_ON_SHEET, math.ceil(len(pages) / count)) if count else 0
    end = min(len(pages), count * each)
    return [pages[start : min(end, start + each)] for start in range(0, end, each or 1)]


def _parts(task: Task, corpus: "Corpus", place: tuple[str, int]) -> list[BBox]:
    known = [
        found.bbox
        for found in task.ledger
        if (found.document_id, found.page) == place and found.bbox is not None
    ]
    around = task.closer or enclose(known)
    if around is not None and area(around) < LARGE:
        return [pad(around, AROUND)]
    page = corpus.page(*place)
    near, far = 0.5 + OVERLAP, 0.5 - OVERLAP
    if page.width > page.height:
        return [(0.0, 0.0, near, 1.0), (far, 0.0, 1.0, 1.0)]
    return [(0.0, 0.0, 1.0, near), (0.0, far, 1.0, 1.0)]


def _view_title(view: View) -> str:
    part = "" if is_whole(view.bbox) else ", a part of the page"
    return f"Picture {view.id}, {view.width} x {view.height} pixels{part}:"


def _view_words(view: View, shown: Shown, corpus: "Corpus") -> str:
    """Where the picture is from and the words in it, those that were read in figures included."""
    hit = shown.hit(view.document_id, view.page)
    label = hit.page_label if hit else None
    printed = f" (printed {label})" if label else ""
    whole = is_whole(view.bbox)
    blocks = shown.views.blocks(view.id)
    count = corpus.document(view.document_id).page_count
    told = [f"{view.document}, page {view.page} of {count}{printed}"]
    told.append(f"words on it: {shortened(blocks, BESIDE) or '(none)'}")
    there = frozenset(pieces(as_text(blocks)))
    for region in corpus.regions(view.document_id, view.page) if whole else ():
        if region.kind == "figure" and not there.issuperset(pieces(region.text)):
            told += [f"words in a figure on it: {shorten(region.text, BESIDE)}"]
    return "\n".join(told)


def _sheet_title(sheet: ContactSheet) -> str:
    return (
        f"Picture {sheet.id}, {sheet.width} x {sheet.height} pixels, an overview of "
        f"{len(sheet.pages)} pages, each under its number:"
    )


def _sheet_words(sheet: ContactSheet, corpus: "Corpus") -> str:
    lines = [f"{sheet.document}; how the text of each page begins:"]
    for number in sheet.pages:
        text = " ".join(corpus.page(sheet.document_id, number).text.split())
        lines.append(f"page {number}: {text[:BEGINNING] or '(no words)'}")
    return "\n".join(lines)


def _listed(shown: Shown) -> str:
    pages: dict[str, list[int]] = {}
    for document_id, page in shown.more:
        pages.setdefault(shown.hits[document_id, page].document, []).append(page)
    return "\n".join(f"{name}: page {', '.join(map(str, those))}" for name, those in pages.items())


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def documents_of(hits: Sequence[Hit]) -> dict[str, str]:
    """The documents of hits: names to ids."""
    return {hit.document: hit.document_id for hit in hits}
