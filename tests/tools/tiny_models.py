"""Random models of transformers' own classes, small enough to make and run in a blink.

They are saved as checkpoints are, and loaded by the code that loads real ones. Their vectors mean
nothing, but two pages or words that differ have different ones.
"""

import json

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast
from transformers.utils import logging

logging.disable_progress_bar()
logging.set_verbosity_error()

DIM = 16
PATCH = 16  # of NeoMME, in pixels
WORDS = """
    the a an annual report opens with letter to shareholders total revenue in 2023 was 1 , 214
    million dollars up 21 . 4 % on year before of cloud segment grew most devices least employees
    by region : europe 200 asia 3 400 solar power and wind for cities turbines turn at low speed
    from parks is shared thank you questions ? we study multi - hop question answering over
    documents retriever finds pages words meaning as tables show zebras quaggas graze savanna
    country which offshore query describe image
"""
_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
_TEMPLATE = (
    "{%- for turn in messages -%}{{ '<query> ' if task == 'query' else '<doc> ' }}"
    "{%- for part in turn['content'] -%}{{ part['text'] }}{%- endfor -%}"
    "{{ ' <mask> <mask>' if task == 'query' else '' }}{%- endfor -%}"
)


def make_colqwen2(folder):
    from transformers import (
        ColQwen2Config,
        ColQwen2ForRetrieval,
        ColQwen2Processor,
        Qwen2VLConfig,
        Qwen2VLImageProcessorPil,
    )

    marks = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    tokenizer = _tokenizer([*marks, "<|endoftext|>"])
    shown = Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=28 * 28 * 40)
    processor = ColQwen2Processor(image_processor=shown, tokenizer=tokenizer)
    config = Qwen2VLConfig(**_qwen(tokenizer))
    config = ColQwen2Config(vlm_config=config, embedding_dim=DIM)
    _save(folder, ColQwen2ForRetrieval, config, processor)


def make_colpali(folder):
    from transformers import (
        ColPaliConfig,
        ColPaliForRetrieval,
        ColPaliProcessor,
        PaliGemmaConfig,
        SiglipImageProcessorPil,
    )

    tokenizer = _tokenizer(["<bos>", "<image>"], bos_token="<bos>")
    shown = SiglipImageProcessorPil(size={"height": 56, "width": 56})
    shown.image_seq_length = 16
    processor = ColPaliProcessor(image_processor=shown, tokenizer=tokenizer)
    text = _TEXT | {"num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 8}
    config = PaliGemmaConfig(
        text_config=text | {"model_type": "gemma", "vocab_size": len(tokenizer), "pad_token_id": 1},
        vision_config=_siglip(56, 14) | {"projection_dim": 32},
        image_token_index=processor.image_token_id,
        projection_dim=32,
        hidden_size=32,
    )
    config = ColPaliConfig(vlm_config=config, embedding_dim=DIM)
    _save(folder, ColPaliForRetrieval, config, processor)


def make_colmodernvbert(folder):
    from transformers import (
        ColModernVBertConfig,
        ColModernVBertForRetrieval,
        ColModernVBertProcessor,
        Idefics3ImageProcessorPil,
        ModernVBertConfig,
    )

    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    marks = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"]
    tokenizer = _tokenizer([*marks, "<|begin_of_text|>", *tiles])
    shown = Idefics3ImageProcessorPil(
        size={"longest_edge": 192}, max_image_size={"longest_edge": 64}
    )
    processor = ColModernVBertProcessor(shown, tokenizer, image_seq_len=4)
    ends = dict.fromkeys(("cls_token_id", "sep_token_id", "bos_token_id", "eos_token_id"))
    text = _TEXT | {"num_attention_heads": 4, "max_position_embeddings": 2048} | ends
    config = ModernVBertConfig(
        text_config=text
        | {"model_type": "modernbert", "vocab_size": len(tokenizer), "pad_token_id": 1},
        vision_config=_siglip(64, 16),
        image_token_id=processor.image_token_id,
        pixel_shuffle_factor=2,
    )
    config = ColModernVBertConfig(vlm_config=config, embedding_dim=DIM)
    _save(folder, ColModernVBertForRetrieval, config, processor)


def make_neomme(folder, *, seed=0):
    """Its residual branches start at zero, so that a token's vector is that of its word alone."""
    from transformers import NeoMMEConfig, NeoMMEForRetrieval

    marks = {"image_token": "<img>", "row_token": "<row>", "document_token": "<doc>"}
    tokenizer = _tokenizer(
        ["<query>", "<mask>", *marks.values()],
        mask_token="<mask>",
        extra_special_tokens=marks | {"query_token": "<query>"},
    )
    tokenizer.chat_template = _TEMPLATE
    config = NeoMMEConfig(
        **_TEXT,
        vocab_size=len(tokenizer),
        embedding_rank=DIM,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        sliding_window=16,
        patch_size=PATCH,
        embedding_dim=DIM,
        pad_token_id=1,
        image_token_id=tokenizer.convert_tokens_to_ids("<img>"),
        document_token_id=tokenizer.convert_tokens_to_ids("<doc>"),
    )
    _save(folder, NeoMMEForRetrieval, config, tokenizer, seed=seed)
    # its image processor needs torchvision to be made; this is what it would have saved
    settings = {"image_processor_type": "NeoMMEImageProcessor", "patch_size": PATCH}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings | {"max_side": 256}))


