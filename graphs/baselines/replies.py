"""What the baselines' models write."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from pagehop.agents.model.schemas import Reply


class PageName(Reply):
    """A page, by the numbers under which it was shown."""

    document: int = Field(default=1, description="number of the document")
    page: int = Field(description="number of the page in it")


PageNames = Annotated[list[PageName], BeforeValidator(lambda value: [] if value is None else value)]


class AnswerReply(Reply):
    """An answer, and the pages that it rests on."""

    reason: str = Field(default="", description="how it follows from the pages, one to three lines")
    answerable: bool = True
    answer: str = Field(description="short, in the form asked for; why not, when not answerable")
    pages: PageNames = Field(default=[], description="that the answer rests on")


class CluesReply(Reply):
    """What matters most for the question, in the texts and in the pictures."""

    text: str = Field(default="", description="decisive words and numbers of the texts")
    image: str = Field(default="", description="decisive things to see in the pictures")


class SeekerReply(Reply):
    """The pictures that are worth a closer look."""

    reason: str = ""
    summary: str = Field(default="", description="what the pictures are about")
    pages: PageNames = Field(default=[], description="worth a closer look; empty: none")


class InspectorReply(Reply):
    """An answer to be checked, or what is still missing."""

    reason: str = ""
    ready: bool = Field(description="whether the pictures carry an answer")
    answer: str = Field(default="", description="when ready")
    pages: PageNames = Field(
        default=[], description="ready: that the answer rests on; else: worth keeping"
    )
    missing: str = Field(default="", description="when not ready: what to look for next")
