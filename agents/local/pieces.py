"""A reply as it is written, taken apart: words, thoughts, tool calls. Marks are never passed on.

Text comes in as it is decoded. What may be the beginning of a mark or of a stop string is held
back until it is known, so that a stream and a whole reply are the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from langchain_core.messages.tool import ToolCallChunk

from pagehop.agents.local.call_forms import Tools, is_whole_call, read_call

Kind: TypeAlias = Literal["text", "reasoning", "call"]

THINK = ("<think>", "</think>")
CALL = ("<tool_call>", "</tool_call>")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a reply, or one whole call."""

    kind: Kind
    text: str = ""
    call: ToolCallChunk | None = None


class StopStrings:
    """Lets text through up to the first stop string, which is cut off."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.met = False

    def feed(self, text: str) -> str:
        """What may be passed on, now that this has come."""
        if self.met:
            return ""
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.met = True
            return self._held[: min(places)]
        keep = beginning_of(self._held, self._stops)
        passed, self._held = (
            self._held[: len(self._held) - keep],
            self._held[-keep:] if keep else "",
        )
        return passed

    def rest(self) -> str:
        """What was held back, at the end."""
        return "" if self.met else self._held


class Pieces:
    """Takes a reply apart.

    Args:
        tools: on offer, in OpenAI's form; without any, nothing is taken for a call.
        thinking: whether the prompt ends in the middle of a thought.
        salt: of the calls' ids.
        owed: what closes the call that the reply is begun with.
    """

    def __init__(
        self, tools: Tools = (), *, thinking: bool = False, salt: str = "", owed: str = ""
    ) -> None:
        self._tools = tools
        self._salt = salt
        self._owed = owed
        self._state: Kind = "reasoning" if thinking else "text"
        self._held = ""
        self._blank = ""  # white space that is passed on only if words follow
        self._said = False  # whether words of the current state were passed on
        self._calls = 0
        self._words = 0  # of text, passed on or held

    def feed(self, text: str) -> Iterator[Piece]:
        """The pieces that are known, now that this has come."""
        self._held += text
        while True:
            if self._may_be_bare_call():
                return
            mark, at = self._next_mark()
            if mark is None:
                break
            yield from self._pass(self._held[:at])
            self._held = self._held[at + len(mark) :]
            self._turn(mark)
        if self._state != "call":
            keep = beginning_of(self._held, self._marks())
            passed = self._held[: len(self._held) - keep]
            self._held = self._held[len(passed) :]
            yield from self._words_of(passed)

    def rest(self) -> Iterator[Piece]:
        """What was held back, at the end. A call that was not closed is a broken one."""
        held, self._held = self._held, ""
        untold = self._state == "text" and not (self._words or self._calls)
        if untold and is_whole_call(held, self._tools):
            self._state = "call"
        if self._state == "call":
            yield from self._call(held)
        else:
            yield from self._words_of(held)

    def _may_be_bare_call(self) -> bool:
        untold = self._state == "text" and not (self._words or self._calls)
        begins = bool(self._tools) and self._held.lstrip().startswith("{")
        return untold and begins and self._next_mark()[0] is None

    def _marks(self) -> tuple[str, ...]:
        if self._state == "reasoning":
            return (THINK[1],)
        if self._state == "call":
            return (CALL[1],)
        return (THINK[0], CALL[0]) if self._tools else (THINK[0],)

    def _next_mark(self) -> tuple[str | None, int]:
        found = [(at, mark) for mark in self._marks() if (at := self._held.find(mark)) >= 0]
        at, mark = min(found, default=(-1, None))
        return mark, at

    def _pass(self, text: str) -> Iterator[Piece]:
        yield from self._call(text) if self._state == "call" else self._words_of(text)

    def _turn(self, mark: str) -> None:
        after: dict[str, Kind] = {THINK[0]: "reasoning", CALL[0]: "call"}
        self._state = after.get(mark, "text")
        self._blank, self._said = "", False

    def _call(self, body: str) -> Iterator[Piece]:
        call = read_call(body, self._tools, index=self._calls, salt=self._salt, owed=self._owed)
        yield Piece("call", call=call)
        self._calls += 1
        self._owed = ""

    def _words_of(self, text: str) -> Iterator[Piece]:
        """Words without the white space around them."""
        told = self._blank + text if self._said else text.lstrip()
        words = told.rstrip()
        self._blank = told[len(words) :] if self._said or words else ""
        if words:
            again = self._state == "text" and self._words and not self._said
            self._said = True
            self._words += self._state == "text"
            yield Piece(self._state, "\n" + words if again else words)


def beginning_of(text: str, marks: Sequence[str]) -> int:
    """How many of the last characters may be the beginning of one of the marks."""
    longest = max((len(mark) for mark in marks), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(mark.startswith(text[-length:]) for mark in marks):
            return length
    return 0
