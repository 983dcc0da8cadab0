"""What is measured of an answer beside its score, each by its name; None where it does not apply.

Of a question that failed nothing is measured: failures are counted apart, and what they cost is
not known.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from pagehop.evals.answers.grading import Graded
from pagehop.evals.overlap import covered, union_area
from pagehop.tools.boxes import PAGE, BBox
from pagehop.tools.retrieval.fusion import Place

Measure: TypeAlias = Callable[[Graded], float | None]


def value(graded: Graded) -> float | None:
    """The score by the rule."""
    return None if graded.score is None else graded.score.value


def right(graded: Graded) -> float | None:
    """Whether the answer is right."""
    return None if graded.right is None else float(graded.right)


def page_precision(graded: Graded) -> float | None:
    """The share of the cited pages that are gold, of answers that cite a page."""
    cited = _pages(graded)
    return len(cited & graded.case.gold) / len(cited) if cited and graded.case.gold else None


def page_recall(graded: Graded) -> float | None:
    """The share of the gold pages that the answer cites; 0 for an answer that cites none."""
    gold = graded.case.gold
    if graded.trial.failed or not gold:
        return None
    return len(_pages(graded) & gold) / len(gold)


def page_f1(graded: Graded) -> float | None:
    """The harmonic mean of both; 0 for an answer that cites no page."""
    gold, cited = graded.case.gold, _pages(graded)
    if graded.trial.failed or not gold:
        return None
    return 2 * len(cited & gold) / (len(cited) + len(gold))


def cites_gold(graded: Graded) -> float | None:
    """Whether the answer cites a gold page."""
    if graded.trial.failed or not graded.case.gold:
        return None
    return float(bool(_pages(graded) & graded.case.gold))


def right_cites_gold(graded: Graded) -> float | None:
    """The same of right answers alone: whether they are right for a reason that can be seen."""
    return cites_gold(graded) if graded.right else None


def box_overlap(graded: Graded) -> float | None:
    """The cited area and the gold area: what both cover over what either covers.

    Of answers that cite a page, to questions with gold boxes. Boxes of one page are joined, so
    that no place counts twice; a citation without a box shows its whole page.
    """
    gold, cited = graded.case.regions, _boxes(graded)
    if not gold or not cited:
        return None
    shared = whole = 0.0
    for place in {*gold, *cited}:
        mine, theirs = cited.get(place, []), list(gold.get(place, ()))
        common = union_area(theirs) * covered(theirs, mine)
        shared += common
        whole += union_area(theirs) + union_area(mine) - common
    return shared / whole if whole else None


def box_recall(graded: Graded) -> float | None:
    """The share of the gold area that the citations show."""
    gold, cited = graded.case.regions, _boxes(graded)
    if not gold or not cited:
        return None
    area = {place: union_area(boxes) for place, boxes in gold.items()}
    if not sum(area.values()):
        return None
    shown = sum(size * covered(gold[at], cited.get(at, [])) for at, size in area.items())
    return shown / sum(area.values())


def claims_verified(graded: Graded) -> float | None:
    """The share of claims that are cited and whose citations are all verified."""
    claims = graded.trial.claims
    sound = {one.id for one in graded.trial.citations if one.verified}
    if not claims:
        return None
    return sum(bool(cited) and sound.issuperset(cited) for cited in claims) / len(claims)


def declined_rightly(graded: Graded) -> float | None:
    """Of answers that say "not answerable", whether it is so: precision of abstention."""
    return float(not graded.case.question.answerable) if graded.trial.declined else None


def unanswerable_declined(graded: Graded) -> float | None:
    """Of questions without an answer, whether the answer says so: recall of abstention."""
    if graded.trial.failed or graded.case.question.answerable:
        return None
    return float(graded.trial.declined)


def incomplete(graded: Graded) -> float | None:
    """Whether the answer is marked as incomplete."""
    return None if graded.trial.failed else float(graded.trial.status == "incomplete")


def used(graded: Graded, *names: str) -> float | None:
    """The sum of these entries of the receipt; None where one is unknown."""
    found = [graded.trial.usage.get(name) for name in names]
    known = [float(one) for one in found if isinstance(one, int | float)]
    return sum(known) if len(known) == len(names) and not graded.trial.failed else None


def seconds(graded: Graded) -> float | None:
    """Seconds on the wall."""
    return None if graded.trial.failed else graded.trial.seconds


SCORES: Mapping[str, Measure] = {"score": value, "right": right}
BESIDE: Mapping[str, Measure] = {
    "cites a gold page": cites_gold,
    "right answers that cite a gold page": right_cites_gold,
    "page F1 of citations": page_f1,
    "page precision": page_precision,
    "page recall": page_recall,
    "box overlap (IoU)": box_overlap,
    "box recall": box_recall,
    "claims verified": claims_verified,
    "abstention precision": declined_rightly,
    "abstention recall": unanswerable_declined,
    "incomplete": incomplete,
}


def _spent(*names: str) -> Measure:
    return lambda graded: used(graded, *names)


COSTS: Mapping[str, Measure] = {
    "rounds": _spent("rounds"),
    "calls": _spent("model_calls"),
    "tokens in": _spent("input_tokens"),
    "tokens out": _spent("output_tokens"),
    "images": _spent("images"),
    "seconds": seconds,
    "money": _spent("money"),
}


def _pages(graded: Graded) -> set[Place]:
    return {(one.document_id, one.page) for one in graded.trial.citations if one.page}


def _boxes(graded: Graded) -> dict[Place, list[BBox]]:
    boxes: dict[Place, list[BBox]] = {}
    for one in graded.trial.citations:
        if one.page:
            boxes.setdefault((one.document_id, one.page), []).append(one.bbox or PAGE)
    return boxes
