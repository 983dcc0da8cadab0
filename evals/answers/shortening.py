"""An answer in the form that a data set's rule reads: a bare number, a list of items.

The authors of MMLongBench-Doc and LongDocURL let a model cut a short answer out of a long one.
An answer here is short already, so it is only brought to its form; a model can do it instead
(`pagehop.evals.answers.judging`).
"""

from pagehop.agents.checks.numerals import numerals
from pagehop.evals.answers.trial import Trial
from pagehop.evals.question import Question
from pagehop.evals.scoring.closeness import number
from pagehop.evals.scoring.items import items
from pagehop.evals.scoring.rules import NamedRule
from pagehop.evals.scoring.score import NOT_ANSWERABLE

_NUMBERS = frozenset({"int", "integer", "float", "numeric"})


def said(trial: Trial, question: Question, rule: NamedRule) -> tuple[str, ...]:
    """What a rule is given of an answer: its items, mostly one."""
    if trial.declined:
        return (NOT_ANSWERABLE,)
    if trial.extracted is not None:
        return trial.extracted
    if rule.name == "plain":
        return (trial.text,)
    form = question.expected.form.casefold() if question.expected else ""
    if form == "list":
        return items(trial.text)
    return (_number(trial.text) if form in _NUMBERS else trial.text,)


def _number(text: str) -> str:
    """The only number of a text, without its commas and unit; the text where it has another."""
    plain = text.strip().replace(",", "")
    found = numerals(text)
    if number(plain) is not None or len(found) != 1:
        return plain if number(plain) is not None else text
    minus = text[: text.index(found[0].written)].rstrip("$€£ ").endswith(("-", "−"))  # noqa: RUF001
    return f"{'-' if minus else ''}{found[0].value}"
