"""The picture that `search` looks for: a file, or a part of a page; a model may read it too."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from pagehop.apps.printing import tell

if TYPE_CHECKING:
    from pagehop.agents.model.looking.crop_reader import CropReader
    from pagehop.tools import Corpus
    from pagehop.tools.boxes import BBox
    from pagehop.tools.retrieval.crops import Crop


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What was asked for on the command line, beside the words."""

    image: str | None = None  # a file; with a page the name or id of a document
    page: int | None = None
    box: "BBox | None" = None
    model: str | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            BadParameter: it does not.
        """
        rest = (self.page, self.box, self.model)
        if self.image is None and any(one is not None for one in rest):
            raise typer.BadParameter("--page, --box and --model need a picture: --image FILE")
        if self.page is None and self.box is not None:
            raise typer.BadParameter("--box needs a page: --image DOC --page N --box X0,Y0,X1,Y1")

    def crop(self, corpus: "Corpus", words: str) -> "Crop | None":
        """The picture, read; None where none is looked for.

        Raises:
            InputError: there is no such picture, or the model cannot read one.
        """
        if self.image is None:
            return None
        reader = _reader(self.model) if self.model else None
        crop = corpus.crop(self.image, self.page, self.box)
        return _read(reader, crop, words) if reader else crop

    def place(self, corpus: "Corpus") -> frozenset[tuple[str, int]]:
        """The page that the picture is of, where that is known: it is looked for elsewhere."""
        if self.image is None or self.page is None:
            return frozenset()
        return frozenset({(corpus.document(self.image).id, self.page)})

    def record(self, crop: "Crop | None") -> dict[str, Any]:
        """The JSON form of the picture: where it is from, and what is known of it in words."""
        if crop is None:
            return {"image": None, "crop": None}
        known = {
            "text": crop.text,
            "about": crop.about,
            "reading": crop.reading,
            "of": crop.of,
        }
        box = None if self.box is None else list(self.box)
        return {"image": self.image, "crop": {"page": self.page, "bbox": box, **known}}


def _reader(model: str) -> "CropReader":
    from pagehop.agents import Calls, load_model
    from pagehop.agents.budget import QUICK
    from pagehop.agents.model.looking.crop_reader import CropReader

    return CropReader(Calls(QUICK.budget), load_model(model))


def _read(reader: "CropReader", crop: "Crop", words: str) -> "Crop":
    """The crop as the model reads it; where it does not, a word on that, and the crop as it is."""
    from pagehop.graphs.services import UNWILLING, failure
    from pagehop.tools.errors import BudgetSpentError

    try:
        return reader.read(crop, words)
    except (*UNWILLING, BudgetSpentError) as error:
        tell(f"{failure('Reading the picture', error)} The search goes on without.")
        return crop
