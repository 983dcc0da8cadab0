"""Query rewriting: a sub-question in the words that the documents may use."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from pydantic import Field

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.listing import told_ledger, told_searches
from pagehop.agents.model.schemas import Reply
from pagehop.agents.prompting import conversation, data_block
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import Search, Task

LONGEST = 400  # characters of a search


class WordsReply(Reply):
    """The search as it should be made."""

    words: str = Field(description="one line: the search's words")


def search_words(
    task: Task, searches: Sequence[Search], *, calls: Calls, model: BaseChatModel
) -> str:
    """What to search for, in one line.

    Raises:
        InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
    """
    parts = {
        "known": told_ledger(task.ledger),
        "searches": told_searches(searches),
    }
    asked = task.sub_question.question
    mark = calls.mark("searcher", task.question, asked, *parts.values())
    blocks = {name: data_block(text, mark, name) for name, text in parts.items()}
    blocks["sub_question"] = data_block(asked, mark, "sub-question")
    messages = conversation("searcher", question=task.question, **blocks)
    reply = ask(calls, model, messages, WordsReply, role="searcher", check=_check)
    return " ".join(reply.words.split())[:LONGEST]


def _check(reply: WordsReply) -> None:
    """Whether there is something to search for.

    Raises:
        ValueError: says to the model that there is not.
    """
    if not reply.words.strip():
        raise ValueError("`words` is empty.")
