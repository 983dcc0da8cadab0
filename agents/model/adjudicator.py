"""The adjudicator: of several drafts the one that the evidence supports best, never by votes."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from pydantic import Field

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.listing import told_ledger
from pagehop.agents.model.schemas import Reply
from pagehop.agents.prompting import conversation, data_block
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import Case, Draft


class SupportReply(Reply):
    """Which draft stands best on the evidence."""

    support: list[str] = Field(
        default=[], description="for each draft one sentence: what carries it, what speaks against"
    )
    best: int = Field(description="number of the draft that the evidence supports best")


def adjudicate(case: Case, drafts: Sequence[Draft], *, calls: Calls, model: BaseChatModel) -> int:
    """The place of the best supported draft in the list (Corex, arXiv 2310.00280; DocLens).

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
    """
    parts = {
        "evidence": told_ledger(case.ledger),
        "drafts": "\n\n".join(_told(n, draft) for n, draft in enumerate(drafts, start=1)),
    }
    mark = calls.mark("adjudicator", case.question, *parts.values())
    blocks = {name: data_block(text, mark, name) for name, text in parts.items()}
    messages = conversation("adjudicator", question=case.question, **blocks)
    reply = ask(
        calls,
        model,
        messages,
        SupportReply,
        role="adjudicator",
        check=lambda reply: _check(reply, len(drafts)),
    )
    return reply.best - 1


def _told(number: int, draft: Draft) -> str:
    answer = draft.text if draft.answerable else f"Not answerable. {draft.text}"
    claims = [f"- {claim.text} [{', '.join(claim.citations)}]" for claim in draft.claims]
    worked = [f"- calculated: {done.expression} = {done.value}" for done in draft.calculations]
    return "\n".join((f"Draft {number}: {answer}", *claims, *worked))


def _check(reply: SupportReply, count: int) -> None:
    """Whether the number is that of a draft.

    Raises:
        ValueError: says to the model that it is not.
    """
    if not 1 <= reply.best <= count:
        raise ValueError(f"there is no draft {reply.best}; they are numbered 1 to {count}.")
