"""What was seen in a picture as evidence on a page: its box, and the words in it that were read."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pagehop.agents.model.looking.pictures import Shown, is_whole
from pagehop.agents.model.reading.quoting import labelled, modality_at
from pagehop.agents.model.schemas import ImageFinding, ImageReply
from pagehop.tools.boxes import BBox, pad, share_inside
from pagehop.tools.corpus.quotes import Located, locate
from pagehop.tools.corpus.wording import numbers
from pagehop.tools.errors import BadBoxError, InputError
from pagehop.tools.evidence import Evidence, Modality

if TYPE_CHECKING:
    from pagehop.tools.corpus.corpus import Corpus


@dataclass(slots=True)
class ReplyCheck:
    """Whether a reply names pictures that were shown, and passes over none of the first ones.

    A picture that was passed over is asked for once; a model that will not say a word on each
    is not failed for it.
    """

    shown: Shown
    reminded: bool = False

    def __call__(self, reply: ImageReply) -> None:
        """Look through the reply.

        Raises:
            ValueError: says to the model what is wrong.
        """
        known = self.shown.ids
        sheets = {sheet.id: sheet for sheet in self.shown.sheets.shown}
        for finding in reply.findings:
            if finding.view not in known:
                raise ValueError(f"there is no picture {finding.view!r}, only {known}.")
            if not finding.seen.strip():
                raise ValueError(f"a finding in {finding.view} does not say what is `seen`.")
            sheet = sheets.get(finding.view)
            if sheet and finding.page not in sheet.pages:
                raise ValueError(
                    f"a finding in the overview {sheet.id} needs the `page` that it is on, one of "
                    f"{list(sheet.pages)}."
                )
        noted = {seen.view for seen in reply.pages}
        missing = [picture.id for picture in self.shown.first if picture.id not in noted]
        if noted and missing and not self.reminded:
            self.reminded = True
            raise ValueError(f"`pages` has no entry for {missing}: look at each of them.")


def as_evidence(
    finding: ImageFinding, shown: Shown, sub_question: str, corpus: "Corpus"
) -> Evidence:
    """The finding on its page.

    Words that stand on the page are quoted as they stand there, with their lines. What does
    not, is a reading: the quote is what was seen, a value that was judged from an axis marked
    as such.
    """
    document, document_id, page, claimed = _place(finding, shown)
    regions = corpus.regions(document_id, page)
    located = _read_words(finding, claimed, document_id, page, corpus)
    bbox = claimed or (located.bbox if located else None)
    spot = located.bbox if located else bbox
    kind: Modality = modality_at(spot, regions) if spot is not None else "page"
    modality: Modality = "page" if kind == "text" else kind
    if located and modality != "figure":  # words have their own place; a chart is more than words
        bbox = located.bbox
    hit = shown.hit(document_id, page)
    value = _value(finding)
    return Evidence(
        document=document,
        document_id=document_id,
        page=page,
        page_label=hit.page_label if hit else corpus.page(document_id, page).label,
        bbox=bbox,
        boxes=located.boxes if located else (),
        modality=modality,
        quote=located.text if located else _seen(finding),
        verbatim=located is not None,
        reading=labelled(
            row=finding.axis, column=finding.series, value=value, reading=finding.reading
        ),
        sub_question=sub_question,
        agent="image",
        confidence=finding.confidence,
    )


def _place(finding: ImageFinding, shown: Shown) -> tuple[str, str, int, BBox | None]:
    """Document, its id, page, and the box there; None where that is the whole page."""
    sheets = {sheet.id: sheet for sheet in shown.sheets.shown}
    sheet = sheets.get(finding.view)
    if sheet is None:
        view = shown.views.view(finding.view)
        return view.document, view.document_id, view.page, _claimed_box(finding, shown)
    return sheet.document, sheet.document_id, finding.page, _box_on_sheet(finding, shown)


def _box_on_sheet(finding: ImageFinding, shown: Shown) -> BBox | None:
    if finding.box is None:
        return None
    try:
        page, part = shown.sheets.place(finding.view, finding.box)
    except InputError:  # nonsense, or between pages: the page that it names is known
        return None
    return None if page != finding.page or is_whole(part) else part


def _claimed_box(finding: ImageFinding, shown: Shown) -> BBox | None:
    """The box on the page: as drawn, else the crop's own; None where that is the whole page."""
    box = shown.views.view(finding.view).bbox
    if finding.box is not None:
        with suppress(BadBoxError):  # nonsense is not mended by guessing: the picture is known
            box = shown.views.page_box(finding.view, finding.box)
    if is_whole(box):
        return None
    return (round(box[0], 5), round(box[1], 5), round(box[2], 5), round(box[3], 5))


def _read_words(
    finding: ImageFinding, claimed: BBox | None, document_id: str, page: int, corpus: "Corpus"
) -> Located | None:
    """The words on the page that the model read off; None where it read something else.

    Without a box of its own, or outside it, words that stand at several places prove nothing;
    nor do words without the value that was read beside them.
    """
    located = locate(finding.seen, corpus.words(document_id, page), near=claimed)
    if located is None or finding.estimated:
        return None
    if not set(numbers(finding.value)) <= set(numbers(located.text)):
        return None
    if claimed is None:
        return located if located.places == 1 else None
    return located if share_inside(located.bbox, pad(claimed, 0.01)) > 0.5 else None


def _value(finding: ImageFinding) -> str:
    value = finding.value.strip()
    if not value or not finding.estimated or value.casefold().startswith("about"):
        return value
    return f"about {value}"


def _seen(finding: ImageFinding) -> str:
    """What was seen, with the value where the model kept it apart: a claim must find it there."""
    seen, value = finding.seen.strip(), _value(finding)
    stated = set(numbers(value)) <= set(numbers(seen)) if numbers(value) else value in seen
    estimated = finding.estimated and "about" not in seen.casefold()
    return f"{seen}: {value}" if value and (estimated or not stated) else seen
