"""The answer from the ledger: short answers where the gate was open, else the lines themselves."""

from collections.abc import Sequence

from pagehop.agents.extractive.bridges import Place
from pagehop.agents.extractive.so_far import evidence_for
from pagehop.agents.team import Case, Draft, SubQuestion
from pagehop.tools.evidence import Claim, Evidence

NOTE = "No language model has read these lines: they are the best matches, quoted as they stand."
SHORT_NOTE = (
    "No language model has read the pages: "
    "a short answer is what stands beside the words that were asked for."
)
CLAIMS = 3  # lines, when the only sub-question has no short answer
CLAIMS_OF_MANY = 2  # lines a sub-question, when there are several
WORTH = 0.5  # of the best line's confidence, below which a line is not shown beside it
LONGEST = 400  # characters of a line in the answer; the citation has it whole


def summarize(case: Case, ranked: Sequence[Place]) -> Draft:
    """Claims that quote the ledger and nothing else; not answerable where there is none.

    Args:
        case: what is known.
        ranked: all pages found, the best chains first; none where no name has been followed.
    """
    parts = [(sub, _claims(case, sub, ranked)) for sub in case.plan.sub_questions]
    claims = tuple(claim for _, made in parts for claim in made)
    if not claims:
        return Draft(text=_nothing(case), answerable=False, notes=_notes(case))
    text = "\n".join(_part(case, sub, made) for sub, made in parts)
    return Draft(text=text, claims=claims, notes=(_note(parts), *_notes(case)))


def _claims(case: Case, sub: SubQuestion, ranked: Sequence[Place]) -> tuple[Claim, ...]:
    refused = {objection.claim for objection in case.objections}
    found = evidence_for(case, sub)
    if sub.answer:
        carrier = next((e for e in found if _carries(e, sub.answer)), None)
        claim = carrier and _short_claim(sub.answer, carrier)
        if claim and claim.text not in refused:
            return (claim,)
    several = len(case.plan.sub_questions) > 1
    told: dict[str, Claim] = {}
    least = 0.0 if ranked or not found else WORTH * found[0].confidence
    for found_line in _page_by_page(_by_page(found, ranked)):
        text = _quoted(found_line)
        if text not in refused and found_line.confidence >= least:
            told.setdefault(text, Claim(text=text, citations=(found_line.id,)))
    return tuple(told.values())[: CLAIMS_OF_MANY if several else CLAIMS]


def _by_page(found: Sequence[Evidence], ranked: Sequence[Place]) -> list[Evidence]:
    """In the order of their pages, where that is known; else as they are."""
    ranks = {place: rank for rank, place in enumerate(ranked)}
    return sorted(found, key=lambda e: ranks.get((e.document, e.page), len(ranks)))


def _page_by_page(found: Sequence[Evidence]) -> list[Evidence]:
    """The best line of each page first, then the rest: two pages tell more than two lines."""
    pages: set[tuple[str, int]] = set()
    first: list[Evidence] = []
    rest: list[Evidence] = []
    for line in found:
        page = (line.document_id, line.page)
        (rest if page in pages else first).append(line)
        pages.add(page)
    return [*first, *rest]


def _carries(found: Evidence, answer: str) -> bool:
    """Whether the answer can be read off this line."""
    return answer.lower() in found.quote.lower() or answer.lower() in found.reading.lower()


def _short_claim(answer: str, carrier: Evidence) -> Claim:
    return Claim(text=f"{answer}: {_quoted(carrier)}", citations=(carrier.id,))


def _quoted(found: Evidence) -> str:
    """The line in quotation marks; of a table cell its labels and value."""
    said = found.reading or found.quote
    text = " ".join(said.split())
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(" ", 1)[0] + " …"
    return text if found.reading else f"“{text}”"


def _part(case: Case, sub: SubQuestion, made: tuple[Claim, ...]) -> str:
    """What is told of one sub-question; with its words ahead, if there are several."""
    told = sub.answer if _is_short(sub, made) else "\n".join(claim.text for claim in made)
    if len(case.plan.sub_questions) == 1:
        return told
    between = " " if _is_short(sub, made) else "\n"
    return f"{_asked(case, sub)}{between}{told or 'Nothing was found.'}"


def _is_short(sub: SubQuestion, made: tuple[Claim, ...]) -> bool:
    return bool(sub.answer) and len(made) == 1 and made[0].text.startswith(f"{sub.answer}: ")


def _asked(case: Case, sub: SubQuestion) -> str:
    """The sub-question with what was found out before it."""
    text = sub.question
    for other in case.plan.sub_questions:
        text = text.replace("{" + other.id + "}", other.answer or "that")
    return " ".join(text.split())


def _note(parts: list[tuple[SubQuestion, tuple[Claim, ...]]]) -> str:
    return SHORT_NOTE if all(_is_short(sub, made) for sub, made in parts if made) else NOTE


def _nothing(case: Case) -> str:
    """What was looked for, and where."""
    queries = ", ".join(dict.fromkeys(f"“{search.query}”" for search in case.searches))
    pages = {page for search in case.searches for page in search.pages}
    documents = sorted({name for name, _ in pages})
    if not queries:
        return "Nothing was found: no search was made."
    count = "one page" if len(pages) == 1 else f"{len(pages)} pages"
    where = f"{count} of {', '.join(documents)}" if pages else "no page at all"
    return (
        f"Nothing was found. Searched for {queries}; that brought {where}; no line of it matches."
    )


def _notes(case: Case) -> tuple[str, ...]:
    return () if case.complete else ("The budget ran out: more may be in the documents.",)
