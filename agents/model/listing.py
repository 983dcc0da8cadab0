"""How plan, ledger and searches are told to a model: short lines, ids first."""

from collections.abc import Sequence

from pagehop.agents.model.consolidation import Entry, consolidate
from pagehop.agents.prompting import shorten
from pagehop.agents.replying.lengths import tokens_in
from pagehop.agents.team import Plan, Search, SubQuestion
from pagehop.tools.evidence import Ledger

ENTRY = 900  # characters of one quote
READINGS = 4  # of one entry: a row may be read for several columns
LEDGER = 10_000  # tokens of all evidence that is told
PAGES = 12  # of a search that are told one by one


def told_plan(plan: Plan) -> str:
    """One line a sub-question: id, form, question, answer so far."""
    lines = [
        f"{hop.id} [{hop.form}] {hop.question} -> {hop.answer or _without(hop)}"
        for hop in plan.sub_questions
    ]
    return "\n".join(lines) or "(no plan)"


def _without(hop: SubQuestion) -> str:
    return "(no answer was found)" if hop.settled else "(open)"


def told_ledger(ledger: Ledger, *, tokens: int = LEDGER) -> str:
    """The evidence, consolidated, best first, within about that many tokens."""
    entries = consolidate(ledger)
    lines: list[str] = []
    room = tokens
    for entry in entries:
        line = told_entry(entry)
        room -= tokens_in(line)
        if room < 0:
            lines.append(f"({len(entries) - len(lines)} more, less certain, are left out)")
            break
        lines.append(line)
    return "\n".join(lines) or "(none)"


def told_entry(entry: Entry) -> str:
    """One entry: ids, place, how it was found, the quote, what it says, what speaks against it."""
    found = entry.told
    place = f"result of the tool {found.agent}"
    if found.modality != "tool":
        label = f" (printed {found.page_label})" if found.page_label else ""
        how = found.modality if found.verbatim else f"{found.modality}, read off the picture"
        place = f"{found.document}, page {found.page}{label}, {how}"
    marks = [", ".join(entry.sub_questions), place, f"{entry.confidence:.2f}"]
    marks += ["text and picture agree"] if entry.corroborated else []
    told = f'{" = ".join(entry.ids)} [{"; ".join(marks)}] "{shorten(found.quote, ENTRY)}"'
    told += f" | {shorten(' / '.join(entry.readings[:READINGS]), ENTRY)}" if entry.readings else ""
    return told + (f" (other numbers: {', '.join(entry.against)})" if entry.against else "")


def told_searches(searches: Sequence[Search]) -> str:
    """One line a search: its sub-question, its words, the pages it gave."""
    lines = [
        f"{search.sub_question}: {search.query} -> {_places(search) or 'nothing'}"
        for search in searches
    ]
    return "\n".join(lines) or "(none)"


def _places(search: Search) -> str:
    """Documents in order of their best page, each with its pages, as runs where they are many."""
    pages: dict[str, list[int]] = {}
    for name, page in search.pages:
        pages.setdefault(name, []).append(page)
    return "; ".join(f"{name} p. {_numbered(those)}" for name, those in pages.items())


def _numbered(pages: Sequence[int]) -> str:
    """Few pages best first, many as runs: `3, 1, 7`, or `1-24, 30`."""
    if len(pages) <= PAGES:
        return ", ".join(map(str, pages))
    runs: list[list[int]] = []
    for page in sorted(set(pages)):
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in runs)
