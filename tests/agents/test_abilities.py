"""What a model can do is read in one place, from its profile and its own settings."""

import pytest
from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel
from langchain_openai import ChatOpenAI

from pagehop.agents.abilities import Abilities, abilities_of
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import InputError


def named(name, **settings):
    return ScriptedChatModel(model_name=name, **settings)


def with_own(**settings):
    """A model whose user has set more in its profile."""
    model = ScriptedChatModel(profile={"tool_calling": True})
    model.profile = {**model.profile, **settings}
    return model


def test_what_a_profile_is_silent_on_is_assumed():
    assert abilities_of(ScriptedChatModel()) == Abilities()
    assert abilities_of(ScriptedChatModel(profile={})) == Abilities()


def test_a_profile_is_believed():
    model = ScriptedChatModel(
        profile={
            "tool_calling": False,
            "structured_output": True,
            "image_inputs": False,
            "image_tool_message": True,
            "max_input_tokens": 8_000,
        }
    )
    assert abilities_of(model) == Abilities(
        tools=False, schema=True, images=False, images_in_results=True, context=8_000
    )


def test_a_hosted_model_s_own_profile_is_read():
    able = abilities_of(ChatOpenAI(model="gpt-5-mini", api_key="none"))
    assert (able.tools, able.schema, able.images, able.images_in_results) == (True,) * 4
    assert able.context == 272_000


def test_a_model_that_cannot_bind_tools_has_none():
    assert abilities_of(ParrotFakeChatModel()).tools is False


def test_tools_are_offered_where_nothing_denies_them():
    denied = ScriptedChatModel(tool_calling=False, profile={"tool_calling": True})
    assert abilities_of(denied).tools is False
    assert abilities_of(ScriptedChatModel(profile={"tool_calling": True})).tools is True


def test_settings_of_one_s_own_are_read_and_outlive_a_binding():
    model = with_own(max_images=4, image_pixels=800_000, boxes="pixel")
    for seen in (model, model.bind(stop=["."]), model.bind_tools([]).with_config(tags=["x"])):
        able = abilities_of(seen)
        assert (able.images_per_call, able.pixels, able.boxes) == (4, 800_000, "pixel")


@pytest.mark.parametrize(
    "wrong",
    [{"max_images": 0}, {"max_images": "4"}, {"image_pixels": True}, {"boxes": "points"}],
)
def test_a_setting_that_is_none_is_refused_by_its_name(wrong):
    ((key, value),) = wrong.items()
    with pytest.raises(InputError, match=f"'{key}' is {value!r}"):
        abilities_of(with_own(**wrong))


@pytest.mark.parametrize("unknown", [0, None, -1, "many"])
def test_a_context_of_nothing_is_an_unknown_one(unknown):
    model = with_own(max_input_tokens=unknown)
    assert abilities_of(model).context == Abilities().context


@pytest.mark.parametrize(
    ("name", "boxes"),
    [
        ("gemini-2.5-flash", "thousand-yx"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "pixel"),
        ("qwen2.5vl:7b", "pixel"),
        ("/models/Qwen3-VL-2B", "thousand"),
        ("qwen3-vl:8b", "thousand"),
        ("Qwen2-VL-2B-Instruct", "thousand"),
        ("zai-org/GLM-4.5V", "thousand"),
        ("HuggingFaceTB/SmolVLM-500M", None),
        ("qwen3:8b", None),
    ],
)
def test_how_a_model_writes_boxes_is_known_by_its_name(name, boxes):
    assert abilities_of(named(name)).boxes == boxes


def test_what_is_set_goes_before_what_is_known():
    model = named("claude-sonnet-4-5")
    assert abilities_of(model).pixels == 1_150_000
    model.profile = {"image_pixels": 2_000_000}
    assert abilities_of(model).pixels == 2_000_000
