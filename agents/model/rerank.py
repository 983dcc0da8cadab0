"""The listwise reranker: a model sees the first hits side by side and says which answer best."""

from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from pydantic import Field

from pagehop.agents.calling.calls import Calls
from pagehop.agents.model.schemas import Reply
from pagehop.agents.prompting import conversation, data_block, shorten
from pagehop.agents.replying.replies import ask
from pagehop.tools.retrieval.channel import Hit

_TEXT = 600  # characters of a hit that the model is shown


class OrderReply(Reply):
    """The numbers of the hits that help, best first."""

    order: list[int] = Field(default=[], description="numbers of hits, best first; none twice")


class ListReranker:
    """Puts hits in the order in which a model would read them; a `Reranker` of the retrieval.

    The agent does not use it: it is for a search of one's own, within a budget of one's own.

        calls = Calls(Budget(model_calls=20))
        reranker = ListReranker(calls, init_chat_model("openai:gpt-5-mini"))
        hits = corpus.find("total revenue 2023", 5, reranker=reranker).hits
    """

    def __init__(self, calls: Calls, model: BaseChatModel) -> None:
        self._calls = calls
        self._model = model

    def rerank(self, query: str, hits: Sequence[Hit]) -> Sequence[int]:
        """Positions in `hits`, best first; those that the model leaves out are left out.

        Raises:
            InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
        """
        told = "\n".join(
            f"{number}. {hit.document}, page {hit.page} ({hit.modality}): "
            f"{shorten(hit.text, _TEXT)}"
            for number, hit in enumerate(hits, start=1)
        )
        mark = self._calls.mark("reranker", query, told)
        messages = conversation("reranker", question=query, hits=data_block(told, mark, "hits"))
        reply = ask(
            self._calls,
            self._model,
            messages,
            OrderReply,
            role="reranker",
            check=lambda reply: _check(reply, len(hits)),
        )
        return [number - 1 for number in reply.order]


def _check(reply: OrderReply, count: int) -> None:
    """Whether every number is that of a hit.

    Raises:
        ValueError: says to the model which one is not.
    """
    for number in reply.order:
        if not 1 <= number <= count:
            raise ValueError(f"there is no hit {number}; they are numbered 1 to {count}.")
    if len(set(reply.order)) < len(reply.order):
        raise ValueError("a number stands twice in the order.")
