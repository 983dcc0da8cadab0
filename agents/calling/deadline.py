"""By when the model call under way must be answered, for models that can stop by themselves.

A hosted model is left behind when time is out; one that runs on this machine would go on using
it. The call runs in a context of its own, and this is what it finds there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_DEADLINE: ContextVar[float | None] = ContextVar("pagehop_deadline", default=None)


@contextmanager
def answered_by(deadline: float) -> Iterator[None]:
    """Model calls made in here are of use until then: a time of `time.monotonic()`."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def current_deadline() -> float | None:
    """Until when the call under way is of use; None: for ever."""
    return _DEADLINE.get()
