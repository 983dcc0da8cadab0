"""The crop reader: what a picture shows, in words to search with, as a model sees it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import Field

from pagehop.agents.abilities import abilities_of
from pagehop.agents.calling.calls import Calls
from pagehop.agents.calling.failures import model_name
from pagehop.agents.model.schemas import Names, Reply
from pagehop.agents.prompting import conversation, data_block, shorten
from pagehop.agents.replying.replies import ask
from pagehop.tools.errors import InputError
from pagehop.tools.retrieval.crops import Crop
from pagehop.tools.vision import picture_block

if TYPE_CHECKING:
    from PIL.Image import Image

_READ = 3_000  # characters of what was read that go with the picture
_LABELS = 60  # that are searched for
_LINE = 300  # characters of the title, of the subject and of a label


class CropReply(Reply):
    """What a picture shows."""

    title: str = Field(default="", description="as a caption says it, without its number")
    labels: Names = Field(default=[], description="printed heads, rows, axes, legend; no values")
    subject: str = Field(default="", description="one sentence: what it is and what it shows")


class CropReader:
    """Reads pictures that are searched for, within a budget of one's own.

        reader = CropReader(Calls(QUICK.budget), load_model("openai:gpt-5-mini"))
        crop = reader.read(corpus.crop("table.png"), "but for 2022?")
        hits = corpus.find("but for 2022?", image=crop).hits

    Raises:
        InputError: the model takes no pictures.
    """

    def __init__(self, calls: Calls, model: BaseChatModel) -> None:
        self._calls = calls
        self._model = model
        self._abilities = abilities_of(model)
        if not self._abilities.images:
            raise InputError(
                f"The model {model_name(model)!r} takes no pictures, so it cannot read one. Name "
                "one that does; without a model, pictures are read by OCR."
            )

    def read(self, crop: Crop, words: str = "") -> Crop:
        """The crop with what the model says that it shows.

        Args:
            crop: the picture, and what is known of it already.
            words: what a person says with it.

        Raises:
            InvalidReplyError, BudgetSpentError, MissingKeyError, ModelCallError: as `replies.ask`.
        """
        read = shorten("\n".join(part for part in (crop.about, crop.text) if part), _READ)
        picture = picture_block(_fitting(crop.picture, self._abilities.pixels))
        mark = self._calls.mark("crop reader", words, read)
        system, asked = conversation(
            "crop-reader",
            words=data_block(words, mark, "words"),
            read=data_block(read, mark, "read"),
        )
        content: list[Any] = [{"type": "text", "text": str(asked.text)}, picture]
        messages = [system, HumanMessage(content)]
        reply = ask(self._calls, self._model, messages, CropReply, role="crop reader")
        return replace(crop, reading=_told(reply))


def _fitting(picture: "Image", pixels: int) -> "Image":
    """The picture, smaller where it has more pixels than the model takes."""
    shrink = (pixels / (picture.width * picture.height)) ** 0.5
    if shrink >= 1:
        return picture
    return picture.resize(
        (max(1, int(picture.width * shrink)), max(1, int(picture.height * shrink)))
    )


def _told(reply: CropReply) -> str:
    """The reply in lines, the most telling first."""
    lines = (reply.title, reply.subject, *reply.labels[:_LABELS])
    told = (" ".join(line.split())[:_LINE] for line in lines)
    return "\n".join(dict.fromkeys(line for line in told if line))
