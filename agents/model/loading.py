"""Chat models by name: `provider:model`, loaded without any network, refused in one line.

Nothing is guessed: a model without its provider is refused, since a guess could send a
person's documents to a service that was never named. One model given serves every role.

    openai:gpt-5-mini                          a hosted service, with its key
    openai:qwen3-vl@http://127.0.0.1:8000/v1   an OpenAI-compatible server, by its base URL
    ollama:qwen3-vl                            Ollama's own protocol
    local:/models/qwen3-vl-4b                  in this process, by transformers

A server by its URL gets the key in PAGEHOP_SERVER_KEY, or "none": never OPENAI_API_KEY, nor
what else is set for OpenAI. Without a URL, LangChain's client for `openai:` goes where
OPENAI_API_BASE or else OPENAI_BASE_URL says, with OPENAI_API_KEY, as OpenAI's own does.
"""

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from langchain_core.language_models import BaseChatModel

from pagehop.tools.errors import MissingKeyError, UnknownModelError

Role: TypeAlias = Literal["contextualizer", "planner", "text", "image", "critic", "summarizer"]
ModelChoice: TypeAlias = str | BaseChatModel
ROLES: tuple[Role, ...] = get_args(Role)
DEFAULT = "default"
KEY_NAME = re.compile(r"\b[A-Z][A-Z0-9_]*_(?:API_KEY|TOKEN|KEY)\b")


@dataclass(frozen=True, slots=True)
class _Provider:
    """What a provider needs: our extra, its package, one of these environment variables."""

    extra: str
    package: str
    keys: tuple[str, ...] = ()
    own_retries: bool = False  # its client retries by itself unless told not to


PROVIDERS = {
    "openai": _Provider("openai", "langchain_openai", ("OPENAI_API_KEY",), own_retries=True),
    "anthropic": _Provider(
        "anthropic", "langchain_anthropic", ("ANTHROPIC_API_KEY",), own_retries=True
    ),
    "google_genai": _Provider(
        "google", "langchain_google_genai", ("GOOGLE_API_KEY", "GEMINI_API_KEY")
    ),
    "ollama": _Provider("ollama", "langchain_ollama"),
}
LOCAL = "local"
REPLY_TOKENS = 16_384  # of a hosted model at most, its own thoughts included
SERVER = re.compile(r"(?P<name>[^@]+)@(?P<url>https?://.*)", re.IGNORECASE)  # MODEL@BASE_URL


def load_model(model: ModelChoice) -> BaseChatModel:
    """The chat model of that name; one that is a model already is passed through.

    Args:
        model: `provider:model` as LangChain's `init_chat_model` takes it, `local:` and a folder
            or a name in the hub cache, `openai:model@URL`, or a chat model.

    Raises:
        UnknownModelError: no such provider, its package is not installed, or it takes no
            such model; no such model on this machine. Whether a provider or a server has a
            model of that name shows at the first call.
        MissingKeyError: the provider's key is not set.
    """
    if isinstance(model, BaseChatModel):
        return model
    if not isinstance(model, str):
        raise UnknownModelError(
            f"A model is a name such as 'openai:gpt-5-mini' or a LangChain chat model; "
            f"this is a {type(model).__name__}."
        )
    provider, colon, name = model.strip().partition(":")
    if not (colon and provider and name):
        raise UnknownModelError(
            f"{model!r} names no provider. Write provider:model, such as 'openai:gpt-5-mini', "
            "'ollama:qwen3-vl', 'local:/models/qwen3-vl-4b' or "
            f"'openai:MODEL@http://127.0.0.1:8000/v1'. Providers: {', '.join(PROVIDERS)}, "
            f"{LOCAL}, and all others that LangChain's init_chat_model knows."
        )
    return _load(provider, name)


def models_by_role(
    model: ModelChoice | Mapping[str, ModelChoice],
) -> dict[Role, BaseChatModel]:
    """A model for every role.

    Args:
        model: one for all, or a mapping from roles to models. Roles that it leaves out take
            its `default`, or, when it names one model only, that one.

    Raises:
        UnknownModelError: an unknown role, or a role for which no model is named.
        MissingKeyError: as `load_model`.
    """
    if not isinstance(model, Mapping):
        only = load_model(model)
        return dict.fromkeys(ROLES, only)
    unknown = sorted(set(model) - {*ROLES, DEFAULT})
    if unknown or not model:
        raise UnknownModelError(
            f"There is no role {unknown}; the roles are {', '.join((*ROLES, DEFAULT))}."
        )
    loaded = _each_once(model)
    default = loaded.get(DEFAULT)
    if default is None and len({id(one) for one in loaded.values()}) == 1:
        default = next(iter(loaded.values()))
    missing = [role for role in ROLES if role not in loaded]
    if default is None and missing:
        raise UnknownModelError(
            f"No model is named for {', '.join(missing)}. Name one for each, or a 'default'."
        )
    return {role: loaded.get(role) or _given(default) for role in ROLES}


