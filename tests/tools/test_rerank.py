"""Reranking: an order of the hits and nothing else, from any reranker that is plugged in."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagehop.tools.errors import UnknownModelError
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.retrieval.rerank import DEPTH, CrossEncoder, reranked

WORDS = (
    *("the", "company", "paid", "rent", "for", "its", "stores"),
    *("revenue", "grew", "turbines", "turn", "what", "was"),
)


def hit(page, text="text"):
    return Hit(
        document="a.pdf",
        document_id="a",
        page=page,
        page_label=None,
        bbox=None,
        modality="text",
        score=1.0 - page / 100,
        text=text,
    )


@dataclass
class Fixed:
    """A reranker of a person's own, which always says the same."""

    order: list[int]

    def rerank(self, _query, _hits):
        return self.order


@given(st.integers(0, 40), st.lists(st.integers(-5, 45), max_size=60))
def test_every_hit_stays_once_whatever_a_reranker_says(count, order):
    hits = [hit(page) for page in range(count)]
    after = reranked("q", hits, Fixed(order))
    assert sorted(one.page for one in after) == list(range(count))
    assert after[DEPTH:] == hits[DEPTH:]
    said = [at for at in dict.fromkeys(order) if 0 <= at < min(count, DEPTH)]
    if count > 1:
        assert [one.page for one in after[: len(said)]] == said


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A cross-encoder of random weights with a tokenizer of a few words, as it is saved."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("reranker")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: at for at, word in enumerate([*special, *dict.fromkeys(WORDS)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    ).save_pretrained(folder)
    torch.manual_seed(0)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=64,
            num_labels=1,
            initializer_range=1.0,
        )
    )
    model.save_pretrained(folder)
    return folder


TEXTS = ["the company paid rent", "turbines turn", "revenue grew " * 60, "", "for its stores"] * 3


def test_a_score_does_not_depend_on_what_is_read_beside_it(tiny):
    encoder = CrossEncoder(tiny)
    together = encoder.scores("what was the rent", TEXTS)
    alone = [encoder.scores("what was the rent", [text])[0] for text in TEXTS]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len({round(score, 4) for score in together}) > 3


def test_the_cross_encoder_orders_by_its_scores_and_the_question_matters(tiny):
    encoder, hits = CrossEncoder(tiny), [hit(page, text) for page, text in enumerate(TEXTS)]
    scores = encoder.scores("what was the rent", TEXTS)
    after = [one.page for one in reranked("what was the rent", hits, encoder)]
    assert [scores[page] for page in after] == sorted(scores, reverse=True)
    assert scores != encoder.scores("turbines", TEXTS)


def test_a_folder_without_a_model_or_with_half_of_one_is_refused(tiny, tmp_path):
    import shutil

    from safetensors.numpy import load_file, save_file

    with pytest.raises(UnknownModelError, match=r"no config\.json"):
        CrossEncoder(tmp_path)
    half = tmp_path / "half"
    shutil.copytree(tiny, half)
    weights = load_file(half / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, half / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnknownModelError, match=r"'classifier\.weight'"):
        CrossEncoder(half).scores("q", ["text"])
