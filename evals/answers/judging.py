"""A model as judge: of whether an answer is right, and of what its short form is.

The prompts are versioned files; a judgement is kept with the version and the judge's name. What
the judge costs is its own, kept apart from what the answer cost.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, Field

from pagehop.agents.budget import Budget
from pagehop.agents.calling.calls import Calls
from pagehop.agents.prompting import data_block, prompt
from pagehop.agents.replying.replies import ask
from pagehop.evals.answers.trial import Judgement, Trial
from pagehop.evals.cases import Case
from pagehop.evals.question import Question
from pagehop.evals.scoring.score import NOT_ANSWERABLE
from pagehop.tools.errors import PagehopError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

logger = logging.getLogger(__name__)

BUDGET = Budget(rounds=1, model_calls=4, tokens=50_000, seconds=300.0)  # of one judgement
LONGEST = 8_000  # characters of an answer that the judge is shown
PASSING = 4  # of 5: what ViDoRAG's authors count as right


class Verdict(BaseModel):
    """Whether an answer is right."""

    reason: str = Field(description="One sentence: what agrees or differs.")
    verdict: Literal["correct", "partly", "incorrect"]


class Mark(BaseModel):
    """How well an answer agrees with the expected one."""

    reason: str = Field(description="One sentence: what agrees or differs.")
    mark: int = Field(ge=1, le=5, description="5: says the same; 1: says something else.")


class Extracted(BaseModel):
    """The short answer in a long one."""

    answerable: bool = Field(description="False: the answer says that there is none.")
    answer: list[str] = Field(description="The short answer; several items only for a list.")


@dataclass(kw_only=True)
class Judge:
    """Judges answers; safe in threads.

    Args:
        model: gives the judge; it is asked for when there is something to judge.
        called: the name that it was given by.
        scale: marks from 1 to 5, of which 4 and 5 are right; else correct, partly or incorrect.
        extracts: whether it first cuts the short answer out, which rules are then given.
    """

    model: "Callable[[], BaseChatModel]"
    called: str
    scale: bool = False
    extracts: bool = False
    _errors: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """What its judgements are kept under: another prompt, another name."""
        return f"{self._role} {self.called}"

    @property
    def _role(self) -> str:
        """Its prompt."""
        return "judge-scale-v2" if self.scale else "judge-v2"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of answers that could not be judged."""
        if not self._errors:
            return ()
        return (f"The judge failed {len(self._errors)} times; at first: {self._errors[0]}",)

    def open(self, trial: Trial) -> bool:
        """Whether there is something to judge that was not."""
        if trial.failed:
            return False
        return trial.judged(self.name) is None or (self.extracts and trial.extracted is None)

    def of(self, case: Case, trial: Trial) -> Trial:
        """The trial with what the judge says; as it was where the judge fails."""
        calls = Calls(BUDGET)
        try:
            if self.extracts and trial.extracted is None:
                trial = replace(trial, extracted=self._extract(calls, case.question, trial))
            if trial.judged(self.name) is None:
                said = self._judgement(calls, case.question, trial)
                trial = replace(trial, judgements=(*trial.judgements, said))
        except PagehopError as error:
            logger.warning("the answer to %s is not judged: %s", trial.id, error)
            with self._lock:
                self._errors.append(f"{type(error).__name__}: {error}")
        return trial

    def _judgement(self, calls: Calls, question: Question, trial: Trial) -> Judgement:
        if not question.answerable or trial.declined:
            right = trial.declined and not question.answerable
            return Judgement(
                judge=self.name,
                verdict="correct" if right else "incorrect",
                right=right,
                reason="By the status of the answer; no model was asked.",
            )
        shown = {"expected": _expected(question), **_shown(question, trial)}
        messages = _conversation(calls, self._role, "judge-ask-v1", shown)
        if self.scale:
            mark = ask(calls, self.model(), messages, Mark, role="judge")
            verdict, right, reason = str(mark.mark), mark.mark >= PASSING, mark.reason
        else:
            found = ask(calls, self.model(), messages, Verdict, role="judge")
            verdict, right, reason = found.verdict, found.verdict == "correct", found.reason
        return Judgement(
            judge=self.name,
            verdict=verdict,
            right=right,
            reason=reason,
            usage=asdict(calls.usage),
        )

    def _extract(self, calls: Calls, question: Question, trial: Trial) -> tuple[str, ...]:
        if trial.declined:
            return (NOT_ANSWERABLE,)
        messages = _conversation(calls, "extract-v1", "extract-ask-v1", _shown(question, trial))
        found = ask(calls, self.model(), messages, Extracted, role="extractor")
        return tuple(found.answer) if found.answerable and found.answer else (NOT_ANSWERABLE,)


def _expected(question: Question) -> str:
    """The accepted answers, one a line."""
    assert question.expected is not None
    return "\n".join("; ".join(one) for one in question.expected.answers)


def _shown(question: Question, trial: Trial) -> dict[str, str]:
    return {"question": question.text, "answer": trial.text[:LONGEST]}


def _conversation(
    calls: Calls, role: str, asked: str, shown: Mapping[str, str]
) -> list[BaseMessage]:
    """The role's prompt with the rule on data, and what is to be judged as data."""
    mark = calls.mark(role, *shown.values())
    blocks: dict[str, Any] = {name: data_block(text, mark, name) for name, text in shown.items()}
    return [
        SystemMessage(f"{_template(role).substitute()}\n{prompt('data')}"),
        HumanMessage(_template(asked).substitute(blocks)),
    ]


@cache
def _template(name: str) -> Template:
    return Template((files("pagehop.evals") / "prompts" / f"{name}.md").read_text("utf-8"))
