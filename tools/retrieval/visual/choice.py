"""Which visual models a corpus uses: chosen once, kept with it, the same at every later opening."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from pagehop.tools.corpus.database import explained
from pagehop.tools.errors import InputError, StorageError
from pagehop.tools.retrieval.visual.colbert import is_colbert
from pagehop.tools.retrieval.visual.late_encoder import is_late
from pagehop.tools.retrieval.visual.picture_encoder import PictureEncoder
from pagehop.tools.retrieval.visual.weights import find_model

ChannelName: TypeAlias = Literal["visual", "late", "picture"]

VARIABLE = "PAGEHOP_VISUAL"  # models, separated by spaces
TEXT = "text:"  # before a model: it reads passages, not pictures

_FILE = "visual.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """A model and the channel that it serves."""

    channel: ChannelName
    model: str


def choice_of(asked: str) -> Choice:
    """What a model's name or folder stands for; `text:` before it has it read text.

    Raises:
        InputError: it cannot read text.
        UnknownModelError: it is not on this machine, or of no kind that is known.
    """
    reads_text = asked.startswith(TEXT)
    model = asked.removeprefix(TEXT)
    folder = find_model(model)
    if Path(model).expanduser().is_dir():
        model = str(folder.resolve())  # the corpus may be opened from elsewhere
    if is_late(folder):
        return Choice("late" if reads_text or is_colbert(folder) else "visual", model)
    if reads_text:
        raise InputError(
            f"{model!r} gives one vector a picture; {TEXT!r} goes before late-interaction models."
        )
    PictureEncoder(model)  # else it is no model that is known
    return Choice("picture", model)


def choices_of(asked: Sequence[str]) -> tuple[Choice, ...]:
    """What these models stand for, one a channel.

    Raises:
        InputError: two of them would serve one channel.
        UnknownModelError: one is not on this machine.
    """
    made = tuple(choice_of(one) for one in asked)
    for channel in get_args(ChannelName):
        rivals = [one.model for one in made if one.channel == channel]
        if len(rivals) > 1:
            raise InputError(
                f"{rivals[0]!r} and {rivals[1]!r} would both serve the {channel} channel, and "
                "their vectors cannot be compared. Choose one of them."
            )
    return made


def kept_choices(corpus: Path) -> tuple[Choice, ...]:
    """What the corpus in this folder uses.

    Raises:
        StorageError: the file cannot be read.
    """
    path = corpus / _FILE
    if not path.exists():
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_checked(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{str(path)!r} is damaged ({error}). Delete it, and choose again with: pagehop encode "
            "--visual MODEL"
        ) from error


def keep_choices(corpus: Path, choices: Sequence[Choice]) -> None:
    """Have the corpus use these from now on, or none.

    Raises:
        StorageError: the file cannot be written.
    """
    path = corpus / _FILE
    partial = path.with_suffix(".partial")
    try:
        if not choices:
            path.unlink(missing_ok=True)
            return
        partial.write_text(json.dumps([asdict(one) for one in choices]), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise explained(error, path) from error


def resolve_choices(corpus: Path, asked: Sequence[str] = ()) -> tuple[Choice, ...]:
    """The choices to open a corpus with: as asked, else by `PAGEHOP_VISUAL`, else as kept.

    What is asked of a corpus that uses none yet is kept with it.

    Raises:
        InputError, UnknownModelError: as `choices_of`.
        StorageError: as `kept_choices` and `keep_choices`.
    """
    wanted = tuple(asked) or tuple(os.environ.get(VARIABLE, "").split())
    kept = kept_choices(corpus)
    if not wanted:
        return kept
    made = choices_of(wanted)
    if not kept:
        keep_choices(corpus, made)
    return made


def _checked(row: dict[str, str]) -> Choice:
    for channel in get_args(ChannelName):
        if row["channel"] == channel:
            return Choice(channel, row["model"])
    raise ValueError(f"there is no visual channel {row['channel']!r}")
