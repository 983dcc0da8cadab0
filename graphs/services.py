"""What a run is given: corpus, team, budget. It is LangGraph's context, and never in the state."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from langgraph.errors import GraphBubbleUp

from pagehop.agents.budget import STANDARD, Budget, Effort
from pagehop.agents.calling.calls import Calls
from pagehop.agents.team import Deliberation, Team
from pagehop.graphs.state import Update
from pagehop.tools import Corpus
from pagehop.tools.errors import (
    BudgetSpentError,
    InvalidReplyError,
    MissingKeyError,
    ModelCallError,
    UnknownModelError,
)

log = logging.getLogger(__name__)

UNWILLING = (InvalidReplyError, ModelCallError)  # without an extra step the others go on
REASON_LENGTH = 300  # characters of a failure that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts one run works with."""

    corpus: Corpus
    team: Team
    calls: Calls
    budget: Budget
    documents: tuple[str, ...] | None = None  # ids; None: the whole corpus
    effort: Effort = STANDARD
    seen: Callable[[tuple[str, ...]], None] = lambda _: (
        None
    )  # ids of documents about to enter state

    @property
    def deliberation(self) -> Deliberation | None:
        """What the team can do beside its roles; None for a team without a model."""
        return self.team if isinstance(self.team, Deliberation) else None

    def names(self) -> tuple[str, ...]:
        """Names of the documents that may be searched."""
        if self.documents is None:
            return tuple(document.name for document in self.corpus.documents())
        return tuple(self.corpus.document(id_).name for id_ in self.documents)


def as_data(services: Services, who: str, work: Callable[[], Update]) -> Update:
    """What the work returns; its failure as one line in the state, so that its siblings go on.

    Raises:
        MissingKeyError, UnknownModelError: a model that cannot be used ends the run.
    """
    try:
        update = work()
    except GraphBubbleUp:  # a tool waits for a person: that is no failure
        raise
    except (MissingKeyError, UnknownModelError):  # nothing that another round could mend
        raise
    except BudgetSpentError:
        update = {"spent": True}
    except Exception as error:
        log.info("%s failed", who, exc_info=True)
        update = {"failures": (failure(who, error),)}
    return {**update, "usage": services.calls.usage}


def within_budget(services: Services, work: Callable[[], Update]) -> Update:
    """What the work returns; only an empty budget is data here, every other error ends the run."""
    try:
        update = work()
    except BudgetSpentError:
        update = {"spent": True}
    return {**update, "usage": services.calls.usage}


def failure(who: str, error: Exception) -> str:
    """A failure as the critic and the answer's notes tell it: who, what, why, on one line."""
    reason = " ".join(str(error).split())[:REASON_LENGTH]
    return f"{who} failed: {type(error).__name__}: {reason}"
