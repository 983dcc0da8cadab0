"""What one attempt at a call has brought so far: a stream that breaks off was paid for, too."""

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk

from pagehop.agents.calling.bounds import counted_tokens, rough_tokens
from pagehop.agents.calling.failures import never_arrived
from pagehop.agents.calling.prices import Price, money_of
from pagehop.agents.calling.purse import Cost
from pagehop.tools.errors import BudgetSpentError, PagehopError


class Meter(BaseCallbackHandler):
    """Listens to one attempt: its pieces, where the reply is streamed."""

    def __init__(self) -> None:
        self.started = False  # whether the model was asked
        self.partial: AIMessageChunk | None = None

    def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],  # noqa: ARG002 - LangChain's signature
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Keep a piece of the reply."""
        piece = chunk.message if isinstance(chunk, ChatGenerationChunk) else None
        if isinstance(piece, AIMessageChunk):
            self.partial = piece if self.partial is None else self.partial + piece

    def cost_of(
        self, error: BaseException, messages: Sequence[BaseMessage], asks: str, price: Price | None
    ) -> Cost:
        """What the attempt has cost that ended in this error.

        Tokens that the provider has reported count. Where it has not, a reply that broke off
        or never came is estimated, since the provider has read the request; a request that
        was refused or never arrived cost nothing.
        """
        if not self.started:
            return Cost()
        counted = counted_tokens(self.partial) if self.partial is not None else None
        if counted is not None:
            tokens, estimated = counted, False
        elif self.partial is None and _cost_nothing(error):
            tokens, estimated = (0, 0), False
        else:
            written = rough_tokens([self.partial]) if self.partial is not None else 0
            tokens, estimated = (rough_tokens(messages, asks), written), True
        return Cost(
            failed=1,
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            money=money_of(price, tokens) if any(tokens) else 0.0,
            estimated=estimated,
        )


def _cost_nothing(error: BaseException) -> bool:
    ours = isinstance(error, PagehopError) and not isinstance(error, BudgetSpentError)
    return ours or never_arrived(error)
