"""What a reading agent is told of an errand that is no plain search, and what it may know."""

from pagehop.agents.model.listing import told_ledger
from pagehop.agents.prompting import data_block, prompt
from pagehop.agents.team import Task
from pagehop.tools.evidence import Ledger

KNOWN = 3_000  # tokens of what is known already
AFRESH = "(not shown: this is a new reading)"


def told_errand(task: Task, mark: str, *, here: str = "", pages: int = 0) -> str:
    """A word on a second reading, or on the part of a whole document; "" for a plain search.

    Args:
        task: the agent's.
        mark: of the data blocks.
        here: the pages that are shown now, in words; "" where it does not matter.
        pages: of the whole document.
    """
    if task.doubt:
        return prompt("doubt", doubt=data_block(task.doubt, mark, "what disagrees"))
    if task.whole and here:
        return prompt("whole", here=here, pages=str(pages))
    return ""


def told_known(task: Task, mark: str, found: Ledger = ()) -> str:
    """The evidence so far as data; of a place that is in doubt nothing, so that eyes are fresh."""
    known = AFRESH if task.doubt else told_ledger((*task.ledger, *found), tokens=KNOWN)
    return data_block(known, mark, "known")
