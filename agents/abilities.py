"""What a chat model can do, as far as it is known: the one place that looks at profiles.

LangChain's `model.profile` says it for hosted models and is silent for most others; what it is
silent on is assumed here. A profile is a plain dict that may be set by hand, on any model:

    model.profile = {**(model.profile or {}), "image_inputs": False, "max_input_tokens": 32_000}

Beside LangChain's keys three of our own are read: `max_images` (the most pictures in one call),
`image_pixels` (of one picture) and `boxes` (the numbers in which the model has learnt to write
a box; see `Abilities`). Set them after the model was made: LangChain warns of keys that it does
not know when they are given to the constructor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable

from pagehop.agents.calling.failures import model_name
from pagehop.tools.boxes import BoxUnit
from pagehop.tools.errors import InputError

# What is published of models by name: the first line that fits holds.
KNOWN: tuple[tuple[re.Pattern[str], Mapping[str, object]], ...] = (
    # Anthropic, "Vision": larger pictures are scaled down to about 1.15 megapixels.
    (re.compile(r"claude", re.IGNORECASE), {"image_pixels": 1_150_000}),
    # Google, "Image understanding": box_2d is [ymin, xmin, ymax, xmax] from 0 to 1000.
    (re.compile(r"gemini", re.IGNORECASE), {"boxes": "thousand-yx"}),
    # Qwen2.5-VL writes pixels of the picture; Qwen2-VL and Qwen3-VL write 0 to 1000, as GLM-V.
    (re.compile(r"qwen-?2[._]5-?vl", re.IGNORECASE), {"boxes": "pixel"}),
    (re.compile(r"qwen-?[23]-?vl|glm-?4\S*v\b", re.IGNORECASE), {"boxes": "thousand"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a model can do, and how much of it in one call."""

    tools: bool = True  # it can be offered tools
    schema: bool = False  # its replies can be held to a JSON schema
    images: bool = True  # it takes pictures
    images_in_results: bool = False  # in results of tools too; else they follow in a message
    images_per_call: int = 8  # the most pictures in one call
    pixels: int = 1_500_000  # of one picture, width by height
    context: int = 100_000  # tokens that go into one call
    boxes: BoxUnit | None = None  # how it writes a box that is not fractions; None: unknown


def abilities_of(model: BaseChatModel | Runnable[Any, Any]) -> Abilities:
    """What the model can do, by its profile and its own settings.

    Args:
        model: a chat model, also one with arguments bound to it.

    Raises:
        InputError: `max_images`, `image_pixels` or `boxes` of the profile is no such thing.
    """
    inner = _innermost(model)
    given = getattr(inner, "profile", None)
    profile: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    ours = {**_known(inner), **profile}
    assumed = Abilities()
    return Abilities(
        tools=_takes_tools(inner, profile),
        schema=_flag(profile, "structured_output", assumed.schema),
        images=_flag(profile, "image_inputs", assumed.images),
        images_in_results=_flag(profile, "image_tool_message", assumed.images_in_results),
        images_per_call=_count(ours, "max_images", assumed.images_per_call),
        pixels=_count(ours, "image_pixels", assumed.pixels),
        context=_tokens(profile, assumed.context),
        boxes=_boxes(ours),
    )


def _innermost(model: object) -> object:
    """The model itself, without what is bound to it."""
    while isinstance(inner := getattr(model, "bound", None), Runnable):
        model = inner
    return model


def _known(model: object) -> Mapping[str, object]:
    name = model_name(model)
    return next((facts for pattern, facts in KNOWN if pattern.search(name)), {})


def _takes_tools(model: object, profile: Mapping[str, Any]) -> bool:
    """Whether its class can bind tools, and neither its own setting nor its profile denies it."""
    if getattr(type(model), "bind_tools", BaseChatModel.bind_tools) is BaseChatModel.bind_tools:
        return False
    own = getattr(model, "tool_calling", True)
    return own is not False and _flag(profile, "tool_calling", default=True)


def _flag(profile: Mapping[str, Any], key: str, default: bool) -> bool:
    value = profile.get(key)
    return value if isinstance(value, bool) else default


def _tokens(profile: Mapping[str, Any], default: int) -> int:
    """LangChain's figure; its profiles have 0 where none is known."""
    value = profile.get("max_input_tokens")
    return value if isinstance(value, int) and value > 0 else default


def _count(profile: Mapping[str, Any], key: str, default: int) -> int:
    value = profile.get(key, default)
    if type(value) is not int or value < 1:
        raise InputError(f"The profile's {key!r} is {value!r}; it takes a whole number from 1.")
    return value


def _boxes(profile: Mapping[str, Any]) -> BoxUnit | None:
    value = profile.get("boxes")
    if value is None:
        return None
    if value not in get_args(BoxUnit):
        raise InputError(
            f"The profile's 'boxes' is {value!r}; it takes one of {', '.join(get_args(BoxUnit))}."
        )
    unit: BoxUnit = value
    return unit
