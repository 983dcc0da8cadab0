"""What a model's tokens cost. No table is shipped, as prices change: users pass theirs."""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage

from pagehop.agents.budget import Budget
from pagehop.agents.calling.failures import model_name
from pagehop.tools.errors import InputError, UnknownPriceError

MILLION = 1_000_000
DECIMALS = 12  # of money: sums come out the same in whatever order calls finish
ADDRESSES = ("base_url", "openai_api_base", "anthropic_api_url", "endpoint", "endpoint_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a million tokens cost, in any currency, the same for all prices of a run."""

    input: float
    output: float
    cached_input: float | None = None  # tokens the provider had kept; None: as other input

    def __post_init__(self) -> None:
        """Refuse what is no price.

        Raises:
            InputError: less than nothing, or not a number.
        """
        if not all(part >= 0 for part in (self.input, self.output, self.cached_input or 0.0)):
            raise InputError(f"{self} is no price: it cannot be below zero.")

    def of(self, input_tokens: int, output_tokens: int, *, cached: int = 0) -> float:
        """What so many tokens cost; `cached` of those that went in were kept by the provider."""
        kept = self.input if self.cached_input is None else self.cached_input
        total = (input_tokens - cached) * self.input + cached * kept + output_tokens * self.output
        return round(total / MILLION, DECIMALS)


Prices: TypeAlias = Mapping[str, Price]  # by name: "openai:gpt-5-mini", or the model's own name
FREE = Price(input=0.0, output=0.0)


def price_of(model: object, prices: Prices | None) -> Price | None:
    """The price of a model's tokens; None where it is not known.

    A price that was given counts first, by the name a user gives (`provider:model`) or by the
    model's own. Without one a model costs nothing where it runs in this process or on a server
    at an address of this machine or its private network; every other is unknown.
    """
    provider, name = provider_of(model), model_name(model).removeprefix("models/")
    for key in (f"{provider}:{name}", name, model_name(model)):
        if prices and key in prices:
            return prices[key]
    named = [  # another provider's name for it, or with the URL of a server behind it
        price
        for key, price in (prices or {}).items()
        if key.partition("@http")[0].endswith(f":{name}")
    ]
    if len(set(named)) == 1:
        return named[0]
    return FREE if _is_at_home(model) else None


def check_prices(budget: Budget, models: Iterable[object], prices: Prices | None) -> None:
    """Refuse a limit on money that could not be kept.

    Raises:
        UnknownPriceError: money is limited, and the price of one of the models is not known.
    """
    if budget.money is None:
        return
    unknown = sorted({model_name(one) for one in models if price_of(one, prices) is None})
    if unknown:
        raise UnknownPriceError(
            f"The budget limits money, but no price is known for {', '.join(unknown)}. Pass "
            f"prices={{{unknown[0]!r}: Price(input=..., output=...)}} (a million tokens; "
            "--price on the command line), or limit tokens instead."
        )


def money_of(
    price: Price | None, tokens: tuple[int, int], reply: AIMessage | None = None
) -> float | None:
    """What those tokens (in, out) cost; None where the price is not known."""
    usage = reply.usage_metadata if reply is not None else None
    details = usage.get("input_token_details", {}) if usage else {}
    cached = min(details.get("cache_read") or 0, tokens[0])
    return None if price is None else price.of(*tokens, cached=cached)


def provider_of(model: object) -> str:
    """Whom a model object belongs to, as LangChain names it: `openai`; empty where it has none."""
    inner = getattr(model, "bound", model)
    describe = getattr(inner, "_get_ls_params", None)
    told = describe() if callable(describe) else {}
    return str(told.get("ls_provider", ""))


def _is_at_home(model: object) -> bool:
    inner = getattr(model, "bound", model)
    given = (getattr(inner, name, None) for name in ADDRESSES)
    client = getattr(getattr(inner, "root_client", None), "base_url", None)
    address = next((str(one) for one in (*given, client) if one), "")
    if address:
        return _is_private(urlsplit(address).hostname)
    ours = type(inner).__module__.startswith("pagehop.")  # runs in this process
    return ours or provider_of(inner) == "ollama"


def _is_private(host: str | None) -> bool:
    if not host:
        return False
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))
