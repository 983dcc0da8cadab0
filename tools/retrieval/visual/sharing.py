"""One copy of a model in a process, however many channels and corpora use it."""

from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol, TypeVar
from weakref import WeakValueDictionary


class Encoder(Protocol):
    """What has weights that are worth sharing."""

    @property
    def id(self) -> str:
        """Name and content of the model."""
        ...


E = TypeVar("E", bound=Encoder)

_lock = Lock()
_held: WeakValueDictionary[tuple[str, str, str | None], Any] = WeakValueDictionary()


def shared(kind: Callable[..., E], model: str, device: str | None) -> E:
    """The encoder of this kind, model and device; it lives as long as somebody holds it.

    Raises:
        UnknownModelError: the model is not on this machine, or not of this kind.
    """
    made = kind(model, device=device)  # cheap: weights are loaded when they are first used
    with _lock:
        held: E = _held.setdefault((kind.__name__, made.id, device), made)
        return held
