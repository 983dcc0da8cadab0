"""What one question may cost, and how hard it is worked on, as numbers."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pagehop.tools.errors import InputError

Asks: TypeAlias = Literal["always", "unsure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one question may cost. None of it can be overrun by more than one call in flight."""

    rounds: int = 3  # of critique
    model_calls: int = 40
    tokens: int = 400_000  # in and out
    seconds: float = 600.0
    money: float | None = None  # in the currency of the prices given; None: no limit

    def __post_init__(self) -> None:
        """Refuse what is no budget.

        Raises:
            InputError: no round, or less than nothing of the rest.
        """
        rest = (self.model_calls, self.tokens, self.seconds, self.money or 0.0)
        if not (self.rounds >= 1 and all(most >= 0 for most in rest)):
            raise InputError(f"{self} is no budget: it takes a round, and nothing below zero.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard a question is worked on: what it may cost, and which steps it is worth."""

    name: str
    budget: Budget
    hits: int = 10  # pages a search brings
    pictures: int = 4  # pages that are shown to the image agent at a time
    planner: Asks = "unsure"  # unsure: not asked where the question is plainly one look
    critic: Asks = "unsure"  # unsure: not asked where one look has settled it
    whole: int = 30_000  # tokens: a document up to this length may be read whole
    second_looks: int = 4  # picture readings that are read once more before the answer leaves
    samples: int = 1  # drafts that are written when the critic was not satisfied
    rerank: bool = False  # whether the model puts a search's hits in order
    rewrite: bool = False  # whether the model words the searches


QUICK = Effort(
    name="quick",
    budget=Budget(rounds=1, model_calls=10, tokens=100_000, seconds=120.0),
    hits=6,
    pictures=3,
    whole=10_000,
    second_looks=0,
)
STANDARD = Effort(name="standard", budget=Budget())
THOROUGH = Effort(
    name="thorough",
    budget=Budget(rounds=5, model_calls=120, tokens=1_500_000, seconds=1800.0),
    hits=12,
    pictures=6,
    planner="always",
    critic="always",
    whole=100_000,
    second_looks=8,
    samples=3,
    rerank=True,
    rewrite=True,
)
EFFORTS = {effort.name: effort for effort in (QUICK, STANDARD, THOROUGH)}


def effort_of(choice: str | Effort) -> Effort:
    """The preset of that name; an effort of one's own is passed through.

    Raises:
        InputError: there is no preset of that name.
    """
    if isinstance(choice, Effort):
        return choice
    if choice not in EFFORTS:
        raise InputError(f"There is no effort {choice!r}; there are {', '.join(EFFORTS)}.")
    return EFFORTS[choice]
