"""Every rule by its name. A new rule is a new file and a line here."""

from collections.abc import Mapping
from dataclasses import dataclass

from pagehop.evals.scoring import (
    longdocurl,
    m3docvqa,
    mmlongbench,
    mpdocvqa,
    plain,
    slidevqa,
)
from pagehop.evals.scoring.score import Rule
from pagehop.tools.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRule:
    """A rule with what is said of it beside its numbers."""

    name: str
    told: str  # what it is, in a sentence
    rule: Rule

    @property
    def version(self) -> str:
        """What is kept with scores: another version, other scores."""
        return f"{self.name}/1"


_ALL = (
    NamedRule(
        name="plain",
        told="our own: numbers, lists and texts as an answer gives them",
        rule=plain.score,
    ),
    NamedRule(name="mmlongbench", told="MMLongBench-Doc's own", rule=mmlongbench.score),
    NamedRule(name="longdocurl", told="LongDocURL's own", rule=longdocurl.score),
    NamedRule(name="mpdocvqa", told="ANLS, as of DocVQA and MP-DocVQA", rule=mpdocvqa.score),
    NamedRule(
        name="slidevqa",
        told="SlideVQA's own: value is F1 of words, right an exact match",
        rule=slidevqa.score,
    ),
    NamedRule(
        name="m3docvqa",
        told="MultiModalQA's own: value is F1 of lists, right the same list",
        rule=m3docvqa.score,
    ),
)
RULES: Mapping[str, NamedRule] = {one.name: one for one in _ALL}
BY_JUDGES = frozenset({"financebench", "vidoseek"})  # their authors let people or models judge


def rule_of(form: str, name: str = "") -> NamedRule:
    """The rule of that name; with no name that of the format, else our own.

    Raises:
        InputError: there is no rule of that name.
    """
    if name and name not in RULES:
        raise InputError(f"There is no rule {name!r}. There are {', '.join(RULES)}.")
    return RULES[name or (form if form in RULES else "plain")]
