"""A follow-up made to stand alone, with the words of the turns before it."""

import re
from collections.abc import Sequence

from pagehop.agents.extractive.language import content, names, words
from pagehop.agents.team import Turn

_YEAR = re.compile(r"\b(?:FY ?|Q[1-4] )?(?:19|20)\d\d\b")
_ITEM = re.compile(
    r"\b(?:page|slide|figure|fig\.|table|section|chapter|step|question)\s+\d+\w?\b", re.IGNORECASE
)
_LEAD = re.compile(
    r"^(?:and|but|so|then|also|now|ok(?:ay)?)?[,\s]*(?:what|how) about\s+|"
    r"^(?:and|but|also)\b[,\s]*",
    re.IGNORECASE,
)
_ORDINALS = {"first": 0, "former": 0, "second": 1, "other": 1, "latter": 1, "third": 2, "last": -1}
_NTH = re.compile(
    rf"\b(?:the )?({'|'.join(_ORDINALS)})"
    r"(?: (?:one|paper|document|report|dataset|option|item|method))?\b",
    re.IGNORECASE,
)
_THINGS = r"(?:paper|document|report|company|method|model|study|product|dataset|system|one)"
_POINTER = re.compile(
    rf"\b(?P<possessive>its|their|his|her|that {_THINGS}['\u2019]s)\b|"
    rf"\b(?P<plain>it|they|them|he|she|him|(?:that|this|the same) {_THINGS})\b",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"\b(?:the|a|an) ((?:[\w-]+ ){0,2}[\w-]+)"
    r"(?= (?:is|are|was|were|has|do|does|of|in|on)\b|[?.,]|$)"
)
_SAME_TIME = re.compile(r"\b(?:in )?(?:that|the same) (?:year|quarter|month)\b", re.IGNORECASE)
_QUESTION = re.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|has|have|can|list|"
    r"give|show|compare|name|tell|describe|explain)\b",
    re.IGNORECASE,
)


def contextualize(question: str, turns: Sequence[Turn]) -> str:
    """The question with what it leaves out filled in from the last turns.

    One that stands alone comes back unchanged.
    """
    standing = ""
    answer = ""
    for turn in turns:
        standing = _resolve(turn.question, standing, answer) if standing else turn.question
        answer = turn.answer
    return _resolve(question, standing, answer) if standing else question


def _resolve(question: str, before: str, answer: str) -> str:
    text = " ".join(question.split())
    if _is_fragment(text):
        return _substituted(_LEAD.sub("", text), before, answer)
    return _pointed(text, before, answer)


def _is_fragment(text: str) -> bool:
    """`And in 2022?`, `what about the second one?`: no question of its own."""
    rest = _LEAD.sub("", text)
    led = rest != text
    return (led and not _QUESTION.match(rest)) or (
        len(words(text)) <= 5 and not _QUESTION.search(text)
    )


def _substituted(rest: str, before: str, answer: str) -> str:
    """The question before with one slot replaced: a year, a figure, a name."""
    rest = rest.strip(" ?.!")
    nth = _NTH.search(rest)
    if nth:
        choice = _nth(before, answer, _ORDINALS[nth[1].lower()])
        rest = choice or rest
    for slot in (_YEAR, _ITEM):
        new, old = slot.search(rest), list(slot.finditer(before))
        if new and old:
            place = old[-1]
            return f"{before[: place.start()]}{new[0]}{before[place.end() :]}"
    if _YEAR.search(rest):
        return f"{before.rstrip(' ?.')} {rest if rest[:3] == 'in ' else 'in ' + rest}?"
    bare = re.sub(r"^(?:for|in|of|on|with|by|from|to|at)\s+(?:the\s+)?", "", rest)
    old_name = _replaceable(before, bare)
    if old_name:
        return before.replace(old_name, bare, 1)
    return f"{before.rstrip(' ?.')} {rest}?"


def _replaceable(before: str, new: str) -> str:
    """The last name of the question before, when the new words are a name too."""
    found = [name for name in names(before) if name.lower() != new.lower()]
    return found[-1] if found and names(f"x {new}") else ""


def _nth(before: str, answer: str, position: int) -> str:
    """The first, second or last of what the question or its answer lists."""
    pair = re.search(r"([\w-]+(?: [\w-]+)?) (?:or|and|versus|vs\.?) ([\w-]+(?: [\w-]+)?)", before)
    listed = [part.strip(' .“”"') for part in re.split(r",\s+(?:and )?|;\s+|\s+and\s+|\n", answer)]
    listed = [part for part in listed if part and len(part.split()) <= 5]
    named = names(before)
    for options in (named if len(named) > 1 else [], listed, pair.groups() if pair else []):
        if len(options) > 1 and -len(options) <= position < len(options):
            return str(options[position])
    return ""


def _pointed(text: str, before: str, answer: str) -> str:
    """The question with `it`, `their`, `that paper`, `that year` replaced by what they point at."""
    timed = _SAME_TIME.search(text)
    year = _YEAR.findall(f"{before} {answer}" if not _YEAR.search(answer) else answer)
    if timed and year and not _YEAR.search(text):
        text = f"{text[: timed.start()]}in {year[-1]}{text[timed.end() :]}"
    pointer = _POINTER.search(text)
    if not pointer or _has_own(text[: pointer.start()]):
        return text
    subject = _subject(before, answer)
    if not subject:
        return text
    told = f"{subject}'s" if pointer["possessive"] else subject
    return f"{text[: pointer.start()]}{told}{text[pointer.end() :]}"


def _has_own(ahead: str) -> bool:
    """Whether the pointer may point at something in the question itself."""
    return bool(names(ahead)) or len(content(ahead)) >= 3


def _subject(before: str, answer: str) -> str:
    """What the last turn was about: its first name, a short answer, or its noun phrase."""
    named = names(before)
    if named:
        return named[0]
    if 0 < len(answer.split()) <= 4 and names(f"x {answer}"):
        return answer.strip(" .")
    noun = _NOUN.search(before)
    return f"the {noun[1]}" if noun else " ".join(term.word for term in content(before)[:4])
