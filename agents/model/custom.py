"""Custom tools as evidence: what a tool said can be cited like a page."""

from collections.abc import Iterable, Sequence

from langchain_core.tools import BaseTool

from pagehop.tools.evidence import Evidence
from pagehop.tools.toolbox import ToolOutcome

CONFIDENCE = 0.8  # a tool says what it says; whether it was the right one to ask is open


def tool_evidence(
    outcomes: Iterable[ToolOutcome], tools: Sequence[BaseTool], sub_question: str
) -> tuple[Evidence, ...]:
    """The results of custom tools, one entry each; view tools and failures give none."""
    names = {tool.name for tool in tools}
    return tuple(
        Evidence(
            document="",
            document_id=f"tool:{outcome.name}",
            page=0,
            modality="tool",
            quote=outcome.content,
            verbatim=True,
            reading=_asked(outcome),
            sub_question=sub_question,
            agent=outcome.name,
            confidence=CONFIDENCE,
        )
        for outcome in outcomes
        if outcome.ok and outcome.name in names
    )


def tool_failures(outcomes: Iterable[ToolOutcome], tools: Sequence[BaseTool]) -> tuple[str, ...]:
    """The failures of custom tools, in one line each."""
    names = {tool.name for tool in tools}
    return tuple(
        f"{_asked(outcome)} failed: {' '.join(outcome.content.split())}"
        for outcome in outcomes
        if not outcome.ok and outcome.name in names
    )


def _asked(outcome: ToolOutcome) -> str:
    told = ", ".join(f"{name}={value!r}" for name, value in outcome.args.items())
    return f"{outcome.name}({told})"
