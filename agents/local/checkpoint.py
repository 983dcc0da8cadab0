"""A checkpoint on this machine: whether it is a chat model, and what feeds it.

Nothing is downloaded, and no code that comes with a checkpoint is run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.dense.encoder import quiet_loading
from pagehop.tools.retrieval.visual.weights import find_model, read_config, read_json

AutoClass: TypeAlias = Literal["AutoModelForImageTextToText", "AutoModelForCausalLM"]

# What transformers raises on a folder that is incomplete, or whose config means nothing to it.
FAILURES = (OSError, ValueError, KeyError, AttributeError, TypeError, ImportError, RuntimeError)
# SmolVLM's own processor asks for two more packages, for videos; a picture goes in as with this.
STAND_INS = {"SmolVLMProcessor": "Idefics3Processor"}
# As published: Qwen2.5-VL writes pixels of the picture, the others parts of a thousand.
BOXES = {
    "qwen2_vl": "thousand",
    "qwen2_5_vl": "pixel",
    "qwen3_vl": "thousand",
    "qwen3_vl_moe": "thousand",
}
REPLY = 2048  # tokens
_WITH_VIDEOS = ("image_processor", "tokenizer", "video_processor")  # in the order of nearly all
_PROCESSOR_FILES = ("processor_config.json", "preprocessor_config.json")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with a model that writes."""

    folder: Path
    config: dict[str, Any]
    auto_class: AutoClass

    @property
    def sees(self) -> bool:
        """Whether it takes pictures."""
        return self.auto_class == "AutoModelForImageTextToText"

    @property
    def context(self) -> int | None:
        """Tokens that it was made for, in and out; None where its config does not say."""
        inner = [part for part in self.config.values() if isinstance(part, dict)]
        named = [self.config.get("text_config"), *inner, self.config]
        for part in named:
            found = part.get("max_position_embeddings") if isinstance(part, dict) else None
            if isinstance(found, int) and found > 0:
                return found
        return None

    @property
    def stamp(self) -> str:
        """Another one when a file of the folder has changed."""
        files = sorted(path for path in self.folder.iterdir() if path.is_file())
        told = ((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
        return blake2b(repr(list(told)).encode(), digest_size=8).hexdigest()

    @property
    def reply_tokens(self) -> int:
        """The most that a reply may have where nobody says otherwise."""
        path = self.folder / "generation_config.json"
        told = read_json(path).get("max_new_tokens") if path.is_file() else None
        return told if isinstance(told, int) and told > 0 else REPLY

    @property
    def boxes(self) -> str | None:
        """The numbers in which its family writes boxes, as `Abilities` has them; None: unknown."""
        return BOXES.get(str(self.config.get("model_type", "")))


def find_checkpoint(name_or_path: str) -> Checkpoint:
    """The checkpoint of that path, or of that name in the local hub cache.

    Raises:
        UnknownModelError: it is not on this machine, lacks a file, or is no model that chats.
    """
    place = Path(name_or_path).expanduser()
    if not place.is_dir() and (place.is_absolute() or name_or_path.startswith((".", "~"))):
        raise UnknownModelError(f"There is no folder {name_or_path!r} with a model in it.")
    folder = find_model(name_or_path)
    config = read_config(folder)
    return Checkpoint(folder, config, _auto_class(folder, config))


def feeders(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """(tokenizer, processor) of transformers; the processor is None for a model of text alone.

    Pictures are prepared by Pillow whether torchvision is there or not, since the two differ in
    the last bits of every pixel; the part for videos, which insists on torchvision, is left out.

    Raises:
        UnknownModelError: the folder is incomplete.
    """
    with quiet_loading(), explained(checkpoint.folder):
        if not checkpoint.sees:
            return _tokenizer(checkpoint.folder), None
        processor = _processor(checkpoint)
        return processor.tokenizer, processor


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """What transformers raises on a folder that it cannot load, as one line of ours.

    Raises:
        UnknownModelError: instead of those.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (*FAILURES, SafetensorError) as error:
        if type(error).__name__ == "OutOfMemoryError":
            raise UnknownModelError(
                f"The device has too little memory for the model in {str(folder)!r}. Take a "
                "smaller one, or run it on the processor: PAGEHOP_DEVICE=cpu."
            ) from error
        first = " ".join(str(error).split())[:300]
        if isinstance(error, ImportError):
            raise UnknownModelError(
                f"The model in {str(folder)!r} needs a package that is not installed: {first}"
            ) from error
        raise UnknownModelError(
            f"The model in {str(folder)!r} cannot be loaded ({type(error).__name__}: {first}). Is "
            "the copy complete, and made for transformers 5?"
        ) from error


def _auto_class(folder: Path, config: dict[str, Any]) -> AutoClass:
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    )

    names = [str(name) for name in config.get("architectures") or []]
    kind = str(config.get("model_type", ""))
    seeing: dict[str, Any] = dict(MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
    telling: dict[str, Any] = dict(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    chats = not config.get("is_encoder_decoder")
    if chats and _names(seeing.get(kind), names):
        return "AutoModelForImageTextToText"
    if chats and _names(telling.get(kind), names):
        return "AutoModelForCausalLM"
    raise UnknownModelError(
        f"The model in {str(folder)!r} is no chat model: its config.json says "
        f"{', '.join(names) or 'no architecture'} (model type {kind or 'none'!r}). It takes one "
        "that transformers 5 loads for image-text-to-text or text generation."
    )


def _names(found: object, names: list[str]) -> bool:
    known = (found,) if isinstance(found, str) else found
    return isinstance(known, tuple | list) and (not names or any(name in known for name in names))


def _tokenizer(folder: Path) -> Any:  # noqa: ANN401 - of transformers
    from transformers import AutoTokenizer

    words: Any = AutoTokenizer
    return words.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _processor(checkpoint: Checkpoint) -> Any:  # noqa: ANN401 - of transformers
    """The checkpoint's processor, without its part for videos."""
    import transformers

    folder = checkpoint.folder
    name = _processor_name(checkpoint)
    found: Any = getattr(transformers, STAND_INS.get(name, name), None) if name else None
    if found is None:
        found = transformers.AutoProcessor
    elif tuple(found.get_attributes()) == _WITH_VIDEOS:
        found = _without_videos(found)
    processor = found.from_pretrained(
        folder, local_files_only=True, backend="pil", trust_remote_code=False
    )
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise ValueError("it has no processor for pictures")
    return processor


def _processor_name(checkpoint: Checkpoint) -> str:
    for file in _PROCESSOR_FILES:
        path = checkpoint.folder / file
        if path.is_file() and (name := read_json(path).get("processor_class")):
            return str(name)
    from transformers.models.auto import processing_auto

    known: dict[str, str | None] = dict(getattr(processing_auto, "PROCESSOR_MAPPING_NAMES", {}))
    return known.get(str(checkpoint.config.get("model_type"))) or ""


def _without_videos(kind: Any) -> Any:  # noqa: ANN401 - a class of transformers
    """The processor class as one of pictures and text: it loads and takes these two alone."""

    def make(
        self: Any,  # noqa: ANN401
        image_processor: Any,  # noqa: ANN401
        tokenizer: Any,  # noqa: ANN401
        chat_template: str | None = None,
        **settings: Any,  # noqa: ANN401
    ) -> None:
        kind.__init__(
            self, image_processor, tokenizer, None, chat_template=chat_template, **settings
        )

    return type(kind.__name__, (kind,), {"__init__": make})
