"""How plan, ledger and searches are told to a model: short lines, ids first."""

from collections.abc import Sequence

from pagehop.agents.prompting import shorten
from pagehop.agents.team import Plan, Search, SubQuestion
from pagehop.tools.evidence import Evidence, Ledger

ENTRY = 900  # characters of one quote
LEDGER = 40_000  # characters of all evidence that is told
PAGES = 12  # of each search


def told_plan(plan: Plan) -> str:
    """One line a sub-question: id, form, question, answer so far."""
    lines = [
        f"{hop.id} [{hop.form}] {hop.question} -> {hop.answer or _without(hop)}"
        for hop in plan.sub_questions
    ]
    return "\n".join(lines) or "(no plan)"


def _without(hop: SubQuestion) -> str:
    return "(no answer was found)" if hop.settled else "(open)"


def told_ledger(ledger: Ledger) -> str:
    """The evidence, best first, each modality in turn so that none crowds out the others."""
    lines: list[str] = []
    room = LEDGER
    for found in _in_turns(ledger):
        line = told_evidence(found)
        if len(line) > room:
            lines.append(f"({len(ledger) - len(lines)} more, less certain, are left out)")
            break
        room -= len(line)
        lines.append(line)
    return "\n".join(lines) or "(none)"


def told_evidence(found: Evidence) -> str:
    """One entry: id, place, how it was found, the quote, what it says."""
    place = f"result of the tool {found.agent}"
    if found.modality != "tool":
        label = f" (printed {found.page_label})" if found.page_label else ""
        how = found.modality if found.verbatim else f"{found.modality}, read off the picture"
        place = f"{found.document}, page {found.page}{label}, {how}"
    reading = f" | {shorten(found.reading, ENTRY)}" if found.reading else ""
    quote = shorten(found.quote, ENTRY)
    sure = f"{found.confidence:.2f}"
    return f'{found.id} [{found.sub_question}; {place}; {sure}] "{quote}"{reading}'


def told_searches(searches: Sequence[Search]) -> str:
    """One line a search: its sub-question, its words, the pages it gave."""
    lines = [
        f"{search.sub_question}: {search.query} -> {_places(search) or 'nothing'}"
        for search in searches
    ]
    return "\n".join(lines) or "(none)"


def _places(search: Search) -> str:
    """Documents in order of their best page, each with its pages, best first."""
    pages: dict[str, list[int]] = {}
    for name, page in search.pages[:PAGES]:
        pages.setdefault(name, []).append(page)
    return "; ".join(f"{name} p. {', '.join(map(str, those))}" for name, those in pages.items())


def _in_turns(ledger: Ledger) -> list[Evidence]:
    """The surest of each sub-question and modality first, then the second of each, and so on."""
    ranks: dict[tuple[str, str], int] = {}
    ranked: list[tuple[int, Evidence]] = []
    for found in sorted(ledger, key=lambda entry: (-entry.confidence, entry.id)):
        group = (found.sub_question, found.modality)
        ranks[group] = ranks.get(group, 0) + 1
        ranked.append((ranks[group], found))
    return [found for _, found in sorted(ranked, key=lambda pair: pair[0])]