def make_colbert(folder):
    """As ColBERT saves itself: the projection lies among the weights."""
    from transformers import BertConfig, BertModel

    model, tokenizer = _bert(BertConfig, BertModel)
    tensors = {f"bert.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors["linear.weight"] = torch.randn(DIM, 32)
    model.save_pretrained(folder)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["HF_ColBERT"]}))
    (folder / "artifact.metadata").write_text(json.dumps({"query_maxlen": 12}))


def make_pylate(folder):
    """As PyLate saves it: the projection lies in a folder of its own."""
    from transformers import BertConfig, BertModel

    model, tokenizer = _bert(BertConfig, BertModel)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    dense = folder / "1_Dense"
    dense.mkdir()
    (dense / "config.json").write_text(json.dumps({"bias": False}))
    save_file({"linear.weight": torch.randn(DIM, 32)}, dense / "model.safetensors")
    habits = {"query_prefix": "[unused0]", "document_prefix": "[unused1]", "query_length": 12}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(habits))


def make_siglip(folder):
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipProcessor

    tokenizer = _tokenizer([])
    shown = SiglipImageProcessorPil(size={"height": 56, "width": 56})
    text = _TEXT | {"num_attention_heads": 4, "vocab_size": len(tokenizer), "pad_token_id": 1}
    config = SiglipConfig(
        text_config=text | {"max_position_embeddings": 16, "projection_size": 32},
        vision_config=_siglip(56, 14),
    )
    _save(folder, SiglipModel, config, SiglipProcessor(shown, tokenizer))


def make_clip(folder):
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    tokenizer = _tokenizer(["<bos>", "<eos>"], bos_token="<bos>", eos_token="<eos>")
    shown = CLIPImageProcessorPil(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56})
    text = _TEXT | {"num_attention_heads": 4, "vocab_size": len(tokenizer), "eos_token_id": 3}
    config = CLIPConfig(
        text_config=text | {"max_position_embeddings": 16, "bos_token_id": 2, "pad_token_id": 1},
        vision_config={key: value for key, value in _siglip(56, 14).items() if key != "model_type"},
        projection_dim=DIM,
    )
    _save(folder, CLIPModel, config, CLIPProcessor(shown, tokenizer))


def make_idefics3(folder):
    """A language model that sees."""
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessorPil,
        Idefics3Processor,
    )

    tiles = [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    marks = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"]
    tokenizer = _tokenizer([*marks, *tiles])
    shown = Idefics3ImageProcessorPil(
        size={"longest_edge": 192}, max_image_size={"longest_edge": 64}
    )
    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 1}
    heads = {"model_type": "llama", "num_attention_heads": 4, "num_key_value_heads": 2}
    config = Idefics3Config(
        text_config=_TEXT | heads | ends | {"vocab_size": len(tokenizer)},
        vision_config=_siglip(64, 16) | {"model_type": "idefics3_vision"},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=1,
        scale_factor=2,
    )
    processor = Idefics3Processor(shown, tokenizer, image_seq_len=4)
    _save(folder, Idefics3ForConditionalGeneration, config, processor)


LATE = {
    "colqwen2": make_colqwen2,
    "colpali": make_colpali,
    "colmodernvbert": make_colmodernvbert,
    "neomme": make_neomme,
}
TEXT_ONLY = {"colbert": make_colbert, "pylate": make_pylate}
SINGLE = {"siglip": make_siglip, "clip": make_clip, "idefics3": make_idefics3}


def _tokenizer(marks, *, unused=(), **special):
    """One piece a word, in small letters; no text is cut into an unused one."""
    from tokenizers import normalizers

    vocabulary = {
        word: at
        for at, word in enumerate(
            dict.fromkeys(["<unk>", "<pad>", *marks, *unused, *WORDS.split()])
        )
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<pad>",
        additional_special_tokens=list(marks),
        **special,
    )


def _bert(config, kind):
    marks = ["[CLS]", "[SEP]", "[MASK]"]
    special = dict(zip(("cls_token", "sep_token", "mask_token"), marks, strict=True))
    tokenizer = _tokenizer(marks, unused=("[unused0]", "[unused1]"), **special)
    first, last = (tokenizer.convert_tokens_to_ids(mark) for mark in marks[:2])
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", first), ("[SEP]", last)]
    )
    torch.manual_seed(0)
    settings = _TEXT | {"num_attention_heads": 4, "max_position_embeddings": 1_024}
    return kind(config(**settings, vocab_size=len(tokenizer), pad_token_id=1)), tokenizer


def _qwen(tokenizer):
    mark = tokenizer.convert_tokens_to_ids
    rope = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 1, 1]}
    ends = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 1}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "rope_parameters": rope}
    return {
        "text_config": _TEXT | heads | ends | {"vocab_size": len(tokenizer)},
        "vision_config": {
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 4,
            "patch_size": 14,
            "mlp_ratio": 2,
        },
        "image_token_id": mark("<|image_pad|>"),
        "vision_start_token_id": mark("<|vision_start|>"),
        "vision_end_token_id": mark("<|vision_end|>"),
    }


def _siglip(side, patch):
    kind = {"model_type": "siglip_vision_model", "num_attention_heads": 4}
    return _TEXT | kind | {"image_size": side, "patch_size": patch}


def _save(folder, kind, config, feeder, *, seed=0):
    torch.manual_seed(seed)
    model = kind(config)
    for name, weights in model.named_parameters():
        if name.endswith("patch_embeddings.down_proj.bias"):
            torch.nn.init.normal_(weights)  # else a blank patch would have no direction at all
    model.save_pretrained(folder)
    feeder.save_pretrained(folder)


def make_all(folder):
    """A checkpoint of every kind, each in a folder of its name."""
    for name, make in (LATE | TEXT_ONLY | SINGLE).items():
        make(folder / name)
    return folder