def name_of(model: ModelChoice | Mapping[str, ModelChoice]) -> str:
    """What an answer says it was made by: the names that were given, each once."""
    if isinstance(model, Mapping):
        return ", ".join(dict.fromkeys(name_of(one) for one in model.values()))
    if isinstance(model, str):
        return model.strip()
    from pagehop.agents.calling.failures import model_name

    return model_name(model)


def _each_once(model: Mapping[str, ModelChoice]) -> dict[str, BaseChatModel]:
    """The models of a mapping; one that is named twice is loaded once."""
    by_name = {one: load_model(one) for one in model.values() if isinstance(one, str)}
    return {
        role: by_name[one] if isinstance(one, str) else load_model(one)
        for role, one in model.items()
    }


def _given(model: BaseChatModel | None) -> BaseChatModel:
    assert model is not None
    return model


def _load(provider: str, name: str) -> BaseChatModel:
    if provider == LOCAL:
        from pagehop.agents.local.chat_model import LocalChatModel

        return LocalChatModel(model=name)
    known = PROVIDERS.get(provider)
    if "://" in name or (provider == "openai" and "@" in name):
        return _load_server(provider, name)
    _check_installed(provider, name, known)
    if known and known.keys and not any(os.environ.get(key) for key in known.keys):
        raise MissingKeyError(
            f"'{provider}:{name}' needs a key: set the environment variable "
            f"{' or '.join(known.keys)}."
        )
    from langchain.chat_models import init_chat_model

    # Our own Calls retries, within the budget; the client's retries would hide from it. And what
    # a reply may cost at most is held back from the budget while it is awaited.
    own = {"max_retries": 0, "max_tokens": REPLY_TOKENS}
    settings: dict[str, Any] = own if known and known.own_retries else {}
    try:
        made: BaseChatModel = init_chat_model(name, model_provider=provider, **settings)
    except ImportError as error:
        raise _not_installed(provider, name, error) from error
    except Exception as error:  # a provider's own classes: each becomes one of our two
        raise _refused(provider, name, error) from error
    return made


def _load_server(provider: str, name: str) -> BaseChatModel:
    """A model of a server by its URL; what is no such name must not reach a hosted service."""
    named = SERVER.fullmatch(name)
    if named is None or provider != "openai":
        raise UnknownModelError(
            f"'{provider}:{name.partition('@')[0]}@...' names no server. Write "
            "openai:MODEL@http://HOST:PORT/v1, with the whole base URL, for any server that "
            "speaks OpenAI's protocol."
        )
    _check_installed(provider, named["name"], PROVIDERS[provider])
    from pagehop.agents.local.server import server_model

    return server_model(named["name"], named["url"])


def _check_installed(provider: str, name: str, known: _Provider | None) -> None:
    package = known.package if known else "langchain"
    if importlib.util.find_spec("langchain") and importlib.util.find_spec(package):
        return
    extra = known.extra if known else "providers"
    raise UnknownModelError(
        f"'{provider}:{name}' needs a package that is not installed: "
        f"pip install 'pagehop[{extra}]'."
    )


def _not_installed(provider: str, name: str, error: ImportError) -> UnknownModelError:
    package = (error.name or f"langchain_{provider}").partition(".")[0].replace("_", "-")
    return UnknownModelError(
        f"'{provider}:{name}' needs a package that is not installed: pip install {package}."
    )


def _refused(provider: str, name: str, error: Exception) -> MissingKeyError | UnknownModelError:
    told = " ".join(str(error).split())
    if told.startswith("Unsupported provider"):
        return UnknownModelError(
            f"There is no model provider {provider!r}; there are {', '.join(PROVIDERS)}, {LOCAL}, "
            "and all others that LangChain's init_chat_model knows."
        )
    key = KEY_NAME.search(told)
    if key:
        return MissingKeyError(
            f"'{provider}:{name}' needs a key: set the environment variable {key[0]}."
        )
    return UnknownModelError(f"'{provider}:{name}' cannot be used: {told[:300]}")
