"""Who thinks: the roles, the teams that fill them, and the chat models behind them.

The names below are loaded when they are first used, so that importing the package is cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pagehop.agents.budget import EFFORTS as EFFORTS
    from pagehop.agents.budget import Budget as Budget
    from pagehop.agents.budget import Effort as Effort
    from pagehop.agents.calling.cache import ReplyCache as ReplyCache
    from pagehop.agents.calling.calls import Calls as Calls
    from pagehop.agents.calling.journal import Journal as Journal
    from pagehop.agents.calling.prices import Price as Price
    from pagehop.agents.calling.traffic import Traffic as Traffic
    from pagehop.agents.extractive import extractive_team as extractive_team
    from pagehop.agents.model.loading import load_model as load_model
    from pagehop.agents.model.team import model_team as model_team
    from pagehop.agents.scripted import ScriptedCall as ScriptedCall
    from pagehop.agents.scripted import ScriptedChatModel as ScriptedChatModel
    from pagehop.agents.team import Team as Team

_HOMES = {
    "EFFORTS": "budget",
    "Budget": "budget",
    "Calls": "calling.calls",
    "Journal": "calling.journal",
    "Effort": "budget",
    "extractive_team": "extractive",
    "load_model": "model.loading",
    "model_team": "model.team",
    "ScriptedCall": "scripted",
    "ScriptedChatModel": "scripted",
    "Price": "calling.prices",
    "ReplyCache": "calling.cache",
    "Team": "team",
    "Traffic": "calling.traffic",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  (type checkers read the imports above)


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """The public names."""
    return __all__
