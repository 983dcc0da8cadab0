"""What a local model is asked: messages and tools as its prompt, pictures as its tensors."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from langchain_core.language_models import ModelProfile
from langchain_core.messages import BaseMessage

from pagehop.agents.local.call_forms import Tools
from pagehop.agents.local.checkpoint import Checkpoint, explained, feeders, find_checkpoint
from pagehop.agents.local.template import FORCED, THINKS, Template, template_of
from pagehop.agents.local.turns import Conversation, conversation
from pagehop.agents.local.wholeness import check_whole
from pagehop.tools.errors import ContextTooLongError, RequestRefusedError

PAGE = (1030, 1456)  # pixels of the blank page that a picture's tokens are counted with
MOST_PICTURES = 8
MOST_PIXELS = 1_500_000  # of a picture
SHARE = 0.5  # of the context, for pictures
_READING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompted:
    """A prompt, as the model takes it."""

    inputs: Any  # of transformers: a mapping of tensors, one conversation
    tokens: int  # that go in, those of pictures included
    room: int | None  # tokens that may come out; None: the config does not say
    tools: Tools
    begun: str  # of the reply, written in the model's name
    thinking: bool  # whether the prompt ends in the middle of a thought
    rendered: str


@dataclass(frozen=True)
class Reader:
    """A checkpoint's tokenizer, processor and template. Safe in threads."""

    checkpoint: Checkpoint
    tokenizer: Any
    processor: Any  # None: a model of text alone
    template: Template
    # A fast tokenizer that two threads use at once may refuse one of them ("Already borrowed").
    lock: threading.Lock = field(default_factory=threading.Lock)

    def prompt(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]] = (),
        *,
        choice: object = None,
        thinking: bool | None = None,
    ) -> Prompted:
        """The prompt of a conversation.

        Args:
            messages: of the conversation.
            tools: on offer, in OpenAI's form.
            choice: of a tool; see `LocalChatModel.bind_tools`.
            thinking: as `Template.render`.

        Raises:
            ContextTooLongError: it does not fit into the model's context.
            RequestRefusedError: it holds what the model does not take.
        """
        offered = [] if choice == "none" else list(tools)
        told = conversation(messages, self.template.manners)
        with self.lock:
            rendered = self._rendered(told, offered, thinking)
            open_thought = rendered.rstrip().endswith(THINKS)
            begun = "" if open_thought else self._begun(choice, offered)
            inputs = self._inputs(rendered + begun, told)
        tokens = int(inputs["input_ids"].shape[1])
        context = self.checkpoint.context
        if context is not None and tokens >= context:
            raise ContextTooLongError(
                f"The conversation takes {tokens} tokens, of which {len(told.pictures)} pictures "
                f"are a part, and the local model reads {context}. Show it less."
            )
        return Prompted(
            inputs=inputs,
            tokens=tokens,
            room=None if context is None else context - tokens,
            tools=offered,
            begun=begun,
            thinking=open_thought,
            rendered=rendered,
        )

    def profile(self, reply: int) -> ModelProfile:
        """What the checkpoint can do, in LangChain's words.

        Args:
            reply: tokens that are kept free for the reply.
        """
        manners = self.template.manners
        profile = ModelProfile(
            text_inputs=True,
            image_inputs=manners.pictures,
            image_tool_message=manners.pictures_in_results,
            tool_calling=manners.tools,
            tool_choice=self.template.forces,
            structured_output=False,
            reasoning_output=THINKS in self.template.source,
            max_output_tokens=reply,
            open_weights=True,
        )
        if self.checkpoint.context is not None:
            profile["max_input_tokens"] = max(1, self.checkpoint.context - reply)
        return profile

    def own_profile(self, reply: int) -> dict[str, Any]:
        """What LangChain has no words for: our own keys of a profile (see `Abilities`).

        Args:
            reply: as for `profile`.
        """
        if not self.template.manners.pictures:
            return {}
        own = {"max_images": self._most_pictures(reply), "image_pixels": self._most_pixels()}
        return own | ({"boxes": self.checkpoint.boxes} if self.checkpoint.boxes else {})

    def _most_pictures(self, reply: int) -> int:
        """How many pages fit into half of the context as pictures."""
        context = self.checkpoint.context
        if context is None:
            return MOST_PICTURES
        fit = int(SHARE * max(0, context - reply)) // self.picture_tokens
        return max(1, min(MOST_PICTURES, fit))

    def _most_pixels(self) -> int:
        """What Qwen's processors scale a picture down to; others cut it into tiles of one size."""
        size = getattr(self.processor.image_processor, "size", None) or {}
        qwen = str(self.checkpoint.config.get("model_type", "")).startswith("qwen")
        most = size.get("longest_edge") if qwen else None  # it counts pixels there, not an edge
        return min(most, MOST_PIXELS) if isinstance(most, int) and most > 0 else MOST_PIXELS

    @cached_property
    def picture_tokens(self) -> int:
        """Tokens of a blank page of one and a half million pixels."""
        from PIL import Image

        page = Image.new("RGB", PAGE, "white")
        turn = {"role": "user", "content": [{"type": "image"}]}
        with self.lock, explained(self.checkpoint.folder):
            rendered = self.template.render([turn])
            inputs = self._inputs(rendered, Conversation([turn], [page]))
        return int(inputs["input_ids"].shape[1])

    def _rendered(self, told: Conversation, tools: Tools, thinking: bool | None) -> str:
        from jinja2 import TemplateError

        try:
            return self.template.render(told.turns, tools, thinking=thinking)
        except (TemplateError, TypeError) as error:
            raise RequestRefusedError(
                f"The model's chat template does not take this conversation: {error}"
            ) from error

    def _inputs(self, text: str, told: Conversation) -> Any:  # noqa: ANN401 - of transformers
        if self.processor is None:
            return self.tokenizer(
                text, return_tensors="pt", add_special_tokens=False, return_token_type_ids=False
            )
        begins = self.tokenizer.bos_token is not None and text.startswith(self.tokenizer.bos_token)
        return self.processor(
            text=[text],
            images=[told.pictures] if told.pictures else None,
            return_tensors="pt",
            **({"add_special_tokens": False} if begins else {}),
        )

    def _begun(self, choice: object, tools: Tools) -> str:
        """The beginning of the call that is wanted, as far as it is known."""
        if not (self.template.forces and tools and choice) or choice == "auto":
            return ""
        names = [str(tool["function"]["name"]) for tool in tools]
        wanted = choice if isinstance(choice, str) else _name_in(choice)
        only = wanted if wanted in names else names[0] if len(names) == 1 else ""
        return FORCED.format(name=only) if only else FORCED.partition("{name}")[0].format()


_READERS: dict[tuple[str, str], Reader] = {}


def reader_of(name_or_path: str) -> Reader:
    """The reader of the checkpoint of that path, or of that name in the local hub cache.

    It is made once per process, as long as the folder's files are the same.

    Raises:
        UnknownModelError: there is none on this machine, it is no chat model, or not whole.
    """
    checkpoint = find_checkpoint(name_or_path)
    key = (str(checkpoint.folder.resolve()), checkpoint.stamp)
    with _READING:
        if key not in _READERS:
            check_whole(checkpoint)
            tokenizer, processor = feeders(checkpoint)
            template = template_of(tokenizer, processor, folder=str(checkpoint.folder))
            _READERS[key] = Reader(checkpoint, tokenizer, processor, template)
        return _READERS[key]


def _name_in(choice: object) -> str:
    """The name in OpenAI's form of a choice."""
    function = choice.get("function") if isinstance(choice, dict) else None
    return str(function.get("name", "")) if isinstance(function, dict) else ""
