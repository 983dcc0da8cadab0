"""The listwise reranker: a model's order of the hits it was shown."""

import pytest

from pagehop.agents import Budget, Calls, ScriptedChatModel
from pagehop.agents.model.rerank import ListReranker, OrderReply
from pagehop.tools.errors import InvalidReplyError
from pagehop.tools.retrieval.channel import Hit
from pagehop.tools.retrieval.rerank import reranked

HITS = [
    Hit(
        document=f"{name}.pdf",
        document_id=name,
        page=number,
        page_label=None,
        bbox=None,
        modality="text",
        score=1.0,
        text=f"words of {name}",
    )
    for number, name in enumerate(("alder", "birch", "cedar"), start=1)
]


def reranker(*script):
    model = ScriptedChatModel(script=list(script))
    return ListReranker(Calls(Budget()), model), model


def test_the_hits_come_in_the_order_that_the_model_gives_and_the_rest_behind():
    listwise, model = reranker(OrderReply(order=[3, 1]))
    assert [hit.page for hit in reranked("Which?", HITS, listwise)] == [3, 1, 2]
    shown = str(model.calls[0])
    assert "2. birch.pdf, page 2 (text): words of birch" in shown
    assert "Which?" in shown


@pytest.mark.parametrize("order", [[4], [0], [1, 1]])
def test_an_order_of_hits_that_are_not_there_is_asked_again_once(order):
    listwise, _ = reranker(OrderReply(order=order), OrderReply(order=[2]))
    assert [hit.page for hit in reranked("Which?", HITS, listwise)] == [2, 1, 3]
    stubborn, _ = reranker(OrderReply(order=order), OrderReply(order=order))
    with pytest.raises(InvalidReplyError):
        reranked("Which?", HITS, stubborn)


def test_a_search_of_a_corpus_takes_the_reranker(small_corpus):
    plain = small_corpus.find("revenue units office", documents=["report.pdf", "orders.pdf"])
    assert len(plain.hits) == 3
    listwise, model = reranker(OrderReply(order=[3, 2, 1]))
    turned = small_corpus.find(
        "revenue units office", documents=["report.pdf", "orders.pdf"], reranker=listwise
    )
    assert [hit.page for hit in turned.hits] == [hit.page for hit in reversed(plain.hits)]
    assert {hit.document for hit in turned.hits} == {"report.pdf", "orders.pdf"}
    assert plain.hits[0].text[:40] in str(model.calls[0])
