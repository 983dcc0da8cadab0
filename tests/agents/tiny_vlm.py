"""Random vision-language models of transformers' own classes, small enough to run in a blink.

They are saved as checkpoints are, and loaded by the code that loads real ones. What they write
means nothing, unless they were told what to write (`teach`): then the weights say it.
"""

import itertools
import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()

PROMPTS = Path(__file__).parents[2] / "agents" / "prompts"
WORDS = 800
REPLY = 24  # tokens, as the checkpoint has it
ENDS = ("assistant\n", "Assistant:", "assistant:", '"arguments": ')  # of prompts
_TEXT = {
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
}
# As Qwen3-VL's template has it, shortened: tools in the system turn, results in the user's.
QWEN = """
{%- macro told(content) -%}
{%- if content is string -%}{{ content }}{%- else -%}
{%- for part in content -%}
{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- else -%}{{ part.text }}{%- endif -%}
{%- endfor -%}{%- endif -%}
{%- endmacro -%}
{%- if tools -%}
{{- '<|im_start|>system\n' -}}
{%- if messages[0].role == 'system' -%}{{ told(messages[0].content) + '\n\n' }}{%- endif -%}
{{- '# Tools\n<tools>' -}}
{%- for tool in tools -%}{{ '\n' + tool | tojson }}{%- endfor -%}
{{- '\n</tools>\nA call is a JSON object within <tool_call></tool_call>.<|im_end|>\n' -}}
{%- elif messages[0].role == 'system' -%}
{{- '<|im_start|>system\n' + told(messages[0].content) + '<|im_end|>\n' -}}
{%- endif -%}
{%- for message in messages -%}
{%- if message.role == 'user' -%}
{{- '<|im_start|>user\n' + told(message.content) + '<|im_end|>\n' -}}
{%- elif message.role == 'assistant' -%}
{{- '<|im_start|>assistant\n' + told(message.content) -}}
{%- for call in message.tool_calls or [] -%}
{%- set call = call.function -%}
{{- '\n<tool_call>\n{"name": "' + call.name + '", "arguments": ' + call.arguments | tojson -}}
{{- '}\n</tool_call>' -}}
{%- endfor -%}
{{- '<|im_end|>\n' -}}
{%- elif message.role == 'tool' -%}
{{- '<|im_start|>user\n<tool_response>\n' + told(message.content) -}}
{{- '\n</tool_response><|im_end|>\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}
"""
# As SmolVLM's: no tools, content as parts alone.
SMOL = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def make_qwen3_vl(folder, *, template=QWEN, context=32_768):
    from transformers import (
        Qwen2VLImageProcessorPil,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
    )

    marks = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|vision_end|>"]
    tokenizer = _tokenizer(
        [*marks, "<|image_pad|>", "<|video_pad|>"],
        ["<tool_call>", "</tool_call>", "<think>", "</think>"],
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
    )
    tokenizer.chat_template = template
    mark = tokenizer.convert_tokens_to_ids
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 2, 2]}
    config = Qwen3VLConfig(
        text_config=_TEXT
        | {
            "vocab_size": len(tokenizer),
            "head_dim": 16,
            "max_position_embeddings": context,
            "rope_parameters": rope | {"mrope_interleaved": True},
            "eos_token_id": mark("<|im_end|>"),
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 4,
            "patch_size": 16,
            "out_hidden_size": 64,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=mark("<|image_pad|>"),
        video_token_id=mark("<|video_pad|>"),
        vision_start_token_id=mark("<|vision_start|>"),
        vision_end_token_id=mark("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    shown = Qwen2VLImageProcessorPil(patch_size=16, min_pixels=64 * 64, max_pixels=160 * 160)
    _save(folder, Qwen3VLForConditionalGeneration, config, tokenizer, ends=[mark("<|im_end|>")])
    _save_pictures(folder, shown, "Qwen3VLProcessor")
    return folder


def make_smolvlm(folder):
    from transformers import (
        SmolVLMConfig,
        SmolVLMForConditionalGeneration,
        SmolVLMImageProcessorPil,
    )

    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    marks = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"]
    tokenizer = _tokenizer(
        ["<|im_start|>", *marks, *tiles],
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        pad_token="<|im_start|>",
    )
    tokenizer.chat_template = SMOL
    mark = tokenizer.convert_tokens_to_ids
    config = SmolVLMConfig(
        text_config=_TEXT
        | {
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 16_384,
            "pad_token_id": 0,
        },
        vision_config={
            "model_type": "smolvlm_vision",
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 64,
            "patch_size": 16,
        },
        image_token_id=mark("<image>"),
        pad_token_id=0,
        scale_factor=2,
        tie_word_embeddings=False,
    )
    shown = SmolVLMImageProcessorPil(
        size={"longest_edge": 128}, max_image_size={"longest_edge": 64}
    )
    ends = [mark("<end_of_utterance>")]
    _save(folder, SmolVLMForConditionalGeneration, config, tokenizer, ends=ends)
    _save_pictures(folder, shown, "SmolVLMProcessor", image_seq_len=4)
    return folder


def make_llama(folder):
    """A model of text alone, with tools in bare JSON, as Llama 3 has them."""
    from transformers import LlamaConfig, LlamaForCausalLM

    marks = ["<|begin|>", "<|end|>"]
    tokenizer = _tokenizer(marks, bos_token="<|begin|>", eos_token="<|end|>", pad_token="<|end|>")
    tokenizer.chat_template = (
        "<|begin|>{% for tool in tools or [] %}{{ tool | tojson }}\n{% endfor %}"
        "{% for message in messages %}"
        "{% if message.role == 'system' %}{{ raise_exception('no system turns') }}{% endif %}"
        "{{ message.role + ': ' + message.content }}"
        "{% for call in message.tool_calls or [] %}{{ call.function | tojson }}{% endfor %}"
        "<|end|>\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
    )
    config = LlamaConfig(**_TEXT, vocab_size=len(tokenizer), max_position_embeddings=2048)
    ends = [tokenizer.convert_tokens_to_ids("<|end|>")]
    _save(folder, LlamaForCausalLM, config, tokenizer, ends=ends)
    return folder


def teach(folder, *pieces):
    """Make a saved checkpoint write these pieces, whatever it is asked, and end.

    Each piece becomes a token of its own. The layers add nothing to a token's vector, so that the
    next token hangs on the last one alone, and the head's rows are set to say which it is. The
    last token of a prompt is one of few: the template's, or that of the beginning of a call.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert len(set(pieces)) == len(pieces)
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for piece in pieces])
    kind = AutoModelForImageTextToText if _sees(folder) else AutoModelForCausalLM
    model = kind.from_pretrained(folder)
    model.resize_token_embeddings(len(tokenizer))
    inner = model.get_decoder()
    starts = {tokenizer.encode(end, add_special_tokens=False)[-1] for end in ENDS}
    path = [tokenizer.convert_tokens_to_ids(piece) for piece in pieces] + [tokenizer.eos_token_id]
    known = [*starts, *path[:-1]]
    rows = torch.empty(len(known), inner.embed_tokens.embedding_dim)
    with torch.no_grad():
        for layer in inner.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        inner.embed_tokens.weight[known] = 10 * torch.nn.init.orthogonal_(rows)
        model.lm_head.weight[path[0]] = inner.embed_tokens.weight[list(starts)].sum(0)
        for last, following in itertools.pairwise(path):
            model.lm_head.weight[following] = inner.embed_tokens.weight[last]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _sees(folder):
    return "vision_config" in json.loads((folder / "config.json").read_text())


def set_reply_tokens(folder, most):
    path = folder / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"max_new_tokens": most}))


def _tokenizer(special, added=(), **named):
    """Bytes, and the commonest parts of words of our own prompts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, initial_alphabet=sorted(alphabet), show_progress=False,
        special_tokens=list(special),
    )  # fmt: skip
    tokenizer.train([str(path) for path in sorted(PROMPTS.glob("*.md"))], trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in added])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, additional_special_tokens=list(special), **named
    )


def _save(folder, kind, config, tokenizer, *, ends):
    torch.manual_seed(0)
    model = kind(config)
    model.generation_config.eos_token_id = ends
    model.generation_config.max_new_tokens = REPLY
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _save_pictures(folder, shown, processor, **settings):
    """What the processor would have saved; it needs torchvision, for videos, to be made."""
    shown.save_pretrained(folder)
    told = {"processor_class": processor, **settings}
    (folder / "processor_config.json").write_text(json.dumps(told))
