"""The model's tokens as LangChain's chunks, with what they cost and why they ended."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata

from pagehop.agents.local.decoding import Decoder
from pagehop.agents.local.pieces import CALL, THINK, Piece, Pieces, StopStrings
from pagehop.agents.local.reader import Prompted
from pagehop.agents.local.template import OWED
from pagehop.agents.local.weights import Weights
from pagehop.agents.local.writing import Settings, ends_of, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a reply is written, and where it stops."""

    settings: Settings
    stops: tuple[str, ...]
    tokenizer: Any
    lock: threading.Lock  # of the tokenizer
    name: str  # of the model, for the reply


@dataclass(slots=True)
class _Tally:
    """What has been written so far."""

    tokens: int = 0
    ended: bool = False  # by the model itself
    reasoned: bool = False


def chunks(prompted: Prompted, weights: Weights, way: Way) -> Iterator[AIMessageChunk]:
    """The reply as it is written; the last chunk says why it ended and what it cost.

    Raises:
        BudgetSpentError, ModelCallError: as `write`.
    """
    salt = hashlib.blake2b(prompted.rendered.encode(errors="replace"), digest_size=8).hexdigest()
    pieces = Pieces(
        prompted.tools,
        thinking=prompted.thinking,
        salt=salt,
        owed=OWED if prompted.begun else "",
    )
    stops = StopStrings(way.stops)
    tally = _Tally()
    yield from _told(pieces.feed(prompted.begun), tally)
    for text in _texts(prompted, weights, way, tally):
        yield from _told(pieces.feed(stops.feed(text)), tally)
        if stops.met:
            break
    yield from _told(pieces.feed(stops.rest()), tally)
    yield from _told(pieces.rest(), tally)
    done = tally.ended or stops.met
    yield AIMessageChunk(
        content=[] if tally.reasoned else "",
        response_metadata={
            "finish_reason": "stop" if done else "length",
            "model_name": way.name,
            "model_provider": "local",
        },
        usage_metadata=UsageMetadata(
            input_tokens=prompted.tokens,
            output_tokens=tally.tokens,
            total_tokens=prompted.tokens + tally.tokens,
        ),
        chunk_position="last",
    )


def _texts(prompted: Prompted, weights: Weights, way: Way, tally: _Tally) -> Iterator[str]:
    """What the tokens say, token by token."""
    settings = way.settings
    if prompted.room is not None:
        settings = replace(settings, max_new_tokens=min(settings.max_new_tokens, prompted.room))
    ends = ends_of(weights.model, way.tokenizer)
    decoder = Decoder(way.tokenizer, kept=(*THINK, *CALL))
    with closing(write(weights, prompted.inputs, settings)) as written:
        for token in written:
            tally.tokens += 1
            if token in ends:
                tally.ended = True
                break
            with way.lock:
                text = decoder.feed(token)
            if text:
                yield text
    with way.lock:
        rest = decoder.rest()
    yield rest


def _told(pieces: Iterator[Piece], tally: _Tally) -> Iterator[AIMessageChunk]:
    for piece in pieces:
        if piece.call is not None:
            yield AIMessageChunk(content="", tool_call_chunks=[piece.call])
        elif piece.kind == "reasoning":
            tally.reasoned = True
            block = {"type": "reasoning", "reasoning": piece.text, "index": 0}
            yield AIMessageChunk(content=[block])
        elif tally.reasoned:
            yield AIMessageChunk(content=[{"type": "text", "text": piece.text, "index": 1}])
        else:
            yield AIMessageChunk(content=piece.text)
