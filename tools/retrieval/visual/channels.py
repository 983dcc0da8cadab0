"""The visual channels of a corpus, and the encoding of its pages by another model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from pagehop.tools.corpus.catalogue import Catalogue
from pagehop.tools.retrieval.channel import Progress
from pagehop.tools.retrieval.visual.choice import ChannelName, Choice, keep_choices
from pagehop.tools.retrieval.visual.late_channel import LateChannel
from pagehop.tools.retrieval.visual.picture_channel import PictureChannel
from pagehop.tools.retrieval.visual.readers import PassageReader, PictureReader
from pagehop.tools.retrieval.visual.rendering import Pictures

VisualChannel: TypeAlias = LateChannel | PictureChannel

_NAMES: tuple[ChannelName, ...] = ("visual", "late", "picture")


def visual_channels(
    catalogue: Catalogue,
    folder: Path,
    choices: Sequence[Choice],
    pictures: Pictures,
    *,
    device: str | None = None,
) -> list[VisualChannel]:
    """The channels of these models; a model is loaded when something must be encoded.

    Args:
        catalogue: the documents.
        folder: where derived indexes live.
        choices: at most one a channel; see `choice.resolve_choices`.
        pictures: (document id, page, box or None, dots an inch) -> a picture.
        device: cpu, cuda, mps; None: `PAGEHOP_DEVICE`, else the fastest there is.
    """
    return [_channel(catalogue, folder, one, pictures, device) for one in choices]


def encode_again(
    catalogue: Catalogue,
    corpus: Path,
    choices: Sequence[Choice],
    pictures: Pictures,
    *,
    device: str | None = None,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Have a corpus use these models: encode what they have not, delete what others have.

    Killed in the middle, it goes on where it was; what was saved is not encoded again.

    Args:
        catalogue: the documents.
        corpus: the folder of the corpus; whoever calls holds its writer's lock.
        choices: at most one a channel; none turns the visual channels off.
        pictures: see `visual_channels`.
        device: see `visual_channels`.
        progress: told what is being done.

    Returns:
        The name of each channel, and how many pages or pictures it encoded or forgot.

    Raises:
        InputError: the device is not there.
        UnknownModelError: a model is not on this machine, or fails; nothing has changed then.
    """
    folder = corpus / "index"
    channels = visual_channels(catalogue, folder, choices, pictures, device=device)
    for channel in channels:
        channel.try_model()  # before anything is deleted
    keep_choices(corpus, choices)
    for name in _NAMES:
        if name not in {one.channel for one in choices}:
            _channel(catalogue, folder, Choice(name, ""), pictures, device).discard()
    done: dict[str, int] = {}
    for channel in channels:
        try:
            if channel.is_foreign():
                channel.discard()
            channel.retry()
            done[channel.name] = channel.update(progress)
        finally:
            channel.close()
    return done


def _channel(
    catalogue: Catalogue, folder: Path, choice: Choice, pictures: Pictures, device: str | None
) -> VisualChannel:
    place = folder / choice.channel
    if choice.channel == "picture":
        return PictureChannel(catalogue, place, choice.model, pictures, device=device)
    reads = (
        PictureReader(catalogue, pictures)
        if choice.channel == "visual"
        else PassageReader(catalogue)
    )
    return LateChannel(catalogue, place, choice.model, reads, device=device)
