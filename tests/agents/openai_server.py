"""A real HTTP server on this machine that speaks OpenAI's /v1/chat/completions, by a script.

It takes what a provider's client sends and answers, refuses, breaks off or talks nonsense as it
is told; JSON and streamed, tools, reply schemas and token counts included. What it was sent is
kept, pictures measured.
"""

import base64
import io
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from langchain_core.messages import convert_to_messages
from langchain_openai import ChatOpenAI
from PIL import Image

from pagehop.agents.scripted import ScriptedChatModel

KEY = "sk-loopback-only-123456"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client has sent."""

    body: dict[str, Any]
    headers: dict[str, str]
    at: float  # time.monotonic()

    @cached_property
    def prompt(self) -> str:
        """All text of the messages."""
        return "\n".join(
            part if isinstance(part, str) else part.get("text", "") for part in self._parts
        )

    @cached_property
    def pictures(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every picture, decoded."""
        urls = [part["image_url"]["url"] for part in self._parts if not isinstance(part, str)
                and part.get("type") == "image_url"]  # fmt: skip
        assert all(url.startswith("data:image/") for url in urls), "a picture was not sent as data"
        raw = [base64.b64decode(url.partition("base64,")[2]) for url in urls]
        return tuple(Image.open(io.BytesIO(data)).size for data in raw)

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the tools on offer."""
        return tuple(tool["function"]["name"] for tool in self.body.get("tools", ()))

    @property
    def streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def counts(self) -> bool:
        """Whether a streamed reply is to end with its usage."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def _parts(self) -> list[str | dict[str, Any]]:
        contents = [message.get("content") or "" for message in self.body["messages"]]
        return [part for held in contents for part in (held if isinstance(held, list) else [held])]


@dataclass(frozen=True, kw_only=True)
class Say:
    """A reply.

    `fields` becomes a call of the tool that must be called, or of the last one on offer; where
    none is, the text is its JSON. `tokens` None: the provider counts nothing.
    """

    text: str = ""
    fields: dict[str, Any] | None = None
    calls: Sequence[tuple[str, dict[str, Any]]] = ()  # (tool, arguments)
    finish: str = "stop"
    tokens: tuple[int, int] | None = (11, 7)
    after: float = 0.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Refuse:
    """An error as the provider words it."""

    status: int
    message: str = "no"
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class CutOff:
    """A reply of which some pieces come, and then the connection is closed.

    `politely`: as if it had been the end.
    """

    text: str = "one two three four five six"
    pieces: int = 3
    politely: bool = False


@dataclass(frozen=True, kw_only=True)
class Raw:
    """Any body at all, with status 200."""

    body: bytes
    kind: str = "application/json"


Reply: TypeAlias = Say | Refuse | CutOff | Raw
Answerer: TypeAlias = Callable[[Request], Reply]


def saying(scripted: ScriptedChatModel) -> Answerer:
    """Replies as a scripted model would; a typed one as the request asks for it."""

    def answer(request: Request) -> Reply:
        said = scripted.invoke(convert_to_messages(request.body["messages"])).text
        try:
            fields = json.loads(said)
        except ValueError:
            return Say(text=said)
        return Say(fields=fields) if isinstance(fields, dict) else Say(text=said)

    return answer


