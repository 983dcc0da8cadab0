"""Named ways to search, all run by the same runner: the baselines, and what is shipped."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pagehop.tools.errors import InputError
from pagehop.tools.retrieval.settings import Settings

SIGNALS = ("documents", "statements", "counting", "opening", "sections", "neighbours")  # in order
STEPS = "steps"  # stands for the default and, one by one, each of its parts left out

_BARE = Settings(pointing=False, route=False, hubs=False, cascade=False, signals=(), collapse=False)


def _signals_without(name: str) -> tuple[str, ...]:
    return tuple(one for one in SIGNALS if one != name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Which channels are asked, and what is made of what they find."""

    name: str
    told: str  # what it is, for a reader of the table
    settings: Settings
    channels: tuple[str, ...] | None = None  # None: those that the corpus has


_ALL = (
    Configuration(
        name="bm25",
        told="BM25 over pages, alone",
        settings=_BARE,
        channels=("lexical",),
    ),
    Configuration(
        name="dense",
        told="sentence embeddings of passages, alone",
        settings=_BARE,
        channels=("dense",),
    ),
    Configuration(
        name="rrf",
        told="both, by reciprocal ranks",
        settings=replace(_BARE, fusion="reciprocal"),
        channels=("lexical", "dense"),
    ),
    Configuration(
        name="bare",
        told="every channel, blended; no references, no signals",
        settings=_BARE,
    ),
    Configuration(
        name="flat",
        told="the default without a word on which document is meant: no cascade, no prior",
        settings=Settings(cascade=False, signals=_signals_without("documents")),
    ),
    Configuration(
        name="all",
        told="the default, but every channel is asked",
        settings=Settings(route=False),
    ),
    Configuration(name="default", told="as shipped", settings=Settings()),
    Configuration(
        name="ratio",
        told="the default, cut where the score falls",
        settings=Settings(cut="ratio"),
    ),
    Configuration(
        name="mixture",
        told="the default, cut by a mixture of two",
        settings=Settings(cut="mixture"),
    ),
)
_LEFT_OUT = (
    ("pointing", Settings(pointing=False)),
    ("hubs", Settings(hubs=False)),
    ("cascade", Settings(cascade=False)),
    ("collapse", Settings(collapse=False)),
    ("strata", Settings(strata=False)),
    *((name, Settings(signals=_signals_without(name))) for name in SIGNALS),
)
_STEPS = tuple(
    Configuration(name=f"no-{part}", told=f"the default without its {part}", settings=settings)
    for part, settings in _LEFT_OUT
)
CONFIGURATIONS: Mapping[str, Configuration] = {one.name: one for one in (*_ALL, *_STEPS)}


def configurations(names: str = "") -> tuple[Configuration, ...]:
    """Those named in a list with commas, in that order.

    Args:
        names: of configurations; "steps" stands for the default and each of its parts left out;
            empty: the baselines, the default and its cuts.

    Raises:
        InputError: there is none of that name.
    """
    chosen: list[str] = []
    for name in filter(None, map(str.strip, names.split(","))):
        chosen += ["default", *(one.name for one in _STEPS)] if name == STEPS else [name]
    unknown = [name for name in chosen if name not in CONFIGURATIONS]
    if unknown:
        there = ", ".join([*CONFIGURATIONS, STEPS])
        raise InputError(f"There is no configuration {unknown[0]!r}. There are {there}.")
    return tuple(CONFIGURATIONS[name] for name in dict.fromkeys(chosen)) or _ALL
