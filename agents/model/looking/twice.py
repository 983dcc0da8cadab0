"""Two separate readings of one place: where they agree it is surer, where not both are told."""

from dataclasses import replace

from pagehop.agents.team import Findings
from pagehop.tools.corpus.wording import numbers, pieces
from pagehop.tools.evidence import Evidence

HALF = 0.5  # of an answer's confidence is left where two readings disagree


def compared(one: Findings, other: Findings) -> Findings:
    """Both readings as one; it does not matter which came first.

    Answers agree when they have the same numbers, or without numbers the same words. Then what
    both saw is kept once, as sure as two independent witnesses. Else all is kept, each with the
    word that another reading differs, and the surer answer is worth half.
    """
    if not (one.answer and other.answer):
        return _alone(*sorted((one, other), key=_order))
    first, second = sorted((one, other), key=_order)
    failures = (*first.failures, *second.failures)
    if same(first.answer, second.answer):
        return Findings(
            evidence=_merged(first.evidence, second.evidence),
            answer=first.answer,
            confidence=_both(first.confidence, second.confidence),
            failures=failures,
        )
    told = f"two readings of the place differ: {first.answer!r} and {second.answer!r}"
    return Findings(
        evidence=(*_doubted(first, second), *_doubted(second, first)),
        answer=first.answer,
        confidence=first.confidence * HALF,
        failures=(*failures, f"image agent: {told}"),
    )


def same(one: str, other: str) -> bool:
    """Whether two short answers say the same.

    >>> same("about 45 %", "45%"), same("Berlin", "Bern"), same("4", "4 of 5")
    (True, False, False)
    """
    if numbers(one) or numbers(other):
        return sorted(numbers(one)) == sorted(numbers(other))
    return pieces(one) == pieces(other)


def _order(findings: Findings) -> tuple[bool, float, str, tuple[str, ...]]:
    ids = tuple(found.id for found in findings.evidence)
    return (not findings.answer, -findings.confidence, findings.answer, ids)


def _alone(answered: Findings, silent: Findings) -> Findings:
    """One answer at most: the other reading did not find it, which makes it less sure."""
    return Findings(
        evidence=_merged(answered.evidence, silent.evidence),
        answer=answered.answer,
        confidence=answered.confidence * HALF,
        failures=(*answered.failures, *silent.failures),
    )


def _merged(one: tuple[Evidence, ...], other: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """All of it; what both have, once, with the confidence of both."""
    rest = list(other)
    merged = []
    for found in one:
        twin = next((entry for entry in rest if _is_twin(found, entry)), None)
        if twin is None:
            merged.append(found)
            continue
        rest.remove(twin)
        kept = found if (found.verbatim, found.bbox is not None) >= (
            twin.verbatim,
            twin.bbox is not None,
        ) else twin  # fmt: skip
        merged.append(replace(kept, confidence=_both(found.confidence, twin.confidence)))
    return (*merged, *rest)


def _is_twin(one: Evidence, other: Evidence) -> bool:
    """Whether two observations are one: the same page and numbers, and a word in common."""
    at = (one.document_id, one.page) == (other.document_id, other.page)
    if not at or not same(one.quote, other.quote) or "tool" in (one.modality, other.modality):
        return False
    ours, theirs = _words(one.quote), _words(other.quote)
    return not ours or not theirs or bool(ours & theirs)


def _words(quote: str) -> set[str]:
    return {piece for piece in pieces(quote) if not piece.isdigit() and piece != "about"}


def _doubted(findings: Findings, other: Findings) -> tuple[Evidence, ...]:
    told = f"(A second, separate reading gave: {other.answer})"
    return tuple(
        found if found.modality == "tool"
        else replace(found, reading=f"{found.reading} {told}".strip())
        for found in findings.evidence
    )  # fmt: skip


def _both(one: float, other: float) -> float:
    """How sure two independent witnesses make it."""
    return round(1 - (1 - one) * (1 - other), 4)
