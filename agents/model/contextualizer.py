"""The contextualizer: a follow-up becomes a question that stands on its own."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.schemas import StandaloneReply
from pagehop.agents.prompting import conversation, data_block, shorten
from pagehop.agents.replying.replies import ask
from pagehop.agents.team import Turn

TURNS = 12  # the last ones are shown
LETTERS = 1500  # of each answer


def contextualize(
    question: str, turns: Sequence[Turn], *, calls: Calls, model: BaseChatModel
) -> str:
    """The question as it would be asked without the chat; a first question is left as it is."""
    if not turns:
        return question
    told = "\n\n".join(
        f"Person: {turn.question}\nAnswer: {shorten(turn.answer, LETTERS)}"
        for turn in turns[-TURNS:]
    )
    mark = calls.mark("contextualizer", question, told)
    messages = conversation(
        "contextualizer", turns=data_block(told, mark, "chat"), question=question
    )
    reply = ask(calls, model, messages, StandaloneReply, role="contextualizer", check=_not_empty)
    return reply.question.strip()


def _not_empty(reply: StandaloneReply) -> None:
    if not reply.question.strip():
        raise ValueError("`question` is empty; if nothing has to change, repeat the question.")
