"""One piece of evidence against its page: is it there, where exactly, which numbers has it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pagehop.agents.checks.numerals import Numeral, meant, numerals, spelled
from pagehop.agents.team import SecondLook
from pagehop.tools.boxes import PAGE, BBox, enclose, pad, share_inside
from pagehop.tools.corpus.quotes import Located, locate
from pagehop.tools.corpus.records import Region, Word
from pagehop.tools.corpus.wording import numbers, pieces
from pagehop.tools.errors import InputError
from pagehop.tools.evidence import Evidence

MARGIN = 0.005  # of the page, around a box, within which its words are looked for
INSIDE = 0.5  # share of a word or region that must lie in a box to belong to it
READ_THERE = 0.6  # share of a picture reading's words that OCR must have read there too


class Pages(Protocol):
    """What the verifier asks of a corpus."""

    @property
    def path(self) -> Path:
        """The corpus folder."""
        ...

    def words(self, document: str, number: int) -> tuple[Word, ...]:
        """The words of a page in reading order; raises for a page that is not there."""
        ...

    def regions(self, document: str, number: int | None = None) -> tuple[Region, ...]:
        """The regions of a page."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Evidence after it was held against its page."""

    evidence: Evidence  # with the boxes and the quote as they stand on the page
    verified: bool
    reason: str = ""  # why it does not stand; "" where it does
    backs: tuple[Numeral, ...] = ()  # numbers in the quote, its boxes and its region
    on_page: tuple[Numeral, ...] = ()  # numbers anywhere on the page

    @property
    def stands(self) -> bool:
        """Whether a claim may rest on it."""
        return not self.reason


def check(evidence: Evidence, pages: Pages, look: SecondLook | None = None) -> Checked:
    """Hold evidence against the page it names.

    What a tool said is taken as it is. A quote must be on the page, where a reader can see it.
    The reading of a picture is compared with the text in its box: it is kept either way, but
    only called verified where that text, or a second look at the picture, says so too; a
    second look that reads something else takes it down.
    """
    if evidence.modality == "tool":
        said = f"{evidence.quote}\n{evidence.reading}"  # with what it was asked
        return Checked(evidence=evidence, verified=True, backs=_all_numbers(said))
    try:
        words = pages.words(evidence.document_id, evidence.page)
        regions = pages.regions(evidence.document_id, evidence.page)
    except InputError as error:
        return Checked(evidence=evidence, verified=False, reason=str(error))
    seen = [word for word in words if not word.hidden]
    placed = _quoted(evidence, words, seen, regions) if evidence.verbatim else evidence
    if placed is None:
        return Checked(
            evidence=evidence,
            verified=False,
            reason=f"the quote {_short(evidence.quote)} is not on page {evidence.page}"
            f" of {evidence.document!r}",
        )
    beside = _beside(placed, seen, regions)
    verified = evidence.verbatim or _agrees(evidence.quote, beside)
    if look is not None and look.ruling == "contradicted" and not verified:
        reason = f"a second look at page {evidence.page} read {_short(look.seen)} there"
        return Checked(evidence=placed, verified=False, reason=reason)
    return Checked(
        evidence=placed,
        verified=verified or (look is not None and look.ruling == "stands"),
        backs=(*_all_numbers(placed.quote), *_all_numbers(beside)),
        on_page=_all_numbers(" ".join(word.text for word in seen)),
    )


def _quoted(
    evidence: Evidence, words: Sequence[Word], seen: Sequence[Word], regions: Sequence[Region]
) -> Evidence | None:
    """The evidence with its boxes where the quote stands; None where it does not."""
    found = locate(evidence.quote, words, near=evidence.bbox)
    if found:
        return _boxed(evidence, found)
    if evidence.bbox is None or evidence.modality not in {"table", "figure"}:
        return None
    # Cells are quoted row by row, the page may run line by line; OCR of a figure stands in its
    # region alone. In both the quote's words must all be in the box.
    return evidence if _holds(_beside(evidence, seen, regions), evidence.quote) else None


def _boxed(evidence: Evidence, found: Located) -> Evidence:
    """Text gets the box of its lines; a table or figure keeps its own, and the quote in it."""
    own = evidence.bbox
    near = own is not None and share_inside(found.bbox, own) >= INSIDE
    if evidence.modality == "figure" and own is not None:
        boxes = evidence.boxes or (own,)
        boxes = boxes if near else (*boxes, *found.boxes)
    elif evidence.modality == "table" and near and evidence.boxes:
        boxes = evidence.boxes
    else:
        boxes = found.boxes
    return replace(evidence, boxes=boxes, bbox=enclose((*boxes, *found.boxes)))


def _beside(evidence: Evidence, seen: Sequence[Word], regions: Sequence[Region]) -> str:
    """All text in the box of the evidence, and in the tables and figures it belongs to."""
    box = pad(evidence.bbox or PAGE, MARGIN)
    inside = " ".join(word.text for word in seen if share_inside(word.bbox, box) >= INSIDE)
    return "\n".join((inside, *(_text(region) for region in regions if _belongs(evidence, region))))


def _belongs(evidence: Evidence, region: Region) -> bool:
    if region.kind not in {"table", "figure"} or evidence.bbox is None:
        return False
    return _meets(evidence.bbox, region.bbox)


def _meets(a: BBox, b: BBox) -> bool:
    return max(share_inside(a, b), share_inside(b, a)) >= INSIDE


def _text(region: Region) -> str:
    cells = " ".join(cell for row in region.cells for cell in row)
    return f"{region.caption}\n{region.text}\n{cells}"


def _holds(text: str, quote: str) -> bool:
    """Whether all words of a quote are in a text, whatever their order."""
    sought = pieces(quote)
    there = set(pieces(text))
    return bool(sought) and all(piece in there for piece in sought)


def _agrees(reading: str, text: str) -> bool:
    """Whether the text in the box says what was read: its numbers, and most of its words."""
    there = set(pieces(text))
    said = [piece for piece in pieces(reading) if len(piece) > 2 or piece.isdigit()]
    if not there or not said or not set(numbers(reading)) <= set(numbers(text)):
        return False
    return sum(piece in there for piece in said) >= READ_THERE * len(said)


def _all_numbers(text: str) -> tuple[Numeral, ...]:
    return (*numerals(text), *spelled(text), *meant(text))


def _short(quote: str) -> str:
    return repr(quote if len(quote) <= 80 else f"{quote[:77]}...")
