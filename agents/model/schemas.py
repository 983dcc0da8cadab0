"""What the models write: one reply type a role, as plain as a JSON schema can be.

Every field stands in the schema as required, because models fill what is required; in parsing
the defaults hold, because a missing empty list is no reason to ask again. Ranges and ids are
checked after parsing, since providers differ in which constraints their schemas may carry.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pagehop.agents.team import AnswerForm, GapKind, Look, Ruling


def _all_required(schema: dict[str, Any]) -> None:
    """Drop defaults and require every property: the form that strict providers ask for."""
    for field in schema.get("properties", {}).values():
        field.pop("default", None)
    schema["required"] = list(schema.get("properties", {}))


def _share(value: object) -> object:
    """A confidence kept within 0 to 1; percentages are read as such."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return min(1.0, max(0.0, value / 100 if 1 < value <= 100 else value))
    return value


def _none_as_empty(value: object) -> object:
    return [] if value is None else value


Confidence = Annotated[float, BeforeValidator(_share)]
Names = Annotated[list[str], BeforeValidator(_none_as_empty)]


class Reply(BaseModel):
    """The root of all reply types."""

    model_config = ConfigDict(json_schema_extra=_all_required)


class StandaloneReply(Reply):
    """The follow-up as a standalone question."""

    question: str


class PlannedQuestion(Reply):
    """One sub-question of the plan."""

    id: str = Field(description="q1, q2, ... in the order they are asked")
    question: str = Field(description="{q1} stands for the answer of sub-question q1")
    depends_on: Names = Field(default=[], description="ids whose answers must be known first")
    form: AnswerForm = "free"
    modalities: list[Look] = Field(default=[], description="what to look at; empty when unsure")
    documents: Names = Field(default=[], description="names from the list; empty when unsure")
    whole: bool = Field(
        default=False, description="true: all of a document must be gone through, not a place in it"
    )


class PlanReply(Reply):
    """The plan, or a direct reply when nothing has to be looked up."""

    sub_questions: list[PlannedQuestion] = []
    reply: str = Field(default="", description="only for a greeting or thanks: what to say")


class TextFinding(Reply):
    """One quote that bears on the sub-question."""

    hit: int = Field(description="number of the hit that the quote stands in")
    quote: str = Field(description="copied exactly from that hit, one sentence or one table row")
    row: str = Field(default="", description="of a table cell: the row's label; else empty")
    column: str = Field(default="", description="of a table cell: the column's head; else empty")
    reading: str = Field(default="", description="what it says about the sub-question")
    confidence: Confidence = Field(default=0.5, description="0 to 1")


class TextReply(Reply):
    """What the text says about the sub-question."""

    findings: list[TextFinding] = []
    answer: str = Field(default="", description="to the sub-question; empty when not found")
    confidence: Confidence = Field(default=0.0, description="of the answer, 0 to 1")


class PageSeen(Reply):
    """What one of the pictures shows, noted before anything is concluded."""

    view: str = Field(description="id of the picture")
    observation: str = Field(description="what on it bears on the sub-question; or: nothing here")


class ImageFinding(Reply):
    """One thing seen in a picture that bears on the sub-question."""

    view: str = Field(description="id of the picture it was best seen in: v1, s1, ...")
    page: int = Field(default=0, description="of an overview (s1, ...): the page; else 0")
    box: list[float] | None = Field(
        default=None,
        description="[x0, y0, x1, y1], fractions 0 to 1 of that picture; null when unsure",
    )
    seen: str = Field(description="what is written or drawn there, read off literally")
    axis: str = Field(
        default="", description="of a value in a chart or table: its category, tick or row"
    )
    series: str = Field(
        default="", description="of a value in a chart or table: its series, legend or column"
    )
    value: str = Field(default="", description="that value with its unit, as printed")
    estimated: bool = Field(
        default=False, description="true: the value is judged from the axis, no label prints it"
    )
    reading: str = Field(default="", description="what it says about the sub-question")
    confidence: Confidence = Field(default=0.5, description="0 to 1")


class ImageReply(Reply):
    """What the pictures show about the sub-question."""

    pages: list[PageSeen] = Field(
        default=[], description="one entry for each picture you were first given, none left out"
    )
    findings: list[ImageFinding] = []
    answer: str = Field(default="", description="to the sub-question; empty when not found")
    confidence: Confidence = Field(default=0.0, description="of the answer, 0 to 1")


class NamedGap(Reply):
    """One thing that is still missing."""

    kind: GapKind = Field(
        description="breadth: search elsewhere; depth: look closer at a page; conflict; "
        "plan: no sub-question asks for it"
    )
    sub_question: str = Field(description="id of the sub-question it belongs to; plan: empty")
    query: str = Field(description="what to search for, to look at, or to ask, next")
    reason: str = ""
    document: str = Field(default="", description="depth and conflict: the document to look at")
    page: int = Field(default=0, description="depth and conflict: its page; else 0")


class VerdictReply(Reply):
    """Whether the evidence answers the question, and what is missing."""

    ruling: Ruling
    gaps: list[NamedGap] = []
    reason: str = ""


class WrittenCalculation(Reply):
    """One calculation, to be done by the calculator."""

    name: str = Field(description="k1, k2, ...; {k1} in the texts stands for its value")
    expression: str = Field(
        description="plain numbers with + - * / ^ % ( ) and sum, mean, min, max, abs, count, "
        "round: (1214 - 1000) / 1000"
    )
    decimals: int = Field(default=2, description="how many decimals to show at most")


class WrittenClaim(Reply):
    """One checkable statement and the evidence that carries it."""

    text: str
    evidence: list[str] = Field(description="ids from the evidence list: e…")


class SummaryReply(Reply):
    """The answer, claim by claim."""

    answerable: bool = True
    answer: str = Field(description="short, in the form asked for; why not, when not answerable")
    claims: list[WrittenClaim] = []
    calculations: list[WrittenCalculation] = []
    notes: Names = Field(default=[], description="how far to trust it; mostly empty")
