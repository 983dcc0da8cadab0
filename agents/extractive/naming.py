"""Which documents a question names: by file name, by title, or by a name only they speak of."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pagehop.agents.extractive.language import names, words

# Words of file names that say nothing about which document it is.
_COMMON = frozenset(
    """10k 10q 8k annual report reports final draft copy version v1 v2 v3 rev en eng pdf doc docx
    png jpg jpeg tiff tif webp scan scanned slides slide deck presentation paper document manual
    user guide file page pages the and for""".split()  # noqa: SIM905  a word list reads best as words
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a question names a document, as character offsets."""

    document: str
    start: int
    end: int
    text: str
    outright: bool = False  # by its whole file name


def mentions(
    question: str, documents: Sequence[str], openings: Mapping[str, str]
) -> tuple[Mention, ...]:
    """The documents that a question names, in the order of the question, each once.

    Args:
        question: as asked.
        documents: the names in the corpus.
        openings: per name the document's title and first page, as far as they are known.
    """
    found = [*_by_file_name(question, documents), *_by_own_names(question, documents, openings)]
    found.sort(key=lambda mention: (mention.start, -mention.end, mention.document))
    first: dict[str, Mention] = {}
    for mention in found:
        first.setdefault(mention.document, mention)
    return tuple(first.values())


def _by_file_name(question: str, documents: Sequence[str]) -> list[Mention]:
    lower = question.lower()
    found = []
    for document in documents:
        whole = _place_of_name(lower, document.lower())
        if whole:
            found.append(Mention(document, *whole, question[whole[0] : whole[1]], outright=True))
            continue
        found.extend(_by_file_words(question, document))
    # `amazon` alone names no filing when three filings are Amazon's.
    return [m for m in found if sum((m.start, m.end) == (o.start, o.end) for o in found) == 1]


def _place_of_name(lower: str, name: str) -> tuple[int, int] | None:
    for candidate in (name, re.sub(r"\.[a-z]{2,4}$", "", name)):
        at = lower.find(candidate)
        if len(candidate) >= 4 and at >= 0:
            return at, at + len(candidate)
    return None


def _by_file_words(question: str, document: str) -> list[Mention]:
    """A document whose name's telling words all stand in the question."""
    parts = [
        part.lower() for part in re.split(r"[^A-Za-z0-9]+", re.sub(r"\.\w{2,4}$", "", document))
    ]
    telling = [part for part in parts if part not in _COMMON and len(part) > 1]
    years = [part for part in telling if re.fullmatch(r"(?:fy)?(?:19|20)\d\d(?:q\d)?", part)]
    own = [part for part in telling if part not in years and re.search(r"[a-z]", part)]
    if (
        not own
        or len(own) > 6
        or any(re.search(r"\d.*[a-z].*\d|[a-z]\d[a-z]", part) for part in own)
    ):
        return []
    spots = [
        re.search(rf"\b{re.escape(part)}(?:['\u2019]s)?\b", question, re.IGNORECASE) for part in own
    ]
    if not all(spots):
        return []
    asked = {word[-4:] for word in words(question) if re.fullmatch(r"(?:FY)?(?:19|20)\d\d", word)}
    if (
        years
        and asked
        and not any(re.sub(r"\D.*$", "", year.removeprefix("fy")) in asked for year in years)
    ):
        return []
    year_spots = [re.search(rf"(?:FY)?{year[-4:]}\b", question) for year in years]
    placed = [spot for spot in (*spots, *year_spots) if spot]
    if years and not any(year_spots):
        return []
    focus = next((spot for spot in year_spots if spot), placed[0])
    return [Mention(document, focus.start(), focus.end(), question[focus.start() : focus.end()])]


def _by_own_names(
    question: str, documents: Sequence[str], openings: Mapping[str, str]
) -> list[Mention]:
    """Names in the question that the opening of exactly one of several documents is about.

    One that is said there only once may be anything: a rival, a reference.
    """
    if len(documents) < 2:
        return []
    spoken = {document: _forms(openings.get(document, "")) for document in documents}
    found = []
    for name in names(question):
        key = _form(name)
        holders = [document for document in documents if spoken[document][key]]
        at = question.find(name)
        if len(key) >= 3 and len(holders) == 1 and spoken[holders[0]][key] > 1 and at >= 0:
            found.append(Mention(holders[0], at, at + len(name), name))
    return found


def _form(name: str) -> str:
    """A name without case, spaces and hyphens: `PRO- GRAMFC` is `ProgramFC`."""
    return re.sub(r"[\W_]+", "", name).lower()


def _forms(text: str) -> Counter[str]:
    """How often each word, and each run of two and three words, stands in a text."""
    tokens = [_form(token) for token in text.split()]
    counts = Counter(tokens)
    counts.update(a + b for a, b in pairwise(tokens))
    counts.update(a + b + c for a, b, c in zip(tokens, tokens[1:], tokens[2:], strict=False))
    return counts
