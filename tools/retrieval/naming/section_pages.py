"""The pages of a section that a question names, by the headings of a document."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Protocol

from pagehop.tools.corpus.records import Page, Passage, Region
from pagehop.tools.retrieval.naming.section_mentions import SectionMention
from pagehop.tools.retrieval.words.analysis import words

_LONGEST = 30  # pages; a longer section is no place to look
_MORE = 2  # words by which a heading may be longer than the title that is asked for
_NUMBERING = re.compile(
    r"\W*(?:(?:section|chapter|part|appendix|annex|unit)\b\s*)?"
    r"(?:[A-Z]?\d+(?:\.\d+)*|[A-Z]\b|[IVX]+\b)?[.:)]?\s*",
    re.IGNORECASE,
)


class View(Protocol):
    """What of a catalogue is needed to find sections."""

    def pages(self, document_id: str, /) -> Sequence[Page]:
        """The pages of a document."""
        ...

    def regions(self, document_id: str, /) -> Sequence[Region]:
        """The regions of a document, in reading order."""
        ...

    def passages(self, document_id: str, /) -> Sequence[Passage]:
        """The passages of a document, in reading order."""
        ...


def section_pages(asked: SectionMention, document_id: str, view: View) -> list[int]:
    """The pages that stand under a heading with that number or title; none where it is long."""
    for fits in _tests(asked):
        pages = _under(fits, document_id, view)
        if pages and len(pages) <= _LONGEST:
            at = {1: slice(0, 1), -1: slice(-1, None)}.get(asked.position, slice(None))
            return pages[at]
    return []


def _tests(asked: SectionMention) -> Iterable[Callable[[str], bool]]:
    """What a heading must be, strictest first."""
    if asked.number:
        yield _numbered(asked)
        return
    wanted = [spoken for title in asked.titles if (spoken := tuple(words(title)))]
    for spoken in wanted:
        yield partial(_is, spoken)
    for spoken in wanted:
        yield partial(_holds, spoken)


def _numbered(asked: SectionMention) -> Callable[[str], bool]:
    number = re.escape(asked.number)
    bare = rf"|{number}(?:\.|\s|:|$)(?!\d)" if asked.word in ("section", "chapter") else ""
    if asked.word in ("appendix", "annex"):
        bare = rf"|{number}(?:\.|:|\s)\s*[A-Z]"
    heading = re.compile(rf"\W*(?:(?i:{asked.word}[\s-]*){number}\b{bare})")
    return lambda title: bool(heading.match(title))


def _under(fits: Callable[[str], bool], document_id: str, view: View) -> list[int]:
    """The pages under a fitting heading: by passages and headings, else by the outline."""
    known: dict[str, bool] = {}

    def fitting(title: str) -> bool:
        if title not in known:
            known[title] = fits(title)
        return known[title]

    pages = {one.page for one in view.passages(document_id) if any(map(fitting, one.heading))} | {
        region.page
        for region in view.regions(document_id)
        if region.kind in ("heading", "title") and fitting(region.text)
    }
    return sorted(
        pages
        or {page.number for page in view.pages(document_id) if any(map(fitting, page.outline))}
    )


@lru_cache(maxsize=1 << 14)
def _spoken(heading: str) -> tuple[str, ...]:
    """The words of a heading, without its number."""
    return tuple(words(_NUMBERING.sub("", heading, count=1)))


def _is(title: Sequence[str], heading: str) -> bool:
    """Whether a heading has exactly the words of a title."""
    return _spoken(heading) == tuple(title)


def _holds(title: Sequence[str], heading: str) -> bool:
    """Whether a heading has the words of a title in one run, and few beside them."""
    spoken, size = _spoken(heading), len(title)
    return len(spoken) <= size + _MORE and any(
        spoken[at : at + size] == tuple(title) for at in range(len(spoken) - size + 1)
    )