class OpenAIServer(ThreadingHTTPServer):
    """Runs until it is closed; a context manager.

    Args:
        script: replies in order.
        answer: replies to what the script does not, by the request.
    """

    daemon_threads = True

    def __init__(self, *script: Reply, answer: Answerer | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.closing = threading.Event()
        self._script = list(script)
        self._answer = answer
        self._at_once = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def model(self, **settings: Any) -> ChatOpenAI:
        """LangChain's own client of this server, without retries of its own."""
        return ChatOpenAI(
            **{"model": "served", "base_url": self.url, "api_key": KEY, "max_retries": 0} | settings
        )

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            if self._script:
                return self._script.pop(0)
        if self._answer is None:
            return Refuse(status=418, message="The script has ended.")
        return self._answer(request)

    def busy(self, change: int) -> None:
        with self._lock:
            self._at_once += change
            self.most_at_once = max(self.most_at_once, self._at_once)

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error of the server."""

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    server: OpenAIServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        request = Request(body=body, headers=dict(self.headers), at=time.monotonic())
        assert self.path == "/v1/chat/completions", self.path
        self.server.busy(1)
        try:
            self._tell(request, self.server.reply_to(request))
        finally:
            self.server.busy(-1)

    def _tell(self, request: Request, reply: Reply) -> None:
        if isinstance(reply, Refuse):
            error = {"message": reply.message, "type": "invalid", "code": reply.code}
            self._send(json.dumps({"error": error}).encode(), reply.status, headers=reply.headers)
        elif isinstance(reply, Raw):
            self._send(reply.body, kind=reply.kind)
        elif isinstance(reply, CutOff):
            self._break_off(request, reply)
        else:
            self.server.closing.wait(reply.after)
            if request.streamed:
                self._stream([*_chunks(request, reply), "[DONE]"], chunked=True)
                self._chunk(b"")
            else:
                self._send(json.dumps(_completion(request, reply)).encode())

    def _break_off(self, request: Request, reply: CutOff) -> None:
        if request.streamed:
            pieces = list(_chunks(request, Say(text=reply.text)))[: reply.pieces]
            self._stream(pieces, chunked=not reply.politely)
        else:
            whole = json.dumps(_completion(request, Say(text=reply.text))).encode()
            self._send(whole[:40], length=len(whole))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(
        self,
        body: bytes,
        status: int = 200,
        *,
        kind: str = "application/json",
        length: int | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _stream(self, pieces: Sequence[Any], *, chunked: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header(
            *(("Transfer-Encoding", "chunked") if chunked else ("Connection", "close"))
        )
        self.end_headers()
        for piece in pieces:
            told = piece if isinstance(piece, str) else json.dumps(piece)
            line = f"data: {told}\n\n".encode()
            self._chunk(line) if chunked else self.wfile.write(line)
        self.wfile.flush()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, *args: Any) -> None:
        pass


def _completion(request: Request, reply: Say) -> dict[str, Any]:
    text, calls = _said(request, reply)
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function",
             "function": {"name": name, "arguments": json.dumps(args)}}
            for number, (name, args) in enumerate(calls)
        ]  # fmt: skip
    whole = _envelope("chat.completion")
    whole["choices"] = [{"index": 0, "message": message, "finish_reason": reply.finish}]
    return whole | ({"usage": _usage(reply)} if reply.tokens else {})


def _chunks(request: Request, reply: Say) -> Iterator[dict[str, Any]]:
    text, calls = _said(request, reply)
    yield _chunk({"role": "assistant", "content": ""})
    for piece in re.findall(r"\S+\s*|\s+", text):
        yield _chunk({"content": piece})
    for number, (name, args) in enumerate(calls):
        head = {"index": number, "id": f"call_{number}", "type": "function"}
        yield _chunk({"tool_calls": [head | {"function": {"name": name, "arguments": ""}}]})
        written = {"function": {"arguments": json.dumps(args)}}
        yield _chunk({"tool_calls": [{"index": number} | written]})
    yield _chunk({}, reply.finish)
    if request.counts and reply.tokens:
        yield _envelope("chat.completion.chunk") | {"choices": [], "usage": _usage(reply)}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _envelope("chat.completion.chunk") | {"choices": [choice]}


def _said(request: Request, reply: Say) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """The reply's text and tool calls, in the form that the request asks for."""
    calls = list(reply.calls)
    if reply.fields is None:
        return reply.text, calls
    if not request.tools:
        return json.dumps(reply.fields), calls
    choice = request.body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else request.tools[-1]
    return reply.text, [*calls, (named, reply.fields)]


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "served"}


def _usage(reply: Say) -> dict[str, int]:
    read, written = reply.tokens or (0, 0)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
