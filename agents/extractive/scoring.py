"""How well a line bears on a question: weighted words, their nearness, and the answer's form."""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pagehop.agents.checks.numerals import numerals, spelled
from pagehop.agents.extractive.language import Term, content, stems
from pagehop.agents.extractive.material import Snippet
from pagehop.agents.team import AnswerForm, Look, SubQuestion

CONTEXT_SHARE = 0.4  # what a word counts that stands only in the heading or header above
PAGE_SHARE = 0.6  # of a line's score that hangs on how well its page as a whole was found
OWN_NAME = 0.3  # what the name of the document that is asked counts within it
NAMED_OUTRIGHT = 1.0  # what `Figure 3` in the question is worth to the caption of Figure 3
_REFERENCE = re.compile(
    r"\bIn Proceedings\b|\barXiv (?:preprint|abs)|\bCoRR\b|\bpages \d+[\u2013-]\d+\b|"
    r"\b(?:19|20)\d\d[a-z]?\. [A-Z].*\. (?:In|arXiv|Journal|Trans)"
)
_LABEL = re.compile(r"\b(fig(?:ure|\.)|tab(?:le|\.))\s*(\d+)", re.IGNORECASE)
_REFERRED = re.compile(
    r"\b(?:fig(?:ure|\.)s?|tab(?:le|\.)s?|pages?|slides?|p\.)\s*\d+(?:\s*(?:-|to|and|,)\s*\d+)*",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A line with its score, and the share of the question's weight that stands in it."""

    snippet: Snippet
    score: float
    coverage: float  # 0 to 1, in the line itself
    found: frozenset[str]  # the terms, by `Term.whole`


@dataclass(frozen=True, slots=True)
class Sought:
    """What a line is scored against."""

    terms: tuple[Term, ...]
    weights: dict[str, float]
    pairs: frozenset[tuple[str, str]]  # neighbouring words of the question
    form: AnswerForm
    looks: tuple[Look, ...]
    labels: frozenset[str] = frozenset()  # "fig3", "tab2": figures and tables named outright

    @property
    def total(self) -> float:
        """The weight of all terms."""
        return sum(self.weights.values())

    def share(self, among: frozenset[str]) -> float:
        """The share of the weight whose terms are among these, 0 to 1."""
        return sum(self.weights[key] for key in among) / self.total if self.total else 0.0


def sought(sub: SubQuestion, snippets: Sequence[Snippet], opening: Collection[str] = ()) -> Sought:
    """The terms of a sub-question, the rarer among these lines the heavier.

    Where one document is asked, a name it never mentions says what it is compared to, and a
    name on its first page (`opening`, as stems) says which document it is: neither says what is
    to be found.
    """
    question = about(sub)
    order = stems(question)
    counts: Counter[str] = Counter()
    terms = content(_REFERRED.sub(" ", question))
    for snippet in snippets:
        among = frozenset(stems(snippet.text))
        counts.update(term.whole for term in terms if term.occurs(among))
    if sub.documents:
        terms = tuple(t for t in terms if t.weight == 1 or counts[t.whole])
    size = len(snippets) + 1
    weights = {t.whole: t.weight * math.log(1 + size / (counts[t.whole] + 0.5)) for t in terms}
    for term in terms:
        if term.weight > 1 and term.occurs(opening):
            weights[term.whole] *= OWN_NAME
    labels = frozenset(f"{kind[:3]}{number}".lower() for kind, number in _LABEL.findall(question))
    return Sought(terms, weights, frozenset(pairwise(order)), sub.form, sub.modalities, labels)


def about(sub: SubQuestion) -> str:
    """A sub-question without the names of its documents: they say where, not what."""
    text = sub.question
    for document in sub.documents:
        text = text.replace(f"({document})", " ").replace(document, " ")
    return text


def asked_of(sub: SubQuestion) -> str:
    """What a sub-question is about, without the places for earlier answers (`{q1}`)."""
    return re.sub(r"\{q\d+\}", " ", about(sub))


def ranked(target: Sought, snippets: Sequence[Snippet]) -> tuple[Scored, ...]:
    """The lines that bear on the question and say more than it does; best first."""
    scored = (score(target, snippet) for snippet in snippets)
    kept = [s for s in scored if s.found or s.score >= NAMED_OUTRIGHT]
    return tuple(sorted(kept, key=lambda s: -s.score))


def score(target: Sought, snippet: Snippet) -> Scored:
    """One line against the question."""
    order = stems(snippet.text)
    own, above = frozenset(order), frozenset(stems(snippet.context))
    found = frozenset(term.whole for term in target.terms if term.occurs(own))
    if not own - {part for term in target.terms for part in (*term.parts, term.whole)}:
        found = frozenset()  # it repeats the question
    near = frozenset(t.whole for t in target.terms if t.whole not in found and t.occurs(above))
    coverage = target.share(found)
    total = coverage + CONTEXT_SHARE * target.share(near) if found else 0.0
    total += _nearness(target, order) + _fits(target, snippet, found) - _poor(snippet, len(order))
    total *= 1 - PAGE_SHARE * (1 - snippet.page_weight)
    total += NAMED_OUTRIGHT if _labels(snippet) & target.labels else 0.0
    return Scored(snippet, total, coverage, found)


def _labels(snippet: Snippet) -> frozenset[str]:
    """The label that a caption, a figure or a table row stands under, as `fig3`."""
    headed = snippet.row.caption if snippet.row else snippet.text
    found = _LABEL.match(headed) or (
        _LABEL.match(snippet.context) if snippet.kind == "figure" else None
    )
    return frozenset({f"{found[1][:3]}{found[2]}".lower()} if found else ())


def _nearness(target: Sought, order: tuple[str, ...]) -> float:
    pairs = set(pairwise(order))
    return 0.15 * len(pairs & target.pairs) / max(3, len(target.pairs))


def _fits(target: Sought, snippet: Snippet, found: frozenset[str]) -> float:
    """What speaks for a line beside its words: the form of the answer, the modality asked for."""
    bonus = 0.0
    visible = target.form in {"number", "date", "list"}
    if found and visible and has_form_of(target.form, target.terms, snippet.text):
        bonus += 0.1
    wanted = {"table": "table", "figure": "figure"}.get(next(iter(target.looks), ""), "")
    if found and wanted and (snippet.modality == wanted or snippet.kind == "caption"):
        bonus += 0.1
    return bonus


def has_form_of(form: AnswerForm, terms: Sequence[Term], text: str) -> bool:
    """Whether a line holds what could be an answer: a number not in the question, a date, ...

    A form that cannot be seen in the words (free, name, yes/no) is never missing.
    """
    if form == "number":
        asked = {term.whole for term in terms}
        said = (n.written.replace(",", "") for n in (*numerals(text), *spelled(text)))
        return any(number.lower() not in asked for number in said)
    if form == "date":
        return bool(_DATE.search(text))
    if form == "list":
        return text.count(",") + text.count(";") >= 2 or ":" in text
    return True


def _poor(snippet: Snippet, length: int) -> float:
    """What speaks against a line: a reference, a fragment, a run without end."""
    if _REFERENCE.search(snippet.text):
        return 0.3
    if snippet.kind == "heading":
        return 0.15
    if length < 4 and snippet.kind == "sentence":
        return 0.1
    return 0.05 if length > 60 else 0.0
