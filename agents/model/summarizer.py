"""The summarizer: the answer, claim by claim, from the ledger alone; numbers by the calculator."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from langchain_core.language_models import BaseChatModel

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.listing import told_ledger, told_plan
from pagehop.agents.model.schemas import SummaryReply, WrittenCalculation
from pagehop.agents.prompting import conversation, data_block
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import Calculation, Case, Draft
from pagehop.tools.arithmetic import CalculationError
from pagehop.tools.calculator import evaluate, plain
from pagehop.tools.evidence import Claim

PLACEHOLDER = re.compile(r"\{(k\d+)\}")
MOST_DECIMALS = 12


def summarize(case: Case, *, calls: Calls, model: BaseChatModel) -> Draft:
    """Write the answer; with an empty ledger there is none, and no model is asked."""
    if not case.ledger:
        return _nothing_found(case)
    parts = {
        "plan": told_plan(case.plan),
        "evidence": told_ledger(case.ledger),
        "state": _state(case),
        "objections": "\n".join(f"{o.claim!r}: {o.reason}" for o in case.objections) or "(none)",
    }
    mark = calls.mark("summarizer", case.question, f"{case.sample}", *parts.values())
    blocks = {name: data_block(text, mark, name) for name, text in parts.items()}
    messages = conversation("summarizer", question=case.question, **blocks)
    known = {found.id for found in case.ledger}
    reply = ask(
        calls,
        model,
        messages,
        SummaryReply,
        role="summarizer",
        check=lambda reply: _check(reply, known),
    )
    return _as_draft(reply)


def _check(reply: SummaryReply, known: set[str]) -> None:
    """Whether the answer can be made from the reply.

    Raises:
        ValueError: says to the model what is wrong.
    """
    if not reply.answer.strip():
        raise ValueError("`answer` is empty.")
    if reply.answerable and not reply.claims:
        raise ValueError("an answer needs at least one claim with the evidence that states it.")
    for claim in reply.claims:
        unknown = [name for name in claim.evidence if name not in known]
        if unknown or not claim.evidence:
            raise ValueError(f"the claim {claim.text!r} cites {unknown or 'nothing'}.")
    values = {done.name: _value(done) for done in reply.calculations}
    texts = [reply.answer, *(claim.text for claim in reply.claims)]
    missing = {name for text in texts for name in PLACEHOLDER.findall(text)} - set(values)
    if missing:
        raise ValueError(f"{sorted(missing)} stand in the texts but not in `calculations`.")


def _as_draft(reply: SummaryReply) -> Draft:
    values = {done.name: _value(done) for done in reply.calculations}
    return Draft(
        text=_filled(reply.answer.strip(), values),
        claims=tuple(
            Claim(
                text=_filled(claim.text.strip(), values),
                citations=tuple(dict.fromkeys(claim.evidence)),
            )
            for claim in reply.claims
        ),
        answerable=reply.answerable,
        notes=tuple(note.strip() for note in reply.notes if note.strip()),
        calculations=tuple(
            Calculation(expression=done.expression, value=values[done.name])
            for done in reply.calculations
        ),
    )


def _value(written: WrittenCalculation) -> str:
    """The calculator's result, rounded as asked.

    Raises:
        ValueError: the expression cannot be calculated.
    """
    try:
        value = evaluate(written.expression).value
    except CalculationError as error:
        raise ValueError(f"the calculation {written.name}: {error}") from error
    decimals = min(MOST_DECIMALS, max(0, written.decimals))
    if value.adjusted() + decimals < 26:  # beyond that, quantize has no digits left
        value = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return plain(value)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _state(case: Case) -> str:
    told = "complete" if case.complete else "stopped early, the budget ran out: say what is missing"
    verdict = f"\nThe critic: {case.verdict.ruling}. {case.verdict.reason}" if case.verdict else ""
    return f"{told}{verdict}"


def _nothing_found(case: Case) -> Draft:
    sought = "; ".join(dict.fromkeys(search.query for search in case.searches))
    looked = case.complete and not case.failures
    text = (
        "Nothing about this was found in the documents."
        if looked
        else "Nothing about this was found, but not everything could be looked at."
    )
    notes = (f"Searched for: {sought}.",) if sought else ()
    return Draft(text=text, answerable=False, notes=notes)
