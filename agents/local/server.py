"""A chat model behind an OpenAI-compatible server that is named by its URL.

vLLM, llama.cpp, LM Studio, Ollama's /v1 and others speak this. What belongs to OpenAI's own
service stays at home: its key, its organization and project, its profiles of models.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import ModelProfile
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from openai import APIConnectionError, APITimeoutError
from pydantic import SecretStr, model_validator

from pagehop.tools.errors import UnknownModelError

KEY_VARIABLE = "PAGEHOP_SERVER_KEY"
NO_KEY = "none"  # servers that ask for no key take any


class ServerChatModel(ChatOpenAI):
    """A model of an OpenAI-compatible server.

    A server that is not reached raises ConnectionError with its URL in it, which is tried again
    like any fault of the network.
    """

    @model_validator(mode="after")
    def _keep_openai_settings_at_home(self) -> Self:
        """Take off what the client found in OPENAI_ORG_ID, _PROJECT_ID and _CUSTOM_HEADERS."""
        self.openai_organization = None
        for client in (self.root_client, self.root_async_client):
            client.organization = client.project = None
            client._custom_headers = dict(self.default_headers or {})
        return self

    def _resolve_model_profile(self) -> ModelProfile | None:
        return None  # a name that OpenAI uses too may be another model here

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> ChatResult:
        with _named(self.openai_api_base):
            return super()._generate(messages, stop, run_manager, **kwargs)

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:  # noqa: ANN401
        with _named(self.openai_api_base):
            yield from super()._stream(*args, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> ChatResult:
        with _named(self.openai_api_base):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:  # noqa: ANN401
        with _named(self.openai_api_base):
            async for chunk in super()._astream(*args, **kwargs):
                yield chunk


def server_model(name: str, url: str) -> ServerChatModel:
    """The model of that name on the server at that URL; nobody is asked yet.

    Args:
        name: as the server knows it.
        url: up to where `/chat/completions` follows: `http://127.0.0.1:8000/v1`.

    Raises:
        UnknownModelError: the URL is none, or carries a password or a query.
    """
    parts = urlsplit(url)
    if not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise UnknownModelError(
            f"{_shown(url)!r} is no base URL of a server. Write openai:MODEL@http://HOST:PORT/v1, "
            f"and put a key into {KEY_VARIABLE}."
        )
    return ServerChatModel(
        model=name,
        base_url=url.rstrip("/"),
        api_key=SecretStr(os.environ.get(KEY_VARIABLE) or NO_KEY),
        max_retries=0,  # our own Calls tries again, within the budget
        stream_usage=True,
        use_responses_api=False,
    )


@contextmanager
def _named(url: str | None) -> Iterator[None]:
    """Faults of the network, with the server's URL in them."""
    try:
        yield
    except APITimeoutError as error:
        raise TimeoutError(f"The server at {url} did not answer in time.") from error
    except APIConnectionError as error:
        raise ConnectionError(f"There is no answer from {url}. Does the server run?") from error


def _shown(url: str) -> str:
    """The URL without what may be a password or a key in it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
