"""What a failed model call means: try again, a wrong key, a refused request, or the end.

Providers have their own exception classes; none is imported here. A status code is found by
attribute, a fault of the network by its class or that of what caused it.
"""

import re
from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from pagehop.tools.errors import (
    MissingKeyError,
    ModelCallError,
    PagehopError,
    RequestRefusedError,
)

BUSY = frozenset({408, 409, 425, 429})  # and every 5xx: the same request may pass later
NETWORK = frozenset({"TransportError", "APIConnectionError"})  # httpx's, and the providers' own
LONGEST = 300  # characters of a provider's message that are passed on
KEYLIKE = re.compile(
    r"\b(?:sk|pk|rk|gsk|hf|xai|nvapi|AIza)[-_A-Za-z0-9*]{6,}|\b[Bb]earer\s+[-._A-Za-z0-9]+"
)


def may_pass_later(error: BaseException) -> bool:
    """Whether the same request is worth repeating: rate limit, overload or network fault."""
    status = status_of(error)
    if status is not None:
        return status in BUSY or status >= 500
    return any(
        isinstance(cause, OSError)  # builtin TimeoutError and ConnectionError are OSErrors too
        or any(base.__name__ in NETWORK for base in type(cause).__mro__)
        for cause in _causes(error)
    )


def status_of(error: BaseException) -> int | None:
    """The HTTP status of a provider's error, wherever that provider keeps it."""
    for cause in _causes(error):
        for holder in (cause, getattr(cause, "response", None)):
            for name in ("status_code", "status", "http_status", "code"):
                value = getattr(holder, name, None)
                if isinstance(value, int) and 400 <= value < 600:
                    return int(value)
    return None


def asked_delay(error: BaseException) -> float:
    """Seconds that the provider asks to wait (its Retry-After header); 0 where it says nothing."""
    for cause in _causes(error):
        headers = getattr(getattr(cause, "response", None), "headers", None)
        if isinstance(headers, Mapping):
            text = str(headers.get("retry-after", ""))
            if text.replace(".", "", 1).isdigit():
                return float(text)
    return 0.0


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
    what = f"{type(error).__name__}: {_one_line(error, model)}"
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    told = f"The {role} could not ask {name!r}{tried}: {what}"
    if status is not None and not may_pass_later(error):
        return RequestRefusedError(f"{told} (status {status})")
    return ModelCallError(told)


def model_name(model: object) -> str:
    """What a model is called: its own name, else its class."""
    inner = getattr(model, "bound", model)
    for attribute in ("model_name", "model", "model_id"):
        value = getattr(inner, attribute, None)
        if isinstance(value, str) and value:
            return value
    return type(inner).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__


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
