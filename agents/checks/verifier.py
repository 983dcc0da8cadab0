"""Checks a draft claim by claim before it leaves: what cannot be shown to stand is dropped.

It judges every team's drafts by the same rules, and no model has a say in it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pagehop.agents.checks.backing import (
    EVIDENCE_ID,
    Asked,
    Told,
    missing_numbers,
    unfounded,
)
from pagehop.agents.checks.checking import Checked, Pages, check
from pagehop.agents.team import Draft, Objection, SecondLook
from pagehop.tools.evidence import Citation, Claim, Ledger

REBUILT = "The text was put together again from the claims that stand."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A draft in which every claim stands; its claims cite c1, c2, ..."""

    draft: Draft
    citations: tuple[Citation, ...] = ()
    objections: tuple[Objection, ...] = ()


@dataclass(slots=True)
class _Citations:
    """Citations in order of first use, one a place."""

    corpus: str
    kept: dict[tuple[object, ...], Citation] = field(default_factory=dict)

    def cite(self, checked: Checked) -> str:
        found = checked.evidence
        place = found.bbox and tuple(round(edge, 3) for edge in found.bbox)
        key = (found.document_id, found.page, place or found.quote)
        if key not in self.kept:
            self.kept[key] = Citation.of(
                f"c{len(self.kept) + 1}", found, verified=checked.verified, corpus=self.corpus
            )
        return self.kept[key].id


def verify(
    draft: Draft,
    ledger: Ledger,
    corpus: Pages,
    *,
    question: str = "",
    looks: Sequence[SecondLook] = (),
) -> Verified:
    """Hold every claim of a draft against the pages it cites.

    A claim stands when at least one of its citations is evidence of the ledger that is where it
    says it is, and when its numbers stand there too or follow from a recorded calculation. If a
    claim falls, or the text states a number that no page and no claim has, the text is made
    anew from the claims that stand. A number of the question may go into a calculation and be
    named in the text, but carries no claim by itself: the question may be wrong. A note that
    brings a number of its own is left out. What was read off a picture falls where a second
    look has contradicted it; of a claim over several pictures the claim falls, since which of
    the pictures was read wrongly is not known.
    """
    asked = Asked.of(question)
    known = {found.id: found for found in ledger}
    seen = _by_evidence(looks)
    against = {look.claim: look for look in looks if look.ruling == "contradicted"}
    checks = {
        id_: check(known[id_], corpus, seen.get(id_)) for id_ in _cited(draft) if id_ in known
    }
    citations = _Citations(str(corpus.path))
    claims: list[Claim] = []
    objections: list[Objection] = []
    for claim in draft.claims:
        reason = _objection(claim, checks, draft, asked) or _against(claim, checks, against)
        if reason:
            objections.append(Objection(claim=claim.text, reason=reason))
            continue
        standing = (checks[id_] for id_ in claim.citations if id_ in checks and checks[id_].stands)
        ids = dict.fromkeys(citations.cite(checked) for checked in standing)
        claims.append(Claim(text=_without_ids(claim.text), citations=tuple(ids)))
    kept = [claim for claim in draft.claims if claim.text not in {o.claim for o in objections}]
    names = {
        id_: citations.cite(checks[id_]) for c in kept for id_ in c.citations if _ok(checks, id_)
    }
    told = Told.by((c.text for c in kept), _standing(kept, checks), draft.calculations, asked)
    sound = not objections and (not draft.claims or _says(draft.text, told))
    notes = tuple(note for note in draft.notes if not kept or told.covers(note))
    checked_draft = replace(
        draft,
        text=_renamed(draft.text, names) if sound else "\n".join(claim.text for claim in claims),
        claims=tuple(claims),
        notes=notes if sound or not claims else (*notes, REBUILT),
    )
    return Verified(
        draft=checked_draft,
        citations=tuple(citations.kept.values()),
        objections=tuple(objections),
    )


def _cited(draft: Draft) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id_ for claim in draft.claims for id_ in claim.citations))


def _ok(checks: Mapping[str, Checked], id_: str) -> bool:
    return id_ in checks and checks[id_].stands


def _objection(
    claim: Claim,
    checks: Mapping[str, Checked],
    draft: Draft,
    asked: Asked,
) -> str:
    """Why a claim does not stand; "" where it does."""
    if not claim.citations:
        return "it cites no evidence"
    standing = [checks[id_] for id_ in claim.citations if _ok(checks, id_)]
    if not standing:
        return "; ".join(
            checks[id_].reason if id_ in checks else f"there is no evidence {id_!r}"
            for id_ in claim.citations
        )
    missing = missing_numbers(
        claim.text, standing, draft.calculations, asked, denies=not draft.answerable
    )
    if missing:
        numbers = ", ".join(dict.fromkeys(number.written for number in missing))
        lacking = unfounded(missing, standing, draft.calculations, asked)
        of = f" from its numbers (it does not have {lacking})" if lacking else ""
        return (
            f"{numbers} is not in the evidence it cites, nor the result of a recorded "
            f"calculation{of}"
        )
    return ""


def _by_evidence(looks: Sequence[SecondLook]) -> dict[str, SecondLook]:
    """The look that counts for a piece of evidence: one that confirms it, or at it alone."""
    counting = [look for look in looks if look.ruling == "stands" or len(look.evidence) == 1]
    counting.sort(key=lambda look: look.ruling == "stands")
    return {id_: look for look in counting for id_ in look.evidence}


def _against(claim: Claim, checks: Mapping[str, Checked], against: Mapping[str, SecondLook]) -> str:
    """What a second look at several pictures has against a claim; "" where there is nothing."""
    look = against.get(claim.text)
    if look is None or all(_ok(checks, id_) and checks[id_].verified for id_ in look.evidence):
        return ""
    return f"a second look at its pictures read {look.seen!r}"


def _says(text: str, told: Told) -> bool:
    """Whether there is a text, with no number of its own."""
    return bool(text.strip()) and told.covers(text)


def _standing(kept: Sequence[Claim], checks: Mapping[str, Checked]) -> list[Checked]:
    return [checks[id_] for claim in kept for id_ in claim.citations if _ok(checks, id_)]


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with citation ids in place of ledger ids."""
    return _without_ids(EVIDENCE_ID.sub(lambda found: names.get(found[0], found[0]), text))


def _without_ids(text: str) -> str:
    """A text without ledger ids and the brackets around them."""
    return re.sub(r"\s*[\[(]?" + EVIDENCE_ID.pattern + r"(?:,\s*e[0-9a-f]{8})*[\])]?", "", text)
