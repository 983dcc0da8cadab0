"""What a failed model call means: try again, ask with less, a wrong key, a refusal, or the end.

Providers have their own exception classes; none is imported here. A status code is found by
attribute or in the body of the reply, a fault of the network by its class or that of what
caused it.
"""

import re
from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from pagehop.tools.errors import (
    ContentRefusedError,
    ContextTooLongError,
    MissingKeyError,
    ModelCallError,
    PagehopError,
    RequestRefusedError,
)

BUSY = frozenset({408, 409, 425, 429})  # and every 5xx: the same request may pass later
BUSY_WORDS = frozenset(
    ("rate_limit_error", "rate_limit_exceeded", "overloaded_error", "overloaded", "api_error",
     "server_error", "internal_server_error", "service_unavailable", "timeout_error",
     "engine_overloaded", "resource_exhausted", "unavailable", "deadline_exceeded", "internal")
)  # fmt: skip
NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_error"})
NETWORK = frozenset({"TransportError", "APIConnectionError"})  # httpx's, and the providers' own
NO_FAULT = frozenset({"UnsupportedProtocol", "LocalProtocolError"})  # of ours, not of the network
OF_FILES = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
UNSENT = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ConnectionRefusedError", "gaierror"}
)
TOO_LONG = re.compile(
    r"context_length_exceeded|maximum (?:context|model) length|maximum context|context window"
    r"|prompt is too long|input is too long|exceeds? (?:the )?(?:available )?context"
    r"|exceed_context_size|context limit|input token count|too many (?:input )?tokens"
    r"|string_above_max_length|request_too_large|reduce the length of",
    re.IGNORECASE,
)
FILTERED = re.compile(
    r"content[ _](?:filter|policy|management)|responsible_?ai|prohibited_content|\bsafety\b"
    r"|moderation",
    re.IGNORECASE,
)
LONGEST = 300  # characters of a provider's message that are passed on
KEYLIKE = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai|nvapi|AIza)[-_A-Za-z0-9*]{6,}|\b[Bb]earer\s+[-._A-Za-z0-9]+"
)


def may_pass_later(error: BaseException) -> bool:
    """Whether the same request is worth repeating: rate limit, overload or network fault."""
    words = set(_words(error))
    if words & NO_CREDIT:
        return False
    status = status_of(error)
    if status is not None:
        return status in BUSY or status >= 500
    return bool(words & BUSY_WORDS) or _is_network_fault(error)


def never_arrived(error: BaseException) -> bool:
    """Whether the provider has surely not worked on the request: refused, or never sent."""
    if status_of(error) is not None or set(_words(error)) & (BUSY_WORDS | NO_CREDIT):
        return True
    return any(kind in UNSENT | NO_FAULT for cause in causes(error) for kind in _kinds(cause))


def status_of(error: BaseException) -> int | None:
    """The HTTP status of a provider's error, wherever that provider keeps it."""
    for cause in causes(error):
        for holder in (cause, getattr(cause, "response", None), *_bodies(cause)):
            for name in ("status_code", "status", "http_status", "code"):
                value = holder.get(name) if isinstance(holder, Mapping) else _of(holder, name)
                if isinstance(value, str) and value.isdecimal():
                    value = int(value)
                if isinstance(value, int) and 400 <= value < 600:
                    return int(value)
    return None


def as_pagehop_error(error: Exception, *, role: str, model: object, attempts: int) -> PagehopError:
    """The error to raise instead of a provider's: one line, no key in it."""
    if isinstance(error, PagehopError):
        return error
    name = model_name(model)
    status = status_of(error)
    if status in (401, 403):
        return MissingKeyError(
            f"The provider of {name!r} refused the key (status {status}). Is the key set, "
            "and is it allowed to use this model?"
        )
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    told = f"The {role} could not ask {name!r}{tried}: {_what(error, model)}"
    kind = _refusal(error, status)
    if kind is None:
        return ModelCallError(told)
    return kind(told if status is None else f"{told} (status {status})")


def model_name(model: object) -> str:
    """What a model is called: its own name, else its class."""
    inner = getattr(model, "bound", model)
    for attribute in ("model_name", "model", "model_id"):
        value = getattr(inner, attribute, None)
        if isinstance(value, str) and value:
            return value
    return type(inner).__name__


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, what caused that."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__


def _refusal(error: Exception, status: int | None) -> type[RequestRefusedError] | None:
    """What the provider has against the request; None where it has nothing against it."""
    if may_pass_later(error) or set(_words(error)) & NO_CREDIT:
        return None
    told = " ".join((*map(str, causes(error)), *_words(error)))
    refused = status is not None and status < 500
    if any("ContextOverflowError" in _kinds(cause) for cause in causes(error)):
        return ContextTooLongError
    if refused and (status == 413 or TOO_LONG.search(told)):
        return ContextTooLongError
    filtered = any("ContentFilter" in type(cause).__name__ for cause in causes(error))
    if filtered or (refused and FILTERED.search(told)):
        return ContentRefusedError
    return RequestRefusedError if refused else None


def _is_network_fault(error: BaseException) -> bool:
    for cause in causes(error):
        kinds = _kinds(cause)
        if kinds & NETWORK and not kinds & NO_FAULT:
            return True
        if isinstance(cause, OSError) and not isinstance(cause, OF_FILES):
            return True  # builtin TimeoutError and ConnectionError are OSErrors, too
        if getattr(cause, "is_retryable", False) is True:  # LangChain's own classes of errors
            return True
    return False


def _words(error: BaseException) -> Iterator[str]:
    """How providers name what went wrong: `overloaded_error`, `RESOURCE_EXHAUSTED`."""
    for cause in causes(error):
        for holder in (cause, *_bodies(cause)):
            for name in ("code", "type", "status"):
                value = holder.get(name) if isinstance(holder, Mapping) else _of(holder, name)
                if isinstance(value, str):
                    yield value.lower()


def _bodies(error: BaseException) -> Iterator[Mapping[str, object]]:
    """What the provider's reply says, where the error has it; an `error` in it comes first."""
    for body in (getattr(error, "body", None), getattr(error, "details", None), *error.args[:1]):
        if isinstance(body, Mapping):
            inner = body.get("error")
            yield from (inner,) if isinstance(inner, Mapping) else ()
            yield body


def _kinds(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _of(holder: object, name: str) -> object:
    return getattr(holder, name, None)


def _what(error: Exception, model: object) -> str:
    told = f"{type(error).__name__}: {_one_line(error, model)}"
    if isinstance(error, IndexError) or "'choices'" in told:  # what clients make of such a reply
        return f"its reply holds no choice ({told})"
    return told


def _one_line(error: BaseException, model: object) -> str:
    text = " ".join(str(error).split())
    for secret in _secrets(model):
        text = text.replace(secret, "***")
    text = KEYLIKE.sub("***", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _secrets(model: object) -> list[str]:
    """The keys that the model object itself holds."""
    inner = getattr(model, "bound", model)
    fields = getattr(type(inner), "model_fields", {})
    values = (getattr(inner, name, None) for name in fields)
    found = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
    return [secret for secret in found if len(secret) >= 4]
