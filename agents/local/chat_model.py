"""`local:` models: a vision-language model of transformers as a LangChain chat model."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr, model_validator

from pagehop.agents.calling.deadline import current_deadline
from pagehop.agents.local.reader import Reader, reader_of
from pagehop.agents.local.reply import Way, chunks
from pagehop.agents.local.weights import weights_of
from pagehop.agents.local.writing import Settings

# What a call may set for itself, with `bind` or as an argument of `invoke`.
CALLED = ("max_tokens", "temperature", "top_p", "seed", "timeout")


class LocalChatModel(BaseChatModel):
    """A chat model in a folder on this machine, or in the local hub cache, run by transformers.

    Qwen3-VL, Qwen2.5-VL, SmolVLM, Idefics3 and whatever else transformers' auto classes load for
    image-text-to-text; models of text alone too. Nothing is downloaded, no code of a checkpoint
    is run, and weights that do not fit the config are refused. The folder is read when this is
    made, files that are missing or torn included; the weights at the first call, once per
    process. One reply at a time is written.

    Replies are the likeliest ones unless a temperature is given; the same seed then gives the
    same reply. Thoughts (`<think>`) come as a reasoning block beside the text. Tool calls go
    through the checkpoint's chat template; where it takes no tools, `bind_tools` refuses.

    Attributes:
        model: a folder, or a name in the hub cache.
        device: cpu, cuda, cuda:1, mps; None: `PAGEHOP_DEVICE`, else the fastest there is.
        dtype: float32, bfloat16 or float16; None: bfloat16 on a GPU, float32 on a processor.
        max_tokens: the most that a reply may have; None: as the checkpoint has it, else 2048.
        temperature: 0 or more.
        top_p: with a temperature; None: as the checkpoint has it.
        seed: with a temperature; None: another reply each time.
        stop: texts that end a reply; they are cut off.
        timeout: seconds for one reply; None: as long as the question's budget.
        thinking: whether a model that can choose thinks first; None: as its template has it.
        generation: further arguments of transformers' `generate`.

    Raises:
        UnknownModelError: there is no such model on this machine, it is no chat model, or its copy
            is not whole; at the first call: its weights do not fit its config.
        InputError: at the first call: there is no such device or dtype.
    """

    model: str
    device: str | None = None
    dtype: str | None = None
    max_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=0.0, ge=0.0)
    top_p: float | None = None
    seed: int | None = None
    stop: list[str] | None = None
    timeout: float | None = None
    thinking: bool | None = None
    generation: dict[str, Any] = Field(default_factory=dict)
    _reader: Reader = PrivateAttr()

    def model_post_init(self, context: object, /) -> None:
        """Read the folder; weights come with the first call."""
        super().model_post_init(context)
        self._reader = reader_of(self.model)

    def _resolve_model_profile(self) -> ModelProfile | None:
        return self._reader.profile(self._reply_tokens)

    @model_validator(mode="after")
    def _add_own_keys(self) -> Self:
        """Say what LangChain has no keys for, once its validator is through that warns of them."""
        own = self._reader.own_profile(self._reply_tokens)
        self.profile = cast("ModelProfile", own | dict(self.profile or {}))
        return self

    @property
    def _reply_tokens(self) -> int:
        return self.max_tokens or self._reader.checkpoint.reply_tokens

    @property
    def _llm_type(self) -> str:
        return "pagehop-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "temperature": self.temperature, "seed": self.seed}

    def load(self) -> None:
        """Load the weights now, and not at the first call.

        Raises:
            InputError: there is no such device or dtype.
            UnknownModelError: the weights are not those of the config.
        """
        weights_of(self._reader.checkpoint, device=self.device, dtype=self.dtype)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - LangChain's signature
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools on offer.

        Args:
            tools: as LangChain takes them.
            tool_choice: a tool's name, or any/required: the beginning of a call is then written
                in the model's name, where its template shows how calls begin. auto, none, None.
            kwargs: of the call.

        Raises:
            NotImplementedError: the checkpoint's chat template takes no tools.
        """
        if not self._reader.template.manners.tools:
            raise NotImplementedError(f"The chat template of {self.model!r} takes no tools.")
        described = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=described, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain's signature
        **kwargs: Any,  # noqa: ANN401
    ) -> ChatResult:
        told = list(self._chunks(messages, stop, kwargs))
        whole = told[0]
        for chunk in told[1:]:
            whole += chunk
        message = AIMessage(
            content=whole.content,
            tool_calls=whole.tool_calls,
            invalid_tool_calls=whole.invalid_tool_calls,
            response_metadata=whole.response_metadata,
            usage_metadata=whole.usage_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Iterator[ChatGenerationChunk]:
        for message in self._chunks(messages, stop, kwargs):
            chunk = ChatGenerationChunk(message=message)
            if run_manager is not None:
                run_manager.on_llm_new_token(str(message.text), chunk=chunk)
            yield chunk

    def _chunks(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Iterator[AIMessageChunk]:
        tools = kwargs.pop("tools", None) or []
        choice = kwargs.pop("tool_choice", None)
        thinking = kwargs.pop("thinking", self.thinking)
        way = self._way(stop, kwargs)  # before the pages are prepared: the time is running
        prompted = self._reader.prompt(messages, tools, choice=choice, thinking=thinking)
        weights = weights_of(self._reader.checkpoint, device=self.device, dtype=self.dtype)
        yield from chunks(prompted, weights, way)

    def _way(self, stop: list[str] | None, kwargs: dict[str, Any]) -> Way:
        """How this reply is written: as the model is set, unless the call says otherwise."""
        given = {name: kwargs[name] for name in CALLED if kwargs.get(name) is not None}
        set_here = {name: given.get(name, getattr(self, name)) for name in CALLED}
        most = set_here.pop("max_tokens") or self._reply_tokens
        timeout = set_here.pop("timeout")
        ends = [current_deadline(), None if timeout is None else time.monotonic() + timeout]
        return Way(
            settings=Settings(
                max_new_tokens=most,
                deadline=min((end for end in ends if end is not None), default=None),
                more={**self.generation, **kwargs.get("generation", {})},
                **set_here,
            ),
            stops=tuple(stop or self.stop or ()),
            tokenizer=self._reader.tokenizer,
            lock=self._reader.lock,
            name=self.model,
        )
