"""Sections that a question names, by number ("Appendix B", "unit 8") or by title.

Only words are read here; whether a document has such a heading, `section_pages` finds out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = (
    r"section|sec\.|chapter|appendi(?:x|ces)|annex|item|part|unit|module|lesson|lecture|article"
    r"|schedule|note|clause"
)
_NUMBER = r"(?-i:[A-HJ-Z]\b(?:\.\d+)*|\d+(?:\.\d+)*[A-Za-z]?\b|[IVX]{2,5}\b)"
_JOIN = r"\s*(?:,\s*and\b|,|&|\band\b|\bor\b)\s*"
_NUMBERED = re.compile(
    rf"(?:\b({_WORDS})s?[\s-]*|(§)\s*)({_NUMBER}(?:{_JOIN}{_NUMBER})*)", re.IGNORECASE
)
_PART_OF = re.compile(r"\b(first|last)\s+(?:page|slide)\s+of\s+(?:the\s+)?$", re.IGNORECASE)

_TITLED_WORDS = r"sections?|chapters?|parts?|appendix|annex|unit|heading|paragraph|page|slide"
_QUOTED = re.compile(
    rf"""["\u201c\u201d]([^"\u201c\u201d]{{3,80}})["\u201c\u201d]\s+(?:{_TITLED_WORDS})\b
    | \b(?:{_TITLED_WORDS})\s+(?:(?:titled|entitled|called|named|headed|about|on)\s+)?
      ["\u201c\u201d]([^"\u201c\u201d]{{3,80}})["\u201c\u201d]""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = r"[\w\u2019'-]+"
_AFTER = re.compile(
    r"\b(?:section|chapter|part|appendix)s?\s+(?:on|about|of|for|titled|entitled|called)\s+"
    rf"(?:the\s+)?((?:{_WORD}\s+){{0,4}}{_WORD})",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"\bthe\s+((?:{_WORD}\s+){{1,4}}?)(?:section|chapter|appendix)\b(?!\s*[\d§])", re.IGNORECASE
)
_VAGUE = re.compile(
    r"first|second|third|fourth|fifth|last|final|next|previous|same|whole|entire|other|above|below"
    r"|following|main|relevant|new",
    re.IGNORECASE,
)
_USUAL = re.compile(
    r"\b(?:in|of|from|on|see)\s+the\s+(abstract|introduction|conclusions?|references|bibliography"
    r"|glossary|acknowledge?ments?|executive\s+summary|table\s+of\s+contents|foreword|preface)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SectionMention:
    """A section by its number, or by what its title may be, likeliest first."""

    said: str
    word: str  # section, appendix, item, ...
    number: str = ""
    titles: tuple[str, ...] = ()
    position: int = 0  # only its first page (1) or its last (-1)


def section_mentions(question: str) -> Iterator[SectionMention]:
    """The sections that a question names."""
    for match in _NUMBERED.finditer(question):
        word = _singular((match.group(1) or "section").lower())
        within = _PART_OF.search(question[: match.start()])
        position = 0 if not within else (1 if within.group(1).lower() == "first" else -1)
        for number in re.findall(_NUMBER, match.group(3)):
            yield SectionMention(match.group().strip(), word, number, position=position)
    for match in _QUOTED.finditer(question):
        title = (match.group(1) or match.group(2)).strip(" .,:;")
        yield SectionMention(match.group().strip(), "section", titles=(title,))
    for match in _AFTER.finditer(question):
        words = match.group(1).split()
        titles = tuple(" ".join(words[:count]) for count in range(len(words), 0, -1))
        yield SectionMention(match.group().strip(), "section", titles=titles)
    for match in _BEFORE.finditer(question):
        words = match.group(1).split()
        titles = tuple(" ".join(words[start:]) for start in range(len(words)))
        if not _VAGUE.fullmatch(words[-1]):
            yield SectionMention(match.group().strip(), "section", titles=titles)
    for match in _USUAL.finditer(question):
        yield SectionMention(match.group(1), "section", titles=(match.group(1),))


def _singular(word: str) -> str:
    return {"sec.": "section", "appendices": "appendix"}.get(word, word)
