"""Checks a draft claim by claim before it leaves: what cannot be shown to stand is dropped.

It judges every team's drafts by the same rules, and no model has a say in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pagehop.agents.checking import Checked, Pages, check
from pagehop.agents.numerals import Numeral, numerals, stands_in
from pagehop.agents.team import Calculation, Draft, Objection
from pagehop.tools.calculator import evaluate
from pagehop.tools.errors import InputError
from pagehop.tools.evidence import Citation, Claim, Evidence, Ledger

REBUILT = "The text was put together again from the claims that stand."
_EVIDENCE_ID = re.compile(r"\be[0-9a-f]{8}\b")
_LIST_MARK = re.compile(r"^\s*\(?\d{1,2}[.)]\s+", re.MULTILINE)
_REFERENCE = re.compile(
    r"\b(?:pages?|p\.|pp\.|figs?\.?|figures?|tables?|sections?|sec\.|chapters?|appendix|steps?|"
    r"slides?|parts?|items?|notes?|equations?|eq\.|questions?)\s*(\d+(?:\.\d+)*)",
    re.IGNORECASE,
)
# Numbers that calculations bring along: shares of a whole, months, weeks, days.
_CONSTANTS = frozenset({1, 2, 4, 7, 12, 24, 52, 60, 100, 360, 365, 1000, 1_000_000})


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
            self.kept[key] = _citation(f"c{len(self.kept) + 1}", checked, self.corpus)
        return self.kept[key].id


def verify(draft: Draft, ledger: Ledger, corpus: Pages) -> Verified:
    """Hold every claim of a draft against the pages it cites.

    A claim stands when at least one of its citations is evidence of the ledger that is where it
    says it is, and when its numbers stand there too or follow from a recorded calculation. If a
    claim falls, or the text states a number that no page and no claim has, the text is made
    anew from the claims that stand.
    """
    known = {found.id: found for found in ledger}
    checks = {id_: check(known[id_], corpus) for id_ in _cited(draft) if id_ in known}
    citations = _Citations(str(corpus.path))
    claims: list[Claim] = []
    objections: list[Objection] = []
    for claim in draft.claims:
        reason = _objection(claim, checks, draft.calculations)
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
    sound = not objections and _text_stands(draft, kept, checks)
    checked_draft = replace(
        draft,
        text=_renamed(draft.text, names) if sound else "\n".join(claim.text for claim in claims),
        claims=tuple(claims),
        notes=draft.notes if sound or not claims else (*draft.notes, REBUILT),
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
    claim: Claim, checks: Mapping[str, Checked], calculations: Sequence[Calculation]
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
    missing = _missing_numbers(claim.text, standing, calculations)
    if missing:
        numbers = ", ".join(dict.fromkeys(number.written for number in missing))
        return (
            f"{numbers} is not in the evidence it cites, nor the result of a recorded calculation"
        )
    return ""


def _missing_numbers(
    text: str, standing: Sequence[Checked], calculations: Sequence[Calculation]
) -> list[Numeral]:
    """The numbers of a claim that nothing backs.

    A year or a reference (`Table 3`) may stand anywhere on the page; every other number must
    stand in what is cited.
    """
    backs = [number for checked in standing for number in checked.backs]
    backs += _calculated(calculations, backs)
    on_page = [number for checked in standing for number in checked.on_page]
    on_page += [n for checked in standing for n in _place_numbers(checked.evidence)]
    plain = _bare(text, standing)
    told = [n for n in numerals(_REFERENCE.sub(" ", plain)) if not n.is_year]
    looser = [n for found in _REFERENCE.finditer(plain) for n in numerals(found[1])]
    looser += [n for n in numerals(plain) if n.is_year]
    missing = [number for number in told if not stands_in(number, backs)]
    return missing + [n for n in looser if not stands_in(n, [*backs, *on_page])]


def _bare(text: str, standing: Sequence[Checked]) -> str:
    """A claim without list marks, evidence ids and the names of the documents it cites."""
    bare = _EVIDENCE_ID.sub(" ", _LIST_MARK.sub(" ", text))
    for name in {checked.evidence.document for checked in standing} - {""}:
        bare = bare.replace(name, " ")
    return bare


def _place_numbers(found: Evidence) -> tuple[Numeral, ...]:
    """The page's own number and printed label, which a claim may name."""
    return numerals(f"{found.page} {found.page_label or ''}")


def _calculated(calculations: Sequence[Calculation], backs: Sequence[Numeral]) -> list[Numeral]:
    """The results of the calculations that hold and whose numbers the evidence has.

    A calculation may go on with the result of an earlier one.
    """
    results: list[Numeral] = []
    for calculation in calculations:
        written = numerals(calculation.value)
        inputs = numerals(calculation.expression)
        founded = all(
            number.value in _CONSTANTS or stands_in(number, [*backs, *results]) for number in inputs
        )
        if written and founded and _holds(calculation, written[0]):
            results.extend((written[0], *_percent(written[0])))
    return results


def _holds(calculation: Calculation, written: Numeral) -> bool:
    try:
        value = evaluate(calculation.expression).value
    except InputError:
        return False
    exact = Numeral(written=str(value), value=abs(value))
    places = abs(value).quantize(written.value) if written.value.is_finite() else value
    return places == written.value or stands_in(written, [exact])


def _percent(number: Numeral) -> tuple[Numeral, ...]:
    """A share of 0.214 may be told as 21.4 percent."""
    return (replace(number, value=number.value * 100),) if number.value < 10 else ()


def _text_stands(draft: Draft, kept: Sequence[Claim], checks: Mapping[str, Checked]) -> bool:
    """Whether the text states no number of its own: each is a claim's, or on a cited page."""
    if not draft.claims:
        return True
    standing = [checks[id_] for claim in kept for id_ in claim.citations if _ok(checks, id_)]
    known = [number for checked in standing for number in (*checked.backs, *checked.on_page)]
    known += [number for claim in kept for number in numerals(claim.text)]
    known += [number for checked in standing for number in _place_numbers(checked.evidence)]
    told: Iterable[Numeral] = numerals(_bare(draft.text, standing))
    return bool(draft.text.strip()) and all(stands_in(number, known) for number in told)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with citation ids in place of ledger ids."""
    return _without_ids(_EVIDENCE_ID.sub(lambda found: names.get(found[0], found[0]), text))


def _without_ids(text: str) -> str:
    """A text without ledger ids and the brackets around them."""
    return re.sub(r"\s*[\[(]?" + _EVIDENCE_ID.pattern + r"(?:,\s*e[0-9a-f]{8})*[\])]?", "", text)


def _citation(id_: str, checked: Checked, corpus: str) -> Citation:
    found = checked.evidence
    return Citation(
        id=id_,
        document=found.document,
        document_id=found.document_id,
        page=found.page,
        page_label=found.page_label,
        bbox=found.bbox,
        boxes=found.boxes,
        modality=found.modality,
        quote=found.quote,
        verified=checked.verified,
        corpus=corpus,
    )
