"""What a model costs is what its user said; what nobody said is unknown, and never nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI

from pagehop.agents import load_model
from pagehop.agents.budget import Budget
from pagehop.agents.calling.prices import FREE, Price, check_prices, money_of, price_of
from pagehop.agents.scripted import ScriptedChatModel
from pagehop.tools.errors import InputError, UnknownPriceError

MINI = Price(input=0.25, output=2.0, cached_input=0.025)


def hosted(**settings):
    return ChatOpenAI(**{"model": "gpt-5-mini", "api_key": "sk-not-a-key-123456"} | settings)


@pytest.mark.parametrize(
    "name",
    ["openai:gpt-5-mini", "gpt-5-mini", "azure:gpt-5-mini", "openai:gpt-5-mini@http://10.0.0.1/v1"],
)
def test_a_price_is_found_by_the_name_that_was_given_or_the_model_s_own(name):
    assert price_of(hosted(), {name: MINI}) == MINI


def test_two_prices_of_one_model_elsewhere_are_no_price():
    other = Price(input=1, output=1)
    assert price_of(hosted(), {"azure:gpt-5-mini": MINI, "proxy:gpt-5-mini": other}) is None
    assert price_of(hosted(), {"azure:gpt-5-mini": other, "openai:gpt-5-mini": MINI}) == MINI


@pytest.mark.parametrize(
    "address", ["http://localhost:8000/v1", "http://127.0.0.1:1/v1", "http://192.168.1.7/v1",
                "http://[::1]:8000/v1", "http://gpu-box:8000/v1", "http://gpu.local/v1"],
)  # fmt: skip
def test_a_server_at_home_costs_nothing_unless_a_price_is_given(address):
    model = hosted(base_url=address)
    assert price_of(model, None) == FREE
    assert price_of(model, {"gpt-5-mini": MINI}) == MINI


@pytest.mark.parametrize("address", [None, "https://openrouter.example/api/v1", "https://8.8.8.8/"])
def test_any_other_server_s_price_is_unknown(address):
    assert price_of(hosted(base_url=address), {"gpt-5": MINI}) is None


def test_a_server_that_is_named_by_its_url_is_at_home_by_that_url():
    assert price_of(load_model("openai:qwen3-vl@http://127.0.0.1:8000/v1"), None) == FREE
    public = load_model("openai:qwen3-vl@https://models.example/v1")
    assert price_of(public, None) is None
    assert price_of(public, {"openai:qwen3-vl@https://models.example/v1": MINI}) == MINI


def test_a_model_in_this_process_costs_nothing():
    assert price_of(ScriptedChatModel(), None) == FREE


def test_tokens_that_the_provider_had_kept_cost_their_own_price():
    counted = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    reply = AIMessage("a", usage_metadata=counted | {"input_token_details": {"cache_read": 800}})
    assert money_of(MINI, (1000, 100), reply) == pytest.approx(
        (200 * 0.25 + 800 * 0.025 + 200) / 1e6
    )
    plain = Price(input=0.25, output=2.0)
    assert money_of(plain, (1000, 100), reply) == pytest.approx((1000 * 0.25 + 200) / 1e6)
    assert money_of(None, (1000, 100), reply) is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5)), max_size=20), st.randoms())
def test_a_sum_of_money_is_the_same_in_any_order(calls, random):
    def total(each):
        money = 0.0
        for tokens in each:
            money = round(money + MINI.of(*tokens), 12)
        return money

    assert total(calls) == total(random.sample(calls, len(calls)))


def test_a_limit_on_money_needs_every_price():
    models = [ScriptedChatModel(), hosted()]
    check_prices(Budget(), models, None)
    check_prices(Budget(money=1.0), models, {"gpt-5-mini": MINI})
    with pytest.raises(UnknownPriceError, match=r"no price is known for gpt-5-mini\. Pass prices="):
        check_prices(Budget(money=1.0), models, {})


@pytest.mark.parametrize(
    "wrong", [{"input": -1, "output": 1}, {"input": 1, "output": float("nan")}]
)
def test_what_is_no_price_is_refused(wrong):
    with pytest.raises(InputError, match="is no price"):
        Price(**wrong)
