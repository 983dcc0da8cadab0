"""Which questions are asked when not all are: drawn by a seed, at will of every kind alike."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from itertools import islice, zip_longest
from random import Random

from pagehop.evals.cases import Case

KINDS = ("unanswerable", "image-only", "multi-page", "chart", "figure", "table", "text", "other")

# The first part that a label contains decides; a chart before a figure, a picture before a table.
_LABELS: tuple[tuple[str, str], ...] = (
    ("chart", "chart"),
    ("figure", "figure"),
    ("image", "figure"),
    ("table", "table"),
    ("text", "text"),
    ("layout", "text"),
)


def kind_of(case: Case) -> str:
    """The one kind of `KINDS` that a question is drawn as."""
    question = case.question
    if not question.answerable:
        return "unanswerable"
    if "image-only" in question.kind or (not question.kind and case.scanned):
        return "image-only"
    if question.hops > 1:
        return "multi-page"
    labels = " ".join((*question.labels, *question.modalities)).casefold()
    return next((kind for part, kind in _LABELS if part in labels), "other")


def draw(cases: Sequence[Case], *, limit: int, seed: int, balanced: bool) -> tuple[Case, ...]:
    """So many of the cases, the same ones for the same seed, in their order.

    A larger limit draws the same ones and more, so that a run can be gone on with.

    Args:
        cases: all that can be asked.
        limit: how many.
        seed: another seed, other cases.
        balanced: kinds take turns, and within a kind documents, until enough are drawn; else
            every case is as likely as every other.
    """
    random = Random(seed)  # noqa: S311  a draw, no secret
    ordered = sorted(cases, key=lambda case: case.question.id)
    if balanced:
        drawn = list(islice(_in_turns(_by_kind(ordered, random)), limit))
    else:
        random.shuffle(ordered)
        drawn = ordered[:limit]
    chosen = {case.question.id for case in drawn}
    return tuple(case for case in cases if case.question.id in chosen)


def _by_kind(cases: Sequence[Case], random: Random) -> Mapping[str, list[Case]]:
    """The cases of each kind, shuffled, one of every document before the second of any."""
    groups: dict[str, dict[str, list[Case]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        groups[kind_of(case)][case.group].append(case)
    kinds: dict[str, list[Case]] = {}
    for kind in KINDS:
        documents = list(groups[kind].values())
        random.shuffle(documents)
        for document in documents:
            random.shuffle(document)
        turns = zip_longest(*documents)
        kinds[kind] = [case for turn in turns for case in turn if case is not None]
    return kinds


def _in_turns(kinds: Mapping[str, list[Case]]) -> list[Case]:
    """The cases, one of each kind at a time, until none is left."""
    waiting = deque(deque(cases) for cases in kinds.values() if cases)
    drawn = []
    while waiting:
        cases = waiting.popleft()
        drawn.append(cases.popleft())
        if cases:
            waiting.append(cases)
    return drawn
