"""How a question falls into parts: pure rules over its words, no documents."""

import re
from dataclasses import dataclass

from pagehop.agents.extractive.answer_form import looks_of
from pagehop.agents.extractive.language import names

_ASKS = r"(?:what|which|who|whom|whose|when|where|why|how)\b"
_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|that|those|these|this|he|she|his|her|the difference|"
    r"the same|the former|the latter|one|ones|so|respectively)\b",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(
    rf"(?:[,;]?\s+and\s+(?=(?:(?:in|on|for|at|by|of|to|from|with)\s+)?{_ASKS})|[;?]\s+(?:and\s+)?(?={_ASKS}|is\b|are\b|does\b))",
    re.IGNORECASE,
)
_SAME_TIME = re.compile(
    r"\b(?:in|during|for) (?:that|the same|this) (year|month|quarter|date)\b", re.I
)
_TIME_FIRST = re.compile(
    r"^(?:in|during|for) the (?P<unit>year|month|quarter) (?:in which |that |when |where )"
    r"(?P<event>[^?]+?), (?P<rest>[^?]+)\??$",
    re.IGNORECASE,
)
_TIME_LAST = re.compile(
    r"^(?P<rest>[^?]+?),? (?:in|during|for) the (?:same )?(?P<unit>year|month|quarter) "
    r"(?:in which |that |when |where )(?P<event>[^?]+)\??$",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\bthe (?P<noun>(?:[\w-]+ ){0,2}?[\w-]+) (?P<link>that|which) (?P<clause>[^,?.]+?)"
    r"(?=,|\?|\.?$| (?:according to|as shown)\b)",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"^(?P<head>(?:between .+? which|which|who|what)\b.+?)[,:?] "
    r"(?P<a>[^,?]{2,60}?) or (?P<b>[^,?]{2,60})$",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"\b(?!whether|other|number|after|under|over|per)\w+er\b|\bmore\b|\bless\b", re.IGNORECASE
)
_GAP = re.compile(
    r"^(?P<head>.*?\b(?:difference|gap|compar\w+)\b.*?) between (?P<a>.{2,60}?) and "
    r"(?P<b>[^,]{2,60}?)(?P<tail>,? (?:in|on|for|according|as)\b.*)?$",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"^compare (?P<head>.+?) (?P<link>in|of|for|on|between) "
    r"(?P<a>.{2,60}?) (?:and|with|to|versus|vs\.?) (?P<b>.{2,60})$",
    re.IGNORECASE,
)
# Parts of documents: `the table that shows X` is one search, not two.
_PAGE_THINGS = frozenset(
    """table figure chart graph picture image photo page slide section chapter appendix diagram map
    document report paper article file part paragraph example examples one ones fact reason way
    extent information image pictures images pages slides figures tables people person those
    question questions number percentage amount""".split()  # noqa: SIM905  a word list reads best as words
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A part of a question; `{q1}` in it stands for the answer of the part before."""

    question: str
    needs_first: bool = False


def dependent(question: str) -> tuple[Hop, ...]:
    """Two hops, when one thing in the question has to be found out first; else none."""
    text = " ".join(question.split())
    timed = _TIME_FIRST.match(text) or _TIME_LAST.match(text)
    if timed:
        first = f"What is the {timed['unit'].lower()} in which {timed['event'].strip()}?"
        return (Hop(first), Hop(_capital(f"{timed['rest'].rstrip(' ,')} in {{q1}}?"), True))
    return _relative(text)


def _relative(text: str) -> tuple[Hop, ...]:
    if looks_of(text):
        return ()  # `the line that crosses the others` is looked at, not looked up
    for found in _RELATIVE.finditer(text):
        noun = found["noun"].lower().split()[-1]
        if (
            noun in _PAGE_THINGS
            or noun.rstrip("s") in _PAGE_THINGS
            or len(found["clause"].split()) < 2
            or re.search(rf"\b{_ASKS}", found["clause"], re.IGNORECASE)
        ):
            continue
        rest = f"{text[: found.start()]}{{q1}}{text[found.end() :]}"
        outside = re.sub(r"\{q1\}|[^\w\s]", " ", rest)
        if len([word for word in outside.split() if len(word) > 3]) < 2:
            continue
        return (
            Hop(f"Which {found['noun']} {found['clause'].strip()}?"),
            Hop(f"{rest.rstrip(' ?.')}?", True),
        )
    return ()


def conjunction(question: str) -> tuple[Hop, ...]:
    """The questions joined in one sentence or standing one after another; none for a single one.

    A later part that speaks of `that year` depends on the first; one that points back by any
    other word (`it`, `the difference`) is no question of its own, and nothing is split.
    """
    parts = [part.strip(" ,;?") for part in _BOUNDARY.split(" ".join(question.split()))]
    parts = [part for part in parts if part]
    if not 2 <= len(parts) <= 4 or any(len(part.split()) < 3 for part in parts):
        return ()
    hops = [Hop(f"{_capital(parts[0])}?")]
    for part in parts[1:]:
        timed = _SAME_TIME.search(part)
        if not timed and (_BACK.search(part) or len(part.split()) < 4):
            return ()
        asked = f"{part[: timed.start()]}in {{q1}}{part[timed.end() :]}" if timed else part
        hops.append(Hop(f"{_capital(asked)}?", bool(timed)))
    return tuple(hops)


def sides(question: str) -> tuple[str, ...]:
    """The question once a side of a comparison; none when it compares nothing, or only numbers."""
    text = " ".join(question.split()).rstrip("?. ")
    if re.search(r"[.?!] ", text):
        return ()
    chosen = _CHOICE.match(text)
    if chosen and _COMPARATIVE.search(chosen["head"]):
        return _two(chosen["head"] + ":", chosen["a"], chosen["b"], "")
    gap = _GAP.match(text)
    if gap:
        return _two(_plain(gap["head"]), gap["a"], gap["b"], gap["tail"] or "")
    compared = _COMPARE.match(text)
    if compared:
        head = f"{_capital(compared['head'])} {compared['link']}"
        return _two(head, compared["a"], compared["b"], "")
    return ()


def _two(head: str, a: str, b: str, tail: str) -> tuple[str, ...]:
    a, b = a.strip(), b.strip()
    if not head.strip() or not (names(f"for {a}") and names(f"for {b}")):
        return ()  # two years, or two rows: they stand in one table, one search finds both
    link = "" if head.endswith((":", "in", "of", "for", "on")) else " for"
    return tuple(f"{_capital(head)}{link} {side}{tail}?".replace("  ", " ") for side in (a, b))


def _plain(head: str) -> str:
    """`What is the difference in revenue` → `What is the revenue`."""
    return re.sub(
        r"\b(?:difference|gap|comparison) (?:in|of) (?:the )?", "", head, flags=re.IGNORECASE
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
