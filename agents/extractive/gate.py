"""The gate for short answers: only what stands beside the asked noun, in its row and column, ...

Everything else is left to the evidence lines: a reader without a model that always answers is
wrong nine times in ten.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pagehop.agents.checks.numerals import NUMBER_WORDS
from pagehop.agents.extractive.answer_form import asked_noun
from pagehop.agents.extractive.language import content, stems, words
from pagehop.agents.extractive.scoring import Scored, Sought
from pagehop.agents.extractive.tables import Cell, Row, is_value

ENOUGH = 0.55  # of the question's weight must stand in the line, or in it and its context
LOOKED_AT = 4  # lines, from the best
REACH = 4  # words between a number and its noun
_NUMBER = re.compile(r"^[$€£]?\d[\d,]*(?:\.\d+)?%?$")
_UNITS = "percent|per cent|million|billion|thousand|trillion"
_PERCENT = re.compile(r"\d[\d,]*(?:\.\d+)?\s?(?:%|percent\b|per cent\b)")
_MONEY = re.compile(r"[$€£]\s?\d[\d,]*(?:\.\d+)?(?:\s(?:million|billion|thousand|trillion))?")
_MONTH = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|"
    r"Aug(?:ust|\.)?|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_DATE = re.compile(
    rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d\b|"
    rf"\b\d{{1,2}} {_MONTH},? (?:19|20)\d\d\b|\b{_MONTH},? (?:19|20)\d\d\b|"
    r"\b(?:19|20)\d\d-\d\d-\d\d\b|\b\d{1,2}/\d{1,2}/(?:19|20)?\d\d\b"
)
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]*\d)")
_STANDS_FOR = re.compile(
    r"\bwhat does (?:the )?(?:\w+ )?[\"“']?([A-Za-z][\w-]*)[\"”']? (?:stand for|mean)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Short:
    """A short answer, the line it stands in, and how far it may be trusted."""

    text: str
    line: Scored
    confidence: float
    cell: Cell | None = None


def short_answer(question: str, target: Sought, lines: Sequence[Scored]) -> Short | None:
    """The answer in the asked form, if one of the best lines opens the gate."""
    for opened in (_from_table, _from_line):
        found = opened(question, target, lines)
        if found:
            return found
    return None


def _from_line(question: str, target: Sought, lines: Sequence[Scored]) -> Short | None:
    readers: list[Callable[[str, str], str]] = []
    if _STANDS_FOR.search(question):
        readers = [_expansion]
    elif target.form == "number":
        readers = [_percent, _money, _beside_noun]
    elif target.form == "date":
        readers = [_date]
    for line in lines[:LOOKED_AT]:
        if line.snippet.row is not None or not _covers(line, target):
            continue
        for read in readers:
            text = read(question, line.snippet.text)
            if text:
                return Short(text, line, min(0.6, 0.25 + 0.35 * line.coverage))
    return None


def _covers(line: Scored, target: Sought) -> bool:
    """Whether enough of the question stands in the line or right above it."""
    above = frozenset(stems(line.snippet.context))
    there = line.found | {term.whole for term in target.terms if term.occurs(above)}
    return target.share(frozenset(there)) >= ENOUGH and line.coverage >= ENOUGH / 2


def _percent(question: str, text: str) -> str:
    if not re.search(
        r"\bpercent|\bper cent|%|\bproportion\b|\bshare of\b|\bfraction\b", question, re.I
    ):
        return ""
    return _only(_PERCENT.findall(text), question)


def _money(question: str, text: str) -> str:
    if not re.search(
        r"\bhow much\b|\bcosts?\b|\bprice\b|\bamount\b|\$|\bdollars?\b", question, re.I
    ):
        return ""
    return _only(_MONEY.findall(text), question)


def _only(found: list[str], question: str) -> str:
    """The one candidate that the question does not hold itself; several are no answer."""
    new = [text for text in dict.fromkeys(found) if text not in question]
    return new[0].strip() if len(new) == 1 else ""


def _beside_noun(question: str, text: str) -> str:
    """The number right before the asked noun (`five common datasets`), or after it (`set to 0`)."""
    noun = asked_noun(question)
    head = stems(noun[-1]) if noun else ()
    if not head:
        return ""
    tokens = re.findall(
        r"[$€£]?\d[\d,]*(?:\.\d+)?%?(?![\w-]*[A-Za-z])|[^\W_]+(?:['\u2019.-][^\W_]+)*|[=:,;()]",
        text,
    )
    asked = {word.replace(",", "").lower() for word in words(question)}
    counted = re.search(r"\bhow many\b", question, re.IGNORECASE) is not None
    found: list[tuple[int, str]] = []
    for at, token in enumerate(tokens):
        if not _is_number(token) or token.replace(",", "").lower() in asked:
            continue
        gap = _gap(tokens, at, head[-1], counted)
        if gap is not None:
            found.append((gap, token))
    found.sort(key=lambda pair: pair[0])
    if not found or (len(found) > 1 and found[0][0] == found[1][0] and found[0][1] != found[1][1]):
        return ""
    return _with_unit(found[0][1], text)


def _gap(tokens: Sequence[str], at: int, head: str, counted: bool) -> int | None:
    """How many words stand between a number and the noun; None where they do not belong."""
    for step in range(1, REACH + 1):
        after = tokens[at + step] if at + step < len(tokens) else ","
        if after in ",;:()=" or _is_number(after):
            break
        if stems(after)[-1:] == (head,):
            return step
    if counted:
        return None
    links = {"of", "to", "is", "was", "at", "=", ":", "set", "equals", "the", "were", "are", "be"}
    for step in range(1, REACH + 1):
        before = tokens[at - step] if at - step >= 0 else ","
        if stems(before)[-1:] == (head,):
            return step
        if before.lower() not in links:
            break
    return None


def _is_number(token: str) -> bool:
    return bool(_NUMBER.match(token)) or token.lower() in NUMBER_WORDS


def _with_unit(number: str, text: str) -> str:
    unit = re.search(rf"{re.escape(number)}\s({_UNITS})\b", text)
    return f"{number} {unit[1]}" if unit else number


def _date(question: str, text: str) -> str:
    whole = (
        []
        if re.search(r"\b(?:what|which) (?:\w+ )*year\b", question, re.I)
        else _DATE.findall(text)
    )
    return _only(whole, question) or _only(_YEAR.findall(text), question)


def _expansion(question: str, text: str) -> str:
    """`Program-Guided Fact-Checking (ProgramFC)`, `CPOE (Computerized ...)`, `X stands for ...`."""
    asked = _STANDS_FOR.search(question)
    short = re.escape(asked[1]) if asked else ""
    said = re.search(
        rf"\b{short}['\u2019\"”]? (?:stands for|means) [\"“']?([^.,;()”\"]{{3,80}})", text, re.I
    )
    if said:
        return said[1].strip()
    behind = re.search(rf"\b{short} ?\(([^()]{{5,80}})\)", text)
    if behind and _initials_fit(asked[1] if asked else "", behind[1]):
        return behind[1].strip()
    before = re.search(rf"((?:[\w/-]+ ){{1,8}})\( ?{short}\b", text)
    return _tail_of(asked[1], before[1].split()) if asked and before else ""


def _tail_of(short: str, before: Sequence[str]) -> str:
    """The words right before the brackets whose initials are the short form; "" if none are."""
    for start in range(len(before) - 1, -1, -1):
        if _initials_fit(short, " ".join(before[start:])):
            return " ".join(before[start:])
    return ""


def _initials_fit(short: str, text: str) -> bool:
    small = {"of", "and", "the", "for", "in", "on", "to", "a"}
    initials = "".join(
        part[0] for part in re.split(r"[\s/-]+", text) if part and part.lower() not in small
    )
    return initials.lower() == re.sub(r"[^a-z0-9]", "", short.lower())


def _from_table(question: str, target: Sought, lines: Sequence[Scored]) -> Short | None:
    rows = [line for line in lines[: 3 * LOOKED_AT] if line.snippet.row is not None]
    for line in rows[:LOOKED_AT]:
        row = line.snippet.row
        cell = _by_label(question, row, target) or _by_header(question, row) if row else None
        if cell and (target.form != "number" or is_value(cell.text)):
            return Short(cell.text, line, 0.45, cell)
    return None


def _by_label(question: str, row: Row, target: Sought) -> Cell | None:
    """The cell of a fully named row under the one column that the question names best."""
    label = content(row.label)
    asked = frozenset(stems(question))
    if not label or not all(term.occurs(asked) for term in label) or len(row.label) < 3:
        return None
    used = {term.whole for term in label}
    rest = [term for term in target.terms if term.whole not in used]
    weights = [
        sum(target.weights[t.whole] for t in rest if t.occurs(frozenset(stems(cell.header))))
        for cell in row.cells
    ]
    best = max(weights, default=0.0)
    if best <= 0 or weights.count(best) > 1:
        return None
    cell = row.cells[weights.index(best)]
    beside = frozenset(stems(f"{row.caption} {row.label} {cell.header}"))
    covered = frozenset(term.whole for term in target.terms if term.occurs(beside))
    return cell if target.share(covered) >= ENOUGH else None


def _by_header(question: str, row: Row) -> Cell | None:
    """`Which dataset uses Prover9`: the cell under `Dataset` in the one row that has Prover9."""
    noun = asked_noun(question)
    if not noun or not re.match(r"^(?:which|what)\b", question, re.IGNORECASE):
        return None
    head = stems(noun[-1])
    under = [cell for cell in row.cells if head and head[-1] in stems(cell.header)]
    others = [cell for cell in row.cells if cell not in under]
    given = [term for term in content(question) if term.weight > 1]
    among = frozenset(stems(" ".join((row.label, *(cell.text for cell in others)))))
    if len(under) != 1 or not given or not all(term.occurs(among) for term in given):
        return None
    return under[0] if len(under[0].text) <= 80 else None
